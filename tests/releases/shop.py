"""A publisher and its customers for the tests: small random files, real keys, real signatures."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.backend.publisher.keys import KeyRing
from core.backend.publisher.releases import Draft, Publisher
from core.backend.publisher.repository import StaticRepository
from core.releases.library import Library, Origin
from core.releases.model.manifest import ADDON, RELEASE, Head
from core.releases.sources.base import Source
from core.releases.sources.folder import FolderSource


def some_bytes(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """A PDX as far as a publisher is concerned: a zip with these members, the same bytes each time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return path


class Shop:
    """`folder`/repo is what a server would serve; `age` shifts the publisher's clock (days)."""

    def __init__(self, folder: Path, age: float = 0.0) -> None:
        self.folder = folder
        self.age = age
        self.keys = KeyRing([])
        self.repository = StaticRepository(folder / "repo", self.keys, now=self._now)
        self.repository.create(folder / "keys")
        self.publisher = Publisher(self.repository)

    def _now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) - timedelta(days=self.age)

    @property
    def root(self) -> Path:
        return self.folder / "repo"

    @property
    def anchor(self) -> bytes:
        return (self.root / "metadata" / "1.root.json").read_bytes()

    def release(self, version: str, files: Mapping[str, bytes], **more: object) -> None:
        self.publisher.publish(Draft(version, f"Release {version}", self._written(version, files), **more))  # type: ignore[arg-type]

    def addon(self, name: str, version: str, files: Mapping[str, bytes], **more: object) -> None:
        self.publisher.publish(Draft(version, name, self._written(f"{name}-{version}", files), name=name, **more))  # type: ignore[arg-type]

    def _written(self, key: str, files: Mapping[str, bytes]) -> dict[str, Path]:
        place = self.folder / "files" / key
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
        return {name: place / name for name in files}

    def origin(self, *sources: Source) -> Origin:
        return Origin(sources or (FolderSource(self.root, offline=False),), self.anchor)


class Customer:
    """One PC's library and what it holds, by content."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder, "0.1.0")

    def head(self, version: str = "", addon: str = "") -> Head:
        heads = self.library.heads(ADDON if addon else RELEASE)
        return [head for head in heads if head.name == addon and version in ("", head.version)][-1]

    def fetch(self, origin: Origin, version: str = "", addon: str = "") -> None:
        self.library.search(origin)
        kept = self.library.download(origin, self.head(version, addon))
        if addon:
            self.library.install_addon(kept)
        else:
            self.library.install(kept)

    def contents(self) -> dict[str, bytes]:
        """Name -> bytes of every file that serves now."""
        return {path.name: path.read_bytes() for kind in ("pdx", "plan", "help") for path in self.library.files(kind)}


FIRST = {"car.pdx": some_bytes(1, 200_000), "van.pdx": some_bytes(2, 90_000)}
SECOND = {"car.pdx": some_bytes(3, 210_000), "van.pdx": FIRST["van.pdx"], "notes.md": b"# hello\n"}
