"""The book inside one transaction: locks it, moves amounts between accounts, appends to the chain. Knows no rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, insert, select, text, update

from core.backend.ledger.chain import Entry
from core.backend.ledger.nouns import EMPTY, Head
from core.backend.store.tables import accounts, entries, ledger_head, organisations

KINDS = ("issued", "owed", "purchased", "reserved", "consumed", "expired")
MINUTES = "minute"


def lock(connection: Connection) -> None:
    """One charge after the other: the chain has one head.

    On PostgreSQL a LOCK that comes first is waited for before the snapshot is taken, so that charges queue instead of
    failing at COMMIT. SQLite's BEGIN IMMEDIATE has done it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE ledger_head IN EXCLUSIVE MODE"))


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

    def open(self) -> Book:
        where = (accounts.c.organisation_id == self.organisation) & (accounts.c.product_group == self.group)
        for row in self.connection.execute(select(accounts.c.unit, accounts.c.kind, accounts.c.balance).where(where)):
            self.stored[row.unit, row.kind] = row.balance
        self.head = read_head(self.connection)
        self.first = self.head.number
        self.ends = self._contract_end()
        return self

    def _contract_end(self) -> int | None:
        query = select(organisations.c.contract_end).where(organisations.c.id == self.organisation)
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise LookupError(f"no organisation {self.organisation!r}")
        end: int | None = row.contract_end
        return end

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
        """Appends one entry. An amount of 0 is kept too: it records that something was decided (`until`)."""
        if amount < 0:
            raise ValueError("an entry has no negative amount")
        entry = Entry(
            self.head.number + 1, self.at, operation or self.operation, self.key, self.organisation, self.group, unit,
            source, target, amount, reference, until, self.head.hash,
        )  # fmt: skip
        hashed = entry.hash
        self.connection.execute(insert(entries).values(**asdict(entry), hash=hashed))
        self._add(source, unit, -amount)
        self._add(target, unit, amount)
        self.head = Head(entry.number, hashed)

    def close(self) -> Head:
        """Writes the changed balances and the head; the database refuses an account that would fall below 0."""
        for (unit, kind), amount in sorted(self.changes.items()):
            self._write(unit, kind, amount)
        self.changes.clear()
        if self.head.number == self.first:
            return self.head
        self.connection.execute(update(ledger_head).values(number=self.head.number, hash=self.head.hash))
        return self.head

    def _add(self, kind: str, unit: str, amount: int) -> None:
        self.changes[unit, kind] = self.changes.get((unit, kind), 0) + amount

    def _write(self, unit: str, kind: str, amount: int) -> None:
        place = {"organisation_id": self.organisation, "product_group": self.group, "unit": unit, "kind": kind}
        if (unit, kind) not in self.stored:
            self.connection.execute(insert(accounts).values(**place, balance=amount))
            self.stored[unit, kind] = 0
        elif amount:
            here = [accounts.c[name] == value for name, value in place.items()]
            self.connection.execute(update(accounts).where(*here).values(balance=accounts.c.balance + amount))
        self.stored[unit, kind] += amount


def read_head(connection: Connection) -> Head:
    row = connection.execute(select(ledger_head.c.number, ledger_head.c.hash)).one()
    return Head(row.number, row.hash)
