"""U3, short form: killed at random calls of the file system, the old release or the new one serves, whole.

All cuts: `python -m tests.campaign releases`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest


def _may_trace() -> bool:
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not _may_trace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_calls(seed: int) -> None:
    # in a process of its own: it forks, which a test worker with threads must not
    command = [sys.executable, "-m", "tests.campaign", "releases", "--points", "12", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("cuts") == 5
