"""A back end with a portal, a workshop with an administrator and a technician, and packages on sale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.backend.identity import passwords
from core.vocabulary.online.paper import Role
from tests.backend.rig import Rig, open_rig, sqlite_url


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt at a hundredth of its cost: what it costs is not what these tests look at."""
    monkeypatch.setattr(passwords, "_LOG_N", 7)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = open_rig(sqlite_url(tmp_path))
    made.packages()
    organisation = made.organisation("Garage Müller", "C-1")
    made.user(organisation, "anna", Role.ORGANISATION_ADMIN, Role.STANDARD_DIAGNOSIS)
    made.user(organisation, "ben")
    made.user(made.organisation("Rival", "C-2"), "rita", Role.ORGANISATION_ADMIN)
    yield made
    made.close()
