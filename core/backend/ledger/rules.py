"""The rules of buying and using credit, each on a book that is open and settled (manual G3, K1, K2, K4)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from core.backend.ledger import statements
from core.backend.ledger.book import Book
from core.backend.ledger.durations import CLOCK_DURATIONS, end_of
from core.backend.ledger.nouns import MINUTE, Receipt
from core.backend.ledger.settling import UNITS, close_reservation, settle
from core.errors import BackendRefused, CreditMissing, CreditUsedUp, ReservationClosed
from core.vocabulary.online.paper import CreditDuration

_POSTED = "This reservation was posted before."


class Wish(NamedTuple):
    """A reservation as it stands in its table (the columns of `statements.RESERVATION`)."""

    organisation: str
    group: str
    id: str
    minutes: int
    state: str
    at: int
    expires: int
    system: str
    begun: int | None

    def state_at(self, now: int) -> str:
        """The book was settled: what was due is timed out."""
        return "timed-out" if self.state == "open" and self.expires <= now else self.state


def buy(book: Book, duration: CreditDuration, amount: int) -> Receipt:
    """`amount`: minutes of hour packages, or a number of packages by the clock, which begin with their first use."""
    if book.ends is not None and book.ends <= book.at:
        raise BackendRefused(
            "The contract of this organisation has ended: no credit can be bought.",
            "Extend the contract first.",
            status=409,
            problem="contract-ended",
        )
    minutes = amount if duration is CreditDuration.HOUR else 0
    unit = "minute" if duration is CreditDuration.HOUR else duration.value
    book.move("issued", "purchased", amount, unit=unit, until=book.ends)
    settle(book)
    return receipt(book, minutes)


def reserve(
    book: Book, reservation: str, minutes: int, expires: int, system: str, *, late: bool = False, begins: bool = False
) -> Receipt:
    """A running package by the clock costs nothing; else minutes; else the shortest package by the clock begins.

    `late`: the work was done without network. It takes what is there, so that `post` can put the rest on `owed`.
    `begins`: its job begins now.
    """
    reserved = 0
    if not book.running:
        if late and not any(book.balance("purchased", duration.value) for duration in CLOCK_DURATIONS):
            minutes = min(minutes, book.balance("purchased"))
        else:
            late = False
        if late or book.balance("purchased") >= max(minutes, 1):
            book.move("purchased", "reserved", minutes, reference=reservation)
            reserved = minutes
        else:
            _begin(book, reservation, minutes)
    values = {
        "id": reservation, "organisation_id": book.organisation, "product_group": book.group, "system": system,
        "minutes": reserved, "state": "open", "at": book.at, "expires": expires, "closed": None, "posted": 0,
        "begun": book.at if begins else None,
    }  # fmt: skip
    book.connection.execute(statements.NEW_RESERVATION, values)
    return receipt(book, reserved, reservation)


def _begin(book: Book, reservation: str, minutes: int) -> None:
    for duration in CLOCK_DURATIONS:
        if book.balance("purchased", duration.value):
            book.clock = end_of(duration, book.at)
            book.move("purchased", "consumed", 1, unit=duration.value, reference=reservation, until=book.clock)
            values = {
                "number": book.head.number, "organisation_id": book.organisation, "product_group": book.group,
                "duration": duration.value, "begun": book.at, "until": book.clock, "ended": None,
            }  # fmt: skip
            book.connection.execute(statements.NEW_CLOCK_PACKAGE, values)
            return
    raise _missing(book, minutes)


def _missing(book: Book, minutes: int) -> CreditMissing | CreditUsedUp:
    group = book.group
    left = book.balance("purchased")
    if left:
        return CreditUsedUp(f"Only {left} minutes of credit are left for {group}; {minutes} are needed.")
    if any(kind == "issued" for _, kind in book.stored):
        return CreditUsedUp(f"The time credit for {group} is used up or has expired.")
    return CreditMissing(f"There is no time credit for {group}.")


def post(book: Book, wish: Wish, minutes: int) -> Receipt:
    """Books what a job used: more than was reserved, and after the time-out too, because a flash is never stopped."""
    state = wish.state_at(book.at)
    if state in ("posted", "voided"):
        raise ReservationClosed(_POSTED if state == "posted" else "This reservation was voided before.")
    charge = _uncovered(book, wish.at, minutes)
    held = wish.minutes if state == "open" else 0
    reserved = min(charge, held)
    bought = min(charge - reserved, book.balance("purchased") + held - reserved)
    if reserved:
        book.move("reserved", "consumed", reserved, reference=wish.id)
    if held > reserved:
        book.move("reserved", "purchased", held - reserved, reference=wish.id)
    if bought:
        book.move("purchased", "consumed", bought, reference=wish.id)
    if charge > reserved + bought:
        book.move("owed", "consumed", charge - reserved - bought, reference=wish.id)
    close_reservation(book, wish.id, "posted", charge)
    _paid(book, wish, charge)
    settle(book)
    return receipt(book, charge, wish.id)


def _paid(book: Book, wish: Wish, charge: int) -> None:
    """This system may go on in the last minute that it has just paid, and never further: the rest of it is used.

    Work that is booked afterwards pays time that was there before it, as far as it goes on from it.
    """
    if not charge or not wish.system:
        return
    before = paid_until(book.connection, wish.organisation, wish.group, wish.system)
    since = before or 0 if wish.begun is None else max(wish.begun, before or 0)
    until = min(since + charge * MINUTE, book.at + MINUTE)
    place = book.place | {"which_system": wish.system}
    if before is None:
        values = {"organisation_id": wish.organisation, "system": wish.system, "product_group": wish.group}
        book.connection.execute(statements.NEW_PAID_TIME, values | {"until": until})
    elif until > before:
        book.connection.execute(statements.MOVE_PAID_TIME, place | {"new_until": until})


def paid_until(connection: Connection, organisation: str, group: str, system: str) -> int | None:
    place = {"organisation": organisation, "group": group, "which_system": system}
    return connection.execute(statements.PAID_UNTIL, place).scalar_one_or_none()


def _uncovered(book: Book, since: int, minutes: int) -> int:
    """Whole minutes of the job, which began at `since`, that no package by the clock covered."""
    if book.clock is None or book.clock <= since:
        return minutes
    free, reached = 0, since
    for row in book.connection.execute(statements.CLOCK_SINCE, book.place | {"since": since}):
        free += max(0, min(row.begun, book.at) - reached)
        reached = max(reached, min(row.ends, book.at))
    free += max(0, book.at - reached)
    return min(minutes, -(-free // MINUTE))


def void(book: Book, wish: Wish) -> Receipt:
    """The job did not happen. A reservation that has timed out or was voided gives nothing back twice."""
    state = wish.state_at(book.at)
    if state == "posted":
        raise ReservationClosed(_POSTED)
    back = wish.minutes if state == "open" else 0
    if back:
        book.move("reserved", "purchased", back, reference=wish.id)
    if state == "open":
        close_reservation(book, wish.id, "voided")
    settle(book)
    return receipt(book, back, wish.id)


def carry_over(book: Book, new_end: int) -> None:
    """What has not lapsed goes on: an entry from the account to itself records it and the new end."""
    for unit in UNITS:
        amount = book.balance("purchased", unit)
        if amount:
            book.move("purchased", "purchased", amount, unit=unit, until=new_end)


def receipt(book: Book, minutes: int, reservation: str = "") -> Receipt:
    return Receipt(
        operation=book.operation,
        organisation=book.organisation,
        group=book.group,
        minutes=minutes,
        minutes_left=None if book.running else book.balance("purchased"),
        number=book.head.number,
        hash=book.head.hash,
        at=book.at,
        reservation=reservation,
        until=book.clock if book.running else None,
        owed=-book.balance("owed"),
    )
