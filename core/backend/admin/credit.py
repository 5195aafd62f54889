"""Packages on sale and the credit of organisations, as the administrator of the back end handles them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from core.backend import demo
from core.backend.admin.people import WHO, Row
from core.backend.context import Backend
from core.backend.identity import people
from core.backend.store import tables as t
from core.vocabulary.online.paper import CreditDuration

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from core.backend.ledger import Receipt


class CreditDesk:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def balances(self, contract: str) -> list[Row]:
        organisation = self._organisation(contract)
        return [
            {"group": b.group, "minutes": b.minutes, "reserved": b.reserved, "until": b.until,
             "unused": [{"duration": d.value, "count": n} for d, n in b.unused]}
            for b in self._backend.ledger.balances(organisation, self._backend.now())
        ]  # fmt: skip

    def give(self, contract: str, group: str, duration: CreditDuration, count: int) -> Row:
        """Credit that was paid for elsewhere; it is booked like any other purchase."""
        now, key, ledger = self._backend.now(), secrets.token_hex(16), self._backend.ledger

        def work(conn: Connection) -> Receipt:
            ledger.hold(conn)
            organisation = str(people.organisation_by_contract(conn, contract).id)
            bought = ledger.buy(organisation, group, duration, count, key, now, conn=conn)
            people.note(
                conn, WHO, "credit given", now, contract=contract, group=group, duration=duration.value, count=count
            )
            return bought

        receipt = self._backend.write(work)
        return {"contract": contract, "group": group, "minutes_left": receipt.minutes_left, "entry": receipt.number}

    def packages(self) -> list[Row]:
        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            p = t.packages.c
            rows = conn.execute(select(t.packages).order_by(p.product_group, p.amount_minutes))
            return [
                {"id": r.id, "group": r.product_group, "duration": r.duration, "minutes": r.amount_minutes,
                 "price_cents": r.price_cents, "currency": r.currency}
                for r in rows
            ]  # fmt: skip

        return self._backend.read(look)

    def add_default_packages(self, *, free: bool) -> Row:
        return {"added": self._backend.write(lambda conn: demo.add_packages(conn, free=free))}

    def set_package(self, package: str, price_cents: int, currency: str) -> Row:
        def work(conn: Connection) -> Row:
            values = {"price_cents": price_cents, "currency": currency}
            changed = conn.execute(t.packages.update().where(t.packages.c.id == package).values(**values))
            if not changed.rowcount:
                raise people.refused(f"There is no package {package}.", "See `passbay admin credit packages`.")
            return {"id": package, **values}

        return self._backend.write(work)

    def remove_package(self, package: str) -> Row:
        """Takes it off the shelf; what was bought stays."""
        removed = self._backend.write(
            lambda conn: conn.execute(t.packages.delete().where(t.packages.c.id == package)).rowcount
        )
        return {"id": package, "removed": bool(removed)}

    def verify(self) -> Row:
        """Reads the whole ledger again: chain of hashes, sums, balances."""
        problems = self._backend.ledger.verify()
        head = self._backend.ledger.head()
        return {"entries": head.number, "head": head.hash, "problems": problems}

    def _organisation(self, contract: str) -> str:
        return str(self._backend.read(lambda conn: people.organisation_by_contract(conn, contract)).id)
