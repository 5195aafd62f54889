"""Files by their content: PARTS/<digest>/<name>, written beside, synced and moved; unreachable ones are thrown away.

A file here is whole and verified, or it is not here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import HashMismatch, ReleaseIncomplete
from core.pc.files import open_file, sync_folder
from core.releases.model.manifest import ADDON, RELEASE, Component, Manifest, Piece, read_manifest
from core.releases.store.pointer import Kept, State, disk_error

_DIGITS = 40  # of the digest in a folder's name: what Windows allows a path is short


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.incoming = folder / "incoming"

    # -- places

    def place(self, digest: str, name: str) -> Path:
        return self.parts / digest[:_DIGITS] / name

    def component(self, component: Component) -> Path:
        return self.place(component.digest, component.name)

    def has(self, component: Component) -> bool:
        path = self.component(component)
        return path.is_file() and path.stat().st_size == component.length

    def missing(self, manifest: Manifest) -> list[Component]:
        return [component for component in manifest.components if not self.has(component)]

    # -- small signed documents

    def keep_document(self, content: bytes, name: str) -> str:
        """Puts a verified document away; its digest. StorageFull, StorageFailed."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.place(digest, name)
        if not path.is_file():
            draft = self.draft(digest)
            try:
                with draft.open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as problem:
                raise disk_error(problem, draft) from problem
            self.adopt(draft, path)
        return digest

    def document(self, digest: str, name: str) -> bytes:
        """ReleaseIncomplete, HashMismatch: what lies on the disk is not what was verified."""
        try:
            content = self.place(digest, name).read_bytes()
        except OSError:
            raise ReleaseIncomplete(f"{name} of the release is not here any more.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise HashMismatch(f"{name} of the release was changed on the disk.")
        return content

    def manifest(self, kept: Kept) -> Manifest:
        kind = ADDON if kept.name else RELEASE
        return read_manifest(self.document(kept.manifest, document_name(kept.target)), kind)

    # -- arriving

    def draft(self, digest: str) -> Path:
        """Where something grows until it is whole."""
        try:
            self.incoming.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise disk_error(problem, self.incoming) from problem
        return self.draft_of(digest)

    def draft_of(self, digest: str) -> Path:
        return self.incoming / f"{digest[:_DIGITS]}.part"

    def adopt(self, draft: Path, path: Path) -> None:
        """Moves a synced draft to its place, so that the name is on the disk, too."""
        try:
            fresh = not path.parent.is_dir()
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
            sync_folder(path.parent)
            if fresh:
                sync_folder(self.parts)
                sync_folder(self.folder)
        except OSError as problem:
            raise disk_error(problem, path) from problem

    # -- reuse and checks

    def pieces(self, state: State) -> dict[str, tuple[Path, int]]:
        """Where the content of each piece lies that is here already: file and offset."""
        found: dict[str, tuple[Path, int]] = {}
        for kept in state.all_kept():
            try:
                manifest = self.manifest(kept)
            except (ReleaseIncomplete, HashMismatch):
                continue  # a damaged old release offers nothing; `verify` names it
            for component in manifest.components:
                offset = 0
                for piece in component.pieces:
                    found.setdefault(piece.sha256, (self.component(component), offset))
                    offset += piece.length
        return found

    def damaged(self, component: Component) -> str:
        """What is wrong with a component on the disk, "" where it is what was signed."""
        path = self.component(component)
        try:
            with open_file(path) as stream:
                for piece in component.pieces:
                    if not _holds(stream, piece):
                        return f"{component.name} is not what was signed."
                if stream.read(1):
                    return f"{component.name} is longer than what was signed."
        except OSError as problem:
            return f"{component.name} cannot be read: {problem.strerror or problem}."
        return ""

    # -- throwing away

    def discard(self, component: Component) -> None:
        """A damaged file goes, so that the next download fetches it anew. StorageFailed where it cannot."""
        path = self.component(component)
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise disk_error(problem, path) from problem

    def sweep(self, state: State) -> None:
        """What no kept release and no begun download needs goes. Never fails: the next sweep tries again."""
        needed = set(state.indexes.values())
        growing: set[str] = set()
        for kept in (*state.all_kept(), *state.wanted):
            needed.add(kept.manifest)
            try:
                digests = {component.digest for component in self.manifest(kept).components}
            except (ReleaseIncomplete, HashMismatch):
                continue
            needed |= digests
            if kept in state.wanted:
                growing |= digests
        _remove(self.parts, {digest[:_DIGITS] for digest in needed})
        _remove(self.incoming, {f"{digest[:_DIGITS]}{end}" for digest in growing for end in (".part", ".json")})
        _remove(self.folder / "trust", set(state.trust.values()))


def _holds(stream: object, piece: Piece) -> bool:
    digest, left = hashlib.sha256(), piece.length
    while left:
        chunk = stream.read(min(left, 1 << 20))  # type: ignore[attr-defined]
        if not chunk:
            return False
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest() == piece.sha256


def document_name(target: str) -> str:
    """The file name of a small signed document here."""
    return target.replace("/", "-")


def _remove(folder: Path, keep: Iterable[str]) -> None:
    wanted = set(keep)
    for path in _entries(folder):
        if path.name in wanted:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return
