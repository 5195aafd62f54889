"""The compiled file: a small index that is read at once, and sections that are read when asked for. No pickle.

    8 bytes   b"PBCAT" + three digits of the format
    4 bytes   length of the header, big-endian
    32 bytes  SHA-256 of the header
    header    JSON: {"index": ..., "sections": {name: [offset behind the header, stored length]}}
    sections  zlib, whose own checksum guards each

Files are written beside their place, synced and renamed, so that two processes may write the same one at any time.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import StorageFailed
from core.pc.files import open_file, replace_file

FORMAT = 4  # raise it with every change of what the compiler writes: older files are compiled again
_MAGIC = b"PBCAT%03d" % FORMAT
_FIXED = len(_MAGIC) + 4 + 32
SUFFIX = ".pbcat"


class CacheDamaged(Exception):
    """The compiled file is not what was written: it is thrown away and made anew."""


class CompiledFile:
    """One compiled file, opened: `index` is here, `section(name)` reads on demand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            fixed = stream.read(_FIXED)
            if len(fixed) != _FIXED or not fixed.startswith(_MAGIC):
                raise CacheDamaged("no header")
            length = int.from_bytes(fixed[len(_MAGIC) : len(_MAGIC) + 4], "big")
            header = stream.read(length)
        if hashlib.sha256(header).digest() != fixed[-32:]:
            raise CacheDamaged("the header's hash differs")
        content = json.loads(header)
        self.index: dict[str, Any] = content["index"]
        self._sections: dict[str, list[int]] = content["sections"]
        self._base = _FIXED + length

    def section(self, name: str) -> bytes:
        """The bytes of a section. Raises CacheDamaged, KeyError for a name that was never written."""
        offset, stored = self._sections[name]
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._base + offset)
                return zlib.decompress(stream.read(stored))
        except (OSError, zlib.error) as error:
            raise CacheDamaged(f"section {name}: {error}") from None

    def json_section(self, name: str) -> Any:
        return json.loads(self.section(name))


def write_compiled(path: Path, index: Mapping[str, Any], sections: Mapping[str, bytes]) -> None:
    """Writes a compiled file whole or not at all. Raises StorageFailed."""
    places: dict[str, list[int]] = {}
    stored = []
    offset = 0
    for name, content in sections.items():
        packed = zlib.compress(content, 6)
        places[name] = [offset, len(packed)]
        offset += len(packed)
        stored.append(packed)
    header = json.dumps({"index": index, "sections": places}, ensure_ascii=False, separators=(",", ":")).encode()
    fixed = _MAGIC + len(header).to_bytes(4, "big") + hashlib.sha256(header).digest()
    try:
        replace_file(path, b"".join([fixed, header, *stored]))
    except OSError as error:
        raise StorageFailed(f"{path.parent} cannot be written: {error.strerror or error}.") from error


def place_of(source: Path, directory: Path, layout: int) -> Path:
    """Where the compiled form of `source` lies: named by its content, so that a changed file is another one.

    `layout` stands for the order of fields in the index (stored.LAYOUT).
    """
    digest = hashlib.sha256()
    with open_file(source) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return directory / f"{digest.hexdigest()[:40]}{_ending(layout)}"


def remove_obsolete(directory: Path, layout: int) -> None:
    """Throws away what other versions of the product compiled, and rests of writers that died a day ago."""
    yesterday = time.time() - 86_400
    for path in directory.iterdir():
        outdated = path.suffix == SUFFIX and not path.name.endswith(_ending(layout))
        try:
            if outdated or (path.suffix == ".part" and path.stat().st_mtime < yesterday):
                path.unlink(missing_ok=True)
        except OSError:
            continue  # in use by another process: it will go next time


def _ending(layout: int) -> str:
    return f"-{FORMAT}-{layout:08x}{SUFFIX}"
