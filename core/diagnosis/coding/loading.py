"""Does a coding file belong to this vehicle and unit, and what would it change? Decides; reads and writes no unit."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.files import CodingFile, UnitCoding
from core.diagnosis.coding.unit import Identity, Records, Target
from core.errors import DataMissing, PreconditionNotMet


def chosen(file: CodingFile, unit: str, path: Path) -> UnitCoding:
    """The unit's part of the file. PreconditionNotMet where it holds others only."""
    coding = file.unit(unit)
    if coding is None:
        held = ", ".join(part.unit for part in file.units) or "no unit"
        raise PreconditionNotMet(
            f"{path.name} holds the coding of {held} in vehicle {file.vin or '(no VIN)'}, not of {unit}."
        )
    return coding


def require_vehicle(file: CodingFile, vin: str, path: Path) -> None:
    """The same VIN. PreconditionNotMet."""
    if file.vin != vin:
        raise PreconditionNotMet(
            f"{path.name} holds the coding of vehicle {file.vin or '(no VIN)'}, not of {vin or '(no VIN)'}.",
            "Take a file of this vehicle; one of another vehicle is loaded only where that is asked for.",
        )


def wanted_from(
    target: Target, coding: UnitCoding, before: Records, identity: Identity, path: Path, *, strict: bool
) -> tuple[Records, tuple[str, ...]]:
    """The records as the file wants them, and sentences about what differs without stopping it.

    PreconditionNotMet for another hardware, variant or layout; with `strict` ValueRefused for values that the data
    does not allow (those that the unit has already may stay).
    """
    unit = target.unit.name
    for what, theirs, ours in (
        ("hardware", coding.hardware, identity.hardware),
        ("variant", coding.variant, identity.variant),
    ):
        if theirs and ours and theirs != ours:
            raise PreconditionNotMet(f"{path.name} is for {what} {theirs}; {unit} has {ours}.")
    wanted = dict(before)
    for part in coding.records:
        record = next((r for r in target.unit.coding if r.name == part.name), None)
        if record is None or record.did != part.did or len(part.data) != record.length:
            raise PreconditionNotMet(f"{path.name} does not fit: the unit's record {part.name} is another one today.")
        if strict:
            arithmetic.require_plausible(record, part.data, before[record.name])
        wanted[part.name] = part.data
    if not coding.records:
        raise DataMissing(f"{path.name} holds no record of {unit}.", "Take another file.")
    return wanted, _warnings(target, coding, identity, path)


def _warnings(target: Target, coding: UnitCoding, identity: Identity, path: Path) -> tuple[str, ...]:
    unit, words = target.unit.name, []
    if coding.software and identity.software and coding.software != identity.software:
        words.append(
            f"{path.name} was made with software {coding.software} of {unit}, which has {identity.software} now."
        )
    left_out = [r.name for r in target.unit.coding if all(part.name != r.name for part in coding.records)]
    if left_out:
        words.append(f"{path.name} says nothing of {', '.join(left_out)} in {unit}: that stays as it is.")
    return tuple(words)
