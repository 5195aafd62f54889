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
        "before", "bus", "count", "data", "identifier", "is_rx", "last", "length", "listeners", "number", "timestamp",
        "words",
    )  # fmt: skip

    def __init__(self, identifier: str, bus: str = "", number: int | None = None) -> None:
        self.identifier, self.bus, self.number = identifier, bus, number
        self.count = 0
        self.timestamp = self.last = 0.0
        self.data = b""
        self.before = b""
        self.length = 0
        self.is_rx = True
        self.words = ""
        self.listeners: tuple[tuple[Speaker, PassiveIsoTp], ...] = ()

    def take(self, timestamp: float, data: bytes, length: int, is_rx: bool) -> None:
        self.before, self.data = self.data, data
        self.last, self.timestamp = self.timestamp, timestamp
        self.count += 1
        self.length, self.is_rx = length, is_rx

    def listen(self, speakers: tuple[Speaker, ...]) -> None:
        """Whose messages to put together from now on."""
        self.listeners = tuple((s, PassiveIsoTp(0 if s.extension is None else 1)) for s in speakers)

    def units(self) -> str:
        """Who speaks here, by name."""
        return " ".join(dict.fromkeys(speaker.unit for speaker, _ in self.listeners))

    def face(self, signals: str = "", *, with_bus: bool = False) -> FrameRow:
        before, data = self.before, self.data
        if self.count < 2:
            changed = (False,) * len(data)
        else:
            changed = tuple(n >= len(before) or byte != before[n] for n, byte in enumerate(data))
        delta = None if self.count < 2 else (self.timestamp - self.last) * 1000.0
        return FrameRow(
            self.identifier, self.count, delta, data, changed, self.meaning() or signals, self.is_rx, self.timestamp,
            self.length, self.bus if with_bus else "",
        )  # fmt: skip

    def meaning(self) -> str:
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
