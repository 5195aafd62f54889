"""Listens to one CAN identifier and puts ISO-TP messages together (ISO 15765-2); sends nothing, judges no timing."""

from __future__ import annotations

LONGEST_MESSAGE = 1 << 20  # a listener keeps no more: a hostile FF_DL must not cost memory


class PassiveIsoTp:
    """One direction of one conversation. `offset` is 1 for extended and mixed addressing, else 0 (clause 10.3)."""

    __slots__ = ("_buffer", "_expected", "_next", "_offset", "incomplete")

    def __init__(self, offset: int = 0) -> None:
        self._offset = offset
        self._buffer = bytearray()
        self._expected = 0
        self._next = 0
        self.incomplete = 0
        """Messages that began and were not seen to their end."""

    @property
    def head(self) -> bytes:
        """The first bytes of the message that is under way, b"" between messages."""
        return bytes(self._buffer[:8]) if self._expected else b""

    @property
    def progress(self) -> tuple[int, int]:
        """(bytes seen, bytes announced) of the message under way."""
        return len(self._buffer), self._expected

    def reset(self) -> None:
        """Frames were lost between the bus and here: a begun message cannot be completed."""
        if self._expected:
            self.incomplete += 1
        self._expected = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes | None:
        """The data field of the next frame; the whole message when this frame completes one. Padding is cut off."""
        offset = self._offset
        if len(data) <= offset:
            return None
        pci = data[offset]
        kind = pci >> 4
        if kind == 2:
            return self._consecutive(data, pci & 0x0F)
        if kind == 0:
            return self._single(data)
        if kind == 1:
            self._first(data)
        return None

    def _single(self, data: bytes) -> bytes | None:
        start = self._offset + 1
        length = data[self._offset] & 0x0F
        if length == 0 and len(data) > 8:  # CAN FD escape, clause 9.6.2.1
            length, start = data[start], start + 1
        if length == 0 or start + length > len(data):
            return None
        self.reset()
        return bytes(data[start : start + length])

    def _first(self, data: bytes) -> None:
        self.reset()
        start = self._offset + 2
        if len(data) < start:
            return
        length = (data[self._offset] & 0x0F) << 8 | data[self._offset + 1]
        if length == 0:  # FF_DL > 4095, clause 9.6.3.1
            if len(data) < start + 4:
                return
            length, start = int.from_bytes(data[start : start + 4], "big"), start + 4
        if length > LONGEST_MESSAGE or length <= len(data) - start:
            return
        self._buffer += data[start:]
        self._expected = length
        self._next = 1

    def _consecutive(self, data: bytes, sequence_number: int) -> bytes | None:
        if not self._expected:
            return None
        if sequence_number != self._next:
            self.reset()
            return None
        self._next = (sequence_number + 1) & 0x0F
        self._buffer += data[self._offset + 1 :]
        if len(self._buffer) < self._expected:
            return None
        message = bytes(self._buffer[: self._expected])
        self._expected = 0
        self._buffer = bytearray()
        return message
