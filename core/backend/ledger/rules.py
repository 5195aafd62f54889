"""The rules of buying and using credit, each on a book that is open and settled (manual G3, K1, K2, K4)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import insert, select

from core.backend.ledger.book import Book
from core.backend.ledger.durations import CLOCK_DURATIONS, end_of
from core.backend.ledger.nouns import MINUTE, Receipt
from core.backend.ledger.settling import UNITS, clock_end, close_reservation, settle
from core.backend.store.tables import clock_packages, reservations
from core.errors import BackendRefused, CreditMissing, CreditUsedUp, ReservationClosed
from core.vocabulary.online.paper import CreditDuration


class Wish(NamedTuple):
    """What a reservation was, as it stands in its table."""

    id: str
    minutes: int
    state: str
    at: int


def _wish(book: Book, reservation: str) -> Wish:
    columns = reservations.c.id, reservations.c.minutes, reservations.c.state, reservations.c.at
    return Wish(*book.connection.execute(select(*columns).where(reservations.c.id == reservation)).one())


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
    return receipt(book, minutes, clock_end(book))


def reserve(book: Book, reservation: str, minutes: int, expires: int, system: str) -> Receipt:
    """A running package by the clock costs nothing; else minutes; else the shortest package by the clock begins."""
    until = clock_end(book)
    reserved = 0
    if until is None or until <= book.at:
        if book.balance("purchased") >= minutes and (minutes or book.balance("purchased")):
            book.move("purchased", "reserved", minutes, reference=reservation)
            reserved = minutes
        else:
            until = _begin(book, reservation, minutes)
    book.connection.execute(
        insert(reservations).values(
            id=reservation, organisation_id=book.organisation, product_group=book.group, system=system,
            minutes=reserved, state="open", at=book.at, expires=expires, closed=None, posted=0,
        )
    )  # fmt: skip
    return receipt(book, reserved, until, reservation)


def _begin(book: Book, reservation: str, minutes: int) -> int:
    for duration in CLOCK_DURATIONS:
        if book.balance("purchased", duration.value):
            until = end_of(duration, book.at)
            book.move("purchased", "consumed", 1, unit=duration.value, reference=reservation, until=until)
            book.connection.execute(
                insert(clock_packages).values(
                    number=book.head.number, organisation_id=book.organisation, product_group=book.group,
                    duration=duration.value, begun=book.at, until=until, ended=None,
                )
            )  # fmt: skip
            return until
    raise _missing(book, minutes)


def _missing(book: Book, minutes: int) -> CreditMissing | CreditUsedUp:
    group = book.group
    left = book.balance("purchased")
    if left:
        return CreditUsedUp(f"Only {left} minutes of credit are left for {group}; {minutes} are needed.")
    if any(kind == "issued" for _, kind in book.stored):
        return CreditUsedUp(f"The time credit for {group} is used up or has expired.")
    return CreditMissing(f"There is no time credit for {group}.")


def post(book: Book, reservation: str, minutes: int) -> Receipt:
    """Books what a job used: more than was reserved, and after the time-out too, because a flash is never stopped."""
    wish = _wish(book, reservation)
    if wish.state in ("posted", "voided"):
        raise ReservationClosed(f"This reservation was {wish.state} before.")
    until = clock_end(book)
    charge = _uncovered(wish, until, book.at, minutes)
    held = wish.minutes if wish.state == "open" else 0
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
    settle(book)
    return receipt(book, charge, until, wish.id)


def _uncovered(wish: Wish, until: int | None, now: int, minutes: int) -> int:
    """Whole minutes of the job that no package by the clock covered."""
    if until is None or until <= wish.at:
        return minutes
    return min(minutes, max(0, -(-(now - until) // MINUTE)))


def void(book: Book, reservation: str) -> Receipt:
    """The job did not happen. A reservation that has timed out or was voided gives nothing back twice."""
    wish = _wish(book, reservation)
    if wish.state == "posted":
        raise ReservationClosed("This reservation was posted before.")
    back = wish.minutes if wish.state == "open" else 0
    if wish.state == "open":
        if back:
            book.move("reserved", "purchased", back, reference=wish.id)
        close_reservation(book, wish.id, "voided")
    settle(book)
    return receipt(book, back, clock_end(book), wish.id)


def carry_over(book: Book, new_end: int) -> None:
    """What has not lapsed goes on: an entry from the account to itself records it and the new end."""
    for unit in UNITS:
        amount = book.balance("purchased", unit)
        if amount:
            book.move("purchased", "purchased", amount, unit=unit, until=new_end)


def receipt(book: Book, minutes: int, until: int | None, reservation: str = "") -> Receipt:
    running = until is not None and until > book.at
    return Receipt(
        operation=book.operation,
        organisation=book.organisation,
        group=book.group,
        minutes=minutes,
        minutes_left=None if running else book.balance("purchased"),
        number=book.head.number,
        hash=book.head.hash,
        at=book.at,
        reservation=reservation,
        until=until if running else None,
        owed=-book.balance("owed"),
    )
