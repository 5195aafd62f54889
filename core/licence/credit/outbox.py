"""What must reach the back end exactly once: purchases and uses of credit, each a file with its idempotency keys.

The file is on the disk before the first byte goes out, and goes when the answer is there. So a repeated purchase is
the same purchase, and what a job used is booked even when the process or the network was gone at its end.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from core.errors import StorageFailed
from core.online.wire import WireError, dumps, loads
from core.online.wire.codec import Number, Text
from core.pc.files import open_file, sync_folder, write_file

_LARGEST = 100_000
_NAME = re.compile(r"[0-9a-f]{32}\.json")


@dataclass(frozen=True, slots=True)
class Use:
    """A job's use of credit. `minutes` is -1 while it runs. `reservation` "" before the back end made one.

    `started` and `paid_until` are times of the licence's clock in milliseconds; `paid_until` is what earlier jobs had
    booked. `user`, `organisation`: whose log-in it was, who pays. `late`: it began without the back end.
    """

    id: str
    url: str
    user: str
    organisation: str
    group: str
    kind: str
    started: int
    paid_until: int
    begun: int  # by the clock of this PC, which the file's signs of life are counted from
    reserved: int
    reservation: str = ""
    minutes: Annotated[int, Number(least=-1)] = -1
    late: bool = False
    wish: Annotated[str, Text(most=2000, lines=True)] = ""  # the permit that was asked for, as it was sent
    attempt: int = 0  # a reservation that ran out is made anew, under another key

    @property
    def reserve_key(self) -> str:
        return f"{self.id}-r{self.attempt}"

    @property
    def book_key(self) -> str:
        return f"{self.id}-b{self.attempt}"


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order of credit packages, sent or about to be."""

    id: str
    url: str
    user: str
    package: str
    count: int
    made: int


def new_id() -> str:
    return uuid.uuid4().hex


class Outbox:
    """One folder; several processes may use it: a running job holds the lock of its own entry."""

    def __init__(self, folder: Path) -> None:
        self._uses, self._purchases = folder / "uses", folder / "purchases"

    def put(self, entry: Use | Purchase) -> None:
        """On the disk when this returns. StorageFailed: then nothing may be sent."""
        write_file(self._path(entry), dumps(entry) + b"\n", what="The list of credit to be booked")

    def remove(self, entry: Use | Purchase) -> None:
        path = self._path(entry)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.with_suffix(".lock").unlink(missing_ok=True)
            sync_folder(path.parent)

    def uses(self) -> list[Use]:
        return _read(self._uses, Use)

    def purchases(self) -> list[Purchase]:
        return _read(self._purchases, Purchase)

    def beat(self, use: Use) -> None:
        """A sign of life of a running job: if the process dies, what it used is counted up to here."""
        with contextlib.suppress(OSError):
            os.utime(self._path(use))

    def last_beat(self, use: Use) -> int:
        """Milliseconds by the file's time; its start where the file has none."""
        try:
            return self._path(use).stat().st_mtime_ns // 1_000_000
        except OSError:
            return use.started

    def hold(self, use: Use) -> Any | None:
        """The entry's lock, None where another process has it: its job runs. Let go with `.release()`."""
        import filelock

        path = self._path(use).with_suffix(".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(path, timeout=0, thread_local=False)
            lock.acquire()
        except filelock.Timeout:
            return None
        except OSError as problem:
            raise StorageFailed(f"The lock {path} cannot be taken: {problem}.") from problem
        return lock

    @contextlib.contextmanager
    def flushing(self) -> Iterator[bool]:
        """One process at a time sends; False where another one is at it."""
        import filelock

        try:
            self._uses.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self._uses / "sending.lock", timeout=0, thread_local=False):
                yield True
        except (filelock.Timeout, OSError):
            yield False

    def _path(self, entry: Use | Purchase) -> Path:
        return (self._uses if isinstance(entry, Use) else self._purchases) / f"{entry.id}.json"


def _read(folder: Path, cls: Any) -> list[Any]:
    """Oldest first. A file that cannot be read is left for support, and told of nowhere: it was never acknowledged."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if not _NAME.fullmatch(path.name):
                continue
            with contextlib.suppress(OSError, WireError), open_file(path) as stream:
                entry = loads(cls, stream.read(_LARGEST).strip())
                if entry.id == path.stem:
                    found.append(entry)
    return sorted(found, key=lambda entry: (getattr(entry, "started", 0) or getattr(entry, "made", 0), entry.id))
