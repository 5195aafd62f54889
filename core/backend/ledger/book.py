"""The book inside one transaction: locks it, moves amounts between accounts, appends to the chain. Knows no rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from core.backend.ledger import statements
from core.backend.ledger.chain import Entry
from core.backend.ledger.nouns import EMPTY, Head

MINUTES = "minute"
_LOCK = text("LOCK TABLE ledger_head IN EXCLUSIVE MODE")


def lock(connection: Connection) -> None:
    """One charge after the other: the chain has one head.

    On PostgreSQL a LOCK that comes first is waited for before the snapshot is taken, so that charges queue instead of
    failing at COMMIT. SQLite's BEGIN IMMEDIATE has done it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)


@dataclass(slots=True)
class Book:
    """Balances of one product group of one organisation, as this transaction sees and changes them."""

    connection: Connection
    organisation: str
    group: str
    operation: str
    key: str
    at: int
    stored: dict[tuple[str, str], int] = field(default_factory=dict)  # (unit, kind)
    changes: dict[tuple[str, str], int] = field(default_factory=dict)
    head: Head = EMPTY
    first: int = 0  # the head's number when the book was opened
    ends: int | None = None  # the contract's end
    due: int = 0  # reservations that have timed out
    clock: int | None = None  # when the last package by the clock ends or has ended; None where none was begun

    @property
    def place(self) -> dict[str, Any]:
        return {"organisation": self.organisation, "group": self.group}

    def open(self) -> Book:
        row = self.connection.execute(statements.SITUATION, self.place | {"now": self.at}).one_or_none()
        if row is None:
            raise LookupError(f"no organisation {self.organisation!r}")
        self.head = Head(row.number, row.hash)
        self.first, self.ends, self.due, self.clock = row.number, row.contract_end, row.due, row.clock
        for unit, kind, balance in self.connection.execute(statements.BALANCES, self.place):
            self.stored[unit, kind] = balance
        return self

    @property
    def running(self) -> bool:
        """A package by the clock covers this moment."""
        return self.clock is not None and self.clock > self.at

    def balance(self, kind: str, unit: str = MINUTES) -> int:
        return self.stored.get((unit, kind), 0) + self.changes.get((unit, kind), 0)

    def move(
        self,
        source: str,
        target: str,
        amount: int,
        *,
        unit: str = MINUTES,
        reference: str = "",
        until: int | None = None,
        operation: str = "",
    ) -> None:
        """Appends one entry. An amount of 0 is kept too: it records that something was decided."""
        if amount < 0:
            raise ValueError("an entry has no negative amount")
        entry = Entry(
            self.head.number + 1, self.at, operation or self.operation, self.key, self.organisation, self.group, unit,
            source, target, amount, reference, until, self.head.hash,
        )  # fmt: skip
        hashed = entry.hash
        self.connection.execute(statements.NEW_ENTRY, entry._asdict() | {"hash": hashed})
        for kind, change in ((source, -amount), (target, amount)):
            self.changes[unit, kind] = self.changes.get((unit, kind), 0) + change
        self.head = Head(entry.number, hashed)

    def close(self) -> None:
        """Writes the changed balances and the head; the database refuses an account that would fall below 0."""
        if self.head.number == self.first:
            return
        new = [place for place in self.changes if place not in self.stored]
        old = [place for place, amount in self.changes.items() if amount and place in self.stored]
        mine = {"organisation_id": self.organisation, "product_group": self.group}
        for unit, kind in new:
            values = {"unit": unit, "kind": kind, "balance": self.changes[unit, kind]}
            self.connection.execute(statements.NEW_ACCOUNT, mine | values)
        if old:
            self.connection.execute(
                statements.CHANGE_BALANCE,
                [self.place | {"which_unit": u, "which_kind": k, "amount": self.changes[u, k]} for u, k in sorted(old)],
            )
        self.connection.execute(statements.MOVE_HEAD, {"new_number": self.head.number, "new_hash": self.head.hash})


def read_head(connection: Connection) -> Head:
    return Head(*connection.execute(statements.HEAD).one())
