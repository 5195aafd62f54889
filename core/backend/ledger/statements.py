"""The statements of a charge, each built once: building them anew costs as much as running them."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select, update

from core.backend.store.tables import (
    accounts,
    clock_packages,
    entries,
    ledger_head,
    organisations,
    paid_time,
    reservations,
)

_HERE = (accounts.c.organisation_id == bindparam("organisation")) & (accounts.c.product_group == bindparam("group"))
_CLOCK_HERE = (clock_packages.c.organisation_id == bindparam("organisation")) & (
    clock_packages.c.product_group == bindparam("group")
)
_DUE = (
    (reservations.c.organisation_id == bindparam("organisation"))
    & (reservations.c.product_group == bindparam("group"))
    & (reservations.c.state == "open")
    & (reservations.c.expires <= bindparam("now"))
)
clock_ends = func.coalesce(clock_packages.c.ended, clock_packages.c.until)
"""A package by the clock ends early where its contract did."""

HEAD = select(ledger_head.c.number, ledger_head.c.hash)

SITUATION = (
    select(
        organisations.c.contract_end,
        ledger_head.c.number,
        ledger_head.c.hash,
        select(func.count()).select_from(reservations).where(_DUE).scalar_subquery().label("due"),
        select(func.max(clock_ends)).where(_CLOCK_HERE).scalar_subquery().label("clock"),
    )
    .select_from(organisations.join(ledger_head, ledger_head.c.id == 1))
    .where(organisations.c.id == bindparam("organisation"))
)
"""All that an operation must know beside the balances, in one round trip."""

BALANCES = select(accounts.c.unit, accounts.c.kind, accounts.c.balance).where(_HERE)

CHANGE_BALANCE = (
    update(accounts)
    .where(_HERE, accounts.c.unit == bindparam("which_unit"), accounts.c.kind == bindparam("which_kind"))
    .values(balance=accounts.c.balance + bindparam("amount"))
)
NEW_ACCOUNT = insert(accounts)
NEW_ENTRY = insert(entries)
MOVE_HEAD = update(ledger_head).values(number=bindparam("new_number"), hash=bindparam("new_hash"))

DUE = select(reservations.c.id, reservations.c.minutes).where(_DUE).order_by(reservations.c.id)
RESERVATION = select(
    reservations.c.organisation_id,
    reservations.c.product_group,
    reservations.c.id,
    reservations.c.minutes,
    reservations.c.state,
    reservations.c.at,
    reservations.c.expires,
    reservations.c.system,
    reservations.c.begun,
).where(reservations.c.id == bindparam("reservation"))
NEW_RESERVATION = insert(reservations)
CLOSE_RESERVATION = (
    update(reservations)
    .where(reservations.c.id == bindparam("reservation"))
    .values(state=bindparam("new_state"), closed=bindparam("now"), posted=bindparam("minutes_posted"))
)

_PAID_HERE = (
    (paid_time.c.organisation_id == bindparam("organisation"))
    & (paid_time.c.system == bindparam("which_system"))
    & (paid_time.c.product_group == bindparam("group"))
)
PAID_UNTIL = select(paid_time.c.until).where(_PAID_HERE)
NEW_PAID_TIME = insert(paid_time)
MOVE_PAID_TIME = update(paid_time).where(_PAID_HERE).values(until=bindparam("new_until"))

NEW_CLOCK_PACKAGE = insert(clock_packages)
CLOCK_SINCE = (
    select(clock_packages.c.begun, clock_ends.label("ends"))
    .where(_CLOCK_HERE, clock_ends > bindparam("since"))
    .order_by(clock_packages.c.begun)
)
END_CLOCK_PACKAGES = (
    update(clock_packages)
    .where(_CLOCK_HERE, clock_packages.c.until > bindparam("end"), clock_packages.c.ended.is_(None))
    .values(ended=bindparam("end"))
)
