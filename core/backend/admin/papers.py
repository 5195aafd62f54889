"""Systems, StartKeys, their orders and the issuer's keys, as the administrator of the back end handles them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backend.admin.people import WHO, Row
from core.backend.context import Backend
from core.backend.identity import people
from core.backend.issuer import keys, startkeys
from core.backend.issuer.sealing import Seal
from core.backend.store import tables as t

if TYPE_CHECKING:
    from sqlalchemy import Connection


class PapersDesk:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def systems(self, contract: str = "") -> list[Row]:
        """Every system with its newest StartKey."""
        now = self._backend.now()

        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            query = select(t.systems, t.organisations.c.contract_number).join(t.organisations)
            if contract:
                query = query.where(t.organisations.c.contract_number == contract)
            return [self._row(conn, row, now) for row in conn.execute(query.order_by(t.systems.c.created)).all()]

        return self._backend.read(look)

    def _row(self, conn: Connection, row: Any, now: int) -> Row:
        held = startkeys.newest(conn, row.id)
        state = "none" if held is None else "revoked" if held.revoked else "valid" if held.good(now) else "expired"
        return {
            "hardware_id": row.hardware_id, "app_id": row.app_id, "name": row.name, "contract": row.contract_number,
            "state": state, "key_id": held.id if held else "", "expires": held.expires if held else None,
        }  # fmt: skip

    def revoke(self, hardware_id: str) -> Row:
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            system = self._system(conn, hardware_id)
            count = startkeys.revoke(conn, system.id, now)
            people.note(conn, WHO, "startkeys revoked", now, hardware_id=hardware_id, count=count)
            return {"hardware_id": hardware_id, "revoked": count}

        return self._backend.write(work)

    def remove(self, hardware_id: str) -> Row:
        """Gives the hardware ID free, so that another organisation may order for that PC."""
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            system = self._system(conn, hardware_id)
            k, o = t.startkeys.c, t.orders.c
            conn.execute(t.startkeys.update().where(k.system_id == system.id).values(replaced_by=None))
            conn.execute(t.orders.update().where(o.system_id == system.id).values(system_id=None))
            conn.execute(t.tickets.update().where(t.tickets.c.system_id == system.id).values(system_id=None))
            conn.execute(t.startkeys.delete().where(k.system_id == system.id))
            conn.execute(t.systems.delete().where(t.systems.c.id == system.id))
            people.note(conn, WHO, "system removed", now, hardware_id=hardware_id)
            return {"hardware_id": hardware_id, "removed": True}

        return self._backend.write(work)

    def issue(self, hardware_id: str) -> Row:
        """A new StartKey by hand: after a revocation, or in answer to an order that waits."""
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            system = self._system(conn, hardware_id)
            made = startkeys.issue(conn, system.id, now)
            o = t.orders.c
            conn.execute(
                t.orders.update().where(o.system_id == system.id, o.state == "waiting").values(state="issued")
            )
            people.note(conn, WHO, "startkey issued", now, hardware_id=hardware_id)
            return {"hardware_id": hardware_id, "key_id": made.id, "expires": made.expires}

        return self._backend.write(work)

    def orders(self, *, waiting: bool) -> list[Row]:
        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            o = t.orders.c
            query = (
                select(o.id, o.kind, o.state, o.created, t.systems.c.hardware_id, t.organisations.c.contract_number)
                .select_from(t.orders.outerjoin(t.systems, o.system_id == t.systems.c.id))
                .join(t.organisations, o.organisation_id == t.organisations.c.id)
                .order_by(o.created)
            )
            rows = conn.execute(query.where(o.state == "waiting") if waiting else query)
            return [
                {"order": r.id, "kind": r.kind, "state": r.state, "created": r.created,
                 "hardware_id": r.hardware_id or "", "contract": r.contract_number}
                for r in rows
            ]  # fmt: skip

        return self._backend.read(look)

    def keys(self) -> list[Row]:
        """Public keys only."""
        found = self._backend.read(keys.published)
        return [
            {"keyid": k.keyid, "public": k.public, "created": k.created, "retired": k.retired,
             "endorsed": bool(k.rotation), "distrusted": k.distrusted}
            for k in found
        ]  # fmt: skip

    def rotate(self) -> Row:
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            made = keys.rotate(conn, now)
            people.note(conn, WHO, "key rotated", now, keyid=made)
            return {"keyid": made}

        return self._backend.write(work)

    def protect(self, key_file: Path | None) -> Row:
        """The issuer's private keys are encrypted with this file from now on; None: they lie in the clear."""
        seal = Seal.from_file(key_file) if key_file else None
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            count = keys.protect(conn, seal)
            people.note(conn, WHO, "keys protected" if seal else "keys in the clear", now, keys=count)
            return {"keys": count, "encrypted": seal is not None}

        return self._backend.write(work)

    def distrust(self, keyid: str) -> Row:
        """It was stolen: a new key signs where it was the one, and every StartKey that it signed is renewed."""
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            from sqlalchemy import select

            signs = keys.distrust(conn, keyid, now)
            held = conn.execute(select(t.startkeys.c.envelope).where(t.startkeys.c.replaced_by.is_(None))).scalars()
            count = sum(startkeys.signed_by(envelope) == keyid for envelope in held)
            people.note(conn, WHO, "key distrusted", now, keyid=keyid, startkeys=count)
            return {"keyid": keyid, "signs_now": signs, "startkeys_to_renew": count}

        return self._backend.write(work)

    def _system(self, conn: Connection, hardware_id: str) -> Any:
        system = startkeys.system_of(conn, hardware_id.strip().upper())
        if system is None:
            raise people.refused(
                f"There is no system with the hardware ID {hardware_id}.", "See `passbay admin startkeys list`.",
                status=404,
            )  # fmt: skip
        return system
