"""The book of visits: files between the door (one process) and all screens and commands of this user. No network.

    door.json      the door that is open; believed only while its lock is held, so that a killed door leaves nothing
    visits.json    who waits, who is in, and the last who left, in the order in which they came
    decisions/     one empty file a decision, VISIT.DECISION: written by screens, taken by the door

Everything in it is of this user alone (0700, 0600). The book decides nothing but what a decision does to a visit.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.errors import PreconditionNotMet, RightMissing, SetupError, StorageFailed, UsageError, VciBusy
from core.pc.files import private_folder, write_file
from core.pc.locks import DeviceLock
from core.vocabulary import Decision, Door, Visit, VisitKind, VisitState
from core.vocabulary.cleaning import clean

MOST_VISITS = 64  # alive; who comes then is told so by the door
MOST_ENDED = 16
LARGEST_FILE = 1 << 20
SEEN_SECONDS = 15.0  # a sign of life alone is written this often
LAST_SECOND = 4_000_000_000  # the year 2096
LONGEST_NAME, LONGEST_URL = 80, 200
_ID = re.compile(r"[A-Za-z0-9_-]{4,64}")
_WHAT = "The book of visits"
_ADVICE = "Free disk space or correct the rights of the folder, then try again."


def after(visit: Visit, decision: Decision) -> Visit:
    """What a decision makes of a visit: an ended one stays so, one that is in is only ever ended."""
    if visit.state is VisitState.ENDED:
        return visit
    if decision in (Decision.REFUSE, Decision.END):
        reason = "not let in" if visit.state is VisitState.WAITING else "ended by the technician"
        return replace(visit, state=VisitState.ENDED, reason=reason)
    if visit.state is VisitState.IN or (decision is Decision.LET_IN_OWN and visit.login):
        return visit
    kind = VisitKind.OWN if decision is Decision.LET_IN_OWN else VisitKind.HELPER
    return replace(visit, state=VisitState.IN, kind=kind)


class VisitBook:
    """Both sides of the book in `folder`. `clock` gives seconds that only rise, for how often signs of life count."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._door_file, self._visits_file = folder / "door.json", folder / "visits.json"
        self._decisions = folder / "decisions"
        self._lock = DeviceLock("door", folder)
        self._clock = clock
        self._guard = threading.Lock()
        self._open = False
        self._kept: dict[str, Visit] = {}
        self._written = 0.0
        self._read: tuple[tuple[int, ...], tuple[Visit, ...]] = ((), ())

    # -- the door's side

    def open_door(self, url: str, tls: bool) -> None:
        """From here on the screens know of the door. SetupError where another one is open, StorageFailed."""
        private_folder(self._folder)
        try:
            self._lock.acquire()
        except VciBusy as busy:
            known = self._record(self._door_file)
            place = f" at {clean(known['url'], LONGEST_URL)}" if isinstance(known, dict) and "url" in known else ""
            raise SetupError(
                f"Passbay is open for browsers already{place}: {busy.holder}.",
                "Use that one, or close it first: a PC has one door.",
            ) from None
        try:
            self._sweep()
            private_folder(self._decisions)
            self._write(self._visits_file, [])
            self._write(self._door_file, asdict(Door(url, os.getpid(), tls, time.time())))
        except BaseException:
            self._lock.release()
            raise
        self._kept, self._open = {}, True

    def put(self, visit: Visit) -> bool:
        """Keeps a new or changed visit. False, and nothing kept, where a new one finds the book full.

        StorageFailed: then a new one is not kept, since nobody could decide about it; a change of another one is.
        """
        if _ID.fullmatch(visit.id) is None:
            raise UsageError(f"{clean(visit.id, 40)} is no name of a visit.")
        with self._guard:
            before = self._kept.get(visit.id)
            alive = sum(each.state is not VisitState.ENDED for each in self._kept.values())
            if before is None and visit.state is not VisitState.ENDED and alive >= MOST_VISITS:
                return False
            self._kept[visit.id] = visit
            same = before is not None and replace(before, seen=visit.seen) == visit
            if same and self._clock() - self._written < SEEN_SECONDS:
                return True
            self._forget()
            try:
                self._write(self._visits_file, [_plain(each) for each in self._kept.values()])
            except StorageFailed:
                self._written = -math.inf
                if before is None:
                    self._kept.pop(visit.id, None)
                raise
            self._written = self._clock()
        return True

    def decisions(self) -> list[tuple[str, Decision]]:
        """What screens have decided since the last call, endings first. Cheap enough for several times a second."""
        try:
            files = list(self._decisions.iterdir())
        except OSError:
            return []
        taken = []
        for path in files:
            visit, _dot, word = path.name.partition(".")
            if _ID.fullmatch(visit) and word in _WORDS:
                taken.append((visit, Decision(word)))
            elif path.name.startswith("."):
                continue  # a draft that is just being written
            try:
                path.unlink(missing_ok=True)
            except OSError:
                pass  # it comes again and changes nothing then
        return sorted(taken, key=lambda each: each[1] in (Decision.LET_IN, Decision.LET_IN_OWN))

    def close(self) -> None:
        """The door is closed and all visits are over. Idempotent, never raises."""
        if self._open:
            self._open = False
            self._sweep()
            self._lock.release()

    # -- the screens' side

    def door(self) -> Door | None:
        """The door that is open now; None where its process is gone, however it went. Costs one look at a file."""
        try:
            self._door_file.stat()
        except OSError:
            return None
        door = _door(self._record(self._door_file))
        if not self._open and self._nobody_holds(door):
            return None
        return door

    def visits(self) -> tuple[Visit, ...]:
        """Who waits, is in, or has just left, in the order in which they came; nobody without a door."""
        return self.look()[1]

    def look(self) -> tuple[Door | None, tuple[Visit, ...]]:
        """Both at one moment."""
        door = self.door()
        return door, self._listed() if door is not None else ()

    def _listed(self) -> tuple[Visit, ...]:
        try:
            told = self._visits_file.stat()
        except OSError:
            return ()
        sign = (told.st_mtime_ns, told.st_size, told.st_ino)
        if sign != self._read[0]:
            record = self._record(self._visits_file)
            listed = record if isinstance(record, list) else []
            found = (_visit(each) for each in listed[: MOST_VISITS + MOST_ENDED])
            self._read = sign, tuple(visit for visit in found if visit is not None)
        return self._read[1]

    def decide(self, visit_id: str, decision: Decision) -> Visit:
        """Leaves it for the door, which acts within a moment; the visit as it was. Not for one who has left already.

        UsageError, PreconditionNotMet, RightMissing (a log-in of its own is nobody's second screen), StorageFailed.
        """
        if self.door() is None:
            raise PreconditionNotMet("Passbay is not open for browsers on this PC: nobody visits it.")
        visit = next((each for each in self.visits() if each.id == visit_id), None)
        if visit is None:
            raise UsageError(f"There is no visit {clean(visit_id, 40)}.", "passbay browser visits lists them.")
        if visit.state is VisitState.ENDED:
            raise PreconditionNotMet(f"{visit.name or visit.id} has left already: nothing to decide.")
        if decision is Decision.LET_IN_OWN and visit.login:
            raise RightMissing(
                f"{visit.name or visit.login} has a log-in of their own: let them in as a helper.",
                "The whole app is for whoever is logged in on this PC, by the same log-in in the browser.",
            )
        write_file(self._decisions / f"{visit.id}.{decision.value}", b"", what=_WHAT, advice=_ADVICE)
        return visit

    # -- files

    def _forget(self) -> None:
        ended = [each.id for each in self._kept.values() if each.state is VisitState.ENDED]
        for old in ended[:-MOST_ENDED]:
            del self._kept[old]

    def _nobody_holds(self, door: Door | None) -> bool:
        """Whether the door that wrote its file is gone; what it left is removed then."""
        try:
            if not self._lock.try_acquire():
                return False
        except StorageFailed:  # a disk that cannot be written any more: the process itself is all there is to ask
            return door is None or not _runs(door.pid)
        try:
            self._sweep()
        finally:
            self._lock.release()
        return True

    def _sweep(self) -> None:
        """What the last door left. With the lock only."""
        try:
            for path in (self._door_file, self._visits_file, *self._decisions.glob("*")):
                path.unlink(missing_ok=True)
        except OSError:
            pass  # without the lock nobody believes it

    def _write(self, path: Path, content: object) -> None:
        write_file(path, json.dumps(content).encode(), what=_WHAT, advice=_ADVICE)

    @staticmethod
    def _record(path: Path) -> Any:
        """None where it cannot be read, or is not ours."""
        try:
            with path.open("rb") as stream:
                return json.loads(stream.read(LARGEST_FILE))
        except (OSError, ValueError, RecursionError):
            return None


_WORDS = frozenset(each.value for each in Decision)


def _runs(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def _seconds(value: Any) -> float:
    """A time that can be told; 0 for what no calendar holds."""
    seconds = float(value)
    return seconds if math.isfinite(seconds) and 0 <= seconds < LAST_SECOND else 0.0


def _plain(visit: Visit) -> dict[str, Any]:
    return {**asdict(visit), "kind": visit.kind.value, "state": visit.state.value}


def _door(record: Any) -> Door | None:
    try:
        url = clean(record["url"], LONGEST_URL)
        return Door(url, int(record["pid"]), record["tls"] is True, _seconds(record["since"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _visit(record: Any) -> Visit | None:
    """A line of the file. Its texts come from the back end and the browser: cleaned here, for all screens."""
    try:
        words = {
            name: clean(record[name], LONGEST_NAME)
            for name in ("name", "login", "organisation", "address", "code", "reason")
        }
        visit_id = record["id"]
        if not isinstance(visit_id, str) or _ID.fullmatch(visit_id) is None:
            return None
        return Visit(
            visit_id, VisitKind(record["kind"]), VisitState(record["state"]), **words,
            own_organisation=record["own_organisation"] is True,
            since=_seconds(record["since"]), seen=_seconds(record["seen"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
