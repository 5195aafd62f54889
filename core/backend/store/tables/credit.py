"""Time credit: packages on sale, and the double-entry ledger of what was bought and used.

An entry moves `amount` of one unit of one product group of one organisation from the account `source` to the account
`target`, so each entry is balanced by its shape. `issued` and `owed` are where credit comes from: never above 0; all
other accounts never below. Units: minutes of hour packages, or whole packages that run by the clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, UniqueConstraint

from core.backend.store.tables.metadata import metadata, moment, reference, text

_DURATIONS = "('hour', 'day', 'week', 'month', 'year')"
_UNITS = "unit IN ('minute', 'day', 'week', 'month', 'year')"
_KINDS = "('issued', 'owed', 'purchased', 'reserved', 'consumed', 'expired')"

packages = Table(
    "packages",
    metadata,
    text("id", primary_key=True),
    text("product_group"),
    text("duration"),
    Column("amount_minutes", BigInteger, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    text("currency"),
    UniqueConstraint("product_group", "duration"),
    CheckConstraint(f"duration IN {_DURATIONS}", name="duration"),
    CheckConstraint("amount_minutes > 0 AND price_cents >= 0", name="amounts"),
)

accounts = Table(
    "accounts",
    metadata,
    reference("organisation_id", "organisations.id", primary_key=True),
    text("product_group", primary_key=True),
    text("unit", primary_key=True),
    text("kind", primary_key=True),
    Column("balance", BigInteger, nullable=False),
    CheckConstraint("balance >= 0 OR kind IN ('issued', 'owed')", name="never_below_zero"),
    CheckConstraint("balance <= 0 OR kind NOT IN ('issued', 'owed')", name="source_never_above_zero"),
    CheckConstraint(_UNITS, name="unit"),
    CheckConstraint(f"kind IN {_KINDS}", name="kind"),
)

entries = Table(
    "entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    moment("at"),
    text("operation"),
    text("key"),
    reference("organisation_id", "organisations.id"),
    text("product_group"),
    text("unit"),
    text("source"),
    text("target"),
    Column("amount", BigInteger, nullable=False),
    text("reference"),  # the reservation, the package, or ""
    moment("until", nullable=True),  # the end of a package by the clock, or of the contract
    text("previous"),
    text("hash", unique=True),
    CheckConstraint("number > 0 AND amount >= 0", name="amounts"),
    CheckConstraint(_UNITS, name="unit"),
    CheckConstraint(f"source IN {_KINDS} AND target IN {_KINDS}", name="kinds"),
    Index(None, "organisation_id", "number"),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    text("hash"),
    CheckConstraint("id = 1", name="single"),
)

reservations = Table(
    "reservations",
    metadata,
    text("id", primary_key=True),
    reference("organisation_id", "organisations.id"),
    text("product_group"),
    text("system"),  # the hardware ID of the system that works, or ""
    Column("minutes", BigInteger, nullable=False),
    text("state"),
    moment("at"),
    moment("expires"),
    moment("closed", nullable=True),
    Column("posted", BigInteger, nullable=False),
    moment("begun", nullable=True),  # when its job was permitted; NULL for work that is booked afterwards
    CheckConstraint("state IN ('open', 'posted', 'voided', 'timed-out')", name="state"),
    CheckConstraint("minutes >= 0 AND posted >= 0", name="minutes"),
    Index(None, "organisation_id", "product_group", "state"),
    Index(None, "state", "expires"),
)

clock_packages = Table(
    "clock_packages",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # of the entry that began it
    reference("organisation_id", "organisations.id"),
    text("product_group"),
    text("duration"),
    moment("begun"),
    moment("until"),
    moment("ended", nullable=True),  # set where the contract ended before
    Index(None, "organisation_id", "product_group", "until"),
)

paid_time = Table(
    "paid_time",
    metadata,
    reference("organisation_id", "organisations.id", primary_key=True),
    text("system", primary_key=True),
    text("product_group", primary_key=True),
    moment("until"),  # the last minute that was booked for this system ends then
)

idempotency = Table(
    "idempotency",
    metadata,
    text("scope", primary_key=True),  # whose key: an organisation's or a user's ID
    text("key", primary_key=True),
    text("request_hash"),
    Column("status", Integer, nullable=False),
    text("body"),
    moment("created"),
)
