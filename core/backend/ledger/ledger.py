"""`Ledger`: the face of time credit. Each method is one transaction, done once for its key whatever is repeated."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from core.backend.ledger import rules, statements
from core.backend.ledger.book import Book, lock, read_head
from core.backend.ledger.nouns import Head, Receipt, Reservation, digest, receipt_from, reservation_from
from core.backend.ledger.reading import (
    Place,
    balances,
    clock_runs,
    is_behind,
    places_due,
    places_of,
    problems,
    set_contract_end,
)
from core.backend.ledger.settling import opened
from core.backend.store.idempotency import recall, remember
from core.backend.store.store import Store
from core.errors import ReservationUnknown
from core.vocabulary.online.paper import CreditBalance, CreditDuration

T = TypeVar("T")
A = TypeVar("A", Receipt, Reservation)

HOUR = 60  # minutes of an hour package


def _uuid() -> str:
    return uuid.uuid4().hex


class Ledger:
    """Credit of all organisations in one database.

    `key`: the client's idempotency key, stored there before the first send. A repetition gets the first answer again
    (`repeated`), byte for byte as `body`; the same key with another request raises KeyReused. A refusal is not kept:
    once there is credit, the same key succeeds. `conn`: an open transaction of `Store.write` to take part in; without
    it each call is a transaction of its own. `now` and all times are milliseconds UTC.
    """

    def __init__(self, store: Store, *, new_id: Callable[[], str] = _uuid) -> None:
        self._store = store
        self._new_id = new_id

    def buy(
        self,
        organisation: str,
        group: str,
        duration: CreditDuration,
        count: int,
        key: str,
        now: int,
        *,
        minutes_each: int = HOUR,
        conn: Connection | None = None,
    ) -> Receipt:
        """`count` packages; `minutes_each` counts for hour packages only. Never taken back (K1)."""
        if count < 1 or minutes_each < 1:
            raise ValueError("a purchase has at least one package of one minute")
        amount = count * minutes_each if duration is CreditDuration.HOUR else count
        request = ("buy", group, duration.value, amount)

        def work(connection: Connection) -> Receipt:
            with opened(Book(connection, organisation, group, "buy", key, now)) as book:
                return rules.buy(book, duration, amount)

        return self._once(organisation, key, request, now, work, receipt_from, conn)

    def reserve(
        self,
        organisation: str,
        group: str,
        minutes: int,
        key: str,
        now: int,
        timeout_ms: int,
        system: str = "",
        *,
        late: bool = False,
        begins: bool = False,
        conn: Connection | None = None,
    ) -> Reservation:
        """Sets minutes apart for a job. Raises CreditMissing or CreditUsedUp; after `timeout_ms` they come back.

        `late`: for work that was done without network: never refused, `post` puts on `owed` what is not there.
        `begins`: its job begins at `now`, so that the minutes that it will pay count from here.
        """
        if minutes < 0 or timeout_ms < 1:
            raise ValueError("a reservation has minutes and a time-out")
        request: tuple[object, ...] = ("reserve", group, minutes, timeout_ms, system)
        if late:
            request += ("late",)

        def work(connection: Connection) -> Reservation:
            name, expires = self._new_id(), now + timeout_ms
            with opened(Book(connection, organisation, group, "reserve", key, now)) as book:
                receipt = rules.reserve(book, name, minutes, expires, system, late=late, begins=begins)
            return Reservation(name, organisation, group, receipt.minutes, expires, receipt)

        return self._once(organisation, key, request, now, work, reservation_from, conn)

    def post(
        self,
        reservation: str,
        minutes: int,
        key: str,
        now: int,
        *,
        organisation: str | None = None,
        conn: Connection | None = None,
    ) -> Receipt:
        """Books the minutes that a job used: fewer or more than reserved, and after the time-out too.

        `organisation`: whoever asks; another one's reservation is ReservationUnknown.
        """
        if minutes < 0:
            raise ValueError("nobody uses less than no minute")

        def act(book: Book, wish: rules.Wish) -> Receipt:
            return rules.post(book, wish, minutes)

        return self._on(reservation, organisation, "post", (minutes,), key, now, act, conn)

    def void(
        self,
        reservation: str,
        key: str,
        now: int,
        *,
        organisation: str | None = None,
        conn: Connection | None = None,
    ) -> Receipt:
        """Gives the minutes of a job back that did not happen."""

        return self._on(reservation, organisation, "void", (), key, now, rules.void, conn)

    @staticmethod
    def covered(organisation: str, group: str, system: str, now: int, conn: Connection) -> bool:
        """Whether this system works in time that is paid: the rest of a booked minute, or a package by the clock."""
        until = rules.paid_until(conn, organisation, group, system)
        return (until is not None and until > now) or clock_runs(conn, organisation, group, now)

    @staticmethod
    def hold(conn: Connection) -> None:
        """Takes the ledger's lock. A transaction that reads other tables before it charges does this first.

        PostgreSQL would else wait for the lock with a snapshot that is old by then, and run the transaction again.
        """
        lock(conn)

    @staticmethod
    def state_of(reservation: str, conn: Connection) -> str:
        """ "open", "posted", "voided" or "timed-out" as it was last booked; "" where there is none."""
        row = conn.execute(statements.RESERVATION, {"reservation": reservation}).one_or_none()
        return "" if row is None else str(row.state)

    def expire(self, now: int) -> int:
        """Sweeps what time alone has ended, for all organisations. Returns the number of entries that this added."""
        places = self._store.read(lambda connection: places_due(connection, now))
        return sum(self._store.write(partial(_swept, place=place, now=now)) for place in places)

    def contract_end(self, organisation: str, now: int, *, conn: Connection | None = None) -> None:
        """The contract ends now: what was not used or not begun lapses (K2)."""

        def work(connection: Connection) -> None:
            lock(connection)
            set_contract_end(connection, organisation, now)
            for place in places_of(connection, organisation):
                _swept(connection, place=place, now=now)

        self._write(work, conn)

    def carry_over(self, organisation: str, new_end: int, now: int, *, conn: Connection | None = None) -> None:
        """The contract is extended: credit that has not lapsed yet goes on under the new end (K2)."""
        if new_end <= now:
            raise ValueError("a contract is extended into the future")

        def work(connection: Connection) -> None:
            lock(connection)
            for place in places_of(connection, organisation):
                with opened(Book(connection, *place, "carry-over", "", now)) as book:
                    rules.carry_over(book, new_end)
            set_contract_end(connection, organisation, new_end)

        self._write(work, conn)

    def balances(self, organisation: str, now: int, *, conn: Connection | None = None) -> tuple[CreditBalance, ...]:
        """One balance for each product group that credit was ever bought for, as of `now`; changes nothing."""
        return self._read(lambda connection: balances(connection, organisation, now), conn)

    def head(self, *, conn: Connection | None = None) -> Head:
        return self._read(read_head, conn)

    def behind(self, receipt: Receipt | Head, *, conn: Connection | None = None) -> bool:
        """True where this database does not know that receipt: an old copy of it was put back."""
        seen = Head(receipt.number, receipt.hash)
        return self._read(lambda connection: is_behind(connection, seen), conn)

    def verify(self, *, conn: Connection | None = None) -> list[str]:
        """Reads all entries again: chain, sums, balances, reservations. Empty where everything holds."""
        return self._read(problems, conn)

    def _once(
        self,
        organisation: str,
        key: str,
        request: tuple[object, ...],
        now: int,
        work: Callable[[Connection], A],
        again: Callable[[str], A],
        conn: Connection | None,
    ) -> A:
        def once(connection: Connection) -> A:
            lock(connection)
            return _kept(connection, organisation, key, request, now, work, again)

        return self._write(once, conn)

    def _on(
        self,
        reservation: str,
        organisation: str | None,
        operation: str,
        request: tuple[object, ...],
        key: str,
        now: int,
        act: Callable[[Book, rules.Wish], Receipt],
        conn: Connection | None,
    ) -> Receipt:
        """What closes a reservation: whose it is, is read under the lock."""

        def once(connection: Connection) -> Receipt:
            lock(connection)
            row = connection.execute(statements.RESERVATION, {"reservation": reservation}).one_or_none()
            if row is None or organisation not in (None, row.organisation_id):
                raise ReservationUnknown("There is no such reservation.")
            wish = rules.Wish(*row)

            def work(connection: Connection) -> Receipt:
                with opened(Book(connection, wish.organisation, wish.group, operation, key, now)) as book:
                    return act(book, wish)

            whole = (operation, reservation, *request)
            return _kept(connection, wish.organisation, key, whole, now, work, receipt_from)

        return self._write(once, conn)

    def _write(self, fn: Callable[[Connection], T], conn: Connection | None) -> T:
        return self._store.write(fn) if conn is None else fn(conn)

    def _read(self, fn: Callable[[Connection], T], conn: Connection | None) -> T:
        return self._store.read(fn) if conn is None else fn(conn)


def _kept(
    connection: Connection,
    organisation: str,
    key: str,
    request: tuple[object, ...],
    now: int,
    work: Callable[[Connection], A],
    again: Callable[[str], A],
) -> A:
    """The kept answer to this key, or the work and its answer, which is kept in the same transaction."""
    if not key:
        raise ValueError("a charge needs an idempotency key")
    hashed = digest(request)
    body = recall(connection, organisation, key, hashed)
    if body is not None:
        return again(body)
    answer = work(connection)
    remember(connection, organisation, key, hashed, answer.body, now)
    return answer


def _swept(connection: Connection, *, place: Place, now: int) -> int:
    lock(connection)
    with opened(Book(connection, *place, "sweep", "", now)) as book:
        pass
    return book.head.number - book.first
