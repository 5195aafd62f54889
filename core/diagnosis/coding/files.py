"""The coding file: one vehicle, the coding of one or more of its units, as JSON that people and programs can read.

    {"format": "passbay-coding-2",
     "vin": "...", "vehicle": "car-mixed", "at": 1790000000.0, "time": "2026-09-21T14:13:20Z", "by": "OS user",
     "units": [{"unit": "BODY", "hardware": "...", "software": "...", "variant": "...",
                "records": [{"name": "Lights", "did": "0100", "bytes": "01 64",
                             "meanings": {"DaytimeLight": "on", ...}}, ...]}, ...],
     "change": {"reason": "set", "order": "...", "outcome": "verified",
                "changes": [{"item": "DaytimeLight", "before": "off", "after": "on"}, ...]},
     "sha256": "..."}

`bytes` count when the file is loaded, `meanings` are for the reader; `change` is there in before-images only. `sha256`
goes over the JSON of all other members (sorted names, no spaces, ASCII): a file that was damaged or edited is refused.
Before-images of the first format (one unit, no hash) are still read. Opens no file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import DataInvalid
from core.vocabulary import CodingChange

FORMAT = "passbay-coding-2"
FIRST_FORMAT = "passbay-coding-1"
LARGEST_FILE = 4 << 20  # bytes
_LATEST = 253_402_300_799.0  # the year 9999: what datetime can show


@dataclass(frozen=True, slots=True)
class RecordCoding:
    """The bytes of one record and what they mean: (item, meaning) in the record's order."""

    name: str
    did: int
    data: bytes
    meanings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UnitCoding:
    """All records of one unit, with what the unit said of itself ("" where it did not)."""

    unit: str
    records: tuple[RecordCoding, ...]
    hardware: str = ""
    software: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """What was about to be done when a before-image was kept. `outcome`: "verified", "failed: ...", "" not known."""

    reason: str
    changes: tuple[CodingChange, ...] = ()
    order: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class CodingFile:
    vin: str
    at: float  # seconds since the epoch
    units: tuple[UnitCoding, ...]
    vehicle: str = ""
    by: str = ""
    change: ChangeNote | None = field(default=None)

    def unit(self, name: str) -> UnitCoding | None:
        """By name, case-insensitive; the only one for ""."""
        if not name and len(self.units) == 1:
            return self.units[0]
        return next((unit for unit in self.units if unit.unit.casefold() == name.strip().casefold()), None)


def to_bytes(file: CodingFile) -> bytes:
    """The text of the file, its hash included."""
    content = _content(file)
    content["sha256"] = _digest(content)
    return json.dumps(content, indent=2).encode() + b"\n"


def parse(data: bytes, name: str) -> CodingFile:
    """DataInvalid where it is damaged, edited or something else; `name` is the file's for the words."""
    try:
        if len(data) > LARGEST_FILE:
            raise ValueError("it is larger than 4 MiB")
        content = json.loads(data)
        if content["format"] == FIRST_FORMAT:
            return _first_format(content)
        if content["format"] != FORMAT:
            raise ValueError("unknown format")
        stated = content.pop("sha256")
        if stated != _digest(content):
            raise ValueError("its hash does not hold: it was damaged or edited")
        return _file_of(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as problem:
        raise DataInvalid(f"{name} is no coding file: {_what_is_wrong(problem)}.", file=name) from problem


def _what_is_wrong(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"line {problem.lineno} is not JSON"
    if isinstance(problem, UnicodeDecodeError):
        return "it is not text"
    if isinstance(problem, KeyError):
        return f"{problem} is missing"
    return str(problem)


def time_text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _content(file: CodingFile) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": FORMAT, "vin": file.vin, "vehicle": file.vehicle, "at": file.at, "time": time_text(file.at),
        "by": file.by, "units": [_unit_content(unit) for unit in file.units],
    }  # fmt: skip
    if file.change is not None:
        note = file.change
        content["change"] = {
            "reason": note.reason, "order": note.order, "outcome": note.outcome,
            "changes": [{"item": c.name, "before": c.before, "after": c.after} for c in note.changes],
        }  # fmt: skip
    return content


def _unit_content(unit: UnitCoding) -> dict[str, Any]:
    return {
        "unit": unit.unit, "hardware": unit.hardware, "software": unit.software, "variant": unit.variant,
        "records": [
            {"name": r.name, "did": f"{r.did:04X}", "bytes": r.data.hex(" ").upper(), "meanings": dict(r.meanings)}
            for r in unit.records
        ],
    }  # fmt: skip


def _file_of(content: dict[str, Any]) -> CodingFile:
    units = tuple(_unit_of(unit) for unit in content["units"])
    if len({unit.unit.casefold() for unit in units}) != len(units):
        raise ValueError("a unit is there twice")
    note = content.get("change")
    change = None
    if note is not None:
        changes = tuple(CodingChange(str(c["item"]), str(c["before"]), str(c["after"])) for c in note["changes"])
        change = ChangeNote(str(note["reason"]), changes, str(note["order"]), str(note["outcome"]))
    return CodingFile(
        str(content["vin"]), _moment(content["at"]), units, str(content["vehicle"]), str(content["by"]), change
    )


def _unit_of(content: dict[str, Any]) -> UnitCoding:
    return UnitCoding(
        str(content["unit"]), _records(content["records"]), str(content["hardware"]), str(content["software"]),
        str(content["variant"]),
    )  # fmt: skip


def _records(rows: Iterable[dict[str, Any]]) -> tuple[RecordCoding, ...]:
    records = tuple(
        RecordCoding(
            str(row["name"]), _did(row["did"]), bytes.fromhex(row["bytes"]),
            tuple((str(item), str(meaning)) for item, meaning in row.get("meanings", {}).items()),
        )
        for row in rows
    )  # fmt: skip
    if len({record.name for record in records}) != len(records):
        raise ValueError("a record is there twice")
    return records


def _did(text: str) -> int:
    number = int(text, 16)
    if not 0 <= number <= 0xFFFF:
        raise ValueError(f"{number:X} is no DID")
    return number


def _moment(value: Any) -> float:
    at = float(value)
    if not 0 <= at <= _LATEST:
        raise ValueError("its time is none")
    return at


def _first_format(content: dict[str, Any]) -> CodingFile:
    """One unit; its meanings stood beside the records, so that they cannot be told apart by record."""
    unit = UnitCoding(str(content["unit"]), _records(content["records"]))
    return CodingFile(str(content["vin"]), _moment(content["at"]), (unit,))
