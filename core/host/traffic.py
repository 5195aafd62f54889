"""The live panel's view through the host: one round trip a poll, and only what the panel shows travels."""

from __future__ import annotations

from typing import Any

from core.errors import ProductError
from core.host.link import HostLink
from core.vocabulary import BusFigures, FrameLine, FrameRow, MessageLine, Transport

ANSWER_SECONDS = 1.0  # a panel shows what it had rather than wait for a host that hangs
WISH_SECONDS = 1.5  # how long after it was shown last a list is asked for with each poll

_EMPTY = BusFigures(None, 0.0, 0, 0)


class HostedTrafficView:
    """The same face as the in-process view. What was shown last comes along with each poll."""

    def __init__(self, link: HostLink, number: int) -> None:
        self.filter = ""
        self._link = link
        self._number = number
        self._now = 0.0
        self._wishes: dict[str, tuple[tuple[int, ...], float]] = {}
        self._shown: dict[tuple[str, tuple[int, ...], str], tuple[Any, ...]] = {}
        self._figures, self._count = _EMPTY, 0
        self._transports: frozenset[Transport] = frozenset()

    def poll(self, now: float) -> int:
        """Asks the host to take in what came since the last poll; `now` in seconds of any steady clock."""
        self._now = now
        wishes = {name: numbers for name, (numbers, asked) in self._wishes.items() if now - asked < WISH_SECONDS}
        return self._ask(now, wishes, forget=True)

    def clear(self) -> None:
        """Empties rows, lists and counters; goes on from here."""
        self._shown.clear()
        try:
            self._link.call("traffic_clear", self._number, seconds=ANSWER_SECONDS)
        except (ProductError, TimeoutError):
            return
        self._ask(None, {}, forget=True)

    def rows(self) -> list[FrameRow]:
        return self._list("rows")

    def frame_lines(self, count: int, back: int = 0) -> list[FrameLine]:
        return self._list("frame_lines", count, back)

    def message_lines(self, count: int, back: int = 0) -> list[MessageLine]:
        return self._list("message_lines", count, back)

    @property
    def figures(self) -> BusFigures:
        return self._figures

    @property
    def message_count(self) -> int:
        return self._count

    @property
    def transports(self) -> frozenset[Transport]:
        return self._transports

    def _list(self, name: str, *numbers: int) -> list[Any]:
        self._wishes[name] = (numbers, self._now)
        key = (name, numbers, self.filter)
        if key not in self._shown:
            self._ask(None, {name: numbers}, forget=False)
        return list(self._shown.get(key, ()))

    def _ask(self, now: float | None, wishes: dict[str, tuple[int, ...]], *, forget: bool) -> int:
        words = self.filter
        try:
            answer = self._link.call("traffic", self._number, now, words, wishes, seconds=ANSWER_SECONDS)
        except (ProductError, TimeoutError):
            return 0  # the message list tells what happened to the host; the panel keeps what it shows
        fresh, self._figures, self._count, self._transports, shown = answer
        if forget:
            self._shown.clear()
        self._shown |= {(name, wishes[name], words): tuple(lines) for name, lines in shown.items()}
        return int(fresh)
