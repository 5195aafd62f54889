"""Index and manifests: JSON that is a signed TUF target, read strictly. Pure.

A component (a file) is cut into pieces; a piece is a TUF target named by its content, so that what did not change
between two releases is not fetched again. A component is known by the digest over its pieces.

    releases/index.json          {"format": 1, "releases": [HEAD, ...]}
    releases/2026.09.json        HEAD + {"components": [...], "notes": "Markdown"}
    addons/index.json            the same for AddOns (role `addons`), HEAD with name, needs, needs_release
    addons/NAME/1.2.json
    pieces/HEX, addons/pieces/HEX
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import NotTrusted
from core.releases.model import names
from core.vocabulary.cleaning import clean, clean_lines

FORMAT = 1
RELEASE, ADDON = "release", "addon"
LARGEST_DOCUMENT = 16 << 20
LARGEST_PIECE = 8 << 20
LARGEST_COMPONENT = 64 << 30
KINDS = ("pdx", "plan", "help")
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    sha256: str
    length: int

    def target(self, kind: str) -> str:
        """The TUF target path. Twenty digits tell pieces apart; the whole hash stands in the metadata."""
        return f"{'addons/' if kind == ADDON else ''}pieces/{self.sha256[:20]}"


@dataclass(frozen=True, slots=True)
class Component:
    """One file of a release. `kind`: pdx, plan (TOML) or help (Markdown)."""

    name: str
    kind: str
    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        return sum(piece.length for piece in self.pieces)

    @property
    def digest(self) -> str:
        """The piece's own hash where there is one piece, else the hash over all their hashes."""
        if len(self.pieces) == 1:
            return self.pieces[0].sha256
        return hashlib.sha256("\n".join(piece.sha256 for piece in self.pieces).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """What the index says of one release or AddOn. `released`: seconds since the epoch."""

    kind: str
    version: str
    title: str
    released: int
    size: int
    name: str = ""  # AddOns
    product_groups: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    needs_release: str = ""
    client_minimum: str = ""

    @property
    def target(self) -> str:
        """The manifest's TUF target path."""
        return f"addons/{self.name}/{self.version}.json" if self.kind == ADDON else f"releases/{self.version}.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    head: Head
    components: tuple[Component, ...]
    notes: str = ""

    @property
    def version(self) -> str:
        return self.head.version


def index_target(kind: str) -> str:
    return "addons/index.json" if kind == ADDON else "releases/index.json"


# -- reading


def read_index(content: bytes, kind: str) -> tuple[Head, ...]:
    """Oldest first. NotTrusted for anything that is not exactly this."""
    rows = _list(_document(content), "releases" if kind == RELEASE else "addons")
    heads = tuple(_head(row, kind) for row in rows)
    if len({(head.name, head.version) for head in heads}) != len(heads):
        raise NotTrusted("The index names a release twice.")
    return tuple(sorted(heads, key=lambda head: (head.name, names.version_key(head.version))))


def read_manifest(content: bytes, kind: str) -> Manifest:
    """NotTrusted for anything that is not exactly this."""
    table = _document(content)
    components = tuple(_component(row) for row in _list(table, "components"))
    names.all_different(component.name for component in components)
    manifest = Manifest(_head(table, kind), components, clean_lines(_text(table, "notes", 200_000)))
    if sum(component.length for component in components) != manifest.head.size:
        raise NotTrusted(f"The manifest of {manifest.version} says a wrong size.")
    return manifest


def _document(content: bytes) -> dict[str, Any]:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        raise NotTrusted("A signed document of the release cannot be read.") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise NotTrusted("The release is made for another version of this program.", "Update the program first.")
    return table


def _head(row: Any, kind: str) -> Head:
    if not isinstance(row, dict):
        raise NotTrusted("A signed document of the release cannot be read.")
    addon = kind == ADDON
    return Head(
        kind=kind,
        version=names.version(row.get("version")),
        title=clean(_text(row, "title", 200)),
        released=_number(row, "released", 1 << 40),
        size=_number(row, "size", 1 << 44),
        name=names.ident(row.get("name")) if addon else "",
        product_groups=tuple(clean(group, 60) for group in _list(row, "product_groups", 50)),
        needs=tuple(names.ident(need) for need in _list(row, "needs", 50)) if addon else (),
        needs_release=names.version(row["needs_release"]) if addon and row.get("needs_release") else "",
        client_minimum=names.version(row["client_minimum"]) if row.get("client_minimum") else "",
    )


def _component(row: Any) -> Component:
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        raise NotTrusted("The release holds a file of an unknown kind.", "Update the program first.")
    pieces = tuple(_piece(piece) for piece in _list(row, "pieces"))
    component = Component(names.file_name(row.get("name")), row["kind"], pieces)
    if not pieces or component.length > LARGEST_COMPONENT:
        raise NotTrusted("A file of the release has no usable length.")
    return component


def _piece(row: Any) -> Piece:
    if not isinstance(row, list) or len(row) != 2:
        raise NotTrusted("A signed document of the release cannot be read.")
    length = row[1]
    if type(length) is not int or not 0 <= length <= LARGEST_PIECE:
        raise NotTrusted("A file of the release has no usable length.")
    return Piece(names.digest(row[0]), length)


def _list(table: dict[str, Any], key: str, most: int = _MOST) -> list[Any]:
    rows = table.get(key, [])
    if not isinstance(rows, list) or len(rows) > most:
        raise NotTrusted("A signed document of the release cannot be read.")
    return rows


def _text(table: dict[str, Any], key: str, longest: int) -> str:
    text = table.get(key, "")
    if not isinstance(text, str) or len(text) > longest:
        raise NotTrusted("A signed document of the release cannot be read.")
    return text


def _number(table: dict[str, Any], key: str, largest: int) -> int:
    number = table.get(key, 0)
    if type(number) is not int or not 0 <= number <= largest:
        raise NotTrusted("A signed document of the release cannot be read.")
    return number


# -- writing (the publisher)


def write_index(heads: Sequence[Head], kind: str) -> bytes:
    return _bytes({"format": FORMAT, "releases" if kind == RELEASE else "addons": [_row(head) for head in heads]})


def write_manifest(manifest: Manifest) -> bytes:
    components = [
        {"name": c.name, "kind": c.kind, "pieces": [[piece.sha256, piece.length] for piece in c.pieces]}
        for c in manifest.components
    ]
    return _bytes({"format": FORMAT, **_row(manifest.head), "notes": manifest.notes, "components": components})


def _row(head: Head) -> dict[str, Any]:
    row: dict[str, Any] = {"version": head.version, "title": head.title, "released": head.released, "size": head.size}
    row |= {"name": head.name} if head.kind == ADDON else {}
    for key in ("product_groups", "needs"):
        row |= {key: list(getattr(head, key))} if getattr(head, key) else {}
    for key in ("needs_release", "client_minimum"):
        row |= {key: getattr(head, key)} if getattr(head, key) else {}
    return row


def _bytes(table: dict[str, Any]) -> bytes:
    return json.dumps(table, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
