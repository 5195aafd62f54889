"""The schema as SQLAlchemy Core tables, by subject. Ids are uuid4 hex, times integer milliseconds UTC.

Tables are made by the migrations only; a test holds that both say the same. A change here needs a migration beside it.
"""

from core.backend.store.tables.credit import (
    accounts,
    clock_packages,
    entries,
    idempotency,
    ledger_head,
    packages,
    paid_time,
    reservations,
)
from core.backend.store.tables.house import audit, maintenance, settings, tickets
from core.backend.store.tables.login import device_grants, login_attempts, refresh_tokens, sessions
from core.backend.store.tables.metadata import metadata
from core.backend.store.tables.people import organisations, rights, users
from core.backend.store.tables.systems import issuer_keys, orders, startkeys, systems

__all__ = [
    "accounts",
    "audit",
    "clock_packages",
    "device_grants",
    "entries",
    "idempotency",
    "issuer_keys",
    "ledger_head",
    "login_attempts",
    "maintenance",
    "metadata",
    "orders",
    "organisations",
    "packages",
    "paid_time",
    "refresh_tokens",
    "reservations",
    "rights",
    "sessions",
    "settings",
    "startkeys",
    "systems",
    "tickets",
    "users",
]
