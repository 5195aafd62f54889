"""Fetches the components of a release side by side, piece by piece, each checked while it comes; resumes everything.

A component grows in INCOMING/<digest>.part, every piece at its place. A piece counts when its hash holds, so after a
kill what lies there is hashed and only the rest is fetched. Pieces that another release has are copied from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.errors import (
    BackendError,
    DownloadEndless,
    DownloadTooSlow,
    HashMismatch,
    ProductError,
    ReleaseIncomplete,
)
from core.pc.files import open_file
from core.releases.model.manifest import Component, Piece
from core.releases.sources.base import NotThere, Source, Stopped
from core.releases.store.pointer import disk_error
from core.releases.store.shelf import Shelf

WORKERS = 4
_SOURCE_AT_FAULT = (BackendError, DownloadEndless, DownloadTooSlow, HashMismatch, NotThere)

Progress = Callable[[Component, int], None]
"""Called from the workers with a component and the bytes that have just arrived (copied or fetched)."""


@dataclass(slots=True)
class _Growing:
    """One component on its way: its pieces that are still to come and, of broken ones, how much is there."""

    component: Component
    draft: Path
    fresh: bool
    left: int = 0
    begun: dict[str, int] = field(default_factory=dict)


class Downloader:
    """`sources` in the order of preference: what the first does wrong is asked of the next, and `note` is told.

    `path_of` gives a piece's place in the source (from signed metadata). `fetched` counts bytes that were not here.
    """

    def __init__(
        self, shelf: Shelf, sources: Sequence[Source], path_of: Callable[[Piece], str], *,
        progress: Progress, stop: threading.Event, note: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self._shelf, self._sources, self._path_of = shelf, list(sources), path_of
        self._progress, self._stop, self._note = progress, stop, note
        self._failed = threading.Event()
        self._lock = threading.Lock()
        self._have: Mapping[str, tuple[Path, int]] = {}
        self.fetched = 0

    def fetch(self, components: Sequence[Component], have: Mapping[str, tuple[Path, int]]) -> None:
        """All of them whole on the shelf, or an error. Stopped where `stop` was set: what is here stays."""
        self._have = have
        errors: list[BaseException] = []
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="download") as pool:
            for component in components:
                growing = self._begin(component)
                jobs = self._missing(growing)
                growing.left = len(jobs)
                if not jobs:
                    self._finish(growing)
                futures = [pool.submit(self._job, growing, piece, offset, errors) for piece, offset in jobs]
                while sum(not future.done() for future in futures) > WORKERS * 4:
                    next(future for future in futures if not future.done()).result()
                if errors:
                    break
        if errors:
            raise next((error for error in errors if not isinstance(error, Stopped)), errors[0])

    # -- one component

    def _begin(self, component: Component) -> _Growing:
        draft = self._shelf.draft(component.digest)
        fresh = not draft.exists()
        try:
            with draft.open("ab") as stream:
                stream.truncate(component.length)
        except OSError as problem:
            raise disk_error(problem, draft) from problem
        return _Growing(component, draft, fresh, begun=_read_begun(draft))

    def _missing(self, growing: _Growing) -> list[tuple[Piece, int]]:
        """Pieces with their offsets whose bytes in the draft are not theirs."""
        missing, offset = [], 0
        with open_file(growing.draft) as stream:
            for piece in growing.component.pieces:
                if piece.length and (growing.fresh or not _holds(stream, piece, offset)):
                    missing.append((piece, offset))
                else:
                    self._progress(growing.component, piece.length)
                offset += piece.length
        return missing

    def _job(self, growing: _Growing, piece: Piece, offset: int, errors: list[BaseException]) -> None:
        if self._failed.is_set() or self._stop.is_set():
            if not errors:
                errors.append(Stopped())
            return
        try:
            with growing.draft.open("r+b", buffering=0) as draft:
                if not self._copied(draft, piece, offset, growing.component):
                    self._fetched(draft, growing, piece, offset)
            with self._lock:
                growing.begun.pop(piece.sha256, None)
                growing.left -= 1
                whole = growing.left == 0
            if whole:
                self._finish(growing)
        except (ProductError, Stopped) as problem:
            self._give_up(problem, growing, errors)
        except OSError as problem:
            self._give_up(disk_error(problem, growing.draft), growing, errors)

    def _give_up(self, problem: BaseException, growing: _Growing, errors: list[BaseException]) -> None:
        with self._lock:
            errors.append(problem)
            self._failed.set()
            _write_begun(growing.draft, growing.begun)

    def _finish(self, growing: _Growing) -> None:
        try:
            with growing.draft.open("r+b") as stream:
                os.fsync(stream.fileno())
        except OSError as problem:
            raise disk_error(problem, growing.draft) from problem
        self._shelf.adopt(growing.draft, self._shelf.component(growing.component))
        _begun_file(growing.draft).unlink(missing_ok=True)

    # -- one piece

    def _copied(self, draft: IO[bytes], piece: Piece, offset: int, component: Component) -> bool:
        place = self._have.get(piece.sha256)
        if place is None:
            return False
        try:
            with open_file(place[0]) as old:
                if not _holds(old, piece, place[1]):
                    return False
                old.seek(place[1])
                draft.seek(offset)
                left = piece.length
                while left and (chunk := old.read(min(left, 1 << 20))):
                    draft.write(chunk)
                    left -= len(chunk)
        except FileNotFoundError:
            return False
        self._progress(component, piece.length)
        return True

    def _fetched(self, draft: IO[bytes], growing: _Growing, piece: Piece, offset: int) -> None:
        """From the first source that does it right. The last one's fault is the error."""
        sources = self._sources  # another thread may leave one out meanwhile
        for source in sources:
            try:
                self._from(source, draft, growing, piece, offset)
                return
            except _SOURCE_AT_FAULT as problem:
                if source is sources[-1]:
                    raise _plain(problem, growing.component) from problem
                self._drop(source, problem)

    def _from(self, source: Source, draft: IO[bytes], growing: _Growing, piece: Piece, offset: int) -> None:
        begun = min(growing.begun.get(piece.sha256, 0), piece.length)
        if begun and self._arrived(source, draft, growing, piece, offset, begun):
            return
        if not self._arrived(source, draft, growing, piece, offset, 0):
            raise HashMismatch(f"A part of {growing.component.name} from {source.name} is not what was signed.")

    def _arrived(
        self, source: Source, draft: IO[bytes], growing: _Growing, piece: Piece, offset: int, begun: int
    ) -> bool:
        """Fetches from `begun` on; whether the whole piece is what was signed."""
        digest = hashlib.sha256()
        draft.seek(offset)
        if begun:
            digest.update(draft.read(begun))
            self._progress(growing.component, begun)
        done = begun
        for chunk in source.stream(self._path_of(piece), piece.length, begun, self._stopping):
            digest.update(chunk)
            _write_all(draft, chunk)
            done += len(chunk)
            growing.begun[piece.sha256] = done
            self._progress(growing.component, len(chunk))
            self.fetched += len(chunk)
        if done == piece.length and digest.hexdigest() == piece.sha256:
            return True
        growing.begun.pop(piece.sha256, None)
        self._progress(growing.component, -done)
        return False

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._failed.is_set()

    def _drop(self, source: Source, problem: ProductError) -> None:
        with self._lock:
            if source in self._sources[:-1]:
                self._sources = [other for other in self._sources if other is not source]
                self._note(f"{source.name} is left out: {problem.message}")


def _plain(problem: ProductError, component: Component) -> ProductError:
    if isinstance(problem, NotThere):
        return ReleaseIncomplete(f"A part of {component.name} is missing in the source: the bundle is not whole.")
    return problem


def _holds(stream: IO[bytes], piece: Piece, offset: int) -> bool:
    stream.seek(offset)
    digest, left = hashlib.sha256(), piece.length
    while left and (chunk := stream.read(min(left, 1 << 20))):
        if left == piece.length and chunk.count(0) == len(chunk):
            return False  # nothing was ever written here: no need to read the rest of a hole
        digest.update(chunk)
        left -= len(chunk)
    return not left and digest.hexdigest() == piece.sha256


def _write_all(draft: IO[bytes], chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[draft.write(view) :]


def _begun_file(draft: Path) -> Path:
    return draft.with_suffix(".json")


def _read_begun(draft: Path) -> dict[str, int]:
    """How much of broken pieces is there. A hint only: the hash decides."""
    try:
        table = json.loads(_begun_file(draft).read_bytes())
        return {str(key): int(value) for key, value in table.items() if int(value) > 0}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write_begun(draft: Path, begun: Mapping[str, int]) -> None:
    try:
        _begun_file(draft).write_text(json.dumps(begun), encoding="utf-8")
    except OSError:
        pass  # then those pieces are fetched from their beginning
