"""How long a package by the clock runs (manual K4): calendar months and years, in UTC. Pure."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

from core.vocabulary.online.paper import CreditDuration

CLOCK_DURATIONS = (CreditDuration.DAY, CreditDuration.WEEK, CreditDuration.MONTH, CreditDuration.YEAR)
_MONTHS = {CreditDuration.MONTH: 1, CreditDuration.YEAR: 12}
_DAYS = {CreditDuration.DAY: 1, CreditDuration.WEEK: 7}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def end_of(duration: CreditDuration, begun: int) -> int:
    """The moment (ms) at which a package begun at `begun` ends. 31 January plus a month is the end of February."""
    start = _EPOCH + timedelta(milliseconds=begun)
    if duration in _DAYS:
        end = start + timedelta(days=_DAYS[duration])
    else:
        months = start.month - 1 + _MONTHS[duration]
        year, month = start.year + months // 12, months % 12 + 1
        end = start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))
    return (end - _EPOCH) // timedelta(milliseconds=1)
