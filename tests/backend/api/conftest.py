"""A fresh back end for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backend.rig import Rig, open_rig


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    made = open_rig(database_url)
    yield made
    made.close()
