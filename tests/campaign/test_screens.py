"""The short form of the campaign of killed screens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="terminals and signals of POSIX")
def test_killed_screens_lose_no_unit(compiled_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.campaign import screens

    code = screens.main(["--kills", "3", "--seed", "5", "--cache", str(compiled_cache)])
    assert code == 0, capsys.readouterr().out
