"""`Store`: functions run in one transaction each, on SQLite or PostgreSQL; conflicts are tried again, not shown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.backend.store.engines import Engines, engines_for
from core.backend.store.faults import Fault, fault_of, translated
from core.backend.store.migrate import migrate_to_newest

T = TypeVar("T")

PATIENCE = 30.0  # seconds for which a conflict, or a server that restarts, is tried again
_MOST_TAKEN = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.25


class Store:
    """The database of one back end. Any number of threads and processes may have one open at the same time.

    `fn` gets an open transaction. It may run more than once, so whatever it does outside the database must bear that;
    it neither commits nor rolls back: an exception does. In `read` the database refuses every change.
    """

    def __init__(self, engines: Engines, *, patience: float = PATIENCE) -> None:
        self._engines = engines
        self._patience = patience

    @property
    def kind(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._engines.name

    def read(self, fn: Callable[[Connection], T]) -> T:
        """One consistent view of the database."""
        return self._run(fn, writes=False)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """All of it or nothing, as if no other transaction ran meanwhile; on the disk when this returns."""
        return self._run(fn, writes=True)

    def dispose(self) -> None:
        self._engines.pool.dispose()

    def _run(self, fn: Callable[[Connection], T], *, writes: bool) -> T:
        given_up = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        taken = 0
        while True:
            attempt = _Attempt()
            try:
                return attempt.run(self._engines.writer if writes else self._engines.reader, fn)
            except DBAPIError as error:
                fault = fault_of(error)
                # a connection lost in COMMIT leaves open whether it was done: only the caller's key may repeat that
                again = fault is Fault.CONFLICT or (fault is Fault.AWAY and not (writes and attempt.committing))
                if fault is Fault.TAKEN:  # the next look finds it; where it does not, the caller never looks
                    taken += 1
                    again = taken < _MOST_TAKEN
                if not again or time.monotonic() >= given_up:
                    raise translated(error, fault) from error
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, _LONGEST_PAUSE)


class _Attempt:
    """One try; knows afterwards whether it had come to COMMIT."""

    def __init__(self) -> None:
        self.committing = False

    def run(self, engine: Engine, fn: Callable[[Connection], T]) -> T:
        with engine.connect() as connection, connection.begin() as transaction:
            result = fn(connection)
            self.committing = True
            transaction.commit()
        return result


def open_store(
    url: str, *, migrate: bool = True, patience: float = PATIENCE, connections: int = 10,
    options: Mapping[str, object] | None = None,
) -> Store:  # fmt: skip
    """`url`: "sqlite:////folder/file" or "postgresql://user@host/database". Makes or migrates the schema first.

    `options` are on every connection that a function gets (execution options).
    """
    engines = engines_for(url, connections=connections).with_options(options or {})
    if migrate:
        try:
            migrate_to_newest(engines, patience=patience)
        except BaseException:
            engines.pool.dispose()
            raise
    return Store(engines, patience=patience)
