"""Log-in: device grants (RFC 8628), refresh tokens with rotation, browser sessions, failed attempts."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, Table

from core.backend.store.tables.metadata import metadata, moment, reference, text

device_grants = Table(
    "device_grants",
    metadata,
    text("id", primary_key=True),
    text("device_code_hash", unique=True),
    text("user_code", unique=True),
    text("client_id"),
    text("scope"),
    Column("interval", Integer, nullable=False),  # seconds, as RFC 8628 counts it
    moment("created"),
    moment("expires"),
    text("state"),
    reference("user_id", "users.id", nullable=True),
    moment("last_poll", nullable=True),
    CheckConstraint("state IN ('pending', 'approved', 'denied', 'used')", name="state"),
    Index(None, "expires"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    text("id", primary_key=True),
    text("family"),
    text("token_hash", unique=True),
    reference("user_id", "users.id"),
    text("client_id"),
    moment("created"),
    moment("expires"),
    moment("used_at", nullable=True),
    moment("revoked", nullable=True),
    Index(None, "family"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    text("id_hash", primary_key=True),
    reference("user_id", "users.id", nullable=True),
    text("csrf"),
    moment("created"),
    moment("last_seen"),
    moment("expires"),
    Index(None, "expires"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    text("id", primary_key=True),
    text("login"),
    text("address"),
    moment("at"),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "login", "at"),
    Index(None, "address", "at"),
)
