"""One fixed row per CAN identifier or DoIP address pair: counters, last data, meaning in words. No clock, no list."""

from __future__ import annotations

from core.diagnosis.traffic.book import Speaker
from core.diagnosis.traffic.reassembly import PassiveIsoTp
from core.protocol.dialect import dialect_of
from core.vocabulary import FrameRow

SHOWN_BYTES = 64
_FLOW_STATUS = {0: "continue", 1: "wait", 2: "overflow"}


class Row:
    """What is counted for one identifier. Updated for every frame: plain attributes, words only when asked."""

    __slots__ = (
        "before", "count", "data", "delta", "identifier", "is_rx", "length", "listeners", "timestamp", "words",
    )  # fmt: skip

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier
        self.count = 0
        self.timestamp = 0.0
        self.delta: float | None = None
        self.data = b""
        self.before: bytes | None = None
        self.length = 0
        self.is_rx = True
        self.words = ""
        self.listeners: tuple[tuple[Speaker, PassiveIsoTp], ...] = ()

    def listen(self, speakers: tuple[Speaker, ...]) -> None:
        """Whose messages to put together from now on."""
        self.listeners = tuple((s, PassiveIsoTp(0 if s.extension is None else 1)) for s in speakers)

    def face(self) -> FrameRow:
        before = self.before
        if before is None:
            changed = (False,) * len(self.data)
        else:
            changed = tuple(n >= len(before) or byte != before[n] for n, byte in enumerate(self.data))
        delta = None if self.delta is None else self.delta * 1000.0
        return FrameRow(
            self.identifier, self.count, delta, self.data, changed, self._meaning(), self.is_rx, self.timestamp,
            self.length,
        )  # fmt: skip

    def _meaning(self) -> str:
        for speaker, listener in self.listeners:
            offset = 0 if speaker.extension is None else 1
            if len(self.data) <= offset or (offset and self.data[0] != speaker.extension):
                continue
            pci = self.data[offset]
            if pci >> 4 == 3:
                return f"{speaker.unit}: flow control, {_FLOW_STATUS.get(pci & 0x0F, 'reserved')}"
            if pci >> 4 in (1, 2) and listener.head:
                seen, announced = listener.progress
                name = dialect_of(speaker.protocol).service_name(listener.head[0])
                return f"{speaker.unit}: {name}, {seen} of {announced} bytes"
        return self.words
