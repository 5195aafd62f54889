"""How far a download is: bytes, rate of the last seconds and time left, for each component. Few reports a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.releases.model.manifest import Component

WINDOW, BEAT = 15.0, 0.25


@dataclass(frozen=True, slots=True)
class Advance:
    """`component` is "" for the whole."""

    component: str
    done: int
    total: int
    rate: float
    seconds_left: float | None


class _Line:
    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self._marks: deque[tuple[float, int]] = deque()
        self._told = 0.0

    def add(self, count: int, now: float) -> bool:
        """Whether it is time to tell."""
        self.done += count
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW:
            self._marks.popleft()
        if self.done < self.total and now - self._told < BEAT:
            return False
        self._told = now
        return True

    def advance(self, name: str) -> Advance:
        (began, first), (now, last) = self._marks[0], self._marks[-1]
        rate = max(0.0, (last - first) / (now - began)) if now - began > 0.05 else 0.0
        left = (self.total - self.done) / rate if rate else None
        return Advance(name, self.done, self.total, rate, left)


class ProgressBook:
    """Fed from the workers' threads; `tell` is called in them, never two at a time."""

    def __init__(
        self,
        components: Sequence[Component],
        tell: Callable[[Advance], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lines = {component.name: _Line(component.length) for component in components}
        self._whole = _Line(sum(component.length for component in components))
        self._tell, self._clock = tell, clock
        self._lock = threading.Lock()

    def add(self, component: Component, count: int) -> None:
        now = self._clock()
        with self._lock:
            line = self._lines[component.name]
            if line.add(count, now):
                self._tell(line.advance(component.name))
            if self._whole.add(count, now):
                self._tell(self._whole.advance(""))
