"""The panel's eye on the tap: consumes records, keeps rows, frames, exchanges and errors. Draws nothing, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from core.diagnosis.traffic.book import EXTENDED_FLAG, AddressBook
from core.diagnosis.traffic.buses import Bus
from core.diagnosis.traffic.lines import DIAGNOSTIC_MESSAGE, Record, Signals, can_text
from core.diagnosis.traffic.load import CLASSIC_BITS, frame_bits
from core.diagnosis.traffic.rows import SHOWN_BYTES, Row
from core.diagnosis.traffic.showing import Showing
from core.diagnosis.traffic.talk import Conversation, Describe, DtcText
from core.protocol import uds
from core.protocol.dialect import dialect_of
from core.vocabulary import UDS, CanFrame, DoipMessage, EcuAddress, KeptFigures, MessageLine, Transport

ReadSince = Callable[[int], tuple[list[Record], int, int]]
Units = Callable[[], Sequence[tuple[str, EcuAddress]]]

MAX_ROWS = 2000
MAX_BUSES = 16
OTHERS = "others"

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
_NEGATIVE_ACKNOWLEDGE = 0x8003


class TrafficView(Showing):
    """One panel's state. Call `look` (or `poll`, then the lists) some times a second; nothing else does work.

    `read_since` is the traffic ring's, `units` gives (name, address) of the units known by now (asked at each poll;
    another tuple than before renames the speakers). `bitrate` in bit/s for the load, one for all buses or one for each
    by its channel. `describe`, `dtc_text` and `signals` put messages, trouble codes and frames into the words of the
    vehicle data; they are asked for what is shown only. `kept` tells of the last minutes.
    """

    def __init__(
        self, read_since: ReadSince, units: Units, *, cursor: int = 0, bitrate: int | Mapping[str, int] | None = None,
        capacity: int = 5000, describe: Describe | None = None, dtc_text: DtcText | None = None,
        signals: Callable[[], Signals | None] = lambda: None, kept: Callable[[], KeptFigures] = KeptFigures,
    ) -> None:  # fmt: skip
        super().__init__(describe, dtc_text, signals, kept)
        self._read_since = read_since
        self._units_now = units
        self._units: Sequence[tuple[str, EcuAddress]] = units()
        self._book = AddressBook(self._units)
        self._cursor = cursor
        self._bitrate = bitrate
        self._paced = bitrate is not None
        self._records: deque[Record] = deque(maxlen=capacity)
        self._messages: deque[MessageLine] = deque(maxlen=capacity)
        self._talk = Conversation(capacity)

    # -- eating

    def poll(self, now: float) -> int:
        """Takes in what came since the last poll; `now` in seconds of any steady clock. -> how many records."""
        units = self._units_now()
        if units is not self._units:
            self._rename(units)
        records, self._cursor, lost = self._read_since(self._cursor)
        if lost:
            self._lose(lost)
        if records:
            self._records.extend(records)
            self._eat(records)
            self._frames += len(records)
        for bus in self._buses.values():
            bus.mark(now)
        return len(records)

    def clear(self) -> None:
        """Empties rows, lists and counters; goes on from here."""
        _, self._cursor, _ = self._read_since(self._cursor)
        self._buses.clear()
        self._records.clear()
        self._messages.clear()
        self._talk.clear()
        self._frames = self._dropped = 0
        self._thaw()

    def _rename(self, units: Sequence[tuple[str, EcuAddress]]) -> None:
        self._units = units
        self._book = AddressBook(units)
        for bus in self._buses.values():
            for key, row in bus.rows.items():
                if isinstance(key, int):
                    row.listen(self._book.can(key))

    def _lose(self, count: int) -> None:
        """Messages that had begun cannot be completed."""
        self._dropped += count
        for bus in self._buses.values():
            for row in bus.rows.values():
                for _, listener in row.listeners:
                    listener.reset()

    def _eat(self, records: list[Record]) -> None:
        """The loop that every frame of every bus goes through: what it does costs, so it does little."""
        bus: Bus | None = None
        channel, flag, bits_of = "", EXTENDED_FLAG, CLASSIC_BITS
        for record in records:
            if not isinstance(record, CanFrame):
                self._doip_message(record)
                bus = None
                continue
            timestamp, identifier, data, extended, is_fd, is_rx, is_error, name, _ = record
            if bus is None or (name is not channel and name != channel):
                bus, channel = self._bus(name), name
            bus.frames += 1
            if is_error:
                bus.errors += 1
                self._error_frame(timestamp, name)
                continue
            row = bus.rows.get(identifier | flag if extended else identifier)
            if row is None:
                row = self._new_can_row(bus, identifier, extended)
            length = len(data)
            row.take(timestamp, data, length, is_rx)
            bus.bits += frame_bits(length, extended, is_fd) if extended or is_fd or length > 8 else bits_of[length]
            if row.listeners:
                self._listen(row, timestamp, data)

    def _bus(self, name: str, is_can: bool = True) -> Bus:
        bus = self._buses.get(name)
        if bus is None:
            if len(self._buses) >= MAX_BUSES:
                name = OTHERS
            rates = self._bitrate
            bitrate = rates.get(name) if isinstance(rates, Mapping) else rates
            bus = self._buses.setdefault(name, Bus(name, bitrate if is_can else None, is_can))
        return bus

    def _new_can_row(self, bus: Bus, identifier: int, extended: bool) -> Row:
        key = identifier | EXTENDED_FLAG if extended else identifier
        row = self._new_row(bus, key, can_text(identifier, extended))
        if row.identifier != OTHERS:
            row.number = identifier
            row.listen(self._book.can(key))
        return row

    def _new_row(self, bus: Bus, key: object, text: str) -> Row:
        """A row of its own, or the common one of a bus that floods us with identifiers."""
        if sum(len(each.rows) for each in self._buses.values()) >= MAX_ROWS:
            key, text = OTHERS, OTHERS
        return bus.rows.setdefault(key, Row(text, bus.name))

    def _error_frame(self, timestamp: float, name: str) -> None:
        """A bus in trouble sends thousands: those of one second are one line."""
        lines = self._talk.troubles.lines
        last = lines[-1] if lines else None
        if last is not None and last.kind == "frames" and last.unit == name and timestamp - last.timestamp < 1.0:
            return
        self._talk.troubles.note(timestamp, name, "error", "frames", "", "error frames on the bus")

    def _listen(self, row: Row, timestamp: float, data: bytes) -> None:
        for speaker, listener in row.listeners:
            if speaker.extension is not None and (not data or data[0] != speaker.extension):
                continue
            pdu = listener.feed(data)
            if pdu:
                self._message(timestamp, speaker.unit, row, speaker.is_request, pdu, speaker.protocol)

    def _doip_message(self, message: DoipMessage) -> None:
        payload, kind = message.payload, message.payload_type
        bus = self._bus(message.channel or "DoIP", is_can=False)
        bus.frames += 1
        if kind != DIAGNOSTIC_MESSAGE or len(payload) < 5:
            row = bus.rows.get(("doip", kind))
            if row is None:
                row = self._new_row(bus, ("doip", kind), f"DoIP {kind:04X}")
                row.words = _DOIP_TYPES.get(kind, "reserved payload type")
            row.take(message.timestamp, payload[:SHOWN_BYTES], len(payload), message.is_rx)
            if kind == _NEGATIVE_ACKNOWLEDGE and len(payload) >= 5:
                unit, _ = self._book.doip(int.from_bytes(payload[2:4], "big"), int.from_bytes(payload[:2], "big"))
                self._talk.troubles.note(
                    message.timestamp, unit, "warning", "nack", f"NACK {payload[4]:02X}", _DOIP_TYPES[kind]
                )
            return
        source, target = int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
        row = bus.rows.get((source, target))
        if row is None:
            row = self._new_row(bus, (source, target), f"{source:04X}>{target:04X}")
        row.take(message.timestamp, payload[4 : 4 + SHOWN_BYTES], len(payload) - 4, message.is_rx)
        unit, is_request = self._book.doip(source, target)
        self._message(message.timestamp, unit, row, is_request, payload[4:])

    def _message(
        self, timestamp: float, unit: str, row: Row, is_request: bool, pdu: bytes, protocol: str = UDS
    ) -> None:
        if protocol != UDS:
            self._spoken[unit] = protocol
        words = dialect_of(protocol).describe(pdu)
        row.words = f"{unit}: {words}"
        negative = not is_request and pdu[0] == uds.NEGATIVE
        self._messages.append(
            MessageLine(
                self._message_count, timestamp, unit, row.identifier, is_request, pdu[:32], len(pdu), words, negative
            )
        )
        self._message_count += 1
        self._talk.hear(timestamp, unit, row.identifier, row.bus, is_request, pdu, protocol)

    @property
    def transports(self) -> frozenset[Transport]:
        """On which transports anything was seen."""
        keys = chain.from_iterable(bus.rows for bus in self._buses.values())
        return frozenset(Transport.CAN if isinstance(key, int) else Transport.DOIP for key in keys)
