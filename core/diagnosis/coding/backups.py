"""Before-images of coding on disk: folder/VIN/UNIT/TIMESTAMP.json, written whole or not at all. Knows no unit."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import DataInvalid, StorageFailed

FORMAT = "passbay-coding-1"
_LARGEST_FILE = 4 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """One before-image. `records` holds (record name, DID, bytes), `meanings` (item, meaning) for the reader of it."""

    vin: str
    unit: str
    at: float  # seconds since the epoch
    records: tuple[tuple[str, int, bytes], ...]
    meanings: tuple[tuple[str, str], ...] = ()


class BackupStore:
    """The before-images below one folder. Errors: StorageFailed (disk), DataInvalid (damaged file)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _unit_folder(self, vin: str, unit: str) -> Path:
        return self._folder / _safe(vin or "no-vin") / _safe(unit)

    def save(self, backup: Backup) -> Path:
        """Writes and flushes to the disk before it returns: only then may the unit be changed."""
        moment = datetime.fromtimestamp(backup.at, UTC).strftime("%Y%m%dT%H%M%S%fZ")
        content = {
            "format": FORMAT, "vin": backup.vin, "unit": backup.unit, "at": backup.at,
            "records": [{"name": n, "did": f"{d:04X}", "bytes": b.hex()} for n, d, b in backup.records],
            "meanings": dict(backup.meanings),
        }  # fmt: skip
        path = self._unit_folder(backup.vin, backup.unit) / f"{moment}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, json.dumps(content, indent=2).encode())
        except OSError as problem:
            raise StorageFailed(
                f"The coding cannot be kept in {path.parent}: {problem.strerror or problem}.",
                "Free disk space or correct the rights of the folder. Nothing was changed in the vehicle.",
            ) from problem
        return path

    def newest(self, vin: str, unit: str) -> Path | None:
        """The newest before-image of this unit in this vehicle."""
        folder = self._unit_folder(vin, unit)
        try:
            files = sorted(path for path in folder.glob("*.json"))
        except OSError:
            return None
        return files[-1] if files else None

    def load(self, path: Path) -> Backup:
        """DataInvalid where the file is missing, damaged or something else."""
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise ValueError("it is larger than 4 MiB")
            return _backup_of(json.loads(path.read_bytes()))
        except OSError as problem:
            raise DataInvalid(
                f"{path} cannot be read: {problem.strerror or problem}.", "Check the path.", file=str(path)
            ) from problem
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise DataInvalid(f"{path.name} is no stored coding ({problem}).", file=str(path)) from problem


def _backup_of(content: Any) -> Backup:
    if content["format"] != FORMAT:
        raise ValueError("unknown format")
    records = tuple((str(r["name"]), int(r["did"], 16), bytes.fromhex(r["bytes"])) for r in content["records"])
    meanings = tuple((str(k), str(v)) for k, v in content.get("meanings", {}).items())
    return Backup(str(content["vin"]), str(content["unit"]), float(content["at"]), records, meanings)


def _safe(name: str) -> str:
    """A VIN comes from the bus: it must not choose a folder of its own."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "_"


def _write(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
