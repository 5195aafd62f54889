"""What keeps the house: settings, announced maintenance, the audit trail, job tickets that were handed out."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table

from core.backend.store.tables.metadata import metadata, moment, reference, text

settings = Table("settings", metadata, text("key", primary_key=True), text("value"))

maintenance = Table(
    "maintenance",
    metadata,
    text("id", primary_key=True),
    moment("starts"),
    moment("ends"),
    text("words"),
    Index(None, "ends"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    moment("at"),
    text("who"),
    text("what"),
    Column("detail", JSON, nullable=False),
    Index(None, "at"),
)

tickets = Table(
    "tickets",
    metadata,
    text("id", primary_key=True),
    reference("organisation_id", "organisations.id"),
    reference("user_id", "users.id"),
    reference("system_id", "systems.id", nullable=True),
    text("job"),
    text("kind"),
    text("product_group"),
    text("vin"),
    text("unit"),
    text("image"),
    reference("reservation_id", "reservations.id", nullable=True),
    moment("issued"),
    moment("expires"),
    text("envelope"),
    Index(None, "organisation_id"),
)
