"""The signed-in user, his organisation's systems, and its credit, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from core.backend.api.operation import Call, Operation
from core.backend.identity import rights
from core.backend.identity.people import User, refused
from core.backend.ledger import Receipt
from core.backend.store import tables as t
from core.errors import RightMissing
from core.online.wire import (
    Account,
    Balance,
    Booked,
    BuyRequest,
    Credit,
    Package,
    Packages,
    PostRequest,
    Reserved,
    ReserveRequest,
    SystemRow,
    Systems,
    UnusedPackages,
    VoidRequest,
)
from core.online.wire.codec import Text
from core.vocabulary.online.paper import CreditBalance, CreditDuration, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

RESERVED_FOR = 30 * 60_000


@dataclass(frozen=True, slots=True)
class CreditQuery:
    """`hardware_id` is accepted for statistics of old clients; credit belongs to the organisation."""

    hardware_id: Annotated[str, Text(pattern="([0-9A-F]{12})?")] = ""


def account_of(conn: Connection, user: User, now: int) -> Account:
    held = rights.rights_of(conn, user.id)
    state, until = rights.activation(held, now)
    roles = tuple(right.role for right in held if right.active(now))
    return Account(user.login, user.name, user.organisation, user.contract, user.contract_end, roles, state, until)


def account(call: Call) -> Account:
    return call.backend.read(lambda conn: account_of(conn, call.user, call.now))


def systems_of(conn: Connection, user: User, now: int) -> tuple[SystemRow, ...]:
    from sqlalchemy import select

    s, k = t.systems.c, t.startkeys.c
    rows = conn.execute(
        select(s.hardware_id, s.app_id, s.name, k.id, k.expires, k.revoked)
        .select_from(t.systems.outerjoin(t.startkeys, (k.system_id == s.id) & k.replaced_by.is_(None)))
        .where(s.organisation_id == user.organisation_id)
        .order_by(s.created, s.hardware_id)
        .limit(500)
    )
    return tuple(
        SystemRow(row.hardware_id, row.app_id, row.name, user.contract, row.id or "", row.expires, _state(row, now))
        for row in rows
    )


def _state(row: object, now: int) -> str:
    if getattr(row, "id") is None:  # noqa: B009
        return "waiting"
    if getattr(row, "revoked") is not None:  # noqa: B009
        return "revoked"
    return "valid" if getattr(row, "expires") > now else "expired"  # noqa: B009


def systems(call: Call) -> Systems:
    return Systems(call.backend.read(lambda conn: systems_of(conn, call.user, call.now)))


def _balance(found: CreditBalance) -> Balance:
    until = None if found.until is None else round(found.until * 1000)
    unused = tuple(UnusedPackages(duration, count) for duration, count in found.unused)
    return Balance(found.group, found.minutes, until, found.reserved, found.ever, unused, found.owed)


def credit(call: Call) -> Credit:
    ledger = call.backend.ledger
    found = ledger.balances(call.user.organisation_id, call.now)
    head = ledger.head()
    return Credit(tuple(_balance(balance) for balance in found), head.number, head.hash)


def packages_of(conn: Connection) -> tuple[Package, ...]:
    from sqlalchemy import select

    p = t.packages.c
    rows = conn.execute(select(t.packages).order_by(p.product_group, p.amount_minutes).limit(500))
    return tuple(
        Package(r.id, r.product_group, CreditDuration(r.duration), r.amount_minutes, r.price_cents, r.currency)
        for r in rows
    )


def packages(call: Call) -> Packages:
    return Packages(call.backend.read(packages_of))


def purchase(call: Call, user: User, wish: BuyRequest, key: str) -> Booked:
    """Buys for the user's organisation, where he may."""

    def buy(conn: Connection) -> Receipt:
        call.backend.ledger.hold(conn)
        if not rights.active_roles(conn, user.id, call.now):
            raise RightMissing(f"{user.login} has no active role, which buying credit needs.")
        if not rights.may_buy(conn, user, call.now):
            raise RightMissing(
                f"Only its administrators buy credit for {user.organisation}.", "Ask one of them to buy it."
            )
        found = next((package for package in packages_of(conn) if package.id == wish.package), None)
        if found is None:
            raise refused(f"There is no package {wish.package}.", "Look at the list.", status=404, problem="unknown")
        return call.backend.ledger.buy(
            user.organisation_id, found.group, found.duration, wish.count, key, call.now, minutes_each=found.minutes,
            conn=conn,
        )  # fmt: skip

    return _booked(call.backend.write(buy))


def _booked(receipt: Receipt) -> Booked:
    return Booked(
        receipt.number, receipt.hash, receipt.group, receipt.minutes, receipt.minutes_left, receipt.until,
        receipt.owed, receipt.reservation,
    )  # fmt: skip


def buy(call: Call) -> Booked:
    return purchase(call, call.user, call.body, call.key)


def _may_work(call: Call) -> None:
    roles = call.backend.read(lambda conn: rights.active_roles(conn, call.user.id, call.now))
    if Role.STANDARD_DIAGNOSIS not in roles:
        raise RightMissing(f"{call.user.login} has no role standard-diagnosis, which using credit needs.")


def reserve(call: Call) -> Reserved:
    wish: ReserveRequest = call.body
    if not wish.late:
        _may_work(call)
    held = call.backend.ledger.reserve(
        call.user.organisation_id, wish.group, wish.minutes, call.key, call.now, RESERVED_FOR, wish.hardware_id,
        late=wish.late,
    )  # fmt: skip
    return Reserved(held.id, held.minutes, held.expires, _booked(held.receipt))


def post(call: Call) -> Booked:
    """No right is asked for: what a running job used is booked whatever was revoked meanwhile."""
    wish: PostRequest = call.body
    return _booked(
        call.backend.ledger.post(
            wish.reservation, wish.minutes, call.key, call.now, organisation=call.user.organisation_id
        )
    )


def void(call: Call) -> Booked:
    wish: VoidRequest = call.body
    return _booked(
        call.backend.ledger.void(wish.reservation, call.key, call.now, organisation=call.user.organisation_id)
    )


_KEYED = (403, 404, 409)
OPERATIONS = (
    Operation("GET", "/api/v1/account", account, "The signed-in user", Account, bearer=True),
    Operation("GET", "/api/v1/systems", systems, "My systems with contract numbers", Systems, bearer=True),
    Operation("GET", "/api/v1/credit", credit, "Time credit by product group", Credit, bearer=True, query=CreditQuery),
    Operation("GET", "/api/v1/packages", packages, "Packages on sale", Packages),
    Operation(
        "POST", "/api/v1/credit/buy", buy, "Buy a package", Booked, body=BuyRequest, bearer=True, keyed=True,
        refusals=_KEYED,
    ),
    Operation(
        "POST", "/api/v1/credit/reserve", reserve, "Set minutes apart for a job", Reserved, body=ReserveRequest,
        bearer=True, keyed=True, refusals=_KEYED,
    ),
    Operation(
        "POST", "/api/v1/credit/post", post, "Book what a job used", Booked, body=PostRequest, bearer=True,
        keyed=True, refusals=_KEYED,
    ),
    Operation(
        "POST", "/api/v1/credit/void", void, "Give reserved minutes back", Booked, body=VoidRequest, bearer=True,
        keyed=True, refusals=_KEYED,
    ),
)  # fmt: skip
