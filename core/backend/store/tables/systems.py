"""Systems (PCs by hardware ID), orders, StartKeys and the keys that sign them (manual C5 to C8)."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Table, UniqueConstraint

from core.backend.store.tables.metadata import metadata, moment, reference, text

systems = Table(
    "systems",
    metadata,
    text("id", primary_key=True),
    reference("organisation_id", "organisations.id"),
    text("hardware_id"),
    Column("app_id", BigInteger, nullable=False),
    Column("traits", JSON, nullable=False),
    text("name"),
    moment("created"),
    UniqueConstraint("organisation_id", "hardware_id", "app_id"),
    Index(None, "hardware_id"),
)

orders = Table(
    "orders",
    metadata,
    text("id", primary_key=True),
    reference("organisation_id", "organisations.id"),
    reference("system_id", "systems.id", nullable=True),
    text("kind"),
    text("state"),
    moment("created"),
    Index(None, "organisation_id"),
)

startkeys = Table(
    "startkeys",
    metadata,
    text("id", primary_key=True),
    reference("system_id", "systems.id"),
    text("envelope"),
    moment("issued"),
    moment("expires"),
    moment("revoked", nullable=True),
    reference("replaced_by", "startkeys.id", nullable=True),
    Index(None, "system_id"),
)

issuer_keys = Table(
    "issuer_keys",
    metadata,
    text("id", primary_key=True),
    text("public"),
    text("private"),
    moment("created"),
    moment("retired", nullable=True),
    reference("endorsed_by", "issuer_keys.id", nullable=True),  # the key before, which signed this one
    text("endorsement", nullable=True),
    moment("distrusted", nullable=True),  # it was stolen: nothing that it signed counts any more
)
