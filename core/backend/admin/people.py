"""Organisations, users and rights, as the administrator of the back end handles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.backend.context import Backend
from core.backend.identity import people, rights
from core.backend.store import tables as t
from core.errors import UsageError
from core.vocabulary.online.paper import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

WHO = "back end administrator"
Row = dict[str, Any]


class PeopleDesk:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def organisations(self) -> list[Row]:
        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import func, select

            o, u = t.organisations.c, t.users.c
            rows = conn.execute(
                select(o.name, o.contract_number, o.contract_end, o.buyers, func.count(u.id).label("users"))
                .select_from(t.organisations.outerjoin(t.users, u.organisation_id == o.id))
                .group_by(o.id, o.name, o.contract_number, o.contract_end, o.buyers)
                .order_by(o.contract_number)
            )
            return [
                {"contract": r.contract_number, "name": r.name, "contract_end": r.contract_end, "users": r.users,
                 "buyers": r.buyers}
                for r in rows
            ]  # fmt: skip

        return self._backend.read(look)

    def buyers(self, contract: str, who: str) -> Row:
        """Who of the organisation may buy credit: "all" with a right there, or its "admins"."""
        now = self._backend.now()

        def choose(conn: Connection) -> Row:
            people.set_buyers(conn, people.organisation_by_contract(conn, contract).id, who)
            people.note(conn, WHO, "buyers chosen", now, contract=contract, buyers=who)
            return {"contract": contract, "buyers": who}

        return self._backend.write(choose)

    def add_organisation(self, name: str, contract: str, contract_end: int | None) -> Row:
        now = self._backend.now()

        def add(conn: Connection) -> Row:
            made = people.create_organisation(conn, name, now, contract, contract_end)
            from sqlalchemy import select

            row = conn.execute(select(t.organisations).where(t.organisations.c.id == made)).one()
            people.note(conn, WHO, "organisation added", now, contract=row.contract_number)
            return {"contract": row.contract_number, "name": row.name, "contract_end": row.contract_end}

        return self._backend.write(add)

    def extend(self, contract: str, new_end: int) -> Row:
        """The contract goes on: credit that is left is carried over (K2)."""
        now = self._backend.now()
        if new_end <= now:
            raise UsageError("The new end lies in the past: use `organisations end` to end a contract.")

        def extend(conn: Connection, organisation: str) -> None:
            self._backend.ledger.carry_over(organisation, new_end, now, conn=conn)
            people.note(conn, WHO, "contract extended", now, contract=contract, until=new_end)

        self._on_contract(contract, extend)
        return {"contract": contract, "contract_end": new_end}

    def end(self, contract: str) -> Row:
        """The contract ends now: what was not used lapses (K2)."""
        now = self._backend.now()

        def end(conn: Connection, organisation: str) -> None:
            self._backend.ledger.contract_end(organisation, now, conn=conn)
            people.note(conn, WHO, "contract ended", now, contract=contract)

        self._on_contract(contract, end)
        return {"contract": contract, "contract_end": now}

    def _on_contract(self, contract: str, change: Callable[[Connection, str], None]) -> None:
        def work(conn: Connection) -> None:
            self._backend.ledger.hold(conn)
            change(conn, str(people.organisation_by_contract(conn, contract).id))

        self._backend.write(work)

    def users(self, contract: str = "") -> list[Row]:
        now = self._backend.now()

        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            query = select(t.users.c.id).order_by(t.users.c.login)
            if contract:
                organisation = people.organisation_by_contract(conn, contract)
                query = query.where(t.users.c.organisation_id == organisation.id)
            return [self._row(conn, user_id, now) for user_id in conn.execute(query).scalars().all()]

        return self._backend.read(look)

    def add_user(self, contract: str, login: str, name: str, password: str, email: str, roles: tuple[Role, ...]) -> Row:
        """A user whom this administrator has identified. Roles wait for the first log-in on a device (L4)."""
        now = self._backend.now()

        def add(conn: Connection) -> Row:
            organisation = people.organisation_by_contract(conn, contract)
            made = people.create_user(
                conn, organisation.id, login, name or login, password, now, email=email, identified=True
            )
            for role in roles:
                rights.grant(conn, made, role, now)
            people.note(conn, WHO, "user added", now, user=login, roles=[role.value for role in roles])
            return self._row(conn, made, now)

        return self._backend.write(add)

    def password(self, login: str, password: str) -> Row:
        """A new password; whoever was logged in with the old one is out."""
        now = self._backend.now()

        def change(conn: Connection, user: people.User) -> None:
            people.set_password(conn, user.id, password)
            people.end_all_logins(conn, user.id, now)

        return self._on(login, "password set", change)

    def disable(self, login: str, disabled: bool) -> Row:
        now = self._backend.now()
        words = "user disabled" if disabled else "user enabled"
        return self._on(login, words, lambda conn, user: people.set_disabled(conn, user.id, disabled, now))

    def identify(self, login: str) -> Row:
        now = self._backend.now()
        return self._on(login, "user identified", lambda conn, user: people.set_identified(conn, user.id, now))

    def log_out(self, login: str) -> Row:
        now = self._backend.now()
        return self._on(login, "log-ins ended", lambda conn, user: people.end_all_logins(conn, user.id, now))

    def grant(self, login: str, role: Role, *, activate: bool) -> Row:
        now = self._backend.now()

        def give(conn: Connection, user: people.User) -> None:
            rights.grant(conn, user.id, role, now, activate=activate)

        return self._on(login, f"right {role.value} granted", give)

    def revoke(self, login: str, role: Role) -> Row:
        now = self._backend.now()
        words = f"right {role.value} revoked"
        return self._on(login, words, lambda conn, user: rights.revoke(conn, user.id, role, now))

    def requests(self) -> list[Row]:
        """Rights that wait for a decision, of all organisations."""

        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            rows = conn.execute(
                select(t.users.c.login, t.rights.c.role, t.rights.c.requested, t.organisations.c.contract_number)
                .select_from(t.rights.join(t.users, t.rights.c.user_id == t.users.c.id).join(t.organisations))
                .where(t.rights.c.state == "requested")
                .order_by(t.rights.c.requested)
            )
            return [
                {"login": r.login, "role": r.role, "requested": r.requested, "contract": r.contract_number}
                for r in rows
            ]

        return self._backend.read(look)

    def _on(self, login: str, words: str, change: Any) -> Row:
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            user = people.user_by_login(conn, login)
            if user is None:
                raise people.refused(f"There is no user {login}.", "See `passbay admin users list`.", status=404)
            change(conn, user)
            people.note(conn, WHO, words, now, user=user.login)
            return self._row(conn, user.id, now)

        return self._backend.write(work)

    def _row(self, conn: Connection, user_id: str, now: int) -> Row:
        user = people.user_by_id(conn, user_id)
        assert user is not None
        held = rights.rights_of(conn, user_id)
        return {
            "login": user.login, "name": user.name, "email": user.email, "contract": user.contract,
            "identified": user.identified, "disabled": user.disabled,
            "rights": {r.role.value: "active" if r.active(now) else r.state for r in held},
        }  # fmt: skip
