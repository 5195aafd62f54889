"""Papers for tests of real devices: a commissioned installation with the embedded back end, made once and then copied.

commission(paths)           # StartKey, log-in, a year of credit for every product group
pytestmark = pytest.mark.usefixtures("papers")      # the same for every test of a module
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

import pytest

from core.errors import LicenceCheckFailed
from core.workbench import WorkbenchPaths, open_workbench


def commission(paths: WorkbenchPaths) -> None:
    """Copies the papers to this installation. They are bound to this machine, as papers are."""
    made = _made()
    for source, target in ((made.paper, paths.paper), (made.paper_state, paths.paper_state)):
        shutil.copytree(source, target, dirs_exist_ok=True)
        target.chmod(0o700)
    shutil.copytree(made.backend, paths.backend, dirs_exist_ok=True)


@cache
def _made() -> WorkbenchPaths:
    """The way that a newcomer goes, without the screens."""
    home = Path(tempfile.mkdtemp(prefix="passbay-papers-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    paths = WorkbenchPaths.below(home)
    with open_workbench(paths) as workbench:
        try:
            workbench.paper.device_data()
        except LicenceCheckFailed as problem:  # a container without machine-id and network card
            pytest.skip(problem.message)
        log_in_here(workbench.paper)
        workbench.paper.order_start_key()
        workbench.paper.activate_start_key()
        for package in workbench.paper.packages():
            if package.duration.value == "year":
                workbench.paper.buy(package.package)
    return paths


def log_in_here(paper: object) -> None:
    """The owner of this PC logs in at the embedded back end."""
    login = paper.start_login()  # type: ignore[attr-defined]
    login.approve_here()
    login.wait(threading.Event())
