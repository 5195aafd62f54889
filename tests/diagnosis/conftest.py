"""Workbenches for end-to-end tests: a state of their own each, the compiled data shared by all tests of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.workbench import Workbench, WorkbenchPaths, open_workbench


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def new_workbench(tmp_path: Path, compiled: Path) -> Iterator[Callable[[], Workbench]]:
    """Opens workbenches on one and the same home, as one process after another would."""
    opened: list[Workbench] = []
    roots = WorkbenchPaths.below(tmp_path / "workbench")

    def open_one() -> Workbench:
        opened.append(open_workbench(WorkbenchPaths(roots.config, roots.data, compiled, roots.state)))
        return opened[-1]

    yield open_one
    for workbench in opened:
        workbench.close()


@pytest.fixture
def workbench(new_workbench: Callable[[], Workbench]) -> Workbench:
    return new_workbench()
