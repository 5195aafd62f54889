"""What is counted for one bus: rows by identifier, frames, bits, errors, and the rate of the last minute. No clock."""

from __future__ import annotations

from collections import deque

from core.diagnosis.traffic.load import RateWindow
from core.diagnosis.traffic.rows import Row
from core.vocabulary import BusLine

HISTORY = 60  # seconds


class Bus:
    """`name` is the channel as the tap named it. The numbers are added to in the loop over all frames."""

    def __init__(self, name: str, bitrate: int | None, is_can: bool) -> None:
        self.name, self.is_can = name, is_can
        self.bitrate = bitrate
        self.rows: dict[object, Row] = {}
        self.frames = self.bits = self.errors = 0
        self._window = RateWindow()
        self._history: deque[float] = deque(maxlen=HISTORY)
        self._second: tuple[float, int] | None = None
        self._peak = 0.0

    def mark(self, now: float) -> None:
        """The end of a poll at `now`."""
        self._window.mark(now, self.frames, self.bits)
        if self._second is None:
            self._second = now, self.frames
            return
        since, frames = self._second
        if now - since >= 1.0:
            rate = (self.frames - frames) / (now - since)
            whole = min(int(now - since), HISTORY)  # a panel that nobody looked at for a while
            self._history.extend([rate] * whole)
            self._peak = max(self._peak, rate)
            self._second = now, self.frames

    def rates(self) -> tuple[float, float | None]:
        """(frames a second, load 0..1 or None without a bit rate)."""
        frames, bits = self._window.rates()
        return frames, bits / self.bitrate if self.bitrate else None

    def line(self) -> BusLine:
        rate, load = self.rates()
        return BusLine(
            self.name, self.frames, self.errors, len(self.rows), rate, max(self._peak, rate), load,
            tuple(self._history),
        )  # fmt: skip
