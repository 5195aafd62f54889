"""What time alone does to credit: reservations time out, and what is left when the contract ends lapses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, update

from core.backend.ledger.book import MINUTES, Book
from core.backend.ledger.durations import CLOCK_DURATIONS
from core.backend.store.tables import clock_packages, reservations

UNITS = (MINUTES, *(duration.value for duration in CLOCK_DURATIONS))


@contextmanager
def opened(book: Book) -> Iterator[Book]:
    """A book for one operation: settled before it, written after it, thrown away when it refuses."""
    book.open()
    _time_out(book)
    settle(book)
    yield book
    book.close()


def settle(book: Book) -> None:
    """Debts first: what pays one does not lapse."""
    pay_debt(book)
    lapse(book)


def _time_out(book: Book) -> None:
    """A job that died between reserve and post gives its minutes back (TigerBeetle's pending transfers)."""
    due = (
        (reservations.c.organisation_id == book.organisation)
        & (reservations.c.product_group == book.group)
        & (reservations.c.state == "open")
        & (reservations.c.expires <= book.at)
    )
    for row in book.connection.execute(select(reservations.c.id, reservations.c.minutes).where(due)).all():
        if row.minutes:
            book.move("reserved", "purchased", row.minutes, reference=row.id, operation="time-out")
        close_reservation(book, row.id, "timed-out")


def close_reservation(book: Book, reservation: str, state: str, posted: int = 0) -> None:
    change = update(reservations).where(reservations.c.id == reservation)
    book.connection.execute(change.values(state=state, closed=book.at, posted=posted))


def pay_debt(book: Book) -> None:
    """What a running job used beyond the credit is paid by the first minutes that are there."""
    amount = min(book.balance("purchased"), -book.balance("owed"))
    if amount > 0:
        book.move("purchased", "owed", amount, operation="pay")


def lapse(book: Book) -> None:
    """K2: what was not used or not begun when the contract ended is gone. Minutes of running jobs stay theirs."""
    ends = book.ends
    if ends is None or ends > book.at:
        return
    for unit in UNITS:
        amount = book.balance("purchased", unit)
        if amount:
            book.move("purchased", "expired", amount, unit=unit, until=ends, operation="lapse")
    running = (
        (clock_packages.c.organisation_id == book.organisation)
        & (clock_packages.c.product_group == book.group)
        & (clock_packages.c.until > ends)
        & clock_packages.c.ended.is_(None)
    )
    book.connection.execute(update(clock_packages).where(running).values(ended=ends))


def clock_end(book: Book) -> int | None:
    """When the last package by the clock of this group ends or has ended; None where none was begun."""
    where = (clock_packages.c.organisation_id == book.organisation) & (clock_packages.c.product_group == book.group)
    rows = book.connection.execute(select(clock_packages.c.until, clock_packages.c.ended).where(where)).all()
    return max((row.until if row.ended is None else min(row.until, row.ended) for row in rows), default=None)
