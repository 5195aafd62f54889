"""From the settings to sources: the demo of this PC, a server, a folder, a zip, with or without Retail Data Storage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotTrusted, SettingsInvalid
from core.pc.files import write_file
from core.vocabulary import SourceCheck, UpdateSource
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.releases.library import Origin
    from core.releases.sources.base import Source

_LARGEST_ROOT = 512_000


@contextmanager
def opened(source: UpdateSource, paths: WorkbenchPaths) -> Iterator[Origin]:
    """The origin with its sources open. NotTrusted without a trust anchor, BackendUnreachable, ..."""
    from core.releases.library import Origin

    anchor = anchor_of(source, paths)
    sources = [source_of(place, paths) for place in (source.rds, source.url) if place]
    if not source.url:
        sources.append(source_of(str(demo_folder(paths)), paths))
    try:
        yield Origin(tuple(sources), anchor)
    finally:
        for opened_source in sources:
            opened_source.close()


def source_of(place: str, paths: WorkbenchPaths) -> Source:
    """An address, a folder or a zip file. SettingsInvalid, NotThere, NotTrusted for a bad archive."""
    if place.startswith(("http://", "https://")):
        from core.releases.sources.http import HttpSource

        return HttpSource(place)
    if "://" in place:
        raise SettingsInvalid(f"{place} is no source for releases.", "Give an http(s) address, a folder or a zip file.")
    path = Path(place)
    if path.is_file():
        from core.releases.sources.archive import ZipSource

        return ZipSource(path)
    from core.releases.sources.folder import FolderSource

    return FolderSource(path, offline=path != demo_folder(paths))


def demo_folder(paths: WorkbenchPaths) -> Path:
    return paths.backend / "releases"


def anchor_of(source: UpdateSource, paths: WorkbenchPaths) -> bytes:
    """The root metadata that the user trusts for this source; the demo's own where nothing was configured."""
    if source.trust:
        try:
            return Path(source.trust).read_bytes()
        except OSError as problem:
            raise NotTrusted(
                f"The trusted root metadata {source.trust} cannot be read: {problem.strerror}.",
                "Configure the Update Service: name the root.json that the publisher gave you.",
            ) from problem
    if source.url:
        raise NotTrusted(
            f"Nothing says yet whom to trust for {source.url}.",
            "Configure the Update Service: name the root.json that the publisher gave you.",
        )
    from core.workbench.releases.demo import ensure_demo

    return ensure_demo(demo_folder(paths), paths.backend / "release-keys")


def keep_anchor(file: Path, paths: WorkbenchPaths) -> Path:
    """Copies root metadata into the configuration, so that the stick may go. NotTrusted where it is none."""
    from core.releases.trust.anchor import describe

    try:
        if file.stat().st_size > _LARGEST_ROOT:
            raise NotTrusted(f"{file} is too large to be root metadata.")
        content = file.read_bytes()
    except OSError as problem:
        raise NotTrusted(
            f"{file} cannot be read: {problem.strerror}.", "Name the root.json of the publisher."
        ) from problem
    kept = paths.trust / f"{describe(content).fingerprint[:16]}.root.json"
    write_file(kept, content, what="The trusted root metadata")
    return kept


def check(source: UpdateSource, paths: WorkbenchPaths) -> tuple[SourceCheck, ...]:
    """Each place asked, and the whole workflow of trust tried. Never raises for what is wrong there."""
    from core.errors import ProductError

    lines = []
    try:
        anchor = anchor_of(source, paths)
        lines.append(_trust_line(anchor))
    except ProductError as problem:
        return (SourceCheck("trust", False, problem.message, None, problem.advice),)
    places = [("Retail Data Storage", source.rds)] if source.rds else []
    places.append(("source", source.url or str(demo_folder(paths))))
    for name, place in places:
        began = time.monotonic()
        try:
            words = _tried(place, anchor, paths)
            lines.append(SourceCheck(name, True, words, (time.monotonic() - began) * 1000))
        except ProductError as problem:
            spent = (time.monotonic() - began) * 1000
            lines.append(SourceCheck(name, False, problem.message, spent, problem.advice))
    return tuple(lines)


def _trust_line(anchor: bytes) -> SourceCheck:
    from core.releases.trust.anchor import describe

    described = describe(anchor)
    return SourceCheck("trust", True, f"root version {described.version}, fingerprint {described.fingerprint[:16]}")


def _tried(place: str, anchor: bytes, paths: WorkbenchPaths) -> str:
    """A look with a scratch copy of nothing: what is trusted here is not changed by a check."""
    import tempfile

    from core.releases.trust.repository import Repository

    source = source_of(place, paths)
    try:
        with tempfile.TemporaryDirectory(prefix="passbay-check-") as scratch:
            repository = Repository(Path(scratch), source, anchor)
            repository.refresh()
            return repository.warning or f"{place} answers, and its signatures hold"
    finally:
        source.close()
