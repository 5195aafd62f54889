"""The three commands of TUF's conformance suite, through the product's own repository, fetcher and download."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from core.errors import HashMismatch, ReleaseIncomplete, StorageFailed
from core.pc.files import write_file


def init(metadata: Path, root: Path) -> None:
    """Trusts `root` from now on. No request."""
    try:
        metadata.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root, metadata / "root.json")
    except OSError as problem:
        raise StorageFailed(f"{root} cannot be taken: {problem}.") from problem


def refresh(metadata: Path, metadata_url: str) -> None:
    from core.releases.sources.http import HttpSource
    from core.releases.trust.repository import Repository

    Repository(metadata, HttpSource(""), None, metadata=_slashed(metadata_url)).refresh()


def download(metadata: Path, metadata_url: str, names: Sequence[str], base: str, target: Path) -> None:
    """Each target in this order; one that is here already with the right hashes is not fetched again."""
    from core.releases.sources.http import HttpSource
    from core.releases.trust.repository import Expected, Repository, matches

    source = HttpSource("")
    repository = Repository(metadata, source, None, metadata=_slashed(metadata_url), targets=_slashed(base))
    repository.refresh()

    def same(path: Path, expected: Expected) -> bool:
        return path.is_file() and path.stat().st_size == expected.length and matches(path.read_bytes(), expected)

    for name in names:
        expected = repository.expected(name)
        if expected is None:
            raise ReleaseIncomplete(f"{name} is signed by nobody who may.")
        place = target / quote(name, "")
        if same(place, expected):
            continue
        digests = {kind: hashlib.new(kind) for kind in expected.hashes}
        content = bytearray()
        for chunk in source.stream(expected.path, expected.length):
            content += chunk
            for digest in digests.values():
                digest.update(chunk)
        if len(content) != expected.length or any(
            digest.hexdigest() != expected.hashes[kind] for kind, digest in digests.items()
        ):
            raise HashMismatch(f"{name} is not what was signed.")
        write_file(place, bytes(content))


def _slashed(url: str) -> str:
    return url if url.endswith("/") else url + "/"
