"""Workbenches for end-to-end tests: a state of their own each, the compiled data shared by all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.workbench import Workbench, WorkbenchPaths, open_workbench
from tests.papers import commission


@pytest.fixture
def new_workbench(tmp_path: Path, compiled_cache: Path) -> Iterator[Callable[[], Workbench]]:
    """Opens workbenches on one and the same home, as one process after another would."""
    opened: list[Workbench] = []
    roots = WorkbenchPaths.below(tmp_path / "workbench")

    def open_one() -> Workbench:
        opened.append(open_workbench(WorkbenchPaths(roots.config, roots.data, compiled_cache, roots.state)))
        return opened[-1]

    yield open_one
    for workbench in opened:
        workbench.close()


@pytest.fixture
def papers(home: Path, tmp_path: Path) -> Path:
    """Those of the workbench and of commands are commissioned."""
    for root in (tmp_path / "workbench", home):
        commission(WorkbenchPaths.below(root))
    return home


@pytest.fixture
def workbench(new_workbench: Callable[[], Workbench]) -> Workbench:
    return new_workbench()
