"""One look at a repository: TUF's workflow from root to targets, then signed documents and what pieces must be.

python-tuf decides; this wires it, names the attack behind each refusal, and lets an offline source be too old, with
its age said aloud. Rollback, signatures and hashes are checked there exactly as on the network.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Metadata, TargetFile
from tuf.ngclient import Updater

from core.errors import (
    HashMismatch,
    MetadataExpired,
    MixedRelease,
    NotTrusted,
    ProductError,
    ReleaseIncomplete,
    RolledBack,
)
from core.releases.sources.base import NotThere, Source
from core.releases.store.pointer import disk_error
from core.releases.trust.fetcher import SourceFetcher
from core.vocabulary.cleaning import clean

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Expected:
    """What the signed metadata says of a target: where it lies in the source, and what it must be."""

    path: str
    length: int
    hashes: dict[str, str]


class _Updater(Updater):
    def __init__(
        self, folder: Path, fetcher: SourceFetcher, anchor: bytes | None, metadata: str, ageless: bool
    ) -> None:
        super().__init__(str(folder), metadata, fetcher=fetcher, bootstrap=anchor)
        if ageless:
            # tuf 7 has no public way to say "as of then"; only expiry hangs on this time
            self._trusted_set.reference_time = _LONG_AGO

    @property
    def consistent(self) -> bool:
        return bool(self._trusted_set.root.consistent_snapshot)


class Repository:
    """`folder` holds the trusted metadata and is changed by `refresh`. `anchor`: the root that the user trusts; None
    takes the cached one. `warning` says how old the metadata of an offline source is, "" where it is not.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        anchor: bytes | None,
        *,
        metadata: str = "metadata/",
        targets: str = "targets/",
    ) -> None:
        self.warning = ""
        self._folder, self._source, self._anchor = folder, source, anchor
        self._metadata, self._targets = metadata, targets if targets.endswith("/") else targets + "/"
        self._fetcher = SourceFetcher(source)
        with self._translated():
            self._updater = self._new(ageless=False)

    def refresh(self) -> None:
        """Root, timestamp, snapshot, targets. One error class for each attack."""
        try:
            with self._translated():
                self._updater.refresh()
        except MetadataExpired:
            if not self._source.offline:
                raise
            with self._translated():
                self._updater = self._new(ageless=True)
                self._updater.refresh()
            self.warning = self._age()

    def expected(self, target: str) -> Expected | None:
        """None where nobody who may has signed such a target."""
        with self._translated():
            info = self._updater.get_targetinfo(target)
        return None if info is None else self._expected(info)

    def document(self, target: str, limit: int) -> bytes:
        """A small target, whole and verified. ReleaseIncomplete where it is not signed or not there; HashMismatch."""
        expected = self.expected(target)
        if expected is None:
            raise ReleaseIncomplete(f"The source has no {target}.")
        if expected.length > limit:
            raise NotTrusted(f"{target} is larger than any such document may be.")
        content = self._source.read(expected.path, expected.length)
        if len(content) != expected.length or not matches(content, expected):
            raise HashMismatch(f"{target} is not what was signed.")
        return content

    def _new(self, *, ageless: bool) -> _Updater:
        return _Updater(self._folder, self._fetcher, self._anchor, self._metadata, ageless)

    def _expected(self, info: TargetFile) -> Expected:
        path = info.path
        if self._updater.consistent:
            folder, slash, name = path.rpartition("/")
            path = f"{folder}{slash}{next(iter(info.hashes.values()))}.{name}"
        return Expected(self._targets + path, info.length, dict(info.hashes))

    def _age(self) -> str:
        ends = [
            metadata_of(self._folder / f"{role}.json").signed.expires.timestamp()
            for role in ("root", "timestamp", "snapshot", "targets")
        ]
        days = int((time.time() - min(ends)) / _DAY)
        return (
            f"The signed data in {self._source.name} expired {days} days ago: there may be a newer release. "
            "Signatures and hashes hold."
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exceptions.RepositoryError as problem:
            raise self._attack(problem) from problem
        except exceptions.DownloadHTTPError as problem:
            raise self._gone() from problem
        except exceptions.DownloadError as problem:
            raise ReleaseIncomplete(f"{self._fetcher.last} cannot be fetched: {clean(str(problem), 200)}.") from problem
        except NotThere:
            raise self._gone() from None
        except OSError as problem:
            raise disk_error(problem, self._folder) from problem

    def _gone(self) -> ReleaseIncomplete:
        return ReleaseIncomplete(
            f"{self._source.name} has no {clean(self._fetcher.last, 80)}: it is no release source."
        )

    def _attack(self, problem: exceptions.RepositoryError) -> ProductError:
        file, words = clean(self._fetcher.last, 80), clean(str(problem), 200)
        below = "timestamp" not in file and "root" not in file
        if isinstance(problem, exceptions.ExpiredMetadataError):
            return MetadataExpired(f"The signed data of the source have expired ({words}): it is not kept up to date.")
        if isinstance(problem, exceptions.LengthOrHashMismatchError):
            return MixedRelease(f"{file} belongs to another state of the repository than what names it: mix-and-match.")
        if isinstance(problem, exceptions.BadVersionNumberError):
            # an older snapshot than the timestamp names is a mixture; an older one than was seen is a rollback
            if below and ("snapshot version" in words or "targets" in file or "addons" in file):
                return MixedRelease(f"{file} has another version than what names it: mix-and-match ({words}).")
            return RolledBack(f"{file} is older than what was seen before: rollback ({words}).")
        if isinstance(problem, exceptions.UnsignedMetadataError):
            return NotTrusted(f"{file} is not signed by enough of the keys that may: arbitrary software ({words}).")
        if "missing info" in words:
            return RolledBack(f"{file} leaves out what was there before: rollback ({words}).")
        return NotTrusted(f"{file} is not what a repository signs ({words}).")


def matches(content: bytes, expected: Expected) -> bool:
    return all(hashlib.new(name, content).hexdigest() == digest for name, digest in expected.hashes.items())


def metadata_of(path: Path) -> Metadata:  # type: ignore[type-arg]  # any role
    return Metadata.from_bytes(path.read_bytes())
