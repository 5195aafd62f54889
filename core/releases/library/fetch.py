"""Downloading: the manifest, what its pieces must be, the room on the disk, then the components."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import MixedRelease, ReleaseIncomplete, StorageFull
from core.releases.library.base import Origin, silent
from core.releases.library.search import Searching
from core.releases.model.manifest import Component, Head, Manifest, read_manifest
from core.releases.model.names import version_key
from core.releases.sources.base import Source
from core.releases.store.pointer import Kept, replace
from core.releases.store.shelf import document_name

if TYPE_CHECKING:
    from core.releases.trust.repository import Repository
    from core.releases.work.progress import Advance

_SPARE = 32 << 20  # bytes that a download leaves free


class Fetching(Searching):
    def download(
        self, origin: Origin, head: Head, *, tell: Callable[[Advance], None] = lambda advance: None,
        stop: threading.Event | None = None, note: Callable[[str], None] = silent,
    ) -> Kept:  # fmt: skip
        """All of it on the shelf, verified; resumes what was begun. Stopped keeps what is here for the next time."""
        with self._locked():
            return self._first_that_works(
                origin, note, lambda source, anchor: self._downloaded(origin, source, head, tell, stop, note)
            )

    def _downloaded(
        self, origin: Origin, source: Source, head: Head, tell: Callable[[Advance], None],
        stop: threading.Event | None, note: Callable[[str], None],
    ) -> Kept:  # fmt: skip
        from core.releases.work.download import Downloader
        from core.releases.work.progress import ProgressBook

        with self._repository(source, origin.anchor) as repository:
            content = self._manifest_document(repository, head)
            manifest = read_manifest(content, head.kind)
            self._check_program(head)
            places = self._places(repository, manifest)
        kept = Kept(head.version, "", head.name)
        kept = replace(kept, manifest=self.shelf.keep_document(content, document_name(kept.target)))
        state = self.state
        self._commit(wanted=tuple(dict.fromkeys((*state.wanted, kept))), warning=repository.warning)
        missing = self.shelf.missing(manifest)
        book = ProgressBook(manifest.components, tell)
        for component in manifest.components:
            if component not in missing:
                book.add(component, component.length)
        have = self.shelf.pieces(self.state)
        self._check_room(missing)
        order = origin.sources[origin.sources.index(source) :] if source in origin.sources else (source,)
        downloader = Downloader(
            self.shelf, order, lambda piece: places[piece.sha256],
            progress=book.add, stop=stop or threading.Event(), note=note,
        )  # fmt: skip
        downloader.fetch(missing, have)
        state = self.state
        self._commit(
            wanted=tuple(entry for entry in state.wanted if entry != kept),
            kept=tuple(dict.fromkeys((*state.kept, kept))),
        )
        self.shelf.sweep(self.state)
        return kept

    def _places(self, repository: Repository, manifest: Manifest) -> dict[str, str]:
        """Where each piece lies in the source. MixedRelease where the targets' metadata say otherwise."""
        places = {}
        for piece in (piece for component in manifest.components for piece in component.pieces):
            if piece.sha256 in places:
                continue
            expected = repository.expected(piece.target(manifest.head.kind))
            if expected is None:
                raise ReleaseIncomplete(f"A part of {manifest.version} is not signed: the bundle is not whole.")
            if expected.length != piece.length or expected.hashes.get("sha256") != piece.sha256:
                raise MixedRelease(f"Manifest and metadata of {manifest.version} contradict each other: mix-and-match.")
            places[piece.sha256] = expected.path
        return places

    def _check_program(self, head: Head) -> None:
        if version_key(head.client_minimum) > version_key(self._product):
            raise ReleaseIncomplete(
                f"{head.title or head.version} needs version {head.client_minimum} of this program; "
                f"this is {self._product}.",
                "Update the program first.",
            )

    def _check_room(self, missing: Sequence[Component]) -> None:
        need = sum(component.length for component in missing)
        free = self.free_bytes()
        if missing and free < need + _SPARE:
            raise StorageFull(
                f"{need / 1e6:,.0f} MB are to be stored in {self.folder}, and {free / 1e6:,.0f} MB are free there."
            )
