"""Rights (L2 to L5): requested by the user, granted by his organisation's administrator, activated by one log-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.backend.context import MINUTE, new_id
from core.backend.identity.people import ADMINS, User, buyers, note, refused, setting, user_by_id
from core.backend.store import tables as t
from core.errors import RightMissing
from core.vocabulary.online.paper import Activation, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

ACTIVATION_SETTING = "activation_minutes"
MOST_ACTIVATION = 240  # minutes: "can take up to 4 hours" (L5)


@dataclass(frozen=True, slots=True)
class Right:
    id: str
    user_id: str
    role: Role
    state: str
    requested: int
    activates_at: int | None

    def active(self, now: int) -> bool:
        return self.state == "granted" and self.activates_at is not None and self.activates_at <= now


def rights_of(conn: Connection, user_id: str) -> tuple[Right, ...]:
    from sqlalchemy import select

    rows = conn.execute(select(t.rights).where(t.rights.c.user_id == user_id).order_by(t.rights.c.role))
    return tuple(Right(r.id, r.user_id, Role(r.role), r.state, r.requested, r.activates_at) for r in rows)


def active_roles(conn: Connection, user_id: str, now: int) -> tuple[Role, ...]:
    return tuple(right.role for right in rights_of(conn, user_id) if right.active(now))


def may_buy(conn: Connection, user: User, now: int) -> bool:
    """Anybody with a right there, because work must go on at night; where the organisation wants it so, its
    administrators alone."""
    roles = active_roles(conn, user.id, now)
    return Role.ORGANISATION_ADMIN in roles if buyers(conn, user.organisation_id) == ADMINS else bool(roles)


def activation(rights: tuple[Right, ...], now: int) -> tuple[Activation, int | None]:
    """State of the activation, and when it is through."""
    begun = [r.activates_at for r in rights if r.state == "granted" and r.activates_at is not None]
    if not begun:
        return Activation.NONE, None
    last = max(begun)
    return (Activation.PENDING, last) if last > now else (Activation.ACTIVE, None)


def request(conn: Connection, user: User, role: Role, now: int) -> None:
    """The user asks; asking twice changes nothing, asking after a refusal asks anew."""
    for right in rights_of(conn, user.id):
        if right.role is role:
            if right.state in ("refused", "revoked"):
                again = {"state": "requested", "requested": now, "decided": None, "decided_by": None}
                conn.execute(t.rights.update().where(t.rights.c.id == right.id).values(**again))
            return
    conn.execute(
        t.rights.insert().values(id=new_id(), user_id=user.id, role=role.value, state="requested", requested=now)
    )
    note(conn, user.login, "right requested", now, role=role.value)


def decide(conn: Connection, admin: User, right_id: str, state: str, now: int) -> None:
    """The organisation's administrator grants, refuses or revokes a right of a user of his own organisation."""
    from sqlalchemy import select

    row = conn.execute(select(t.rights).where(t.rights.c.id == right_id)).first()
    user = None if row is None else user_by_id(conn, row.user_id)
    if row is None or user is None or user.organisation_id != admin.organisation_id:
        raise refused("There is no such request in your organisation.", status=404, problem="unknown")
    if Role.ORGANISATION_ADMIN not in active_roles(conn, admin.id, now) or not admin.identified:
        raise RightMissing("Only an identified administrator of the organisation decides on rights.")
    if user.id == admin.id and state != "granted" and Role(row.role) is Role.ORGANISATION_ADMIN:
        raise refused(
            "Nobody takes his own administration away.", "Another administrator can.", status=409, problem="self"
        )
    if state == "granted" and not user.identified:
        raise refused(
            f"{user.login} was not identified yet.", "Confirm his identity first.", status=409, problem="not-identified"
        )
    _set(conn, row.id, Role(row.role), state, now, decided_by=admin.id)
    note(conn, admin.login, f"right {state}", now, user=user.login, role=row.role)


def grant(conn: Connection, user_id: str, role: Role, now: int, *, activate: bool = False) -> None:
    """The back end's own administrator grants without a request; `activate`: at once, without a log-in."""
    held = {right.role: right.id for right in rights_of(conn, user_id)}
    if role not in held:
        held[role] = new_id()
        conn.execute(
            t.rights.insert().values(
                id=held[role], user_id=user_id, role=role.value, state="requested", requested=now
            )
        )
    _set(conn, held[role], role, "granted", now)
    if activate:
        conn.execute(t.rights.update().where(t.rights.c.id == held[role]).values(activated_at=now, activates_at=now))


def revoke(conn: Connection, user_id: str, role: Role, now: int) -> None:
    for right in rights_of(conn, user_id):
        if right.role is role:
            _set(conn, right.id, role, "revoked", now)


def _set(conn: Connection, right_id: str, role: Role, state: str, now: int, decided_by: str | None = None) -> None:
    if state == "granted" and _state(conn, right_id) == "granted":
        return  # it stays activated
    # an administrator works in the portal, not on a device: that right needs no activation there
    at_once = now if state == "granted" and role is Role.ORGANISATION_ADMIN else None
    conn.execute(
        t.rights.update()
        .where(t.rights.c.id == right_id)
        .values(state=state, decided=now, decided_by=decided_by, activated_at=at_once, activates_at=at_once)
    )


def _state(conn: Connection, right_id: str) -> str:
    from sqlalchemy import select

    return str(conn.execute(select(t.rights.c.state).where(t.rights.c.id == right_id)).scalar_one())


def waiting(conn: Connection, user_id: str) -> bool:
    """Whether a granted right waits for its first log-in."""
    return any(right.state == "granted" and right.activates_at is None for right in rights_of(conn, user_id))


def activate(conn: Connection, user_id: str, now: int) -> None:
    """A log-in on one device activates what was granted (L4); how long that takes is the back end's setting (L5)."""
    delay = min(int(setting(conn, ACTIVATION_SETTING, "0")), MOST_ACTIVATION) * MINUTE
    conn.execute(
        t.rights.update()
        .where(t.rights.c.user_id == user_id, t.rights.c.state == "granted", t.rights.c.activated_at.is_(None))
        .values(activated_at=now, activates_at=now + delay)
    )
