"""One lock a device (rule G7): a second user is told at once which process holds it. Not for folders on a network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from types import TracebackType

from core.errors import StorageFailed, VciBusy
from core.vocabulary.cleaning import clean

GRACE = 0.3  # seconds for a holder that is just closing; with the look at its name well below 1 s
HOLDER_WAIT = 0.4  # seconds for a holder that has the lock and has not written its name yet
POLL = 0.02
MAX_COMMAND = 120


class DeviceLock:
    """Lock `name` (any text) by files in `directory`. The operating system frees it when the process dies (kill -9).

    Beside the lock lies a holder file: {"pid", "command", "since" (seconds since the epoch)}.
    """

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        short = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60]
        stem = f"{short}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
        self._directory = directory
        self._lock_file = directory / f"{stem}.lock"
        self._holder_file = directory / f"{stem}.holder"
        self._lock: object | None = None

    def acquire(self) -> None:
        """Take it. VciBusy (within 1 s, with `holder`) where another process or VCI has it, StorageFailed."""
        if not self._take(GRACE):
            holder = self._holder()
            raise VciBusy(f"{self.name} is in use by {holder}.", holder=holder)
        self._sign()

    def try_acquire(self) -> bool:
        """Take it if it is free this instant, without a name in it: for a look, or for tidying up. StorageFailed."""
        return self._take(0)

    def _take(self, seconds: float) -> bool:
        import filelock

        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            # not bound to a thread: a VCI may be closed by another one than opened it
            lock = filelock.FileLock(self._lock_file, timeout=seconds, thread_local=False, poll_interval=POLL)
            lock.acquire()
        except filelock.Timeout:
            return False
        except OSError as error:
            raise StorageFailed(f"The lock {self._lock_file} cannot be taken: {error}.") from error
        self._lock = lock
        return True

    def release(self) -> None:
        """Let go. Nothing happens where it is not held."""
        lock, self._lock = self._lock, None
        if lock is not None:
            self._holder_file.unlink(missing_ok=True)
            lock.release()  # type: ignore[attr-defined]

    def __enter__(self) -> DeviceLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _sign(self) -> None:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"
        record = {"pid": os.getpid(), "command": command[:MAX_COMMAND], "since": time.time()}
        draft = self._holder_file.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(record), encoding="utf-8")
            draft.replace(self._holder_file)
        except OSError as error:
            self.release()
            raise StorageFailed(f"{self._holder_file} cannot be written: {error}.") from error

    def _holder(self) -> str:
        """ "pid 4711 (passbay flash)"; a holder file left by a dead process is not believed."""
        import psutil

        give_up = time.monotonic() + HOLDER_WAIT
        while True:
            try:
                record = json.loads(self._holder_file.read_text(encoding="utf-8"))
                pid, command = int(record["pid"]), clean(record["command"], MAX_COMMAND)
                if psutil.pid_exists(pid):
                    return f"pid {pid} ({command})"
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                pass
            if time.monotonic() >= give_up:
                return "another process"
            time.sleep(POLL)
