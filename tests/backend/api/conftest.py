"""A fresh back end for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.backend.identity import passwords
from tests.backend.rig import Rig, open_rig


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt at a hundredth of its cost: what it costs is not what these tests look at."""
    monkeypatch.setattr(passwords, "_LOG_N", 7)


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    made = open_rig(database_url)
    yield made
    made.close()
