"""K4, G3: whole minutes, each paid once; warnings at 30, 10 and 5. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LicenceCheckFailed
from core.licence.credit.memory import KnownCredit, refuse_older_ledger
from core.licence.credit.minutes import MINUTE, cost, to_reserve, warning

SECOND = 1000


@pytest.mark.parametrize(
    ("start", "end", "booked", "minutes", "until"),
    [
        (0, 20 * SECOND, 0, 1, MINUTE),
        (30 * SECOND, 50 * SECOND, MINUTE, 0, MINUTE),  # inside a minute that is paid
        (50 * SECOND, 70 * SECOND, MINUTE, 1, 2 * MINUTE),
        (0, MINUTE, 0, 1, MINUTE),
        (0, MINUTE + 1, 0, 2, 2 * MINUTE),
        (5 * MINUTE, 15 * MINUTE, MINUTE, 10, 15 * MINUTE),
        (5 * MINUTE, 5 * MINUTE, 0, 1, 6 * MINUTE),  # begun is used
        (5 * MINUTE, 6 * MINUTE, 10**15, 1, 6 * MINUTE),  # a clock that had run away when it was booked
    ],
)
def test_what_a_job_costs(start: int, end: int, booked: int, minutes: int, until: int) -> None:
    assert cost(start, end, booked) == (minutes, until)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), min_size=1, max_size=30))
def test_no_minute_is_paid_twice_and_none_is_free(jobs: list[tuple[int, int]]) -> None:
    """Gap and length in seconds, one after another: what is paid covers all work and never more than its minutes."""
    now, booked, paid, worked = 10 * MINUTE, 0, 0, 0
    for gap, length in jobs:
        start = now + gap * SECOND
        now = start + length * SECOND
        minutes, booked = cost(start, now, booked)
        paid, worked = paid + minutes, worked + length * SECOND
        assert booked >= now or length == 0
    assert worked <= paid * MINUTE <= worked + len(jobs) * MINUTE


def test_what_is_set_apart() -> None:
    assert to_reserve(False, None, 0, 0) == 1 and to_reserve(True, None, 0, 0) == 10
    assert to_reserve(False, 60, 30 * SECOND, MINUTE) == 0  # inside a booked minute reading costs nothing
    assert to_reserve(True, 60, 30 * SECOND, MINUTE) == 10
    assert to_reserve(True, 4, 0, 0) == 4 and to_reserve(True, 0, 0, 0) == 1


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [(31, 30, 30), (30, 29, None), (31, 4, 5), (11, 10, 10), (10, 9, None), (6, 5, 5), (5, 0, None), (60, 45, None),
     (None, 60, None), (None, 7, 10), (40, None, None), (12, 3, 5)],
)  # fmt: skip
def test_warnings_come_once_at_each_threshold(before: int | None, now: int | None, told: int | None) -> None:
    assert warning(before, now) == told


def test_a_ledger_that_was_set_back_is_noticed() -> None:
    known = KnownCredit("url", 0, 41, "ab" * 32)
    refuse_older_ledger(known, 41, "ab" * 32)
    refuse_older_ledger(known, 42, "cd" * 32)
    refuse_older_ledger(KnownCredit(), 0, "")
    for number, digest in ((40, "cd" * 32), (41, "cd" * 32)):
        with pytest.raises(LicenceCheckFailed, match="set back"):
            refuse_older_ledger(known, number, digest)
