"""OAuth 2.0 device authorization grant (RFC 8628): codes, approval, polling by the server's rules."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.backend.context import MINUTE, Backend, new_id
from core.backend.identity import attempts, people, rights
from core.backend.identity.tokens import issue_tokens
from core.backend.store import tables as t
from core.online.wire import DeviceAuthorization, Tokens
from core.vocabulary.online.user_code import LETTERS, new_code, shown_code

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

CLIENT_ID = "passbay"
LIFETIME = 10 * MINUTE
INTERVAL = 5  # seconds
SLOWER = 5  # seconds more after each poll that came too early (section 3.5)
KEPT = 24 * 60 * MINUTE


class OAuthRefusal(Exception):
    """A no of section 5.2 (RFC 6749) or 3.5 (RFC 8628); it travels as their error object, not as a problem."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True, slots=True)
class WaitingGrant:
    """What the approval page shows."""

    user_code: str
    client_id: str
    created: int
    expires: int


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def plain_code(typed: str) -> str:
    """A user code as people type it: without the dash, in any case."""
    return "".join(letter for letter in typed.upper() if letter in LETTERS)[:16]


def begin(backend: Backend, client_id: str, scope: str) -> DeviceAuthorization:
    """Section 3.1 and 3.2."""
    if client_id != CLIENT_ID:
        raise OAuthRefusal("invalid_client", "This client is not registered here.", 401)
    now = backend.now()
    device_code = secrets.token_urlsafe(32)
    user_code = new_code()

    def store(conn: Connection) -> None:
        conn.execute(t.device_grants.delete().where(t.device_grants.c.expires < now - KEPT))
        conn.execute(
            t.device_grants.insert().values(
                id=new_id(), device_code_hash=_hash(device_code), user_code=user_code, client_id=client_id,
                scope=scope, interval=INTERVAL, created=now, expires=now + LIFETIME, state="pending",
            )
        )  # fmt: skip

    backend.write(store)
    page = f"{backend.config.public_url}/device"
    return DeviceAuthorization(
        device_code, shown_code(user_code), page, f"{page}?user_code={shown_code(user_code)}", LIFETIME // 1000,
        INTERVAL,
    )  # fmt: skip


def waiting(conn: Connection, user: people.User, typed: str, address: str, now: int) -> WaitingGrant | None:
    """The grant behind a typed code. Wrong codes count as failed attempts of this user (section 5.1)."""
    from sqlalchemy import select

    name = f"user-code:{user.id}"
    attempts.check(conn, name, address, now)
    g = t.device_grants.c
    found = conn.execute(
        select(t.device_grants).where(g.user_code == plain_code(typed), g.state == "pending", g.expires > now)
    ).first()
    if found is None:
        attempts.record(conn, name, address, now, succeeded=False)
        return None
    return WaitingGrant(shown_code(found.user_code), found.client_id, found.created, found.expires)


def decide(conn: Connection, user_id: str, typed: str, approve: bool, now: int) -> bool:
    """Approves or denies a pending grant; False when it is not there any more."""
    g = t.device_grants.c
    changed = conn.execute(
        t.device_grants.update()
        .where(g.user_code == plain_code(typed), g.state == "pending", g.expires > now)
        .values(state="approved" if approve else "denied", user_id=user_id)
    )
    return changed.rowcount == 1


def poll(backend: Backend, device_code: str, client_id: str) -> Tokens:
    """Section 3.4 and 3.5. A grant gives tokens once; that log-in activates the user's rights (L4)."""
    now = backend.now()

    def take(conn: Connection) -> Tokens | OAuthRefusal:
        from sqlalchemy import select

        row = conn.execute(
            select(t.device_grants).where(t.device_grants.c.device_code_hash == _hash(device_code))
        ).first()
        answer = _answer(conn, row, client_id, now)
        if isinstance(answer, OAuthRefusal):
            return answer
        conn.execute(t.device_grants.update().where(t.device_grants.c.id == answer.id).values(state="used"))
        user = people.user_by_id(conn, answer.user_id)
        if user is None or user.disabled:
            return OAuthRefusal("access_denied", "This user is not enabled.")
        rights.activate(conn, user.id, now)
        people.note(conn, user.login, "log-in on a device", now)
        return issue_tokens(backend, conn, user, client_id, now, family=new_id())

    result = backend.write(take)  # a refusal is returned, not raised: the slower interval must be stored
    if isinstance(result, OAuthRefusal):
        raise result
    return result


def _answer(conn: Connection, row: Row[Any] | None, client_id: str, now: int) -> Row[Any] | OAuthRefusal:
    if row is None or row.client_id != client_id or row.state == "used":
        return OAuthRefusal("invalid_grant", "This device code is not known or was used.")
    if row.expires <= now:
        return OAuthRefusal("expired_token", "The code has expired: start the log-in once more.")
    if row.state == "denied":
        return OAuthRefusal("access_denied", "The log-in was denied.")
    if row.state == "approved":
        return row
    # half a second of grace: the client counts from its answer's arrival, we from the question's
    early = row.last_poll is not None and now - row.last_poll < row.interval * 1000 - 500
    interval = row.interval + SLOWER if early else row.interval
    conn.execute(
        t.device_grants.update().where(t.device_grants.c.id == row.id).values(last_poll=now, interval=interval)
    )
    return OAuthRefusal("slow_down" if early else "authorization_pending")
