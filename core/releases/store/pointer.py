"""The one pointer: which release and AddOns are active, what is kept, which metadata is trusted. Replaced whole.

Everything else in the folder is reached from here and never changed in place, so that a cut at any point leaves the
old state or the new one. Reading it is all that a connection needs: no TUF, no network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import StorageFailed, StorageFull
from core.pc.files import replace_file

FORMAT = 1
NAME = "state.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A release or AddOn by its manifest's hash. `name` is "" for releases; `on` counts for AddOns."""

    version: str
    manifest: str
    name: str = ""
    on: bool = True

    @property
    def key(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def target(self) -> str:
        """The manifest's TUF target path."""
        return f"addons/{self.name}/{self.version}.json" if self.name else f"releases/{self.version}.json"


@dataclass(frozen=True, slots=True)
class State:
    """`kept`: downloaded whole. `wanted`: downloads that were begun. `trust`: generation of metadata by trust anchor.

    `indexes`: hash of the last verified index by target path; `searched`, `warning`: of the last search.
    """

    active: Kept | None = None
    previous: Kept | None = None
    addons: tuple[Kept, ...] = ()
    kept: tuple[Kept, ...] = ()
    wanted: tuple[Kept, ...] = ()
    trust: Mapping[str, str] = field(default_factory=dict)
    indexes: Mapping[str, str] = field(default_factory=dict)
    searched: float | None = None
    warning: str = ""

    def all_kept(self) -> tuple[Kept, ...]:
        ends = tuple(entry for entry in (self.active, self.previous) if entry)
        return tuple(dict.fromkeys((*ends, *self.addons, *self.kept)))


def load(folder: Path) -> State:
    """The state; the empty one where there is none. StorageFailed where it cannot be read."""
    path = folder / NAME
    try:
        return _state(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as problem:
        raise StorageFailed(
            f"{path} cannot be read: {problem}.", "Remove this file: the built-in data serve then; install again."
        ) from problem


def _state(table: dict[str, Any]) -> State:
    if table.pop("format") != FORMAT:
        raise ValueError("it is of another version")
    lists = {key: tuple(Kept(**row) for row in table[key]) for key in ("addons", "kept", "wanted")}
    ends = {key: Kept(**table[key]) if table[key] else None for key in ("active", "previous")}
    return State(**(table | lists | ends))


def save(folder: Path, state: State) -> None:
    """The commit: old or new, never half. StorageFull, StorageFailed."""
    content = json.dumps({"format": FORMAT, **asdict(state)}, indent=1).encode()
    try:
        replace_file(folder / NAME, content)
    except OSError as problem:
        raise disk_error(problem, folder / NAME) from problem


def disk_error(problem: OSError, path: Path) -> StorageFailed | StorageFull:
    """Which of ours an error of the disk is."""
    import errno

    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"The disk is full: {path} cannot be written. The release of now stays active.")
    if problem.errno == errno.EROFS:
        return StorageFailed(
            f"{path} cannot be written: the disk is read-only. The release of now stays active.",
            "Make the disk writable, or choose another data folder.",
        )
    return StorageFailed(f"{path} cannot be written: {problem.strerror or problem}. The release of now stays active.")


__all__ = ["Kept", "State", "disk_error", "load", "replace", "save"]
