"""How far a step is: when its progress is due to be told, and its rate. Knows no clock: `now` is an argument."""

from __future__ import annotations

from collections import deque

from core.diagnosis.commands import Progress

PROGRESS_SPACING = 0.1  # seconds between two ProgressMade
RATE_WINDOW = 30.0


class Meter:
    """Done and rate of one step; says when a ProgressMade is due."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._told = float("-inf")
        self.held_back: Progress | None = None

    def due(self, progress: Progress, now: float) -> bool:
        if now - self._told < PROGRESS_SPACING and progress.done < progress.total:
            self.held_back = progress
            return False
        self._told = now
        self.held_back = None
        return True

    def rate(self, done: int, now: float) -> float:
        """Per second over the last 30 s; 0 while there is nothing to compare."""
        samples = self._samples
        samples.append((now, done))
        while now - samples[0][0] > RATE_WINDOW and len(samples) > 2:
            samples.popleft()
        then, before = samples[0]
        return (done - before) / (now - then) if now > then and done > before else 0.0
