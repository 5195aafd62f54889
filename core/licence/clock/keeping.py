"""Keeps the high-water mark on disk in two places and reads the clocks of this PC. The rule itself: mark.py."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import StorageFailed
from core.licence.clock.mark import SeenTime, is_set_back, observed, raised, set_by_server
from core.licence.sealed import read_sealed, seal_key, write_sealed

_FILE = "time.sealed"
_WRITE_EVERY = 60_000
"""ms: a mark that is a minute old costs nobody anything, a write at each look would."""
_THIS_PROCESS = uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock and uptime of this PC in milliseconds, and what names this uptime."""

    wall: int
    ticks: int
    boot: str

    @classmethod
    def now(cls) -> Clocks:
        wall = time.time_ns() // 1_000_000
        if sys.platform == "linux":
            return cls(wall, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000, _boot_id())
        return cls(wall, time.monotonic_ns() // 1_000_000, _THIS_PROCESS)  # no name for an uptime: this process's only


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return _THIS_PROCESS


class TimeKeeper:
    """`folders`: the two places. `witnesses`: files and folders of ours whose own time counts, too."""

    def __init__(self, folders: Sequence[Path], hardware_id: str, witnesses: Sequence[Path] = ()) -> None:
        self._files = [folder / _FILE for folder in folders]
        self._key = seal_key(hardware_id)
        self._witnesses = tuple(witnesses)
        self._lock = threading.Lock()
        self._seen: SeenTime | None = None
        self._written = 0

    def look(self, *, at_least: int = 0) -> SeenTime:
        """The time of now (`mark`); `at_least`: the issue date of a paper that is here."""
        with self._lock:
            clocks = Clocks.now()
            seen = observed(self._load(), clocks.wall, clocks.boot, clocks.ticks)
            seen = raised(seen, at_least)
            self._keep(seen, force=False)
            return seen

    def behind(self, seen: SeenTime) -> bool:
        """The clock of this PC was set back by more than is tolerated."""
        return is_set_back(seen, Clocks.now().wall)

    def heard(self, server_time: int) -> SeenTime:
        """A signed answer to our own nonce told the time."""
        with self._lock:
            clocks = Clocks.now()
            seen = set_by_server(self._load(), server_time, clocks.wall, clocks.boot, clocks.ticks)
            self._keep(seen, force=True)
            self._calm_witnesses(max(server_time, clocks.wall))
            return seen

    def agreed(self) -> SeenTime:
        """A check that was answered by this very PC: it counts as one, and proves nothing about the time."""
        with self._lock:
            clocks = Clocks.now()
            seen = observed(self._load(), clocks.wall, clocks.boot, clocks.ticks)
            seen = replace(seen, checked=seen.mark)
            self._keep(seen, force=True)
            return seen

    def _load(self) -> SeenTime:
        """The later one of both places; another process may have heard the server meanwhile."""
        copies = [found for file in self._files if (found := read_sealed(file, SeenTime, self._key)) is not None]
        if self._seen is not None:
            copies.append(self._seen)
        newest = max(copies, key=lambda seen: (seen.checked, seen.mark), default=SeenTime())
        return raised(newest, self._witnessed())

    def _keep(self, seen: SeenTime, *, force: bool) -> None:
        self._seen = seen
        if not force and seen.mark < self._written + _WRITE_EVERY and all(file.exists() for file in self._files):
            return
        for file in self._files:
            # a full or read-only disk: the other place, the witnesses and this process still know
            with contextlib.suppress(StorageFailed):
                write_sealed(file, seen, self._key, "The time that was seen")
        self._written = seen.mark

    def _witnessed(self) -> int:
        times = []
        for path in self._witnesses:
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime_ns // 1_000_000)
        return max(times, default=0)

    def _calm_witnesses(self, now: int) -> None:
        """After the server told the time, files that the wrong clock dated into the future stop being evidence."""
        for path in self._witnesses:
            with contextlib.suppress(OSError):
                if path.stat().st_mtime_ns // 1_000_000 > now:
                    os.utime(path, (now / 1000, now / 1000))
