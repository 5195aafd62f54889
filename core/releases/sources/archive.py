"""An exported release as a zip: a whole repository in one file, read member by member with hard limits, never unpacked.

What is taken from it is decided by signed metadata; so a hostile archive can only be refused. The central directory is
looked through once, without zipfile's objects for each of a hundred thousand entries.
"""

from __future__ import annotations

import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from core.errors import NotTrusted
from core.pc.files import open_file
from core.releases.model.names import file_name
from core.releases.sources.base import CHUNK, NotThere, Stopped, too_much
from core.vocabulary.cleaning import clean

MOST_MEMBERS = 25_000
LARGEST_DIRECTORY = 8 << 20
_END_SIZE, _END_COMMENT, _ZIP64 = 22, 65_535, 76  # bytes; the last are record and locator of zip64
_REFUSED = "Nothing was taken from it. Export the release once more, and copy the file anew."


def _refused(reason: str) -> NotTrusted:
    return NotTrusted(f"The archive is refused: {reason}.", _REFUSED)


class ZipSource:
    """NotTrusted for an archive that is damaged or tries something; StorageFailed-free: only reads."""

    offline = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._lock = threading.Lock()
        try:
            self._file = open_file(path)
        except OSError as problem:
            raise NotThere(f"{path} cannot be opened: {problem.strerror or problem}.") from problem
        try:
            _look_at_end(self._file)
            self._zip = zipfile.ZipFile(self._file)
            self._members = {info.filename: info for info in self._zip.infolist()}
            _check_members(self._zip.infolist())
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            OSError,
            ValueError,
            NotImplementedError,
            OverflowError,
        ) as bad:
            self._file.close()
            raise _refused(f"it is damaged or no zip ({clean(str(bad), 80)})") from bad
        except NotTrusted:
            self._file.close()
            raise

    def read(self, path: str, limit: int) -> bytes:
        return b"".join(self.stream(path, limit))

    def stream(
        self, path: str, length: int, offset: int = 0, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        info = self._members.get(path)
        if info is None:
            raise NotThere(f"The archive has no {path}.")
        if info.file_size > length:
            raise too_much(path, length)
        position = 0
        for chunk in self._chunks(info):
            if stop():
                raise Stopped
            position += len(chunk)
            if position > length:
                raise too_much(path, length)
            if position > offset:
                yield chunk[max(0, len(chunk) - (position - offset)) :]

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self._lock:  # ZipFile shares one file position among its members
                member = self._zip.open(info)
            with member:
                while True:
                    with self._lock:
                        chunk = member.read(CHUNK)
                    if not chunk:
                        return
                    yield chunk
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            ValueError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as bad:
            raise _refused(f"{clean(info.filename, 60)} in it cannot be read ({clean(str(bad), 80)})") from bad

    def close(self) -> None:
        self._zip.close()
        self._file.close()


def _look_at_end(stream: BufferedReader) -> None:
    """How many members the archive has, before zipfile makes an object of each.

    zipfile goes by the directory's length, whatever count is written; so the records in it are counted.
    """
    size = stream.seek(0, 2)
    begin = max(0, size - _END_SIZE - _END_COMMENT - _ZIP64)
    stream.seek(begin)
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END_SIZE:
        raise zipfile.BadZipFile("no end of a zip")
    directory, end = int.from_bytes(tail[at + 12 : at + 16], "little"), begin + at
    if at >= _ZIP64 and tail[at - 20 : at - 16] == b"PK\6\7" and tail[at - _ZIP64 : at - _ZIP64 + 4] == b"PK\6\6":
        directory, end = int.from_bytes(tail[at - _ZIP64 + 40 : at - _ZIP64 + 48], "little"), end - _ZIP64
    if directory > LARGEST_DIRECTORY:
        raise _refused("its directory is longer than any release's")
    if directory > end:
        raise zipfile.BadZipFile("the directory is longer than the file")
    stream.seek(end - directory)
    members = stream.read(directory).count(b"PK\1\2")
    stream.seek(0)
    if members > MOST_MEMBERS:
        raise _refused(f"it has {members:,} members; a release has {MOST_MEMBERS:,} at most")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in members:
        shown = clean(info.orig_filename, 80)
        if info.flag_bits & 0x1:
            raise _refused(f"{shown} in it is encrypted")
        if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000, 0o040000):
            raise _refused(f"{shown} in it is a link or a device")
        parts = info.orig_filename.removesuffix("/").split("/")
        if len(parts) > 4 or "\\" in info.orig_filename:
            raise _refused(f"it holds a file with a forbidden name: {shown}")
        for part in parts:
            try:
                file_name(part)
            except NotTrusted as bad:
                raise _refused(f"it holds a file with a forbidden name: {shown}") from bad
        key = info.orig_filename.casefold()
        if key in seen:
            raise _refused(f"it holds two files of one name: {shown}")
        seen.add(key)
