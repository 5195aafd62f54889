"""The files of the journal: numbered, one a job, locked while the job runs, written line by line to the disk."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import StorageFailed
from core.pc.files import sync_folder

KEPT_FILES = 200
LARGEST_FILE = 8 << 20  # bytes that are read of one file
PROBE_TIME = 0.1  # seconds: another process may be looking at the same lock
_NAME = re.compile(r"journal-(\d{6,12})\.jsonl")


class JournalFolder:
    """The journals of all jobs of this user. Several processes may use it at once; each job has a file of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def files(self) -> list[tuple[int, Path]]:
        """(number, path) in the order of the jobs; none where the folder cannot be read."""
        try:
            found = [(match, path) for path in self.directory.iterdir() if (match := _NAME.fullmatch(path.name))]
        except OSError:
            return []
        return sorted((int(match[1]), path) for match, path in found)

    def create(self) -> tuple[Path, int, Any]:
        """A new file with the next number: its path, descriptor and lock. OSError where the disk refuses."""
        import filelock

        self.directory.mkdir(parents=True, exist_ok=True)
        number = max((known for known, _ in self.files()), default=0)
        while True:
            number += 1
            path = self.directory / f"journal-{number:06}.jsonl"
            lock = filelock.FileLock(_lock_path(path), timeout=0, thread_local=False)
            try:
                lock.acquire()  # before the file is there: nobody shall see it without its lock
            except filelock.Timeout:
                continue  # another process makes this one right now
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            except FileExistsError:
                lock.release()
                continue
            except BaseException:
                lock.release()
                raise
            return path, descriptor, lock

    def dismiss(self, vin: str, unit: str, now: float) -> None:
        """The technician has taken note: not told again. StorageFailed."""
        self.note("dismissed", {"vin": vin, "unit": unit}, now)

    def note(self, event: str, fields: Mapping[str, Any], now: float) -> None:
        """One line that belongs to no running job. StorageFailed."""
        try:
            path, descriptor, lock = self.create()
            try:
                write_line(descriptor, {"t": now, "job": "", "event": event, **fields})
            finally:
                os.close(descriptor)
                let_go(lock, path)
            sync_folder(self.directory)
        except OSError as problem:
            raise cannot_write(self.directory, problem) from problem

    def prune(self, needed: Callable[[Path], bool], keep: int = KEPT_FILES) -> None:
        """Removes the oldest files beyond `keep`, but none that is `needed`."""
        for _, path in self.files()[:-keep]:
            if not is_running(path) and not needed(path):
                path.unlink(missing_ok=True)
                _lock_path(path).unlink(missing_ok=True)


def write_line(descriptor: int, line: Mapping[str, Any], *, torn: bool = False) -> None:
    """One line in one write, then on the disk. OSError where it is not there as a whole.

    `torn`: the line before it was taken only in part; this one begins on a line of its own.
    """
    data = b"\n" * torn + json.dumps(line, ensure_ascii=True, default=str).encode() + b"\n"
    written = os.write(descriptor, data)
    if written != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def cannot_write(path: Path, problem: OSError) -> StorageFailed:
    return StorageFailed(
        f"The journal {path} cannot be written: {problem.strerror or problem}.",
        "Free disk space or correct the rights of the folder, then start again. Nothing was changed.",
    )


def is_running(path: Path) -> bool:
    """Whether the job of this journal file runs now, in whatever process."""
    import filelock

    lock_path = _lock_path(path)
    if not lock_path.exists():
        return False
    lock = filelock.FileLock(lock_path, timeout=PROBE_TIME, poll_interval=0.01, thread_local=False)
    try:
        lock.acquire()
    except (filelock.Timeout, OSError):
        return True
    lock.release()
    return False


def read_lines(path: Path) -> Iterator[dict[str, Any] | None]:
    """The lines of a file as objects; None for each one that cannot be read. A cut last line counts as one too."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE)
    except OSError:
        yield None
        return
    for raw in data.split(b"\n"):
        text = raw.strip(b"\0 \r")
        if not text:
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        yield line if isinstance(line, dict) else None


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def let_go(lock: Any, path: Path) -> None:
    lock.release()
    _lock_path(path).unlink(missing_ok=True)
