"""The profiles that a PC is measured against, read from profiles.toml beside this file. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UsageError

_FILE = Path(__file__).with_name("profiles.toml")


@dataclass(frozen=True, slots=True)
class Profile:
    """`demands`: requirement key -> its table (`need` and limits), in the order of the file."""

    name: str
    title: str
    demands: dict[str, dict[str, Any]]


def profile_names() -> tuple[str, ...]:
    return tuple(_tables())


def profile(name: str) -> Profile:
    """UsageError with the names that there are."""
    tables = _tables()
    if name not in tables:
        raise UsageError(f"There is no profile {name!r}.", f"Profiles: {', '.join(tables)}.")
    table = dict(tables[name])
    return Profile(name, str(table.pop("title")), table)


def _tables() -> dict[str, dict[str, Any]]:
    import tomllib

    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
