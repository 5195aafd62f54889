"""Two codings compared in meanings: the car, a file, the factory. Pure, but for the job that reads the car."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.backups import BackupStore
from core.diagnosis.coding.files import RecordCoding, UnitCoding
from core.diagnosis.coding.loading import chosen, require_vehicle, wanted_from
from core.diagnosis.coding.unit import read_identity, read_records, target_of
from core.diagnosis.commands import Job, Step
from core.errors import DataInvalid, UsageError
from core.vocabulary import CodingDiff, CodingDifference

if TYPE_CHECKING:
    from core.catalogue.model import UnitInfo
    from core.diagnosis.identify import KnownVehicle

CAR, FACTORY = "car", "factory"
"""The two sides that are no file."""


def diff(
    left: str, right: str, left_units: Sequence[UnitCoding], right_units: Sequence[UnitCoding]
) -> CodingDiff:
    """`left` and `right` name the sides. A unit that one side has not got is named, not compared."""
    ours, theirs = ({unit.unit.casefold(): unit for unit in units} for units in (left_units, right_units))
    differences: list[CodingDifference] = []
    bits: list[str] = []
    for name in ours:
        if name in theirs:
            more, others = _unit_diff(ours[name], theirs[name])
            differences += more
            bits += others
    missing = tuple({**ours, **theirs}[name].unit for name in {**ours, **theirs} if (name in ours) != (name in theirs))
    return CodingDiff(left, right, tuple(differences), tuple(bits), missing=missing)


def file_diff(left: Path, right: Path, store: BackupStore, ecu: str = "") -> CodingDiff:
    """Two files, by the meanings that they hold. DataInvalid; PreconditionNotMet where `ecu` is not in one of them."""
    sides = []
    for path in (left, right):
        file = store.load(path)
        sides.append((chosen(file, ecu, path),) if ecu else file.units)
    return diff(left.name, right.name, *sides)


def side_of(text: str) -> str:
    """A side as it was typed: "car" and "factory" as they are, a file by its absolute path. UsageError for none."""
    side = text.strip()
    if not side:
        raise UsageError("A side of the comparison is empty.", "Give car, factory or a file.")
    return side.lower() if side.lower() in (CAR, FACTORY) else str(Path(text).absolute())


def coding_diff(vehicle: KnownVehicle, ecu: str, left: str, right: str, store: BackupStore) -> Job[CodingDiff]:
    """One unit; `left` and `right` as `side_of` gives them. The car is read once where it is a side."""
    target = target_of(vehicle, ecu)
    read: UnitCoding | None = None
    if CAR in (left, right):
        yield Step("read", f"Read the coding of {target.unit.name}")
        records = yield from read_records(target)
        read = target.coding(records, (yield from read_identity(target)))
    sides = []
    for side in (left, right):
        if side == CAR and read is not None:
            sides.append((side, read))
        elif side == FACTORY:
            sides.append((side, factory_coding(target.unit)))
        else:
            path = Path(side)
            sides.append((path.name, in_own_words(target.unit, chosen(store.load(path), target.unit.name, path))))
    (left_name, ours), (right_name, theirs) = sides
    return diff(left_name, right_name, (ours,), (theirs,))


def load_preview(
    vehicle: KnownVehicle, ecu: str, path: Path, store: BackupStore, *, other_vehicle: bool = False
) -> Job[CodingDiff]:
    """What a load of this file would change, all its refusals included. Writes nothing."""
    target = target_of(vehicle, ecu)
    file = store.load(path)
    coding = chosen(file, target.unit.name, path)
    if not other_vehicle:
        require_vehicle(file, vehicle.vin, path)
    yield Step("read", f"Read the coding of {target.unit.name}")
    before = yield from read_records(target)
    identity = yield from read_identity(target)
    wanted, warnings = wanted_from(target, coding, before, identity, path, strict=True)
    found = diff(CAR, path.name, (target.coding(before, identity),), (target.coding(wanted, identity),))
    return CodingDiff(found.left, found.right, found.differences, found.bits, warnings)


def factory_coding(unit: UnitInfo) -> UnitCoding:
    """What the data says the factory set; no bytes where it gives meanings only."""
    return UnitCoding(
        unit.name,
        tuple(
            RecordCoding(r.name, r.did, r.factory, tuple(arithmetic.factory_meanings(r).items())) for r in unit.coding
        ),
    )


def in_own_words(unit: UnitInfo, coding: UnitCoding) -> UnitCoding:
    """The file's bytes in the words of today's data; its own words where the data cannot read them."""
    records = {record.name: record for record in unit.coding}
    parts = []
    for part in coding.records:
        meanings = part.meanings
        if part.name in records:
            try:
                meanings = tuple(arithmetic.decode_items(records[part.name], part.data).items())
            except DataInvalid:
                pass  # another layout: it shows as differing meanings
        parts.append(RecordCoding(part.name, part.did, part.data, meanings))
    return UnitCoding(coding.unit, tuple(parts), coding.hardware, coding.software, coding.variant)


def _unit_diff(left: UnitCoding, right: UnitCoding) -> tuple[list[CodingDifference], list[str]]:
    ours, theirs = ({record.name: record for record in unit.records} for unit in (left, right))
    differences: list[CodingDifference] = []
    bits = []
    for name in {**ours, **theirs}:
        mine, yours = ours.get(name), theirs.get(name)
        found = [CodingDifference(left.unit, name, *line) for line in _items(mine, yours)]
        differences += found
        if not found and mine and yours and mine.data and yours.data and mine.data != yours.data:
            bits.append(f"{left.unit} {name}")
    return differences, bits


def _items(mine: RecordCoding | None, yours: RecordCoding | None) -> Iterable[tuple[str, str, str]]:
    """(item, left, right) of those that differ. A factory record without bytes is silent about some items."""
    meanings = [dict(record.meanings) if record else {} for record in (mine, yours)]
    silent = [record is not None and not record.data for record in (mine, yours)]
    for item in {**meanings[0], **meanings[1]}:
        left, right = (side.get(item, "") for side in meanings)
        unsaid = any(item not in side and quiet for side, quiet in zip(meanings, silent, strict=True))
        if left != right and not unsaid:
            yield item, left, right
