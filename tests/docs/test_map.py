"""The map in core/README.md names every part of the core, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "core"


def test_the_map_is_the_core() -> None:
    drawn = (CORE / "README.md").read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    named = set(re.findall(r"^(?:\w+)? +([a-z0-9_]+(?:/|\.py)) ", drawn, re.MULTILINE))
    there = {f"{p.name}/" for p in CORE.iterdir() if (p / "__init__.py").is_file()}
    there |= {p.name for p in CORE.glob("*.py") if p.name != "__init__.py"}
    assert named == there
