"""Where a file is cut into pieces, so that a changed release shares as many as possible with the one before. Pure I/O.

A zip (PDX) is cut at its members: a member that did not change is the same bytes, wherever it lies. Small ones run
together; everything else is cut every 8 MiB.
"""

from __future__ import annotations

import hashlib
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import DataInvalid
from core.pc.files import open_file
from core.releases.model.manifest import LARGEST_PIECE, Component, Piece

SMALL = 64 << 10  # smaller members share a piece with their neighbours: a piece costs a request and a line of metadata


def cut(path: Path) -> list[tuple[int, int]]:
    """(offset, length) of each piece. An empty file is one empty piece."""
    size = path.stat().st_size
    marks = sorted({0, size, *_member_marks(path)})
    cuts = []
    for start, end in itertools.pairwise(marks):
        while start < end:
            length = min(LARGEST_PIECE, end - start)
            cuts.append((start, length))
            start += length
    return cuts or [(0, 0)]


def _member_marks(path: Path) -> Iterator[int]:
    try:
        with zipfile.ZipFile(path) as archive:
            offsets = sorted(info.header_offset for info in archive.infolist())
            ends = [*offsets[1:], archive.start_dir]
    except (zipfile.BadZipFile, OSError, ValueError):
        return
    for start, end in zip(offsets, ends, strict=True):
        if end - start >= SMALL:
            yield start
            yield end
    yield ends[-1] if ends else 0


def component_of(path: Path, name: str, kind: str) -> tuple[Component, list[tuple[int, int]]]:
    """The component with its pieces' hashes, and where each lies. DataInvalid where the file cannot be read."""
    try:
        cuts = cut(path)
        with open_file(path) as stream:
            pieces = tuple(Piece(hashlib.sha256(stream.read(length)).hexdigest(), length) for _, length in cuts)
    except OSError as problem:
        raise DataInvalid(f"{path} cannot be read: {problem.strerror or problem}.", file=str(path)) from problem
    return Component(name, kind, pieces), cuts
