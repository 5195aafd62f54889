"""Releases by hand: taking them in from a stick or an exported zip, and exporting one (C12)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ReleaseIncomplete, RolledBack
from core.releases.library.base import Origin, silent
from core.releases.library.fetch import Fetching
from core.releases.model.manifest import ADDON, LARGEST_DOCUMENT, RELEASE, Head, index_target, read_index
from core.releases.sources.base import NotThere, Source
from core.releases.store.pointer import Kept
from core.releases.store.shelf import document_name

if TYPE_CHECKING:
    from core.releases.trust.repository import Repository
    from core.releases.work.progress import Advance


class Exchange(Fetching):
    def take_in(
        self, source: Source, anchor: bytes, *, tell: Callable[[Advance], None] = lambda advance: None,
        stop: threading.Event | None = None,
    ) -> list[Kept]:  # fmt: skip
        """The newest release and AddOns in an exported zip or a folder; checked as on the network.

        Where this PC has seen newer metadata, those judge what the archive holds.
        """
        try:
            return self._taken(source, anchor, tell, stop)
        except RolledBack:
            from core.releases.trust.kept import KeptMetadata, anchor_id

            generation = self.state.trust.get(anchor_id(anchor), "")
            newer = KeptMetadata(self.folder / "trust" / generation, source, self._indexes_here())
            return self._taken(newer, anchor, tell, stop)

    def _indexes_here(self) -> dict[str, bytes]:
        """The indexes of the last search by their place in a repository: the archive holds older ones."""
        found = {}
        for target, digest in self.state.indexes.items():
            if target not in (index_target(RELEASE), index_target(ADDON)):
                continue
            folder, _, name = target.rpartition("/")
            found[f"targets/{folder}/{digest}.{name}"] = self.shelf.document(digest, document_name(target))
        return found

    def _taken(
        self, source: Source, anchor: bytes, tell: Callable[[Advance], None], stop: threading.Event | None
    ) -> list[Kept]:
        taken = []
        with self._locked():
            with self._repository(source, anchor) as repository:
                heads = list(self._heads_in(repository))
            self._commit(warning=repository.warning)
            for head in heads:
                taken.append(self._downloaded(Origin((source,), anchor), source, head, tell, stop, silent))
        if not taken:
            raise ReleaseIncomplete(f"{source.name} holds no whole release.")
        return taken

    def _heads_in(self, repository: Repository) -> Iterator[Head]:
        """The newest release and the newest of each AddOn whose manifest is there: an index names all."""
        for kind in (RELEASE, ADDON):
            try:
                heads = read_index(repository.document(index_target(kind), LARGEST_DOCUMENT), kind)
            except (ReleaseIncomplete, NotThere):
                continue
            found: set[str] = set()
            for head in reversed(heads):
                if head.name in found:
                    continue
                try:
                    self._manifest_document(repository, head)
                except (ReleaseIncomplete, NotThere):
                    continue
                found.add(head.name)
                yield head

    def export(self, kept: Kept, anchor: bytes, place: Path, progress: Callable[[int], None] = lambda n: None) -> Path:
        """A zip of this release with the metadata that vouch for it. ReleaseIncomplete where they do not any more."""
        from core.releases.trust.kept import KeptMetadata, anchor_id
        from core.releases.work.export import write_export

        generation = self.state.trust.get(anchor_id(anchor), "")
        if not generation:
            raise ReleaseIncomplete(f"Nothing vouches for {kept.key} here.", "Search first, then export.")
        metadata = KeptMetadata(self.folder / "trust" / generation)
        with self._locked(), self._repository(metadata, anchor) as repository:
            manifest = self.manifest(kept)
            documents = [(f"metadata/{name}", content) for name, content in metadata.files]
            index = index_target(manifest.head.kind)
            for target, digest in ((index, self.state.indexes.get(index, "")), (kept.target, kept.manifest)):
                expected = repository.expected(target)
                if expected is None or expected.hashes.get("sha256") != digest:
                    raise ReleaseIncomplete(f"{kept.key} is not what is offered now.", "Search first, then export.")
                documents.append((expected.path, self.shelf.document(digest, document_name(target))))
            places = self._places(repository, manifest)
            write_export(place, documents, manifest, self.shelf, places, progress)
        return place
