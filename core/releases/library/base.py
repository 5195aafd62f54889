"""What every wish on the library needs: the state, the lock, the commit, and which files are active."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import JobError, ReleaseIncomplete, VciBusy
from core.pc.locks import DeviceLock
from core.releases.model.manifest import ADDON, Head, Manifest, index_target, read_index, read_manifest
from core.releases.sources.base import Source
from core.releases.store import pointer
from core.releases.store.pointer import Kept, State, replace
from core.releases.store.shelf import Shelf, document_name


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to look, in the order of preference, and the root metadata that the user trusts."""

    sources: tuple[Source, ...]
    anchor: bytes


def silent(text: str) -> None:
    pass


class LibraryBase:
    """`note` of the methods is told what went wrong but was got round. `product` is this program's version."""

    def __init__(self, folder: Path, product: str, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.shelf = Shelf(folder)
        self._product, self._clock = product, clock

    @property
    def state(self) -> State:
        return pointer.load(self.folder)

    def _commit(self, **changes: Any) -> None:
        pointer.save(self.folder, replace(self.state, **changes))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time, also of several processes. JobError names the other."""
        lock = DeviceLock("releases", self.folder / "lock")
        try:
            lock.acquire()
        except VciBusy as busy:
            raise JobError(f"The releases are in use by {busy.holder}.", "Wait for its end, then try again.") from busy
        try:
            yield
        finally:
            lock.release()

    def heads(self, kind: str) -> tuple[Head, ...]:
        """What the last search found, oldest first. () before the first."""
        digest = self.state.indexes.get(index_target(kind))
        if not digest:
            return ()
        return read_index(self.shelf.document(digest, document_name(index_target(kind))), kind)

    def offered(self, head: Head) -> Manifest | None:
        """The manifest of something offered, where it is here already."""
        digest = self.state.indexes.get(head.target)
        return read_manifest(self.shelf.document(digest, document_name(head.target)), head.kind) if digest else None

    def manifest(self, kept: Kept) -> Manifest:
        return self.shelf.manifest(kept)

    def find(self, kind: str, version: str, name: str = "") -> Kept | None:
        """By version (or an AddOn by name) among what is here whole."""
        for kept in self.state.all_kept():
            if bool(kept.name) == (kind == ADDON) and kept.name == name and version in ("", kept.version):
                return kept
        return None

    def files(self, kind: str = "pdx") -> list[Path]:
        """The files of AddOns that are on, then of the active release; [] while the built-in data serve.

        AddOns first: of two units with one name the catalogue takes the first file's. ReleaseIncomplete.
        """
        state = self.state
        if state.active is None:
            return []
        entries = [*(entry for entry in reversed(state.addons) if entry.on), state.active]
        found = []
        for kept in entries:
            manifest = self.manifest(kept)
            for component in manifest.components:
                if component.kind == kind:
                    if not self.shelf.has(component):
                        raise ReleaseIncomplete(f"{component.name} of {kept.key} is not here any more.")
                    found.append(self.shelf.component(component))
        return found

    def stamp(self) -> tuple[int, int]:
        """Another one after every change of the pointer. Quick."""
        try:
            state = (self.folder / pointer.NAME).stat()
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_ino

    def free_bytes(self) -> int:
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free
