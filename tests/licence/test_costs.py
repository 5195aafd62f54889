"""What the paper side costs who does not use it: a fresh installation in simulation loads none of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("httpx", "httpcore", "sqlalchemy", "alembic", "starlette", "jinja2", "jwt", "keyring", "tuf", "segno")
PROGRAM = """
import json, sys
from tui.cli.main import cli
try:
    cli(["survey", "--vci", "sim:car-mixed"])
except SystemExit as end:
    assert not end.code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})
                 + [name for name in sys.modules if name.startswith(("core.online", "core.backend", "core.licence."))]))
"""


def loaded() -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=100, check=True)
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def test_a_survey_in_simulation_loads_nothing_of_it(home: Path) -> None:
    names = loaded()
    assert [name for name in HEAVY if name in names] == []
    assert [name for name in names if name.startswith("core.")] == ["core.licence.place"]
    assert not (home / "data" / "paper").exists() and not (home / "data" / "backend").exists()


@pytest.mark.usefixtures("papers")
def test_and_a_commissioned_one_does() -> None:
    assert {"httpx", "sqlalchemy", "starlette"} <= set(loaded())
