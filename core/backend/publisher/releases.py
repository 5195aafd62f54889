"""Putting releases and AddOns into the repository, and taking them out: pieces, manifest, index, signatures."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuf.api.metadata import TargetFile

from core.backend.publisher.pieces import component_of
from core.backend.publisher.repository import ADDONS, StaticRepository
from core.errors import DataInvalid, NotTrusted, UsageError
from core.pc.files import write_file
from core.releases.model import names
from core.releases.model.manifest import (
    ADDON,
    RELEASE,
    Component,
    Head,
    Manifest,
    index_target,
    read_index,
    read_manifest,
    write_index,
    write_manifest,
)

_KINDS = {".pdx": "pdx", ".toml": "plan", ".md": "help"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be published. `files`: name in the release -> file (PDX, plan as TOML, help as Markdown)."""

    version: str
    title: str
    files: Mapping[str, Path]
    notes: str = ""
    name: str = ""  # of an AddOn
    product_groups: Sequence[str] = ()
    needs: Sequence[str] = ()
    needs_release: str = ""
    client_minimum: str = ""
    released: int = 0

    @property
    def kind(self) -> str:
        return ADDON if self.name else RELEASE


class Publisher:
    def __init__(self, repository: StaticRepository) -> None:
        self._repository = repository

    def heads(self, kind: str) -> tuple[Head, ...]:
        content = self._target(index_target(kind))
        return read_index(content, kind) if content else ()

    def publish(self, draft: Draft) -> Manifest:
        """UsageError for a bad name or a version that is there; DataInvalid for a file that cannot be read."""
        heads = self.heads(draft.kind)
        if any((head.name, head.version) == (draft.name, draft.version) for head in heads):
            raise UsageError(
                f"{draft.name or 'Release'} {draft.version} is published already.", "Take the next version."
            )
        parts = [(*component_of(path, name, _kind(name)), path) for name, path in sorted(draft.files.items())]
        manifest = _manifest(draft, [component for component, _, _ in parts])
        added: dict[str, TargetFile] = {}
        for component, cuts, path in parts:
            self._store_pieces(component, cuts, path, draft.kind, added)
        self._store(manifest.head.target, write_manifest(manifest), added)
        self._store(index_target(draft.kind), write_index([*heads, manifest.head], draft.kind), added)
        self._repository.sign_targets(_role(draft.kind), added, [])
        return manifest

    def withdraw(self, version: str, name: str = "") -> None:
        """Takes it out of index and metadata; pieces that nothing else needs go from the disk. UsageError."""
        kind = ADDON if name else RELEASE
        heads = self.heads(kind)
        left = [head for head in heads if (head.name, head.version) != (name, version)]
        if len(left) == len(heads):
            raise UsageError(f"{name or 'Release'} {version} is not published.")
        gone = next(head for head in heads if head not in left)
        needed = {piece for head in left for piece in self._piece_targets(head)}
        remove = [gone.target, *(set(self._piece_targets(gone)) - needed)]
        targets = self._repository.targets(_role(kind)).targets
        files = [self._place(path, targets[path]) for path in remove if path in targets]
        added: dict[str, TargetFile] = {}
        self._store(index_target(kind), write_index(left, kind), added)
        self._repository.sign_targets(_role(kind), added, remove)
        for file in files:
            file.unlink(missing_ok=True)

    # -- inside

    def _piece_targets(self, head: Head) -> list[str]:
        content = self._target(head.target)
        if content is None:
            return []
        manifest = read_manifest(content, head.kind)
        return [piece.target(head.kind) for component in manifest.components for piece in component.pieces]

    def _store_pieces(
        self, component: Component, cuts: Sequence[tuple[int, int]], path: Path, kind: str, added: dict[str, TargetFile]
    ) -> None:
        with path.open("rb") as stream:
            for piece, (offset, length) in zip(component.pieces, cuts, strict=True):
                target = piece.target(kind)
                if target not in added:
                    stream.seek(offset)
                    self._store(target, stream.read(length), added)
                if added[target].hashes["sha256"] != piece.sha256:
                    raise DataInvalid(f"{path} changed while it was read, or two pieces share a name.", file=str(path))

    def _store(self, target: str, content: bytes, added: dict[str, TargetFile]) -> None:
        info = TargetFile(len(content), {"sha256": hashlib.sha256(content).hexdigest()}, target)
        place = self._place(target, info)
        if not (place.is_file() and place.stat().st_size == len(content)):
            write_file(place, content, what="The repository")
            place.chmod(0o644)  # a web server of another user reads it
        added[target] = info

    def _place(self, target: str, info: TargetFile) -> Path:
        folder, slash, name = target.rpartition("/")
        return self._repository.targets_folder / f"{folder}{slash}{info.hashes['sha256']}.{name}"

    def _target(self, target: str) -> bytes | None:
        role = ADDONS if target.startswith("addons/") else "targets"
        info = self._repository.targets(role).targets.get(target)
        return self._place(target, info).read_bytes() if info else None


def _manifest(draft: Draft, components: Sequence[Component]) -> Manifest:
    """Read back as a client will read it, so that nothing is published that no client takes."""
    head = Head(
        kind=draft.kind, version=draft.version, title=draft.title, released=draft.released or int(time.time()),
        size=sum(component.length for component in components), name=draft.name,
        product_groups=tuple(draft.product_groups), needs=tuple(draft.needs), needs_release=draft.needs_release,
        client_minimum=draft.client_minimum,
    )  # fmt: skip
    manifest = Manifest(head, tuple(components), draft.notes)
    try:
        if draft.name:
            names.ident(draft.name)
        read = read_manifest(write_manifest(manifest), draft.kind)
    except NotTrusted as problem:
        raise UsageError(problem.message, "Choose another name or version.") from problem
    if read != manifest:
        raise UsageError("Title, groups or notes cannot be published as they are.", "Shorten them.")
    return replace(manifest)


def _kind(name: str) -> str:
    kind = _KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise UsageError(f"{name} is no file for a release.", "Take PDX files, plans (.toml) and help pages (.md).")
    return kind


def _role(kind: str) -> str:
    return ADDONS if kind == ADDON else "targets"
