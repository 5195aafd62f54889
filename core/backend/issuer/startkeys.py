"""StartKeys (C6 to C8): ordered, issued, checked online, renewed, revoked. Works inside the caller's transaction."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.backend.context import DAY, new_id
from core.backend.identity.people import User, note, plain_line, refused, setting
from core.backend.issuer import keys
from core.backend.store import tables as t
from core.errors import StartKeyMissing
from core.licence.hardware import same_machine
from core.online.wire import CHECK, STARTKEY, CheckPayload, CheckRequest, Device, OrderAnswer, StartKey
from core.vocabulary.online.paper import PRODUCT_GROUPS, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

LIFETIME = 365 * DAY
RENEWED_BEFORE = 30 * DAY  # a check renews a StartKey that ends within this time, as far as the contract goes
LEAST_TRAITS = 2
APPROVAL_SETTING = "orders_need_approval"  # "1": the back end's administrator issues each StartKey by hand
GROUPS_SETTING = "product_groups"
_FOREIGN = "This hardware ID is registered for another organisation."


@dataclass(frozen=True, slots=True)
class Issued:
    """A StartKey as the store knows it."""

    id: str
    envelope: str
    issued: int
    expires: int
    revoked: int | None

    def good(self, now: int) -> bool:
        return self.revoked is None and self.expires > now


def product_groups(conn: Connection) -> tuple[str, ...]:
    stored = setting(conn, GROUPS_SETTING)
    return tuple(json.loads(stored)) if stored else PRODUCT_GROUPS


def order(conn: Connection, user: User, device: Device, name: str, now: int) -> OrderAnswer:
    """An order by an exported file or by ConfigAssist itself; issued at once unless each one needs an approval."""
    if sum(bool(trait) for trait in device.traits) < LEAST_TRAITS:
        raise refused("The device data tell too little of the machine.", "Export them again in ConfigAssist.")
    _contract_runs(user.contract_end, user.organisation, now)
    system = _registered(conn, user, device, name, now)
    waits = setting(conn, APPROVAL_SETTING) == "1"
    number = new_id()
    conn.execute(
        t.orders.insert().values(
            id=number, organisation_id=user.organisation_id, system_id=system, kind="startkey",
            state="waiting" if waits else "issued", created=now,
        )
    )  # fmt: skip
    note(conn, user.login, "startkey ordered", now, hardware_id=device.hardware_id, order=number)
    if waits:
        return OrderAnswer(number, "waiting", "The order waits for the administrator of the back end.")
    return OrderAnswer(number, "issued", "The StartKey was issued.", issue(conn, system, now).envelope)


def _contract_runs(contract_end: int | None, organisation: str, now: int) -> None:
    if contract_end is not None and contract_end <= now:
        raise refused(
            f"The contract of {organisation} has ended.", "Have it extended by the administrator of the back end.",
            status=403, problem="contract-ended",
        )  # fmt: skip


def _registered(conn: Connection, user: User, device: Device, name: str, now: int) -> str:
    """The system's row, made or brought up to date: an order with new traits is how a rebuilt PC is known again."""
    from sqlalchemy import select

    s = t.systems.c
    same = select(t.systems).where(s.hardware_id == device.hardware_id, s.app_id == device.app_id)
    row = conn.execute(same).first()
    if row is not None and row.organisation_id != user.organisation_id:
        raise refused(_FOREIGN, "Ask that organisation, or customer support.", status=409, problem="foreign-system")
    title = plain_line(name, "name of the system") if name.strip() else ""
    if row is None:
        system = new_id()
        conn.execute(
            t.systems.insert().values(
                id=system, organisation_id=user.organisation_id, hardware_id=device.hardware_id, app_id=device.app_id,
                traits=list(device.traits), name=title, created=now,
            )
        )  # fmt: skip
        return system
    conn.execute(
        t.systems.update().where(s.id == row.id).values(traits=list(device.traits), name=title or row.name)
    )
    return str(row.id)


def issue(conn: Connection, system_id: str, now: int) -> Issued:
    """A new StartKey for a system; those before it are replaced by it."""
    from sqlalchemy import select

    row = conn.execute(
        select(t.systems, t.organisations.c.name.label("organisation"), t.organisations.c.contract_number,
               t.organisations.c.contract_end)
        .join(t.organisations, t.systems.c.organisation_id == t.organisations.c.id)
        .where(t.systems.c.id == system_id)
    ).one()  # fmt: skip
    _contract_runs(row.contract_end, row.organisation, now)
    expires = now + LIFETIME if row.contract_end is None else min(now + LIFETIME, row.contract_end)
    paper = StartKey(
        new_id(), row.hardware_id, row.app_id, tuple(row.traits), row.organisation, row.contract_number, now, expires,
        product_groups(conn), (Role.STANDARD_DIAGNOSIS, Role.FLASH),
    )  # fmt: skip
    envelope = keys.signer(conn, now).sign(STARTKEY, paper)
    conn.execute(
        t.startkeys.insert().values(
            id=paper.key_id, system_id=system_id, envelope=envelope, issued=now, expires=expires
        )
    )
    conn.execute(
        t.startkeys.update()
        .where(t.startkeys.c.system_id == system_id, t.startkeys.c.id != paper.key_id,
               t.startkeys.c.replaced_by.is_(None))
        .values(replaced_by=paper.key_id)
    )  # fmt: skip
    return Issued(paper.key_id, envelope, now, expires, None)


def newest(conn: Connection, system_id: str) -> Issued | None:
    from sqlalchemy import select

    k = t.startkeys.c
    row = conn.execute(
        select(t.startkeys).where(k.system_id == system_id, k.replaced_by.is_(None)).order_by(k.issued.desc())
    ).first()
    return None if row is None else Issued(row.id, row.envelope, row.issued, row.expires, row.revoked)


def revoke(conn: Connection, system_id: str, now: int) -> int:
    """Ends all StartKeys of a system; gives how many."""
    k = t.startkeys.c
    return conn.execute(
        t.startkeys.update().where(k.system_id == system_id, k.revoked.is_(None)).values(revoked=now)
    ).rowcount


def system_of(conn: Connection, hardware_id: str, app_id: int | None = None) -> Row[Any] | None:
    """The system with its organisation's contract."""
    from sqlalchemy import select

    s = t.systems.c
    query = (
        select(t.systems, t.organisations.c.contract_end)
        .join(t.organisations, s.organisation_id == t.organisations.c.id)
        .where(s.hardware_id == hardware_id)
    )
    return conn.execute(query if app_id is None else query.where(s.app_id == app_id)).first()


def check(conn: Connection, wish: CheckRequest, now: int) -> str:
    """The signed answer to an online check (C7); renews where that is due. StartKeyMissing (2221-45)."""
    system = system_of(conn, wish.hardware_id, wish.app_id)
    held = None if system is None else newest(conn, system.id)
    if system is None or held is None:
        raise StartKeyMissing(f"There is no StartKey for the hardware ID {wish.hardware_id}.")
    if not same_machine(tuple(system.traits), wish.traits):
        return _signed(conn, wish, "other-pc", None, "The StartKey belongs to another PC.", now)
    if held.revoked is not None:
        return _signed(conn, wish, "revoked", None, "The StartKey was revoked.", now)
    if _renewal_due(conn, system, held, now):
        held = issue(conn, system.id, now)
    if not held.good(now):
        return _signed(conn, wish, "expired", None, "The StartKey has expired, and so has the contract.", now)
    if wish.key_id == held.id:
        return _signed(conn, wish, "valid", None, "The StartKey is up to date.", now)
    return _signed(conn, wish, "replaced", held.envelope, "There is a newer StartKey.", now)


def _renewal_due(conn: Connection, system: Row[Any], held: Issued, now: int) -> bool:
    if system.contract_end is not None and system.contract_end <= now:
        return False
    longer = min(now + LIFETIME, system.contract_end or now + LIFETIME) > held.expires + DAY
    return (longer and held.expires - now < RENEWED_BEFORE) or signed_by(held.envelope) != keys.current_id(conn)


def _signed(conn: Connection, wish: CheckRequest, verdict: str, envelope: str | None, words: str, now: int) -> str:
    paper = CheckPayload(wish.nonce, wish.hardware_id, wish.key_id, verdict, now, envelope, words)
    return keys.signer(conn, now).sign(CHECK, paper)


def signed_by(envelope: str) -> str:
    """The name of the key that signed an envelope of our own store."""
    return str(json.loads(envelope)["signatures"][0]["keyid"])


def payload_of(envelope: str) -> bytes:
    """What is inside an envelope of our own store; nobody else's is read this way."""
    return base64.b64decode(json.loads(envelope)["payload"])
