"""Brings a unit that was left in programming to its verified end, as the journal offers it. Reads the journal only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job
from core.diagnosis.flash.job import flash
from core.diagnosis.flash.plan import FlashTask
from core.diagnosis.flash.source import PLAN_SUFFIX, split_flashware, unit_name
from core.diagnosis.journal import JournalFolder, left_in_programming
from core.errors import DataMissing
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, FlashResult, Interrupted

if TYPE_CHECKING:
    from core.diagnosis.identify import KnownVehicle


def with_journal(task: FlashTask, journals: JournalFolder) -> FlashTask:
    """The same task, knowing where its unit was left in programming."""
    name = unit_name(task.vehicle, task.ecu, task.flashware)
    return replace(task, interrupted=left_behind(task.vehicle, name, journals))


def left_behind(vehicle: KnownVehicle, ecu: str, journals: JournalFolder) -> Interrupted | None:
    """What the journal says of this unit of this vehicle, None where nothing was left."""
    return left_in_programming(journals, vehicle.vin).get(ecu.strip().upper())


def recover(
    vehicle: KnownVehicle,
    ecu: str,
    journals: JournalFolder,
    make_task: Callable[[KnownVehicle, str | EcuAddress, str], FlashTask],
) -> Job[FlashResult]:
    """Reads back, resumes, or repeats from the erase, with the flashware that was under way.

    `make_task(vehicle, ecu, flashware)` is the workbench's. DataMissing where the journal knows of nothing to
    recover, or where the flashware is not there any more; the errors of `flash` otherwise.
    """
    left = left_behind(vehicle, ecu, journals)
    if left is None:
        unit = vehicle.unit(ecu)
        raise DataMissing(f"{unit.name} of this vehicle was not left in programming.", "Flash it in the ordinary way.")
    flashware = _flashware(vehicle, left)
    task = make_task(vehicle, _unit(vehicle, left), flashware)
    task = replace(task, interrupted=left, resume=True)
    return (yield from flash(task, left.forced))


def _flashware(vehicle: KnownVehicle, left: Interrupted) -> str:
    """The plan and its image, the session by its name where the data has it still, else its file."""
    plan, image = split_flashware(left.file)
    if plan.suffix == PLAN_SUFFIX and plan.is_file() and (not image or Path(image).is_file()):
        return left.file
    if plan.suffix == PLAN_SUFFIX:
        files = f"The flash plan {plan} or its image {image}" if image else f"The flash plan {plan}"
        raise DataMissing(
            f"{files} of the interrupted flash is not there any more.",
            f"Bring the files back, or flash {left.unit} with another plan and image that fit.",
        )
    known = vehicle.surroundings.catalogue.flash_sessions(vehicle.unit(left.unit))
    if any(session.name == left.flashware for session in known):
        return left.flashware
    if Path(left.file).is_file():
        return f"{left.file}#{left.flashware}"
    raise DataMissing(
        f"The flashware {left.flashware} ({left.file}), of the interrupted flash is not there any more.",
        f"Bring the file back, or flash {left.unit} with another flashware that fits.",
    )


def _unit(vehicle: KnownVehicle, left: Interrupted) -> str | EcuAddress:
    """Its name where the vehicle data or its plan know where it is, else its address."""
    from core.catalogue.plans import plan_from_toml

    plan, _ = split_flashware(left.file)
    known = any(unit.name.casefold() == left.unit.casefold() for unit in vehicle.units)
    if known or plan.suffix != PLAN_SUFFIX or plan_from_toml(plan).address is not None:
        return left.unit
    return address_from(left.address)


def address_from(text: str) -> EcuAddress:
    """What str(address) says, back; addressing that is not usual is not in it. DataMissing where it is no address."""
    tx, slash, rx = text.partition("/")
    try:
        if slash:
            return CanAddress(int(tx, 16), int(rx, 16), is_extended_id=len(tx) > 3)
        return DoipAddress(int(text, 16))
    except ValueError:
        raise DataMissing(f"The journal does not say where the unit is ({text!r}).", "Flash it anew.") from None
