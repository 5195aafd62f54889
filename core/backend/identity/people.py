"""Organisations and users: made, found, registered (L3). Each function works inside the caller's transaction."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.backend.context import new_id
from core.backend.identity.passwords import hash_password
from core.backend.store import tables as t
from core.errors import BackendRefused

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


EVERYBODY, ADMINS = "all", "admins"


@dataclass(frozen=True, slots=True)
class User:
    """A user with his organisation."""

    id: str
    login: str
    name: str
    email: str
    identified: bool
    disabled: bool
    organisation_id: str
    organisation: str
    contract: str
    contract_end: int | None


def refused(words: str, advice: str = "", *, status: int = 422, problem: str = "input") -> BackendRefused:
    return BackendRefused(words, advice, status=status, problem=problem)


def _find(conn: Connection, *where: Any) -> Row[Any] | None:
    from sqlalchemy import select

    query = (
        select(t.users, t.organisations.c.name.label("organisation"), t.organisations.c.contract_number,
               t.organisations.c.contract_end)
        .join(t.organisations, t.users.c.organisation_id == t.organisations.c.id)
        .where(*where)
    )  # fmt: skip
    return conn.execute(query).first()


def _user(row: Row[Any] | None) -> User | None:
    if row is None:
        return None
    return User(
        row.id, row.login, row.name, row.email, row.identified_at is not None, bool(row.disabled),
        row.organisation_id, row.organisation, row.contract_number, row.contract_end,
    )  # fmt: skip


def user_by_id(conn: Connection, user_id: str) -> User | None:
    return _user(_find(conn, t.users.c.id == user_id))


def user_by_login(conn: Connection, login: str) -> User | None:
    return _user(_find(conn, t.users.c.login == login.strip().lower()))


def password_hash_of(conn: Connection, login: str) -> str:
    row = _find(conn, t.users.c.login == login.strip().lower())
    return "" if row is None else str(row.password_hash)


def plain_line(text: str, what: str, most: int = 80) -> str:
    """A name as people type it: one line, no control characters, not empty."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= most or not line.isprintable():
        raise refused(f"The {what} needs 1 to {most} printable characters.")
    return line


def create_organisation(
    conn: Connection, name: str, now: int, contract: str = "", contract_end: int | None = None
) -> str:
    """Makes an organisation and gives its id. Without a contract number one is drawn."""
    from sqlalchemy import select

    number = plain_line(contract, "contract number", 32) if contract else f"PB-{secrets.randbelow(10**8):08d}"
    taken = select(t.organisations.c.id).where(t.organisations.c.contract_number == number)
    if conn.execute(taken).first() is not None:
        raise refused(f"The contract number {number} is taken.", status=409, problem="taken")
    organisation = new_id()
    conn.execute(
        t.organisations.insert().values(
            id=organisation, name=plain_line(name, "name of the organisation"), contract_number=number,
            contract_end=contract_end, created=now,
        )
    )  # fmt: skip
    return organisation


def buyers(conn: Connection, organisation_id: str) -> str:
    """Who of this organisation may buy credit: EVERYBODY or ADMINS."""
    from sqlalchemy import select

    o = t.organisations.c
    return str(conn.execute(select(o.buyers).where(o.id == organisation_id)).scalar_one())


def set_buyers(conn: Connection, organisation_id: str, who: str) -> None:
    if who not in (EVERYBODY, ADMINS):
        raise refused("There is no such choice of buyers.")
    conn.execute(t.organisations.update().where(t.organisations.c.id == organisation_id).values(buyers=who))


def organisation_by_contract(conn: Connection, contract: str) -> Row[Any]:
    from sqlalchemy import select

    row = conn.execute(select(t.organisations).where(t.organisations.c.contract_number == contract.strip())).first()
    if row is None:
        raise refused(
            "There is no organisation with this contract number.", "Ask your administrator for it.", status=404,
            problem="unknown",
        )  # fmt: skip
    return row


def create_user(
    conn: Connection, organisation_id: str, login: str, name: str, password: str, now: int, *,
    email: str = "", identified: bool = False, disabled: bool = False,
) -> str:  # fmt: skip
    """Makes a user and gives his id."""
    short = login.strip().lower()
    if not _LOGIN.fullmatch(short):
        raise refused("A user ID has 2 to 64 characters: letters, digits and the signs . _ @ + - only.")
    if email and not _EMAIL.fullmatch(email.strip()):
        raise refused("This is no e-mail address.")
    if user_by_login(conn, short) is not None:
        raise refused(f"The user ID {short} is taken.", "Choose another one.", status=409, problem="taken")
    user = new_id()
    conn.execute(
        t.users.insert().values(
            id=user, organisation_id=organisation_id, login=short,
            name=plain_line(name, "name of the user"), email=email.strip(), password_hash=hash_password(password),
            identified_at=now if identified else None, disabled=disabled, created=now,
        )
    )  # fmt: skip
    return user


def set_password(conn: Connection, user_id: str, password: str) -> None:
    conn.execute(t.users.update().where(t.users.c.id == user_id).values(password_hash=hash_password(password)))


def set_disabled(conn: Connection, user_id: str, disabled: bool, now: int) -> None:
    """Shuts a user out or lets him in again; tokens and sessions of a user who is shut out end."""
    conn.execute(t.users.update().where(t.users.c.id == user_id).values(disabled=disabled))
    if disabled:
        end_all_logins(conn, user_id, now)


def end_all_logins(conn: Connection, user_id: str, now: int) -> None:
    conn.execute(t.sessions.delete().where(t.sessions.c.user_id == user_id))
    conn.execute(
        t.refresh_tokens.update()
        .where(t.refresh_tokens.c.user_id == user_id, t.refresh_tokens.c.revoked.is_(None))
        .values(revoked=now)
    )


def set_identified(conn: Connection, user_id: str, now: int) -> None:
    """Somebody has seen who this is (L3); needed once, before any right is granted."""
    conn.execute(
        t.users.update().where(t.users.c.id == user_id, t.users.c.identified_at.is_(None)).values(identified_at=now)
    )


def note(conn: Connection, who: str, what: str, now: int, **detail: Any) -> None:
    """One line of the audit trail."""
    conn.execute(t.audit.insert().values(at=now, who=who, what=what, detail=detail))


def setting(conn: Connection, key: str, default: str = "") -> str:
    from sqlalchemy import select

    found = conn.execute(select(t.settings.c.value).where(t.settings.c.key == key)).scalar()
    return default if found is None else str(found)


def set_setting(conn: Connection, key: str, value: str) -> None:
    if conn.execute(t.settings.update().where(t.settings.c.key == key).values(value=value)).rowcount == 0:
        conn.execute(t.settings.insert().values(key=key, value=value))
