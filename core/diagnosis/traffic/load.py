"""How full a CAN bus is: bits per frame (ISO 11898-1) and rates. An estimate: stuff bits are guessed."""

from __future__ import annotations

from collections import deque

WINDOW = 2.0  # seconds
_FD_SPEED_UP = 4  # data phase against arbitration phase: 2 Mbit/s at 500 kbit/s is the usual pair


def frame_bits(length: int, is_extended_id: bool, is_fd: bool) -> int:
    """Bit times at the nominal rate, intermission included, with a tenth of stuff bits as found on real buses."""
    if is_fd:
        arbitration = 49 if is_extended_id else 30
        return arbitration + 13 + (8 * length + 30) // _FD_SPEED_UP
    stuffed = (54 if is_extended_id else 34) + 8 * length
    return stuffed + stuffed // 10 + 13


CLASSIC_BITS = tuple(frame_bits(n, False, False) for n in range(9))


class RateWindow:
    """Frames and bits per second over the last WINDOW seconds of polls."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int, int]] = deque()

    def mark(self, now: float, frames: int, bits: int) -> None:
        """Running totals at `now`."""
        self._marks.append((now, frames, bits))
        while len(self._marks) > 2 and now - self._marks[1][0] >= WINDOW:
            self._marks.popleft()

    def rates(self) -> tuple[float, float]:
        """(frames per second, bits per second); 0 before the second poll."""
        if len(self._marks) < 2:
            return 0.0, 0.0
        (start, frames0, bits0), (end, frames1, bits1) = self._marks[0], self._marks[-1]
        span = end - start
        return ((frames1 - frames0) / span, (bits1 - bits0) / span) if span > 0 else (0.0, 0.0)
