"""What time alone does to credit: reservations time out, and what is left when the contract ends lapses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.backend.ledger import statements
from core.backend.ledger.book import MINUTES, Book
from core.backend.ledger.durations import CLOCK_DURATIONS

UNITS = (MINUTES, *(duration.value for duration in CLOCK_DURATIONS))


@contextmanager
def opened(book: Book) -> Iterator[Book]:
    """A book for one operation: settled before it, written after it, thrown away when it refuses."""
    book.open()
    if book.due:
        _time_out(book)
    settle(book)
    yield book
    book.close()


def settle(book: Book) -> None:
    """Debts first: what pays one does not lapse."""
    _pay_debt(book)
    _lapse(book)


def _time_out(book: Book) -> None:
    """A job that died between reserve and post gives its minutes back (TigerBeetle's pending transfers)."""
    for row in book.connection.execute(statements.DUE, book.place | {"now": book.at}).all():
        if row.minutes:
            book.move("reserved", "purchased", row.minutes, reference=row.id, operation="time-out")
        close_reservation(book, row.id, "timed-out")


def close_reservation(book: Book, reservation: str, state: str, posted: int = 0) -> None:
    values = {"reservation": reservation, "new_state": state, "now": book.at, "minutes_posted": posted}
    book.connection.execute(statements.CLOSE_RESERVATION, values)


def _pay_debt(book: Book) -> None:
    """What a running job used beyond the credit is paid by the first minutes that are there."""
    amount = min(book.balance("purchased"), -book.balance("owed"))
    if amount > 0:
        book.move("purchased", "owed", amount, operation="pay")


def _lapse(book: Book) -> None:
    """K2: what was not used or not begun when the contract ended is gone. Minutes of running jobs stay theirs."""
    ends = book.ends
    if ends is None or ends > book.at:
        return
    for unit in UNITS:
        amount = book.balance("purchased", unit)
        if amount:
            book.move("purchased", "expired", amount, unit=unit, until=ends, operation="lapse")
    if book.clock is not None and book.clock > ends:
        book.connection.execute(statements.END_CLOCK_PACKAGES, book.place | {"end": ends})
        book.clock = ends
