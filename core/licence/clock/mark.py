"""The high-water mark: the latest time that was ever seen here, and the time that follows from it. Pure.

    seen = observed(seen, wall, boot, ticks)     # seen.mark is the time of now

`ticks` is a clock that counts on while the PC sleeps and that nobody can set (CLOCK_BOOTTIME), `boot` names the start
of the PC that it counts from: while the PC runs, time goes on even when its clock was set back and stands behind the
mark. What no offline means can see is a clock that was stopped while the PC was off; it gives no time of use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from core.online.wire.codec import MAX_INTEGER, Number

TOLERANCE = 26 * 3_600_000
"""ms: time zones mixed up (two systems on one PC, a clock set to local time) are no attempt to buy time."""


@dataclass(frozen=True, slots=True)
class SeenTime:
    """What is kept between starts. All in milliseconds; `checked` is the last signed answer's time, 0 for none."""

    mark: int = 0
    boot: str = ""
    ticks: int = 0
    checked: int = 0
    difference: Annotated[int, Number(least=-MAX_INTEGER)] = 0  # server minus clock of this PC at that answer


def observed(seen: SeenTime, wall: int, boot: str, ticks: int) -> SeenTime:
    """Another look at the clocks: the mark goes on, never back."""
    ran = max(0, ticks - seen.ticks) if boot and boot == seen.boot else 0
    return replace(seen, mark=max(wall, seen.mark + ran), boot=boot, ticks=ticks)


def raised(seen: SeenTime, at_least: int) -> SeenTime:
    """Something of that time exists (an issue date, a receipt, a file): it is not earlier than that."""
    return replace(seen, mark=max(seen.mark, at_least))


def set_by_server(seen: SeenTime, server: int, wall: int, boot: str, ticks: int) -> SeenTime:
    """A fresh signed answer, bound to our question: the one thing that may also take the mark back.

    Somebody whose clock had run ahead for a day is not locked out for longer than until the next check.
    """
    return SeenTime(server, boot, ticks, server, server - wall)


def is_set_back(seen: SeenTime, wall: int) -> bool:
    """The clock of this PC is further behind the mark than a mistake in time zones explains."""
    return wall < seen.mark - TOLERANCE
