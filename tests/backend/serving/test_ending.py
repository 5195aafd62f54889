"""A server that has just said that it is ready ends cleanly by SIGTERM: nobody waits for what it had not set up yet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.backend.serving.support import serving


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ended_in_the_moment_in_which_it_is_ready(tmp_path: Path, workers: str) -> None:
    for _attempt in range(3):
        with serving(f"sqlite:///{tmp_path / 'back-end.db'}", "--workers", workers) as ready:
            assert ready["workers"] == int(workers)
