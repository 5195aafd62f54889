"""Brings a unit that was left in programming to its verified end, as the journal offers it. Reads the journal only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job
from core.diagnosis.flash.job import flash
from core.diagnosis.flash.plan import FlashTask
from core.diagnosis.journal import JournalFolder, left_in_programming
from core.errors import DataMissing
from core.vocabulary import FlashResult, Interrupted

if TYPE_CHECKING:
    from core.diagnosis.identify import KnownVehicle


def with_journal(task: FlashTask, journals: JournalFolder) -> FlashTask:
    """The same task, knowing where its unit was left in programming."""
    return replace(task, interrupted=left_behind(task.vehicle, task.ecu, journals))


def left_behind(vehicle: KnownVehicle, ecu: str, journals: JournalFolder) -> Interrupted | None:
    """What the journal says of this unit of this vehicle, None where nothing was left."""
    return left_in_programming(journals, vehicle.vin).get(ecu.strip().upper())


def recover(
    vehicle: KnownVehicle, ecu: str, journals: JournalFolder, make_task: Callable[[KnownVehicle, str, str], FlashTask]
) -> Job[FlashResult]:
    """Reads back, resumes, or repeats from the erase, with the flashware that was under way.

    `make_task(vehicle, ecu, flashware)` is the workbench's. DataMissing where the journal knows of nothing to
    recover, or where the flashware is not there any more; the errors of `flash` otherwise.
    """
    left = left_behind(vehicle, ecu, journals)
    if left is None:
        unit = vehicle.unit(ecu)
        raise DataMissing(
            f"{unit.name} of this vehicle was not left in programming.", "Flash it in the ordinary way."
        )
    task = replace(make_task(vehicle, left.unit, _flashware(vehicle, left)), interrupted=left, resume=True)
    return (yield from flash(task, left.forced))


def _flashware(vehicle: KnownVehicle, left: Interrupted) -> str:
    """The session by its name where the data has it still, else by its file."""
    known = vehicle.surroundings.catalogue.flash_sessions(vehicle.unit(left.unit))
    if any(session.name == left.flashware for session in known):
        return left.flashware
    if Path(left.file).is_file():
        return f"{left.file}#{left.flashware}"
    raise DataMissing(
        f"The flashware {left.flashware} ({left.file}), of the interrupted flash is not there any more.",
        f"Bring the file back, or flash {left.unit} with another flashware that fits.",
    )
