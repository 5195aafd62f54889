"""Stores for the tests of the back end: each test that takes `store` runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.backend.store import Store, open_store
from tests.backend.postgres import FAST, Postgres, why_not


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for each worker of the test run."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    server = Postgres(*FAST)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'backend' / 'passbay.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture
def opened(database_url: str) -> Iterator[Callable[[], Store]]:
    """Opens the same database as often as wanted."""
    stores: list[Store] = []

    def once_more() -> Store:
        stores.append(open_store(database_url))
        return stores[-1]

    yield once_more
    for store in stores:
        store.dispose()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()
