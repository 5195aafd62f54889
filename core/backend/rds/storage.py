"""What the store keeps: files that never change under their name, fetched once however many ask for them at once.

Versioned metadata and targets with their hash in front are kept for ever; a target only where its SHA-256 is the one
in its name. The timestamp is asked of the source each time, and the last one serves while the source is gone: clients
see for themselves how old it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import HashMismatch, ProductError
from core.releases.sources.base import CHUNK, NotThere, Source

LARGEST = 16 << 20  # more than any piece or document of a repository
_METADATA = re.compile(r"metadata/[0-9]+\.[A-Za-z0-9%._-]{1,80}\.json")
_FRESH = "metadata/timestamp.json"
_TARGET = re.compile(r"targets/(?:[A-Za-z0-9._-]{1,80}/){0,3}(?P<hash>[0-9a-f]{64})\.[A-Za-z0-9._-]{1,120}")


class Growing:
    """A file on its way from the source: readers follow it while it comes."""

    def __init__(self, part: Path) -> None:
        self.part = part
        self.received = 0
        self.done = False
        self.error: ProductError | None = None
        self._changed = threading.Condition()

    def grow(self, count: int) -> None:
        with self._changed:
            self.received += count
            self._changed.notify_all()

    def end(self, error: ProductError | None = None) -> None:
        with self._changed:
            self.done, self.error = True, error
            self._changed.notify_all()

    def begun(self) -> None:
        """Waits for the first byte or the end. Raises the source's error where nothing came."""
        with self._changed:
            self._changed.wait_for(lambda: self.received or self.done)
            if self.error is not None and not self.received:
                raise self.error

    def follow(self) -> Iterator[bytes]:
        """All bytes from the first. Raises the source's error where it breaks off."""
        position = 0
        with self.part.open("rb") as stream:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self.received > position or self.done)  # noqa: B023
                    have, done, error = self.received, self.done, self.error
                while position < have and (chunk := stream.read(min(CHUNK, have - position))):
                    position += len(chunk)
                    yield chunk
                if error is not None:
                    raise error
                if done and position >= have:
                    return


class Storage:
    """`fetched` counts what was asked of the source, for the log."""

    def __init__(self, folder: Path, source: Source, note: Callable[[str], None] = lambda text: None) -> None:
        self._folder, self._source, self._note = folder, source, note
        self._growing: dict[str, Growing] = {}
        self._lock = threading.Lock()
        self.fetched = 0

    def kept(self, path: str) -> Path | None:
        """The whole file, None where it has to be fetched. NotThere for a name that no repository has."""
        if path == _FRESH:
            return None
        if not _METADATA.fullmatch(path) and not _TARGET.fullmatch(path):
            raise NotThere(f"{path} is no file of a repository.")
        place = self._folder / path
        return place if place.is_file() else None

    def fresh(self) -> bytes:
        """The source's timestamp, or the last one that was seen while the source is gone."""
        place = self._folder / _FRESH
        try:
            content = self._source.read(_FRESH, 16_384)
        except NotThere:
            raise
        except ProductError as problem:
            if not place.is_file():
                raise
            self._note(f"The source does not answer, the last timestamp serves: {problem.message}")
            return place.read_bytes()
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{threading.get_ident()}.part")
        draft.write_bytes(content)
        draft.replace(place)
        return content

    def fetch(self, path: str) -> Growing:
        """The file on its way: the one that others wait for already, else a new one."""
        with self._lock:
            growing = self._growing.get(path)
            if growing is None:
                place = self._folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                growing = self._growing[path] = Growing(place.with_name(f".{place.name}.part"))
                growing.part.write_bytes(b"")
                self.fetched += 1
                threading.Thread(target=self._pull, args=(path, growing), name="rds pull", daemon=True).start()
        return growing

    def _pull(self, path: str, growing: Growing) -> None:
        error: ProductError | None = None
        try:
            self._pulled(path, growing)
        except ProductError as problem:
            error = problem
        except OSError as problem:
            from core.releases.store.pointer import disk_error

            error = disk_error(problem, growing.part)
        finally:
            with self._lock:
                self._growing.pop(path, None)
            growing.end(error)
            if error is not None and not isinstance(error, NotThere):
                self._note(f"{path}: {error.message}")

    def _pulled(self, path: str, growing: Growing) -> None:
        digest = hashlib.sha256()
        with growing.part.open("r+b") as stream:
            for chunk in self._source.stream(path, LARGEST):
                stream.write(chunk)
                stream.flush()
                digest.update(chunk)
                growing.grow(len(chunk))
            os.fsync(stream.fileno())
        named = _TARGET.fullmatch(path)
        if named and digest.hexdigest() != named["hash"]:
            raise HashMismatch(f"{path} from the source is not what its name says; it is not kept.")
        growing.part.replace(self._folder / path)
