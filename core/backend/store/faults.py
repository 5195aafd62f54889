"""What an exception of a database means: try again, full, or broken. The one place that translates them."""

from __future__ import annotations

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseFailed, DatabaseFull, ProductError


class Fault(Enum):
    CONFLICT = "another transaction was quicker; nothing of this one is left"
    TAKEN = "a name was taken between our look and our write"
    AWAY = "no connection to the database"
    FULL = "no room"
    BROKEN = "anything else"


_CONFLICTS = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
_AWAY = {"57P01", "57P02", "57P03", "25P03"}  # shut-down, crash, starting up, idle in transaction for too long
_UNIQUE = "23505"  # PostgreSQL may tell a race this way, although SERIALIZABLE has seen it
_FULL = {"53100"}
_SQLITE_CONFLICTS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def fault_of(error: DBAPIError) -> Fault:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
        if code in _SQLITE_CONFLICTS:
            return Fault.CONFLICT
        return Fault.FULL if code == sqlite3.SQLITE_FULL else Fault.BROKEN
    state = getattr(cause, "sqlstate", None)
    if state in _CONFLICTS:
        return Fault.CONFLICT
    if state == _UNIQUE:
        return Fault.TAKEN
    if state in _FULL:
        return Fault.FULL
    if error.connection_invalidated or state in _AWAY or (state or "").startswith("08") or _never_connected(cause):
        return Fault.AWAY
    return Fault.BROKEN


def _never_connected(cause: BaseException | None) -> bool:
    """psycopg tells neither a state nor an invalid connection where there was none yet."""
    return type(cause).__name__ in ("OperationalError", "ConnectionTimeout") and not getattr(cause, "sqlstate", None)


def translated(error: DBAPIError, fault: Fault) -> ProductError:
    """The words of the database stay in the chain of causes, for the log: they may hold values of others."""
    kind = type(error.orig).__name__
    if fault is Fault.FULL:
        return DatabaseFull("The disk of the database is full; nothing was booked.")
    if fault is Fault.AWAY:
        return DatabaseFailed(f"The database cannot be reached ({kind}).")
    if fault is Fault.CONFLICT:
        return DatabaseFailed("The database is too busy; nothing was booked.")
    return DatabaseFailed(f"The database refused the operation ({kind}).")
