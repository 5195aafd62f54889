"""Brute force: failed attempts are counted in the store, so that all worker processes count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backend.context import MINUTE, new_id
from core.backend.identity.people import refused
from core.backend.store import tables as t

if TYPE_CHECKING:
    from sqlalchemy import Connection

WINDOW = 15 * MINUTE
MOST_HERE = 5  # failures of one name from one address
MOST_NAME = 20  # of one name from anywhere: higher, so that a stranger cannot shut a user out with five tries
MOST_ADDRESS = 50  # of one address with any name
KEPT = 7 * 24 * 60 * MINUTE


def check(conn: Connection, name: str, address: str, now: int) -> None:
    """Refuses before anything is compared, once there were too many failures."""
    from sqlalchemy import func, select

    a = t.login_attempts.c
    fresh = (a.at > now - WINDOW, a.succeeded.is_(False))
    by_name = conn.execute(
        select(a.address, func.count()).where(a.login == name, *fresh).group_by(a.address)
    ).all()
    here = sum(count for where, count in by_name if where == address)
    by_address = conn.execute(select(func.count()).where(a.address == address, *fresh)).scalar_one()
    total = sum(count for _, count in by_name)
    if here >= MOST_HERE or total >= MOST_NAME or by_address >= MOST_ADDRESS:
        raise refused(
            "Too many failed attempts.", "Wait 15 minutes, then try again.", status=429, problem="too-many-attempts"
        )


def begin(conn: Connection, name: str, address: str, now: int) -> None:
    """Counts an attempt as failed before anything is compared; `record` of a success forgives it.

    In one transaction with the check: a hundred attempts at the same moment must not all see that none was made yet.
    """
    check(conn, name, address, now)
    record(conn, name, address, now, succeeded=False)


def record(conn: Connection, name: str, address: str, now: int, *, succeeded: bool) -> None:
    """A success forgives the failures of the same name from the same address."""
    a = t.login_attempts.c
    if succeeded:
        conn.execute(t.login_attempts.delete().where(a.login == name, a.address == address))
        conn.execute(t.login_attempts.delete().where(a.at < now - KEPT))
    conn.execute(
        t.login_attempts.insert().values(id=new_id(), login=name, address=address, at=now, succeeded=succeeded)
    )
