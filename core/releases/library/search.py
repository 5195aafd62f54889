"""Looking at a source: TUF's workflow in a copy of the trusted metadata, the indexes, one source after another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from core.errors import BackendError, MixedRelease, ProductError, ReleaseError, StorageFailed, StorageFull
from core.releases.library.base import LibraryBase, Origin, silent
from core.releases.model.manifest import (
    ADDON,
    LARGEST_DOCUMENT,
    RELEASE,
    Head,
    index_target,
    read_index,
    read_manifest,
)
from core.releases.sources.base import Source
from core.releases.store.shelf import document_name

if TYPE_CHECKING:
    from core.releases.trust.repository import Repository

T = TypeVar("T")


class Searching(LibraryBase):
    def search(self, origin: Origin, note: Callable[[str], None] = silent) -> None:
        """Refreshes the trusted metadata and the indexes. One error class for each attack; the old state stays."""
        with self._locked():
            self._first_that_works(origin, note, self._searched)

    def _searched(self, source: Source, anchor: bytes) -> None:
        with self._repository(source, anchor) as repository:
            documents = {}
            for kind in (RELEASE, ADDON):
                target = index_target(kind)
                expected = repository.expected(target)
                if expected is None and kind == ADDON:
                    continue  # no AddOns are published there
                content = repository.document(target, LARGEST_DOCUMENT)
                documents[target] = content
                for head in _worth_a_look(read_index(content, kind)):
                    documents[head.target] = self._manifest_document(repository, head)
        indexes = {target: self.shelf.keep_document(text, document_name(target)) for target, text in documents.items()}
        self._commit(indexes=indexes, searched=self._clock(), warning=repository.warning)

    def _manifest_document(self, repository: Repository, head: Head) -> bytes:
        content = repository.document(head.target, LARGEST_DOCUMENT)
        manifest = read_manifest(content, head.kind)
        if manifest.head != head:
            raise MixedRelease(
                f"Index and manifest of {head.name} {head.version} contradict each other: mix-and-match."
            )
        return content

    @contextmanager
    def _repository(self, source: Source, anchor: bytes) -> Iterator[Repository]:
        """Refreshed. What was verified stays trusted, also where the rest was refused (a new root must not be lost)."""
        from core.releases.trust.kept import anchor_id, new_generation, sync_generation
        from core.releases.trust.repository import Repository

        identity = anchor_id(anchor)
        root = self.folder / "trust"
        fresh = new_generation(root, identity, self.state.trust.get(identity, ""))

        def keep() -> None:
            sync_generation(fresh)
            self._commit(trust={**self.state.trust, identity: fresh.name})

        try:
            repository = Repository(fresh, source, anchor)
            repository.refresh()
            yield repository
        except (StorageFailed, StorageFull):
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        except ProductError:
            keep()
            raise
        keep()

    def _first_that_works(self, origin: Origin, note: Callable[[str], None], action: Callable[[Source, bytes], T]) -> T:
        """The near store first, the source behind it where that one fails. The last one's error counts."""
        for source in origin.sources[:-1]:
            try:
                return action(source, origin.anchor)
            except StorageFull:
                raise
            except (ReleaseError, BackendError) as problem:
                note(f"{source.name} is left out: {problem.message}")
        return action(origin.sources[-1], origin.anchor)


def _worth_a_look(heads: Iterable[Head]) -> list[Head]:
    """The newest release or the newest of each AddOn: their manifests tell what a download would fetch."""
    return list({head.name: head for head in heads}.values())
