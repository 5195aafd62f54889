"""Writes one release as a zip (C12): a small repository with its metadata, checked elsewhere as on the network."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from core.errors import HashMismatch, ReleaseIncomplete
from core.pc.files import sync_folder
from core.releases.model.manifest import Manifest
from core.releases.store.pointer import disk_error
from core.releases.store.shelf import Shelf

_WRITTEN = (2020, 1, 1, 0, 0, 0)
START = """This is a release of Passbay, made by its Update Service. It is whole: metadata, signatures and data.

Install it on another PC, from the zip file or from the folder that it was unpacked to:

    passbay releases install THIS.zip
    passbay releases install THIS-FOLDER

or in the Update Service: Import. It is checked there exactly as if it came from the server.
"""


def write_export(
    place: Path, documents: Sequence[tuple[str, bytes]], manifest: Manifest, shelf: Shelf,
    places: Mapping[str, str], progress: Callable[[int], None] = lambda count: None,
) -> None:  # fmt: skip
    """`documents`: (name in the zip, content); `places`: name in the zip by a piece's hash. Whole or not at all.

    ReleaseIncomplete, HashMismatch, StorageFull, StorageFailed.
    """
    draft = ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=place.parent, prefix=".passbay-", suffix=".part")
        with os.fdopen(descriptor, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for name, content in (("START.txt", START.encode()), *documents):
                    archive.writestr(zipfile.ZipInfo(name, _WRITTEN), content)
                _write_pieces(archive, manifest, shelf, places, progress)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(place)
        sync_folder(place.parent)
    except OSError as problem:
        raise disk_error(problem, place) from problem
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)


def _write_pieces(
    archive: zipfile.ZipFile,
    manifest: Manifest,
    shelf: Shelf,
    places: Mapping[str, str],
    progress: Callable[[int], None],
) -> None:
    written: set[str] = set()
    for component in manifest.components:
        problem = shelf.damaged(component)
        if problem:
            raise HashMismatch(f"Not exported: {problem}", "Download the release again.")
        with shelf.component(component).open("rb") as source:
            for piece in component.pieces:
                name = places[piece.sha256]
                if name in written:
                    source.seek(piece.length, os.SEEK_CUR)
                    continue
                written.add(name)
                info = zipfile.ZipInfo(name, _WRITTEN)
                info.file_size = piece.length
                with archive.open(info, "w") as member:
                    for chunk in _chunks(source, piece.length):
                        member.write(chunk)
                progress(piece.length)


def _chunks(source: object, length: int) -> Iterator[bytes]:
    while length:
        chunk: bytes = source.read(min(length, 1 << 20))  # type: ignore[attr-defined]
        if not chunk:
            raise ReleaseIncomplete("A file became shorter while it was exported.")
        length -= len(chunk)
        yield chunk
