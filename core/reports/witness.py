"""What one job did, seen from outside: its events, its result and what it wrote into its journal, as a history entry.

It hears the events of a job on whatever thread; the job knows nothing of it. Writes no file itself.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from core.diagnosis.commands import JobJournal
from core.errors import JobCancelled, ProductError
from core.events import Event, JobFailed, JobFinished, JobStarted, StepFinished, StepStarted
from core.reports.plain import plain, result_of
from core.vocabulary import CodingResult, VehicleCodingResult

T = TypeVar("T")

DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
MOST_STEPS = 1000


class Witness:
    """Of one job. `kind` is what the history calls it."""

    def __init__(self, kind: str, unit: str) -> None:
        self._kind = kind
        self._unit = unit
        self._began = self._at = 0.0
        self._steps: dict[str, list[Any]] = {}
        self._plans: list[Mapping[str, Any]] = []
        self._result: Any = None
        self._outcome = self._summary = ""
        self._error: dict[str, Any] = {}
        self._guard = threading.Lock()

    def watch(self, words: Callable[[T], str]) -> Callable[[T], str]:
        """The job's `summary`, which is given the result before anybody else."""

        def summary(result: T) -> str:
            self._result = result
            return words(result)

        return summary

    def journal(self, inner: JobJournal) -> JobJournal:
        """`inner`, with a look at what passes."""
        return _Listening(self, inner)

    def planned(self, fields: Mapping[str, Any]) -> None:
        with self._guard:
            self._plans.append(dict(fields))

    def hear(self, event: Event) -> bool:
        """True when the job has just ended."""
        with self._guard:
            match event:
                case JobStarted(at=at):
                    self._began = at
                case StepStarted(step=step, title=title) if len(self._steps) < MOST_STEPS:
                    self._steps[step] = [step, title, None]
                case StepFinished(step=step, seconds=seconds) if step in self._steps:
                    self._steps[step][2] = round(seconds, 3)
                case JobFinished(at=at, summary=summary):
                    self._at, self._outcome, self._summary = at, DONE, summary
                case JobFailed(at=at, error=name, code=code, message=message, advice=advice):
                    self._at, self._summary = at, message
                    self._outcome = CANCELLED if name == JobCancelled.__name__ else FAILED
                    self._error = {"name": name, "code": code, "message": message, "advice": advice}
            return bool(self._outcome)

    def entry(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Everything for HistoryStore.append; `about` says vin, vehicle, title, order, by, driven_by, ..."""
        unit = self._unit
        if isinstance(getattr(self._result, "unit", None), str):
            unit = self._result.unit  # as the data spells it
        return {
            **about, "kind": self._kind, "unit": unit, "at": self._at or self._began,
            "seconds": round(max(0.0, self._at - self._began), 3), "outcome": self._outcome, "summary": self._summary,
            "error": plain(self._error), "result": result_of(self._result), "steps": list(self._steps.values()),
            "plans": plain(self._plans), "files": self._files(),
        }  # fmt: skip

    def _files(self) -> list[list[str]]:
        """(role, name, SHA-256) of what the job worked with."""
        found: list[list[str]] = []
        for plan in self._plans:
            unit, file = str(plan.get("unit", "")), str(plan.get("file", ""))
            if file:
                found.append(["flashware file", file, file_hash(Path(file))])
            found.append(["image", f"{unit} {plan.get('flashware', '')}".strip(), str(plan.get("sha256", ""))])
            found.append(["plan", unit, str(plan.get("plan", ""))])
        for name in _backups(self._result):
            found.append(["before-image", name, file_hash(Path(name))])
        if isinstance(self._result, VehicleCodingResult):
            found.append(["coding file", self._result.file, file_hash(Path(self._result.file))])
        return [row for number, row in enumerate(found) if row not in found[:number]]


class _Listening:
    """A journal that tells the witness of the plan."""

    def __init__(self, witness: Witness, inner: JobJournal) -> None:
        self._witness = witness
        self._inner = inner

    def record(self, job: str, event: str, fields: Mapping[str, Any]) -> None:
        if event == "plan":
            self._witness.planned(fields)
        self._inner.record(job, event, fields)

    def progress(self, done: int, total: int) -> None:
        self._inner.progress(done, total)

    def ended(self, job: str, error: ProductError | None) -> None:
        self._inner.ended(job, error)

    def branch(self) -> JobJournal:
        return _Listening(self._witness, self._inner.branch())


def _backups(result: Any) -> list[str]:
    if isinstance(result, CodingResult):
        return [result.backup] if result.backup and result.changes else []
    if isinstance(result, VehicleCodingResult):
        return [name for part in result.results for name in _backups(part)]
    return []


def file_hash(path: Path) -> str:
    """SHA-256 of a file, "" where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
