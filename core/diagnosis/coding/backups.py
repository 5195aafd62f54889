"""Codings on disk: before-images in folder/VIN/UNIT/TIMESTAMP.json, those of a whole vehicle in folder/VIN. No unit.

A before-image is there before the unit is changed; how the change ended is noted in it afterwards.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.diagnosis.coding.files import LARGEST_FILE, CodingFile, parse, to_bytes
from core.errors import DataInvalid, StorageFailed
from core.pc.files import open_file, write_file
from core.vocabulary import CodingKept

NOTHING_CHANGED = "Free disk space or correct the rights of the folder. Nothing was changed in the vehicle."


class BackupStore:
    """The codings below one folder. `by` is who works here. Errors: StorageFailed (disk), DataInvalid (damaged)."""

    def __init__(self, folder: Path, by: str = "") -> None:
        self._folder = folder
        self.by = by

    def save(self, file: CodingFile) -> Path:
        """Keeps a before-image; on the disk when it returns: only then may the unit be changed."""
        folder = self._folder / _safe(file.vin or "no-vin") / _safe(file.units[0].unit)
        path = _free(folder, file.at)
        self.write(path, file)
        return path

    def write(self, path: Path, file: CodingFile) -> str:
        """A coding file anywhere, whole or not at all. The SHA-256 of the file."""
        content = to_bytes(file)
        write_file(path, content, what=f"The coding file {path}", advice=NOTHING_CHANGED)
        return hashlib.sha256(content).hexdigest()

    def vehicle_path(self, vin: str, at: float) -> Path:
        """Where the coding of a whole vehicle goes that no other place was named for."""
        return _free(self._folder / _safe(vin or "no-vin"), at)

    def note_outcome(self, path: Path, outcome: str) -> None:
        """How the change ended, into its before-image. StorageFailed; the image itself stays whole in any case."""
        file = self.load(path)
        if file.change is not None:
            note = replace(file.change, outcome=outcome)
            write_file(path, to_bytes(replace(file, change=note)), what=f"The outcome in {path}")

    def newest(self, vin: str, unit: str) -> Path | None:
        """The newest before-image of this unit in this vehicle."""
        images = self._images(vin, unit)
        return images[-1] if images else None

    def load(self, path: Path) -> CodingFile:
        """DataInvalid where the file is missing, damaged or something else."""
        try:
            with open_file(path) as stream:
                data = stream.read(LARGEST_FILE + 1)
        except OSError as problem:
            raise DataInvalid(
                f"{path} cannot be read: {problem.strerror or problem}.", "Check the path.", file=str(path)
            ) from problem
        return parse(data, str(path))

    def history(self, vin: str, unit: str = "") -> tuple[tuple[CodingKept, ...], tuple[DataInvalid, ...]]:
        """Every state that was kept of this vehicle (or of one unit), oldest first; and what could not be read."""
        kept, problems = [], []
        for path in self._images(vin, unit) if unit else self._all_images(vin):
            try:
                file = self.load(path)
            except DataInvalid as problem:
                problems.append(problem)
                continue
            if file.vin == vin and file.units:  # two VINs with strange characters may share a folder
                kept.append(_kept(path, file))
        return tuple(sorted(kept, key=lambda state: state.at)), tuple(problems)

    def _images(self, vin: str, unit: str) -> list[Path]:
        return _files(self._folder / _safe(vin or "no-vin") / _safe(unit))

    def _all_images(self, vin: str) -> list[Path]:
        try:
            folders = [path for path in (self._folder / _safe(vin or "no-vin")).iterdir() if path.is_dir()]
        except OSError:
            return []
        return [path for folder in sorted(folders) for path in _files(folder)]


def _files(folder: Path) -> list[Path]:
    """Names are times: their order is that of the changes."""
    try:
        found = [path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.stem)


def _kept(path: Path, file: CodingFile) -> CodingKept:
    unit, note = file.units[0], file.change
    return CodingKept(
        file=str(path),
        vin=file.vin,
        unit=unit.unit,
        at=file.at,
        by=file.by,
        reason=note.reason if note else "",
        order=note.order if note else "",
        records=tuple((record.name, record.did, record.data) for record in unit.records),
        meanings=tuple(pair for record in unit.records for pair in record.meanings),
        changes=note.changes if note else (),
        outcome=note.outcome if note else "",
        hardware=unit.hardware,
        software=unit.software,
    )


def _free(folder: Path, at: float) -> Path:
    """A name by time that nobody has. StorageFailed where the folder cannot even be looked at."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path, number = folder / f"{moment}.json", 1
    try:
        while path.exists():
            number += 1
            path = folder / f"{moment}-{number}.json"
    except OSError as problem:
        raise StorageFailed(f"{folder} cannot be read: {problem.strerror or problem}.", NOTHING_CHANGED) from problem
    return path


def _safe(name: str) -> str:
    """A VIN comes from the bus: it must not choose a folder of its own."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "_"
