"""Signed documents are read strictly: a signer's mistake, or a stolen key, still names no file outside its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.backend.publisher.pieces import component_of, cut
from core.errors import NotTrusted, UsageError
from core.releases.model import names
from core.releases.model.manifest import LARGEST_PIECE, RELEASE, read_index, read_manifest
from tests.releases.shop import Shop, some_bytes, write_zip

PIECE = ["a" * 64, 5]
GOOD = {
    "format": 1, "version": "2026.09", "title": "T", "released": 1, "size": 5,
    "components": [{"name": "car.pdx", "kind": "pdx", "pieces": [PIECE]}],
}  # fmt: skip


def _read(**changes: object) -> None:
    read_manifest(json.dumps(GOOD | changes).encode(), RELEASE)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x", "a/b", "a\\b", "C:x", "/etc/passwd", "CON", "con.pdx", "COM1", "nul.txt", "x.", "x ",
        " x", ".hidden", "a\0b", "a\x1b[31m", "a\u202eb", "a\u200bb", "a\nb", "x" * 121, "ä" * 61, 7, None,
    ],
)  # fmt: skip
def test_forbidden_names(name: object) -> None:
    with pytest.raises(NotTrusted):
        names.file_name(name)


@pytest.mark.parametrize("name", ["car.pdx", "Größe 1.pdx", "工場.md", "a" * 120, "constant.pdx", "a-b_c (2).toml"])
def test_allowed_names(name: str) -> None:
    assert names.file_name(name) == name


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2}, {"version": "1.x"}, {"version": ""}, {"size": 6}, {"size": -1}, {"size": True}, {"title": 5},
        {"components": {}}, {"components": [{"name": "a.exe", "kind": "program", "pieces": [PIECE]}]},
        {"components": [{"name": "a.pdx", "kind": "pdx", "pieces": []}], "size": 0},
        {"components": [{"name": "a.pdx", "kind": "pdx", "pieces": [["A" * 64, 5]]}]},
        {"components": [{"name": "a.pdx", "kind": "pdx", "pieces": [["a" * 64, LARGEST_PIECE + 1]]}]},
        {"components": [{"name": n, "kind": "pdx", "pieces": [PIECE]} for n in ("a.pdx", "A.PDX")], "size": 10},
    ],
)  # fmt: skip
def test_refused_manifests(changes: dict[str, object]) -> None:
    _read()
    with pytest.raises(NotTrusted):
        _read(**changes)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b'{"format": 1, "releases": [5]}', b"\xff"])
def test_refused_indexes(content: bytes) -> None:
    with pytest.raises(NotTrusted):
        read_index(content, RELEASE)


def test_words_of_a_publisher_are_harmless() -> None:
    hostile = "\x1b]0;PWNED\x07\u202e[/x]"
    table = GOOD | {"title": hostile, "notes": f"# one\n{hostile}\n", "product_groups": [hostile]}
    manifest = read_manifest(json.dumps(table).encode(), RELEASE)
    words = manifest.head.title + manifest.notes + "".join(manifest.head.product_groups)
    assert not {"\x1b", "\x07", "\u202e"} & set(words) and manifest.notes.count("\n") == 2


def test_versions_are_numbers() -> None:
    order = ["", "1.2", "1.10", "2026.06", "2026.09", "2026.09.1", "2026.12"]
    assert sorted(order, key=names.version_key) == order


def test_cutting_covers_every_byte_once(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(some_bytes(1, LARGEST_PIECE * 2 + 17))
    archive = write_zip(tmp_path / "a.pdx", {f"m{n}": some_bytes(n, n * 9_000) for n in range(20)})
    empty = tmp_path / "empty"
    empty.touch()
    for path in (big, archive, empty):
        component, cuts = component_of(path, path.name, "pdx")
        assert [offset for offset, _ in cuts] == [sum(length for _, length in cuts[:n]) for n in range(len(cuts))]
        assert component.length == path.stat().st_size
        assert all(length <= LARGEST_PIECE for _, length in cuts)
    assert len(cut(big)) == 3 and len(cut(archive)) > 10 and cut(empty) == [(0, 0)]


def test_a_publisher_is_told_what_cannot_be_published(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    for version, files in (("x", {"a.pdx": b"1"}), ("1.0", {"a.exe": b"1"}), ("1.0", {"CON.pdx": b"1"})):
        with pytest.raises(UsageError):
            shop.release(version, files)
        for rest in (shop.folder / "files").glob("*"):
            rest.rename(tmp_path / f"{rest.name}-{len(list(tmp_path.iterdir()))}")
    with pytest.raises(UsageError):
        shop.addon("Bad Name", "1.0", {"a.pdx": b"1"})
    assert shop.publisher.heads(RELEASE) == ()
