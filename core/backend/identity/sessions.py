"""Log-in with a password, and the browser's session. The session's name changes at log-in (no fixation)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.backend.context import MINUTE, Backend
from core.backend.identity import attempts, people
from core.backend.identity.passwords import password_matches
from core.backend.store import tables as t

if TYPE_CHECKING:
    from sqlalchemy import Connection

IDLE = 30 * MINUTE
LONGEST = 12 * 60 * MINUTE
_SECRET = "form_secret"


@dataclass(frozen=True, slots=True)
class Session:
    user: people.User
    csrf: str
    id_hash: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def authenticate(backend: Backend, login: str, password: str, address: str) -> people.User:
    """The user, or a refusal that does not tell whether the user ID exists."""
    now = backend.now()
    name = login.strip().lower()[:64]
    backend.write(lambda conn: attempts.begin(conn, name, address, now))
    stored = backend.read(lambda conn: people.password_hash_of(conn, name))
    good = password_matches(password, stored)  # outside of a transaction: it takes 50 ms on purpose
    user = backend.read(lambda conn: people.user_by_login(conn, name)) if good else None
    if user is None:
        raise people.refused("User ID or password is wrong.", "Try again.", status=401, problem="credentials")
    backend.write(lambda conn: attempts.record(conn, name, address, now, succeeded=True))
    if user.disabled:
        raise people.refused(
            "This user is not enabled.", "Ask the administrator of your organisation.", status=403, problem="disabled"
        )
    return user


def begin(conn: Connection, user_id: str, now: int) -> str:
    """A new session; gives the token for the cookie."""
    token = secrets.token_urlsafe(32)
    conn.execute(t.sessions.delete().where(t.sessions.c.expires < now))
    conn.execute(
        t.sessions.insert().values(
            id_hash=_hash(token), user_id=user_id, csrf=secrets.token_urlsafe(24), created=now, last_seen=now,
            expires=now + LONGEST,
        )
    )  # fmt: skip
    return token


def find(backend: Backend, token: str) -> Session | None:
    """The session of a cookie, unless it is unknown, idle for too long, or its user was shut out."""
    if not token:
        return None
    now = backend.now()

    def look(conn: Connection) -> tuple[Session | None, bool]:
        from sqlalchemy import select

        row = conn.execute(select(t.sessions).where(t.sessions.c.id_hash == _hash(token))).first()
        if row is None or row.expires <= now or row.last_seen + IDLE <= now:
            return None, False
        user = people.user_by_id(conn, row.user_id)
        if user is None or user.disabled:
            return None, False
        return Session(user, row.csrf, row.id_hash), now - row.last_seen > MINUTE

    session, stale = backend.read(look)
    if session is not None and stale:
        touch = t.sessions.update().where(t.sessions.c.id_hash == session.id_hash).values(last_seen=now)
        backend.write(lambda conn: conn.execute(touch) and None)
    return session


def end(conn: Connection, id_hash: str) -> None:
    conn.execute(t.sessions.delete().where(t.sessions.c.id_hash == id_hash))


def end_token(conn: Connection, token: str) -> None:
    end(conn, _hash(token))


def form_secret(backend: Backend) -> bytes:
    """The key that binds forms of visitors without a session to their cookie; the same in all worker processes."""
    found = backend.read(lambda conn: people.setting(conn, _SECRET))
    if not found:

        def make(conn: Connection) -> str:
            value = people.setting(conn, _SECRET) or secrets.token_hex(32)
            people.set_setting(conn, _SECRET, value)
            return value

        found = backend.write(make)
    return bytes.fromhex(found)


def form_mark(backend: Backend, cookie: str) -> str:
    """What a visitor's form must carry: proof that it was made for his cookie."""
    raw = cookie.encode("utf-8", "surrogatepass")
    return hmac.new(form_secret(backend), raw, hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
