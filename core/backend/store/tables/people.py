"""Organisations, their users, and the rights these asked for and were given (manual L2 to L5)."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint

from core.backend.store.tables.metadata import metadata, moment, reference, text

organisations = Table(
    "organisations",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("contract_number", unique=True),
    moment("contract_end", nullable=True),  # None: the contract has no end
    moment("created"),
    text("buyers", server_default="all"),  # who may buy credit: "all" with a right there, or its "admins"
)

users = Table(
    "users",
    metadata,
    text("id", primary_key=True),
    reference("organisation_id", "organisations.id"),
    text("login", unique=True),
    text("name"),
    text("email"),
    text("password_hash"),
    moment("identified_at", nullable=True),
    Column("disabled", Boolean, nullable=False, default=False),
    moment("created"),
    Index(None, "organisation_id"),
)

rights = Table(
    "rights",
    metadata,
    text("id", primary_key=True),
    reference("user_id", "users.id"),
    text("role"),
    text("state"),
    moment("requested"),
    moment("decided", nullable=True),
    reference("decided_by", "users.id", nullable=True),
    moment("activated_at", nullable=True),  # the first log-in on one device (L4)
    moment("activates_at", nullable=True),  # when that activation is through (L5)
    UniqueConstraint("user_id", "role"),
    CheckConstraint("state IN ('requested', 'granted', 'refused', 'revoked')", name="state"),
)
