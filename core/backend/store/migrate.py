"""Brings the schema to the newest state with alembic; two processes that start together do it once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.backend.store.engines import Engines
from core.backend.store.faults import Fault, fault_of, translated
from core.errors import DatabaseFailed

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x70617373  # PostgreSQL's advisory lock of the migration
_PAUSE = 0.05


def newest_revision() -> str:
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def migrate_to_newest(engines: Engines, *, patience: float) -> None:
    """All migrations in one transaction: a process that is killed here leaves the old schema, not half of the new."""
    given_up = time.monotonic() + patience
    while True:
        try:
            if engines.name == "sqlite":
                _write_ahead(engines)
            _migrate(engines)
            return
        except DBAPIError as error:
            fault = fault_of(error)
            if fault not in (Fault.CONFLICT, Fault.AWAY) or time.monotonic() >= given_up:
                raise translated(error, fault) from error
        except CommandError as error:
            raise DatabaseFailed(
                "The database was made by a newer version of Passbay.", "Update Passbay on this machine."
            ) from error
        time.sleep(_PAUSE)


def _write_ahead(engines: Engines) -> None:
    """A property of the file. Changing it needs the file alone; SQLite does not wait for that, so the caller does."""
    with engines.pool.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _migrate(engines: Engines) -> None:
    if engines.name == "sqlite":
        if _revision(engines.reader) == newest_revision():
            return
        with engines.writer.begin() as connection:
            _upgrade(connection)
        return
    # READ COMMITTED, so that whoever waited for the lock sees what the other one has done
    writer = engines.pool.execution_options(isolation_level="READ COMMITTED")
    with writer.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _upgrade(connection)


def _revision(reader: Any) -> str | None:
    with reader.begin() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
