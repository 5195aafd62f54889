"""The coding jobs of one unit: read, change by name, restore, load from a file (ODX-E records). Flashes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.backups import BackupStore
from core.diagnosis.coding.loading import chosen, require_vehicle, wanted_from
from core.diagnosis.coding.unit import Target, read_identity, read_records, target_of
from core.diagnosis.coding.writing import Writing
from core.diagnosis.commands import Job, Step, Tell
from core.diagnosis.preflight import require_covered
from core.errors import DataMissing, ValueRefused
from core.events import Noted
from core.vocabulary import CodingItemState, CodingResult, CodingState

if TYPE_CHECKING:
    from core.catalogue.model import UnitInfo
    from core.diagnosis.identify import KnownVehicle


def coding_read(vehicle: KnownVehicle, ecu: str, store: BackupStore) -> Job[CodingState]:
    """All records and what they mean. DataMissing where the data has no coding for this unit."""
    target = target_of(vehicle, ecu)
    yield _reading(target)
    records = yield from read_records(target)
    items: list[CodingItemState] = []
    for record in target.unit.coding:
        items += arithmetic.item_states(record, records[record.name])
    backup = store.newest(vehicle.vin, target.unit.name)
    faces = tuple((r.name, r.did, records[r.name]) for r in target.unit.coding)
    return CodingState(target.unit.name, vehicle.vin, tuple(items), faces, str(backup or ""))


def coding_write(
    vehicle: KnownVehicle, ecu: str, changes: Mapping[str, str], store: BackupStore, order: str = ""
) -> Job[CodingResult]:
    """Sets items by name, all others stay. ValueRefused before anything is written, VerificationFailed after it."""
    target = target_of(vehicle, ecu)
    require_covered(vehicle, target.unit)
    by_record = _sorted_by_record(target.unit, changes)
    yield _reading(target)
    before = yield from read_records(target)
    identity = yield from read_identity(target)
    wanted = {
        name: arithmetic.apply(target.record(name), data, by_record.get(name, {})) for name, data in before.items()
    }
    return (yield from Writing(target, identity, store, "set", order).run(before, wanted))


def coding_after(
    unit: UnitInfo, state: CodingState, changes: Mapping[str, str]
) -> tuple[tuple[str, int, bytes, bytes], ...]:
    """(record, DID, bytes as read, bytes after `changes`) per record, for the screen. ValueRefused; no traffic."""
    by_record = _sorted_by_record(unit, changes) if changes else {}
    records = {record.name: record for record in unit.coding}
    return tuple(
        (name, did, data, arithmetic.apply(records[name], data, by_record.get(name, {})))
        for name, did, data in state.records
    )


def coding_restore(
    vehicle: KnownVehicle, ecu: str, store: BackupStore, backup: Path | None = None, order: str = ""
) -> Job[CodingResult]:
    """Writes a before-image back: the newest one of this VIN and unit, or the given file (same VIN and unit only)."""
    target = target_of(vehicle, ecu)
    path = backup or store.newest(vehicle.vin, target.unit.name)
    if path is None:
        raise DataMissing(
            f"No coding of {target.unit.name} was kept for this vehicle.", "Coding is kept when it is changed here."
        )
    return (yield from write_file_to(target, path, store, "restore", order))


def coding_load(
    vehicle: KnownVehicle, ecu: str, path: Path, store: BackupStore, *, other_vehicle: bool = False, order: str = ""
) -> Job[CodingResult]:
    """Writes what a coding file says of this unit. Refused where it is another vehicle, unit, hardware or variant.

    `other_vehicle` allows the file of another VIN (the same unit in two cars). Values that the data does not allow
    are refused, unless the unit has them already.
    """
    target = target_of(vehicle, ecu)
    return (yield from write_file_to(target, path, store, "load", order, other_vehicle=other_vehicle))


def write_file_to(
    target: Target, path: Path, store: BackupStore, reason: str, order: str, *, other_vehicle: bool = False
) -> Job[CodingResult]:
    """The part that restore and load share. A before-image may hold values that the data does not know: it was so."""
    require_covered(target.vehicle, target.unit)
    file = store.load(path)
    coding = chosen(file, target.unit.name, path)
    if not other_vehicle:
        require_vehicle(file, target.vehicle.vin, path)
    yield _reading(target)
    before = yield from read_records(target)
    identity = yield from read_identity(target)
    wanted, warnings = wanted_from(target, coding, before, identity, path, strict=reason == "load")
    for warning in warnings:
        yield Tell(Noted(0.0, "warning", warning))
    return (yield from Writing(target, identity, store, reason, order).run(before, wanted))


def _reading(target: Target) -> Step:
    return Step("read", f"Read the coding of {target.unit.name}")


def _sorted_by_record(unit: UnitInfo, changes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Which record each item is in; values are checked when they are applied. Nothing to change is refused."""
    if not changes:
        raise ValueRefused(f"No change was given for {unit.name}.", "Name an item and its new value.")
    result: dict[str, dict[str, str]] = {}
    for name, text in changes.items():
        for record in unit.coding:
            try:
                item = arithmetic.find_item(record, name)
            except ValueRefused:
                continue
            arithmetic.raw_of(item, text)  # refuses before a single request goes out
            result.setdefault(record.name, {})[item.name] = text
            break
        else:
            names = ", ".join(item.name for record in unit.coding for item in record.items)
            raise ValueRefused(f"{unit.name} has no coding item {name!r}.", f"Choose one of: {names}.")
    return result


