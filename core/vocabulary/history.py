"""What was kept of a vehicle: states of its coding, entries of its history, the protocol of an order. No behaviour.

Text is as units and files gave it: clean it at the roof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.vocabulary.results import CodingChange, CodingResult


@dataclass(frozen=True, slots=True)
class CodingKept:
    """One state of a unit's coding on disk, kept before it was changed. `changes` say what was wanted of it then.

    `outcome`: "verified" (read back as wanted), "failed: ..." or "" where the job did not come to its end.
    """

    file: str
    vin: str
    unit: str
    at: float  # seconds since the epoch
    by: str  # user of the operating system
    reason: str  # "set", "restore", "load"
    order: str
    records: tuple[tuple[str, int, bytes], ...]  # (record, DID, bytes before the change)
    meanings: tuple[tuple[str, str], ...]  # (item, meaning before the change)
    changes: tuple[CodingChange, ...] = ()
    outcome: str = ""
    hardware: str = ""
    software: str = ""


@dataclass(frozen=True, slots=True)
class CodingDifference:
    """One item that two codings give another meaning; "" where a side does not know the item."""

    unit: str
    record: str
    item: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class CodingDiff:
    """Two codings compared. `bits` names records ("UNIT record") that differ only in bits which no item names.

    `warnings` are sentences about what does not stop a load, `missing` names units that only one side has.
    """

    left: str
    right: str
    differences: tuple[CodingDifference, ...]
    bits: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.differences or self.bits or self.missing)


@dataclass(frozen=True, slots=True)
class CodingExport:
    """Codings of units written to a file; `failed` holds (unit, reason) of those that could not be read."""

    file: str
    vin: str
    units: tuple[str, ...]
    sha256: str
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VehicleCodingResult:
    """Several units coded from one file; `failed` holds (unit, reason), `untouched` those that nobody came to."""

    file: str
    results: tuple[CodingResult, ...]
    failed: tuple[tuple[str, str], ...] = ()
    untouched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One job in a vehicle's history. `result` is the job's result as plain values, `files` holds (role, name, sha256).

    `outcome`: done, failed or cancelled. `steps` holds (name, title, seconds); seconds is None for one that failed.
    `driven_by` names the helper that it was handed over to, "" else.
    """

    number: int
    at: float  # seconds since the epoch, when the job ended
    seconds: float
    vin: str
    vehicle: str
    title: str
    order: str
    kind: str
    unit: str
    by: str
    device: str
    program: str
    outcome: str
    summary: str
    error: dict[str, Any]
    result: dict[str, Any]
    steps: tuple[tuple[str, str, float | None], ...]
    files: tuple[tuple[str, str, str], ...]
    previous: str
    hash: str
    driven_by: str = ""


@dataclass(frozen=True, slots=True)
class HistoryCheck:
    """Whether a vehicle's history is whole. `problems` are sentences; `head` is the hash of its last entry."""

    vin: str
    entries: int
    head: str
    problems: tuple[str, ...]
    file: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems
