"""Arithmetic of metered credit: whole minutes, each paid once, and when a warning is due. Pure; times in milliseconds.

A job that begins inside a minute that was booked before goes on in it: two quick looks within a minute cost one.
"""

from __future__ import annotations

from typing import NamedTuple

MINUTE = 60_000
WARNINGS = (30, 10, 5)
"""Minutes left at which the technician is told."""
ESTIMATE_READ, ESTIMATE_CHANGE = 1, 10
"""Minutes to reserve when a job begins; what it takes is booked at its end, more or less."""


class Cost(NamedTuple):
    """`minutes` to book; the time up to `booked_until` is paid then."""

    minutes: int
    booked_until: int


def cost(start: int, end: int, booked_until: int) -> Cost:
    """What a job from `start` to `end` costs, when everything up to `booked_until` is paid."""
    if booked_until > start + 24 * 60 * MINUTE:
        booked_until = 0  # nobody books a day ahead: the clock had run away when this was written
    begin = max(start, booked_until)
    minutes = max(0, -(-(end - begin) // MINUTE))
    if end <= start and booked_until <= start:
        minutes = 1  # begun is used: a job shorter than the clock's step
    return Cost(minutes, max(booked_until, begin + minutes * MINUTE) if minutes else booked_until)


def to_reserve(change: bool, left: int | None, start: int, booked_until: int) -> int:
    """Minutes to set apart at the start; 0 inside a booked minute for a job that only reads. None: by the clock."""
    if not change and start < booked_until <= start + MINUTE:
        return 0
    wanted = ESTIMATE_CHANGE if change else ESTIMATE_READ
    return wanted if left is None else max(1, min(wanted, left))


def warning(before: int | None, now: int | None) -> int | None:
    """The threshold that was passed between two looks at the minutes left, None where none was."""
    if now is None:
        return None
    passed = [limit for limit in WARNINGS if now <= limit and (before is None or before > limit)]
    return min(passed) if passed else None
