"""SQLAlchemy engines for SQLite (embedded) and PostgreSQL (shared): how each opens a transaction; no schema.

SQLite: WAL, `synchronous=FULL` (with NORMAL a charge that was acknowledged may be gone after a power cut), and
`BEGIN IMMEDIATE` for whoever writes, because a deferred read-then-write fails at once when another one wrote between.
PostgreSQL: SERIALIZABLE for writers, a read-only snapshot for readers.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from core.errors import SettingsInvalid, StorageFailed

BUSY_MILLISECONDS = 30_000
IDLE_IN_TRANSACTION = 15_000  # ms: a machine that dies in the middle of a charge must not hold the ledger
_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 10}


@dataclass(frozen=True, slots=True)
class Engines:
    """One pool of connections, seen by a reader and by a writer. `name`: "sqlite" or "postgresql"."""

    name: str
    pool: Engine
    reader: Engine
    writer: Engine

    def with_options(self, options: Mapping[str, object]) -> Engines:
        reader, writer = (engine.execution_options(**options) for engine in (self.reader, self.writer))
        return replace(self, reader=reader, writer=writer)


def engines_for(address: str, *, connections: int = 10) -> Engines:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SettingsInvalid("The address of the database is not understood.", _ADVICE) from error
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, connections)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, connections)
    raise SettingsInvalid(f"A database of the kind {url.get_backend_name()} cannot be used.", _ADVICE)


_ADVICE = "Give it as sqlite:////folder/file or postgresql://user@host/database."


def _sqlite(url: URL, connections: int) -> Engines:
    if not url.database or url.database == ":memory:":
        raise SettingsInvalid("The back end needs a database file.", _ADVICE)
    _create_file(Path(url.database))
    arguments = {"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False}
    pool = create_engine(url, connect_args=arguments, pool_size=connections, max_overflow=connections)
    event.listen(pool, "connect", _sqlite_connected)
    reader, writer = pool.execution_options(writes=False), pool.execution_options(writes=True)
    event.listen(reader, "begin", _sqlite_read)
    event.listen(writer, "begin", _sqlite_write)
    return Engines("sqlite", pool, reader, writer)


def _create_file(path: Path) -> None:
    """Only its owner may read it: it holds the issuer's keys. SQLite gives its WAL the same rights.

    A file that is there is not opened: closing it would drop the locks that another store of this process has on it
    (POSIX locks belong to the process), and the next process would take the WAL away under it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageFailed(f"The database {path} cannot be opened: {error.strerror}.") from error


def _sqlite_connected(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # no BEGIN by the driver: it would be a deferred one
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _sqlite_read(connection: Connection) -> None:
    _query_only(connection, True)
    connection.exec_driver_sql("BEGIN")


def _sqlite_write(connection: Connection) -> None:
    _query_only(connection, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _query_only(connection: Connection, wanted: bool) -> None:
    if connection.info.get("query_only") is not wanted:
        connection.exec_driver_sql(f"PRAGMA query_only = {int(wanted)}")
        connection.info["query_only"] = wanted


def _postgresql(url: URL, connections: int) -> Engines:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    options = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION} -c timezone=UTC"
    arguments: dict[str, Any] = _KEEPALIVES | {"options": options}
    try:
        pool = create_engine(url, connect_args=arguments, pool_size=connections, max_overflow=connections)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SettingsInvalid("The driver for PostgreSQL is missing.", 'Install "passbay[server]".') from error
    reader = pool.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines("postgresql", pool, reader, pool.execution_options(isolation_level="SERIALIZABLE"))
