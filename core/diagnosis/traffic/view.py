"""The panel's eye on the tap: consumes records, keeps rows, frames and UDS messages. Draws nothing, knows no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from core.diagnosis.traffic.book import EXTENDED_FLAG, AddressBook
from core.diagnosis.traffic.load import CLASSIC_BITS, RateWindow, frame_bits
from core.diagnosis.traffic.rows import SHOWN_BYTES, Row
from core.protocol import uds
from core.protocol.dialect import dialect_of
from core.vocabulary import (
    UDS,
    BusFigures,
    CanFrame,
    DoipMessage,
    EcuAddress,
    FrameLine,
    FrameRow,
    MessageLine,
    Transport,
)

Record = CanFrame | DoipMessage
ReadSince = Callable[[int], tuple[list[Record], int, int]]
Units = Callable[[], Sequence[tuple[str, EcuAddress]]]

MAX_ROWS = 2000
OTHERS = "others"

_DIAGNOSTIC_MESSAGE = 0x8001
_DOIP_TYPES = {  # ISO 13400-2, table 17
    0x0000: "header negative acknowledge",
    0x0001: "vehicle identification request",
    0x0002: "vehicle identification request by EID",
    0x0003: "vehicle identification request by VIN",
    0x0004: "vehicle announcement",
    0x0005: "routing activation request",
    0x0006: "routing activation response",
    0x0007: "alive check request",
    0x0008: "alive check response",
    0x4001: "entity status request",
    0x4002: "entity status response",
    0x4003: "power mode request",
    0x4004: "power mode response",
    0x8001: "diagnostic message",
    0x8002: "diagnostic message acknowledged",
    0x8003: "diagnostic message refused",
}


class TrafficView:
    """One panel's state. Call `poll` 4-10 times a second, then read what is visible; nothing else does work.

    `read_since` is the traffic ring's, `units` gives (name, address) of the units known by now (asked at each poll;
    another tuple than before renames the speakers). `bitrate` in bit/s for the load, None where there is no CAN.
    `filter` limits rows and lists to those whose identifier, unit or words contain the text (case-insensitive).
    While the panel is paused simply do not poll: what the ring overwrote meanwhile is counted as dropped.
    """

    def __init__(
        self, read_since: ReadSince, units: Units, *, cursor: int = 0, bitrate: int | None = None, capacity: int = 5000
    ) -> None:
        self.filter = ""
        self._read_since = read_since
        self._units_now = units
        self._units: Sequence[tuple[str, EcuAddress]] = units()
        self._book = AddressBook(self._units)
        self._cursor = cursor
        self._bitrate = bitrate
        self._rows: dict[object, Row] = {}
        self._records: deque[Record] = deque(maxlen=capacity)
        self._messages: deque[MessageLine] = deque(maxlen=capacity)
        self._message_count = 0
        self._frames = self._bits = self._dropped = self._errors = 0
        self._window = RateWindow()

    # -- eating

    def poll(self, now: float) -> int:
        """Takes in what came since the last poll; `now` in seconds of any steady clock. -> how many records."""
        units = self._units_now()
        if units is not self._units:
            self._units = units
            self._book = AddressBook(units)
            for key, row in self._rows.items():
                if isinstance(key, int):
                    row.listen(self._book.can(key))
        records, self._cursor, lost = self._read_since(self._cursor)
        if lost:
            self._dropped += lost
            for row in self._rows.values():
                for _, listener in row.listeners:
                    listener.reset()
        self._records.extend(records)
        for record in records:
            if isinstance(record, CanFrame):
                self._can_frame(record)
            else:
                self._doip_message(record)
        self._frames += len(records)
        self._window.mark(now, self._frames, self._bits)
        return len(records)

    def clear(self) -> None:
        """Empties rows, lists and counters; goes on from here."""
        _, self._cursor, _ = self._read_since(self._cursor)
        self._rows.clear()
        self._records.clear()
        self._messages.clear()
        self._frames = self._bits = self._dropped = self._errors = 0
        self._window = RateWindow()

    def _can_frame(self, frame: CanFrame) -> None:
        if frame.is_error_frame:
            self._errors += 1
            return
        key = frame.arbitration_id | EXTENDED_FLAG if frame.is_extended_id else frame.arbitration_id
        row = self._rows.get(key)
        if row is None:
            row = self._new_row(key, _can_text(frame))
            if row.identifier != OTHERS:
                row.listen(self._book.can(key))
        data = frame.data
        length = len(data)
        _count(row, frame.timestamp, data, length, frame.is_rx)
        if frame.is_extended_id or frame.is_fd or length > 8:
            self._bits += frame_bits(length, frame.is_extended_id, frame.is_fd)
        else:
            self._bits += CLASSIC_BITS[length]
        for speaker, listener in row.listeners:
            if speaker.extension is not None and (not data or data[0] != speaker.extension):
                continue
            pdu = listener.feed(data)
            if pdu:
                self._message(frame.timestamp, speaker.unit, row, speaker.is_request, pdu, speaker.protocol)

    def _new_row(self, key: object, text: str) -> Row:
        """A row of its own, or the common one of a bus that floods us with identifiers."""
        if len(self._rows) >= MAX_ROWS:
            key, text = OTHERS, OTHERS
        return self._rows.setdefault(key, Row(text))

    def _doip_message(self, message: DoipMessage) -> None:
        payload, kind = message.payload, message.payload_type
        if kind != _DIAGNOSTIC_MESSAGE or len(payload) < 5:
            row = self._rows.get(("doip", kind))
            if row is None:
                row = self._new_row(("doip", kind), f"DoIP {kind:04X}")
                row.words = _DOIP_TYPES.get(kind, "reserved payload type")
            _count(row, message.timestamp, payload[:SHOWN_BYTES], len(payload), message.is_rx)
            return
        source, target = int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
        row = self._rows.get((source, target))
        if row is None:
            row = self._new_row((source, target), f"{source:04X}>{target:04X}")
        _count(row, message.timestamp, payload[4 : 4 + SHOWN_BYTES], len(payload) - 4, message.is_rx)
        unit, is_request = self._book.doip(source, target)
        self._message(message.timestamp, unit, row, is_request, payload[4:])

    def _message(
        self, timestamp: float, unit: str, row: Row, is_request: bool, pdu: bytes, protocol: str = UDS
    ) -> None:
        words = dialect_of(protocol).describe(pdu)
        row.words = f"{unit}: {words}"
        negative = not is_request and pdu[0] == uds.NEGATIVE
        line = MessageLine(
            self._message_count, timestamp, unit, row.identifier, is_request, pdu[:32], len(pdu), words, negative
        )
        self._messages.append(line)
        self._message_count += 1

    # -- showing

    def rows(self) -> list[FrameRow]:
        """The fixed rows, CAN identifiers in ascending order, then DoIP pairs. The order only grows, it never jumps."""
        rows = (row for _, row in sorted(self._rows.items(), key=_order))
        faces = (row.face() for row in rows)
        wanted = self.filter.casefold()
        return [face for face in faces if not wanted or wanted in f"{face.identifier} {face.meaning}".casefold()]

    def frame_lines(self, count: int, back: int = 0) -> list[FrameLine]:
        """The last `count` frames and DoIP messages, oldest first, `back` lines up from the newest."""
        first = self._frames - len(self._records)
        numbered = enumerate(self._records, first)
        if self.filter:
            wanted = self.filter.casefold()
            matching = [pair for pair in numbered if wanted in _record_text(pair[1]).casefold()]
        else:
            matching = _tail(self._records, first, count + back)
        end = len(matching) - back
        return [_frame_line(number, record) for number, record in matching[max(0, end - count) : max(0, end)]]

    def message_lines(self, count: int, back: int = 0) -> list[MessageLine]:
        """The last `count` UDS messages, oldest first, `back` lines up from the newest."""
        if self.filter:
            wanted = self.filter.casefold()
            lines = [m for m in self._messages if wanted in f"{m.unit} {m.identifier} {m.words}".casefold()]
        else:
            skip = max(0, len(self._messages) - count - back)
            lines = list(islice(self._messages, skip, None))
        end = len(lines) - back
        return lines[max(0, end - count) : max(0, end)]

    @property
    def figures(self) -> BusFigures:
        """`load` may pass 1.0 on a bus without a wire (simulation): it is not paced."""
        frames_per_second, bits_per_second = self._window.rates()
        load = bits_per_second / self._bitrate if self._bitrate else None
        return BusFigures(load, frames_per_second, self._frames, self._dropped, self._errors)

    @property
    def message_count(self) -> int:
        return self._message_count

    @property
    def transports(self) -> frozenset[Transport]:
        """On which transports anything was seen."""
        kinds = {Transport.CAN if isinstance(key, int) else Transport.DOIP for key in self._rows}
        return frozenset(kinds)


def _count(row: Row, timestamp: float, data: bytes, length: int, is_rx: bool) -> None:
    if row.count:
        row.delta = timestamp - row.timestamp
        row.before = row.data
    row.count += 1
    row.timestamp = timestamp
    row.data = data
    row.length = length
    row.is_rx = is_rx


def _can_text(frame: CanFrame) -> str:
    return f"{frame.arbitration_id:08X}" if frame.is_extended_id else f"{frame.arbitration_id:03X}"


def _record_text(record: Record) -> str:
    if isinstance(record, CanFrame):
        return _can_text(record)
    if record.payload_type == _DIAGNOSTIC_MESSAGE and len(record.payload) >= 4:
        return f"{record.payload[:2].hex()}>{record.payload[2:4].hex()}".upper()
    return f"DoIP {record.payload_type:04X}"


def _frame_line(number: int, record: Record) -> FrameLine:
    text = _record_text(record)
    if isinstance(record, CanFrame):
        data = record.data
        return FrameLine(
            number, record.timestamp, text, record.is_rx, data, len(data), record.is_error_frame
        )
    payload = record.payload[4:] if ">" in text else record.payload
    return FrameLine(number, record.timestamp, text, record.is_rx, payload[:SHOWN_BYTES], len(payload))


def _tail(records: deque[Record], first: int, count: int) -> list[tuple[int, Record]]:
    skip = max(0, len(records) - count)
    return list(enumerate(islice(records, skip, None), first + skip))


def _order(item: tuple[object, Row]) -> tuple[int, str]:
    key, row = item
    if isinstance(key, int):
        return (1 if key & EXTENDED_FLAG else 0), row.identifier
    return 2, row.identifier
