"""The slowest transfer that is still one: so many bytes in so much waiting. Pure; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`grace` seconds of waiting must bring `rate` bytes for each of them; `tries` for what a network does at times."""

    grace: float = 10.0
    rate: int = 1024
    tries: int = 3
    pause: float = 0.5  # before the second try, then twice as long each time


class Pace:
    """Counts waiting, not time: a slow disk of ours is not the server's fault."""

    def __init__(self, limits: Limits) -> None:
        self._need = int(limits.grace * limits.rate)
        self._grace = limits.grace
        self._waited = 0.0
        self._bytes = 0

    def begin(self) -> None:
        """A request was sent: a new grace begins."""
        self._waited, self._bytes = 0.0, 0

    @property
    def left(self) -> float:
        """Seconds of waiting that are left; 0 or less: too slow."""
        return self._grace - self._waited

    def got(self, count: int, waited: float) -> None:
        self._waited += waited
        self._bytes += count
        if self._bytes >= self._need:
            self.begin()
