"""The three commands of TUF's conformance suite, through the product's own repository, fetcher and download."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from core.errors import HashMismatch, ReleaseIncomplete, StorageFailed
from core.pc.files import write_file

if TYPE_CHECKING:
    from core.releases.trust.repository import Expected


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

    with closing(HttpSource("")) as source:
        Repository(metadata, source, None, metadata=_slashed(metadata_url)).refresh()


def download(metadata: Path, metadata_url: str, names: Sequence[str], base: str, target: Path) -> None:
    """Each target in this order; one that is here already with the right hashes is not fetched again."""
    from core.releases.sources.http import HttpSource
    from core.releases.trust.repository import Repository

    with closing(HttpSource("")) as source:
        repository = Repository(metadata, source, None, metadata=_slashed(metadata_url), targets=_slashed(base))
        repository.refresh()
        for name in names:
            expected = repository.expected(name)
            if expected is None:
                raise ReleaseIncomplete(f"{name} is signed by nobody who may.")
            place = target / quote(name, "")
            if not (place.is_file() and _right(place.read_bytes(), expected)):
                content = b"".join(source.stream(expected.path, expected.length))
                if not _right(content, expected):
                    raise HashMismatch(f"{name} is not what was signed.")
                write_file(place, content)


def _right(content: bytes, expected: Expected) -> bool:
    from core.releases.trust.repository import matches

    return len(content) == expected.length and matches(content, expected)


def _slashed(url: str) -> str:
    return url if url.endswith("/") else url + "/"
