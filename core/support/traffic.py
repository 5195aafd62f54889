"""Takes VINs out of bus traffic: also where ISO-TP has cut them into frames (ISO 15765-2). Pure.

Only what a VIN is made of is overwritten with `X`; lengths, times and everything else stay, so that the trace can still
be read. Normal addressing is followed frame by frame; extended and mixed addressing by one byte further on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.support.masking import Masker
from core.vocabulary import CanFrame, DoipMessage

Record = CanFrame | DoipMessage
_FILL = ord("X")
_FRAGMENT = 4  # bytes of a known VIN that are overwritten wherever they stand; the maker's three may stay
_MOST_FRAMES = 4096  # of one message that is followed: 28 KiB; a VIN never stands behind that


@dataclass(slots=True)
class _Message:
    """One segmented message on its way: its bytes, and where each of them stands."""

    begin: int  # number of its first frame
    length: int
    data: bytearray = field(default_factory=bytearray)
    places: list[tuple[int, int]] = field(default_factory=list)  # (number of the record, offset)


class TrafficMasker:
    """For one run of records. `masked` counts the VINs, whole or in parts, that were overwritten."""

    def __init__(self, masker: Masker) -> None:
        self.masked = 0
        self._masker = masker
        known = [vin.encode("utf-8", "replace") for vin in masker.vins]
        self._fragments = {vin[n : n + _FRAGMENT] for vin in known for n in range(len(vin) - _FRAGMENT + 1)}
        self._waiting: deque[tuple[Record, bytearray]] = deque()
        self._first = 0  # number of the oldest that waits
        self._open: dict[tuple[str, int, int], _Message] = {}

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, VINs overwritten. Keeps back what a message on its way still needs, nothing more."""
        for number, record in enumerate(records):
            body = bytearray(record[2])
            self._waiting.append((record, body))
            self._overwrite_whole(body)
            if isinstance(record, CanFrame):
                self._overwrite_fragments(record.data, body)
                for skip in (0, 1):  # no byte of address extension, or one
                    self._follow(record, number, skip)
            yield from self._released(self._oldest(number + 1))
        yield from self._released(self._first + len(self._waiting))

    def _oldest(self, end: int) -> int:
        """The number of the oldest record that a message on its way may still change."""
        oldest = min((message.begin for message in self._open.values()), default=end)
        if end - oldest <= _MOST_FRAMES * 4:
            return oldest
        self._open = {key: m for key, m in self._open.items() if end - m.begin <= _MOST_FRAMES}  # its end never came
        return min((message.begin for message in self._open.values()), default=end)

    def _released(self, until: int) -> Iterator[Record]:
        while self._first < until and self._waiting:
            record, body = self._waiting.popleft()
            self._first += 1
            if record[2] == body:
                yield record
            elif isinstance(record, CanFrame):
                yield record._replace(data=bytes(body))
            else:
                yield record._replace(payload=bytes(body))

    def _follow(self, frame: CanFrame, number: int, skip: int) -> None:
        """Puts the frame to the message of its identifier and extension byte, where it is a part of one."""
        data = frame.data
        if len(data) < skip + 2:
            return
        key = (frame.channel, frame.arbitration_id, data[0] if skip else -1)
        kind, begin = data[skip] >> 4, skip + 1
        if kind == 1:
            length, begin = ((data[skip] & 15) << 8) | data[skip + 1], skip + 2
            if not length and len(data) >= skip + 6:  # FF_DL above 4095: 32 bits (clause 9.6.3.1)
                length, begin = int.from_bytes(data[skip + 2 : skip + 6], "big"), skip + 6
            self._open[key] = _Message(number, length)
        elif kind != 2 or key not in self._open:
            return
        message = self._open[key]
        end = min(len(data), begin + message.length - len(message.data))
        message.places += [(number, offset) for offset in range(begin, end)]
        message.data += data[begin:end]
        if len(message.data) >= message.length or len(message.places) > _MOST_FRAMES * 7:
            del self._open[key]
            self._overwrite_message(message)

    def _overwrite_message(self, message: _Message) -> None:
        for begin, end in self._masker.payload(bytes(message.data)):
            self.masked += 1
            for number, offset in message.places[begin:end]:
                if number >= self._first:
                    self._waiting[number - self._first][1][offset] = _FILL

    def _overwrite_fragments(self, data: bytes, body: bytearray) -> None:
        """Parts of a known VIN in one frame: a trace may begin or end in the middle of a message."""
        for begin in range(len(data) - _FRAGMENT + 1):
            if data[begin : begin + _FRAGMENT] in self._fragments:
                body[begin : begin + _FRAGMENT] = bytes([_FILL]) * _FRAGMENT

    def _overwrite_whole(self, body: bytearray) -> None:
        for begin, end in self._masker.payload(bytes(body)):
            self.masked += 1
            body[begin:end] = bytes([_FILL]) * (end - begin)
