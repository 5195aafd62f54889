"""Writes the journal: a file a job, a JSON object a line, each line on the disk (fsync) before the job goes on.

    {"t": seconds since the epoch, "job": "flash-1", "event": ..., fields}

    started       kind, vin, vehicle, unit, address, vci, pid
    plan          sha256, plan (digest), flashware, file, blocks, bytes, software_before, software_after, resume, forced
    step          step, title
    erasing       unit, block            the unit has no valid software from here on
    resuming      unit, block, offset    the same, without a new erase
    acknowledged  unit, block, offset, size    bytes of the block that the unit has taken; a mark now and then
    verified      unit, block            the unit's own checksum of the block holds
    programmed    unit                   all blocks belong together; the new software has not been read back yet
    ended         unit, result, left_in_programming, error
    confirmed     vin, unit, software    the software of an interrupted job was read back later
    dismissed     vin, unit              the technician knows

Files are numbered in the order of their jobs, whatever the clock of the PC says. A lock beside the file is held while
its job runs: the operating system frees it when the process dies. What the lines mean is recovery.py's matter.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.diagnosis.journal.files import JournalFolder, cannot_write, let_go, write_line
from core.diagnosis.journal.recovery import is_needed, unfinished
from core.errors import JobCancelled, ProductError, StorageFailed
from core.pc.files import sync_folder

Clock = Callable[[], float]

MARK_BYTES = 64 << 10
MARK_PAUSE = 0.2  # seconds between two marks at least: on a quick line the disk would set the pace
MARK_LATEST = 1.0  # seconds after which any progress is marked
_COMMITTING = ("erasing", "resuming")


class Journal:
    """The journal of one job (`core.diagnosis.commands.JobJournal`). The file is made by the first "started".

    `warn` is told once when the disk fails after the first erase.
    """

    def __init__(
        self,
        folder: JournalFolder,
        *,
        kind: str,
        vci: str = "",
        warn: Callable[[str], None] = lambda text: None,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
    ) -> None:
        self._folder, self._kind, self._vci, self._warn = folder, kind, vci, warn
        self._clock, self._wall_clock = clock, wall_clock
        self._descriptor = -1
        self._path = folder.directory
        self._lock: Any = None
        self._committed = False
        self._open_units: dict[str, bool] = {}  # unit -> has no valid software now
        self._unit, self._block = "", 0
        self._marked = (0, 0.0)
        self._latest: tuple[int, int] | None = None
        self._told = self._torn = False
        self._job = ""
        self._guard = threading.Lock()

    def record(self, job: str, event: str, fields: Mapping[str, Any]) -> None:
        """See JobJournal. "confirmed" needs no job that has started, and nothing but an interrupted one to confirm."""
        with self._guard:
            self._job = job
            try:
                if event == "confirmed":
                    self._confirm(fields)
                    return
                if event == "started":
                    self._start(fields)
                elif self._descriptor < 0:
                    return
                else:
                    self._mark_latest()
                    self._line(event, fields)
            except OSError as problem:
                self._failed(event, problem)
            except StorageFailed as problem:
                self._tell(problem.message)
                return
            self._note(event, fields)

    def progress(self, done: int, total: int) -> None:
        """Cheap: most calls only remember."""
        if not self._block or self._descriptor < 0:
            return
        self._latest = (done, total)
        offset, at = self._marked
        if done >= total:
            due = True
        else:
            now = self._clock()
            due = now - at >= (MARK_PAUSE if done - offset >= MARK_BYTES else MARK_LATEST)
        if due:
            with self._guard:
                self._mark_latest()

    def ended(self, job: str, error: ProductError | None) -> None:
        """Closes the file. A unit that the job itself has not ended is ended with what is known."""
        with self._guard:
            if self._descriptor < 0:
                return
            result = "finished" if error is None else "cancelled" if isinstance(error, JobCancelled) else "failed"
            words = f"{error.code} {error.message}" if error is not None else ""
            try:
                for unit, left in self._open_units.items():
                    fields = {"unit": unit, "result": result, "left_in_programming": left, "error": words}
                    self._line("ended", fields)
            except OSError as problem:
                self._tell(cannot_write(self._path, problem).message)
            os.close(self._descriptor)
            self._descriptor = -1
            let_go(self._lock, self._path)

    def branch(self) -> Journal:
        """See JobJournal: a file of its own in the same folder."""
        return Journal(
            self._folder, kind=self._kind, vci=self._vci, warn=self._warn, clock=self._clock,
            wall_clock=self._wall_clock,
        )  # fmt: skip

    # -- inside

    def _confirm(self, fields: Mapping[str, Any]) -> None:
        waiting = {(entry.vin, entry.unit) for entry in unfinished(self._folder) if entry.complete}
        if (fields["vin"], fields["unit"]) in waiting:
            self._folder.note("confirmed", fields, self._wall_clock())

    def _start(self, fields: Mapping[str, Any]) -> None:
        more = {"kind": self._kind, "vci": self._vci, "pid": os.getpid(), **fields}
        if self._descriptor < 0:
            self._folder.prune(is_needed)
            self._path, self._descriptor, self._lock = self._folder.create()
            try:
                self._line("started", more)
                sync_folder(self._folder.directory)
            except OSError:
                os.close(self._descriptor)
                self._descriptor = -1
                self._path.unlink(missing_ok=True)
                let_go(self._lock, self._path)
                raise
        else:
            self._line("started", more)  # the next unit of the same job

    def _note(self, event: str, fields: Mapping[str, Any]) -> None:
        unit = str(fields.get("unit", ""))
        if event == "started":
            self._open_units[unit] = False
        elif event == "ended":
            self._open_units.pop(unit, None)
        if event in _COMMITTING:
            self._committed = True
            self._open_units[unit] = True
            self._unit, self._block = unit, int(fields["block"])
            self._marked = (int(fields.get("offset", 0)), self._clock())
        elif event in ("verified", "programmed", "ended"):
            self._block = 0

    def _mark_latest(self) -> None:
        """Puts the newest acknowledgement on the disk, where it is not there yet."""
        if self._latest is None:
            return
        (done, total), self._latest = self._latest, None
        self._marked = (done, self._clock())
        try:
            self._line("acknowledged", {"unit": self._unit, "block": self._block, "offset": done, "size": total})
        except OSError as problem:
            self._failed("acknowledged", problem)

    def _line(self, event: str, fields: Mapping[str, Any]) -> None:
        line = {"t": self._wall_clock(), "job": self._job, "event": event, **fields}
        try:
            write_line(self._descriptor, line, torn=self._torn)
        except OSError:
            self._torn = True
            raise
        self._torn = False

    def _failed(self, event: str, problem: OSError) -> None:
        """Before the first erase this ends the job; after it the flash goes on, and the technician is told."""
        failure = cannot_write(self._path, problem)
        if not self._committed and event != "ended":
            raise failure from problem
        self._tell(failure.message)

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            self._warn(f"{text} The job goes on; after an interruption the next start may not know of it.")
