"""The compiler and the wire of the J2534 tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vci.j2534.support import WIRE, Compiler, Wire


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with Wire() as wire:
        monkeypatch.setenv(WIRE, str(wire.path))
        yield wire
