"""The coding of a whole vehicle: read into one file, and units brought back from it one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.diagnosis.coding.backups import BackupStore
from core.diagnosis.coding.files import CodingFile, UnitCoding
from core.diagnosis.coding.job import write_file_to
from core.diagnosis.coding.loading import chosen, require_vehicle
from core.diagnosis.coding.unit import read_identity, read_records, target_of
from core.diagnosis.commands import Job, Progress, ReadClock, Step
from core.diagnosis.preflight import require_covered
from core.errors import (
    CatalogueError,
    DataMissing,
    EcuError,
    JobCancelled,
    JobError,
    JobInterrupted,
    ProtocolError,
    StorageFailed,
)
from core.vocabulary import CodingExport, CodingResult, VehicleCodingResult

if TYPE_CHECKING:
    from core.diagnosis.identify import KnownVehicle

_ONE_UNIT = (EcuError, ProtocolError, CatalogueError, JobError)
"""What ends the work on one unit; anything else (the device lost, the disk full) ends it for all."""


def coding_export(
    vehicle: KnownVehicle, ecus: Sequence[str], path: Path | None, store: BackupStore
) -> Job[CodingExport]:
    """Reads the named units (all that can be coded for none) into one file; `path` None keeps it with the others.

    A unit that cannot be read is named in the result where others could be; DataMissing where none can be coded.
    """
    names = tuple(ecus) or tuple(unit.name for unit in vehicle.units if unit.coding)
    if not names:
        raise DataMissing("The diagnostic data describes no coding for any unit of this vehicle.")
    units: list[UnitCoding] = []
    failed: list[tuple[str, str]] = []
    yield Step("read", "Read the coding of all units" if len(names) > 1 else f"Read the coding of {names[0]}")
    for number, name in enumerate(names):
        yield Progress(number, len(names))
        try:
            units.append((yield from _read_unit(vehicle, name)))
        except _ONE_UNIT as problem:
            if isinstance(problem, JobCancelled) or len(names) == 1:
                raise
            failed.append((name, problem.message))
    yield Progress(len(names), len(names))
    if not units:
        raise DataMissing(f"No unit could be read. {failed[0][0]}: {failed[0][1]}", "Check ignition and connection.")
    _, now = yield ReadClock()
    file = CodingFile(vehicle.vin, now, tuple(units), vehicle.info.name if vehicle.info else "", store.by)
    place = path or store.vehicle_path(vehicle.vin, now)
    return CodingExport(
        str(place), vehicle.vin, tuple(unit.unit for unit in units), store.write(place, file), tuple(failed)
    )


def _read_unit(vehicle: KnownVehicle, name: str) -> Job[UnitCoding]:
    target = target_of(vehicle, name)
    records = yield from read_records(target)
    return target.coding(records, (yield from read_identity(target)))


def vehicle_restore(
    vehicle: KnownVehicle, path: Path, ecus: Sequence[str], store: BackupStore, order: str = ""
) -> Job[VehicleCodingResult]:
    """Brings units back from a file of this vehicle: the named ones, or all that it holds.

    Each unit gets its own before-image and read-back. One that fails does not keep the next from being restored: it
    is named in the result. PreconditionNotMet for a file of another vehicle and for a vehicle that is not covered.
    """
    file = store.load(path)
    names = tuple(ecus) or tuple(unit.unit for unit in file.units)
    if not names:
        raise DataMissing(f"{path.name} holds the coding of no unit.", "Take another file.")
    require_covered(vehicle, vehicle.unit(names[0]))
    require_vehicle(file, vehicle.vin, path)
    for name in ecus:
        chosen(file, target_of(vehicle, name).unit.name, path)  # a wrong name is told before anything is written
    results: list[CodingResult] = []
    failed: list[tuple[str, str]] = []
    for number, name in enumerate(names):
        try:
            target = target_of(vehicle, name)
            results.append((yield from write_file_to(target, path, store, "restore", order)))
        except (*_ONE_UNIT, StorageFailed) as problem:
            if isinstance(problem, JobCancelled) or len(names) == 1:
                raise
            failed.append((name, f"{problem.message} {problem.advice}"))
            if isinstance(problem, StorageFailed):
                return VehicleCodingResult(str(path), tuple(results), tuple(failed), names[number + 1 :])
    if not results:
        raise JobInterrupted(f"No unit was restored. {failed[0][0]}: {failed[0][1]}", "Look at each unit by itself.")
    return VehicleCodingResult(str(path), tuple(results), tuple(failed))
