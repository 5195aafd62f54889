"""Trusted metadata on the disk: generations that are copied, updated and committed whole; and as a source again.

python-tuf writes without fsync and replaces root.json in two steps. So it works in a copy, which counts only when the
pointer names it; whatever it has verified by then counts even where the rest was refused (a new root must not be lost).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from core.pc.files import sync_folder
from core.releases.sources.base import NotThere, Source
from core.releases.store.pointer import disk_error


def anchor_id(anchor: bytes) -> str:
    return hashlib.sha256(anchor).hexdigest()[:16]


def new_generation(root: Path, identity: str, old: str) -> Path:
    """A copy of generation `old` ("" for none) under a new name. StorageFull, StorageFailed."""
    fresh = root / f"{identity}-{os.urandom(6).hex()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        if old and (root / old).is_dir():
            shutil.copytree(root / old, fresh, symlinks=True)
        else:
            fresh.mkdir()
    except OSError as problem:
        raise disk_error(problem, fresh) from problem
    return fresh


def sync_generation(folder: Path) -> None:
    """Every byte of it on the disk, before the pointer may name it."""
    try:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as stream:
                    os.fsync(stream.fileno()) if os.name == "posix" else None
        sync_folder(folder / "root_history")
        sync_folder(folder)
        sync_folder(folder.parent)
    except OSError as problem:
        raise disk_error(problem, folder) from problem


class KeptMetadata:
    """The metadata of a generation under the names of a repository: for export, and to judge an older stick by.

    Read at once: the folder goes when a newer generation counts.
    """

    offline = True

    def __init__(
        self, folder: Path, targets: Source | None = None, documents: Mapping[str, bytes] | None = None
    ) -> None:
        """`targets` has the rest of the repository; `documents` are newer ones than its own, by their place in it."""
        self._documents = documents or {}
        self.name = targets.name if targets else "this PC"
        self._targets = targets
        try:
            self.files = tuple(_published(folder))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise NotThere(f"The trusted metadata in {folder} cannot be read: {problem}.") from problem

    def read(self, path: str, limit: int) -> bytes:
        folder, _, name = path.rpartition("/")
        if folder == "metadata":
            for known, content in self.files:
                if known in (name, quote(name, "")):
                    return content
        elif path in self._documents:
            return self._documents[path]
        elif self._targets is not None:
            return self._targets.read(path, limit)
        raise NotThere(f"{path} is not here.")

    def stream(
        self, path: str, length: int, offset: int = 0, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        if self._targets is None:
            raise NotThere(f"{path} is not here.")
        yield from self._targets.stream(path, length, offset, stop)

    def close(self) -> None:
        pass


def _published(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name in the repository, content): each root, timestamp, and the versioned others."""
    for path in sorted((folder / "root_history").glob("*.root.json")):
        yield path.name, path.read_bytes()
    for path in sorted(folder.glob("*.json")):
        if path.name != "root.json":
            content = path.read_bytes()
            version = json.loads(content)["signed"]["version"]
            yield path.name if path.name == "timestamp.json" else f"{version}.{path.name}", content
