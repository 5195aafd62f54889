"""alembic's entry: runs the migrations on the connection that the caller opened, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from core.backend.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    transactional_ddl=False,  # the caller's transaction is already open, on SQLite too
)
context.run_migrations()
