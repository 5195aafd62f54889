"""Permits: right, StartKey and credit of one job, answered by a signed ticket that outlives all three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.backend.context import DAY, MINUTE, Backend, new_id
from core.backend.identity import rights
from core.backend.identity.people import User
from core.backend.issuer import keys, startkeys
from core.backend.store import tables as t
from core.errors import KeyReused, ReservationClosed, RightMissing, StartKeyExpired, StartKeyInvalid, StartKeyMissing
from core.online.wire import TICKET, PermitAnswer, PermitRequest, StartKey, Ticket, loads
from core.vocabulary.online.paper import Activation, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from core.backend.ledger import Reservation

TICKET_LIFE = DAY
RESERVED_FOR = 30 * MINUTE  # minutes of a client that died come back after that; a living one renews or posts
FREE = frozenset({"identify"})
"""Kinds that cost nothing: opening a product group is told in words (2173-43), and nothing more comes of it."""
CHANGES = frozenset({"flash", "coding", "coding-write", "recover", "uds-write"})
"""Kinds that need the role flash, whatever the client says (L2). Clearing trouble codes is standard diagnosis."""


def permit(backend: Backend, user: User, wish: PermitRequest, now: int) -> PermitAnswer:
    """One transaction: all of it is granted, or nothing is reserved."""
    return backend.write(lambda conn: _permit(backend, conn, user, wish, now))


def _permit(backend: Backend, conn: Connection, user: User, wish: PermitRequest, now: int) -> PermitAnswer:
    free = wish.kind in FREE and not wish.minutes
    if not free:
        backend.ledger.hold(conn)
    change = wish.change or wish.kind in CHANGES
    _has_rights(conn, user, change, now)
    system = _system(conn, user, wish, now)
    held = None
    if not (free or _goes_on(backend, conn, user, wish, now)):
        held = backend.ledger.reserve(
            user.organisation_id, wish.group, max(wish.minutes, 1), _key(user, wish), now, RESERVED_FOR,
            wish.hardware_id, begins=True, conn=conn,
        )  # fmt: skip
        if held.repeated:
            return _again(backend, conn, held, wish)
        if not wish.minutes:  # said to be paid and is not: this client will never book it
            backend.ledger.post(held.id, 1, f"{_key(user, wish)}:minute", now, conn=conn)
    ticket = Ticket(
        wish.job, wish.kind, wish.group, wish.vin, wish.unit, wish.image, wish.hardware_id, wish.key_id, user.login,
        user.organisation, change, held.id if held else "", now, now + TICKET_LIFE,
    )  # fmt: skip
    envelope = keys.signer(conn, now).sign(TICKET, ticket)
    _keep(conn, user, system, wish, held, envelope, now)
    if held is None or not wish.minutes:
        return _told(backend, conn, user, wish, envelope, now)
    return PermitAnswer(envelope, held.id, held.receipt.minutes_left, held.receipt.until)


def _goes_on(backend: Backend, conn: Connection, user: User, wish: PermitRequest, now: int) -> bool:
    """No minutes are asked for, and the client has it right: this system's time is paid."""
    place = user.organisation_id, wish.group, wish.hardware_id
    return not wish.minutes and backend.ledger.covered(*place, now, conn)


def _key(user: User, wish: PermitRequest) -> str:
    return f"permit:{user.id}:{wish.job}"


def _told(
    backend: Backend, conn: Connection, user: User, wish: PermitRequest, envelope: str, now: int
) -> PermitAnswer:
    """Nothing was to be reserved: what there is, for the header."""
    balances = backend.ledger.balances(user.organisation_id, now, conn=conn)
    found = next((balance for balance in balances if balance.group == wish.group), None)
    if found is None:
        return PermitAnswer(envelope, "", 0)
    running = found.until is not None
    return PermitAnswer(
        envelope, "", None if running else found.minutes, round((found.until or 0) * 1000) if running else None
    )


def _again(backend: Backend, conn: Connection, held: Reservation, wish: PermitRequest) -> PermitAnswer:
    """The ticket of then. A new one for minutes that were set apart once would let them last for ever."""
    from sqlalchemy import select

    if wish.minutes and backend.ledger.state_of(held.id, conn) in ("posted", "voided"):
        raise ReservationClosed("This job was booked before: it cannot be begun once more.")
    kept = conn.execute(select(t.tickets).where(t.tickets.c.reservation_id == held.id)).one()
    if (kept.kind, kept.vin, kept.unit, kept.image) != (wish.kind, wish.vin, wish.unit, wish.image):
        raise KeyReused("The number of this job came before, for another vehicle, unit or image.")
    reservation = held.id if wish.minutes else ""
    return PermitAnswer(kept.envelope, reservation, held.receipt.minutes_left, held.receipt.until)


def _has_rights(conn: Connection, user: User, change: bool, now: int) -> None:
    held = rights.rights_of(conn, user.id)
    active = {right.role for right in held if right.active(now)}
    for role, words in ((Role.STANDARD_DIAGNOSIS, "diagnosing a vehicle"), (Role.FLASH, "changing a vehicle")):
        if role in active or (role is Role.FLASH and not change):
            continue
        state, _ = rights.activation(tuple(right for right in held if right.role is role), now)
        if state is Activation.PENDING:
            raise RightMissing(
                f"The role {role.value} of {user.login} is still being activated.",
                "Go on later: an activation takes up to 4 hours; this PC stays usable meanwhile.",
            )
        raise RightMissing(f"{user.login} has no role {role.value}, which {words} needs.")


def _system(conn: Connection, user: User, wish: PermitRequest, now: int) -> Any:
    from sqlalchemy import select

    row = conn.execute(
        select(t.startkeys.c.envelope, t.startkeys.c.expires, t.startkeys.c.revoked, t.systems.c.id,
               t.systems.c.organisation_id, t.systems.c.hardware_id)
        .join(t.systems, t.startkeys.c.system_id == t.systems.c.id)
        .where(t.startkeys.c.id == wish.key_id)
    ).first()  # fmt: skip
    if row is None or row.hardware_id != wish.hardware_id:
        raise StartKeyMissing(f"There is no such StartKey for the hardware ID {wish.hardware_id}.")
    if row.organisation_id != user.organisation_id:
        raise RightMissing(f"This system belongs to another organisation than {user.login} does.")
    if row.revoked is not None:
        raise StartKeyInvalid("The StartKey of this system was revoked.", "Ask your administrator for a new one.")
    if startkeys.signed_by(row.envelope) in keys.distrusted(conn):
        raise StartKeyInvalid(
            "The key that signed the StartKey of this system is not trusted any more.",
            "Press Activate StartKey in ConfigAssist: that brings a new one.",
        )
    if row.expires <= now:
        raise StartKeyExpired("The StartKey of this system has expired.")
    if user.contract_end is not None and user.contract_end <= now:
        raise StartKeyExpired(f"The contract of {user.organisation} has ended.", "Have it extended, then try again.")
    groups = loads(StartKey, startkeys.payload_of(row.envelope)).product_groups
    if wish.group not in groups:
        raise RightMissing(
            f"The StartKey does not cover the product group {wish.group}.", "Order one that covers it in the shop."
        )
    return row


def _keep(
    conn: Connection, user: User, system: Row[Any], wish: PermitRequest, held: Reservation | None,
    envelope: str, now: int,
) -> None:  # fmt: skip
    conn.execute(
        t.tickets.insert().values(
            id=new_id(), organisation_id=user.organisation_id, user_id=user.id, system_id=system.id, job=wish.job,
            kind=wish.kind, product_group=wish.group, vin=wish.vin, unit=wish.unit, image=wish.image,
            reservation_id=held.id if held else None, issued=now, expires=now + TICKET_LIFE, envelope=envelope,
        )
    )  # fmt: skip
