"""What an embedded back end holds on first use, so that the simulation needs no set-up: one workshop, one user."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from core.backend.identity import people, rights
from core.backend.store import tables as t
from core.vocabulary.online.paper import PRODUCT_GROUPS, CreditDuration, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

ORGANISATION, CONTRACT, LOGIN = "Demo workshop", "DEMO-0001", "demo"
_MINUTES = {
    CreditDuration.HOUR: 60,
    CreditDuration.DAY: 24 * 60,
    CreditDuration.WEEK: 7 * 24 * 60,
    CreditDuration.MONTH: 30 * 24 * 60,
    CreditDuration.YEAR: 365 * 24 * 60,
}
_PRICES = {  # cents of the example price list; nothing here is ever paid
    CreditDuration.HOUR: 1_500,
    CreditDuration.DAY: 4_900,
    CreditDuration.WEEK: 19_900,
    CreditDuration.MONTH: 59_000,
    CreditDuration.YEAR: 490_000,
}


def furnish(conn: Connection, now: int) -> None:
    """Makes the demo organisation and user once; a second process that comes at the same time finds them."""
    from sqlalchemy import select

    if conn.execute(select(t.organisations.c.id).limit(1)).first() is not None:
        return
    organisation = people.create_organisation(conn, ORGANISATION, now, CONTRACT)
    # nobody knows this password: the owner of the PC approves a log-in in the program itself
    user = people.create_user(
        conn, organisation, LOGIN, "Demo technician", secrets.token_urlsafe(24), now, identified=True
    )
    for role in Role:
        rights.grant(conn, user, role, now, activate=True)
    add_packages(conn, free=True)


def add_packages(conn: Connection, *, free: bool, currency: str = "EUR") -> int:
    """The usual packages by product group and duration (K4), where there is none yet; gives how many were added."""
    from sqlalchemy import select

    there = {(row.product_group, row.duration) for row in conn.execute(select(t.packages))}
    added = 0
    for group in PRODUCT_GROUPS:
        for duration, minutes in _MINUTES.items():
            if (group, duration.value) in there:
                continue
            name = f"{group.replace(' ', '-')}-{duration.value}"
            conn.execute(
                t.packages.insert().values(
                    id=name, product_group=group, duration=duration.value, amount_minutes=minutes,
                    price_cents=0 if free else _PRICES[duration], currency=currency,
                )
            )  # fmt: skip
            added += 1
    return added
