"""Reads, changes and restores the coding of one unit (ISO 14229-1 0x22, 0x2E; ODX-E records). Flashes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.backups import Backup, BackupStore
from core.diagnosis.commands import Job, KeepAlive, ReadClock, Request, Step, Tell
from core.diagnosis.preconditions import require_covered
from core.diagnosis.security import unlock
from core.errors import (
    DataMissing,
    JobInterrupted,
    NegativeResponse,
    PreconditionNotMet,
    ProductError,
    ValueRefused,
    VerificationFailed,
)
from core.events import Noted
from core.protocol import uds
from core.vocabulary import CodingChange, CodingItemState, CodingResult, CodingState, EcuAddress

if TYPE_CHECKING:
    from core.catalogue.model import CodingRecord, UnitInfo
    from core.diagnosis.identify import KnownVehicle

DEFAULT_SESSION = 0x01
_WANTS_SESSION = (0x22, 0x31, 0x33, 0x7E, 0x7F)

Records = dict[str, bytes]
"""Record name -> its bytes, in the order of the data."""


@dataclass(frozen=True, slots=True)
class _Target:
    vehicle: KnownVehicle
    unit: UnitInfo
    address: EcuAddress

    def request(self, pdu: bytes) -> Request:
        return Request(self.unit.name, self.address, pdu)

    def record(self, name: str) -> CodingRecord:
        return next(record for record in self.unit.coding if record.name == name)


def coding_read(vehicle: KnownVehicle, ecu: str, store: BackupStore) -> Job[CodingState]:
    """All records and what they mean. DataMissing where the data has no coding for this unit."""
    target = _target(vehicle, ecu)
    yield Step("read", f"Read the coding of {target.unit.name}")
    records = yield from _read_records(target)
    items: list[CodingItemState] = []
    for record in target.unit.coding:
        items += arithmetic.item_states(record, records[record.name])
    backup = store.newest(vehicle.vin, target.unit.name)
    faces = tuple((r.name, r.did, records[r.name]) for r in target.unit.coding)
    return CodingState(target.unit.name, vehicle.vin, tuple(items), faces, str(backup or ""))


def coding_write(
    vehicle: KnownVehicle, ecu: str, changes: Mapping[str, str], store: BackupStore
) -> Job[CodingResult]:  # fmt: skip
    """Sets items by name, all others stay. ValueRefused before anything is written, VerificationFailed after it."""
    target = _target(vehicle, ecu)
    require_covered(vehicle, target.unit)
    by_record = _sorted_by_record(target.unit, changes)
    yield Step("read", f"Read the coding of {target.unit.name}")
    before = yield from _read_records(target)
    wanted = {
        name: arithmetic.apply(target.record(name), data, by_record.get(name, {})) for name, data in before.items()
    }
    return (yield from _write(target, before, wanted, store))


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
    vehicle: KnownVehicle, ecu: str, store: BackupStore, backup: Path | None = None
) -> Job[CodingResult]:  # fmt: skip
    """Writes a before-image back: the newest one of this VIN and unit, or the given file (same VIN and unit only)."""
    target = _target(vehicle, ecu)
    require_covered(vehicle, target.unit)
    path = backup or store.newest(vehicle.vin, target.unit.name)
    if path is None:
        raise DataMissing(
            f"No coding of {target.unit.name} was kept for this vehicle.", "Coding is kept when it is changed here."
        )
    stored = store.load(path)
    if (stored.vin, stored.unit) != (vehicle.vin, target.unit.name):
        raise PreconditionNotMet(
            f"{path.name} holds the coding of {stored.unit} in vehicle {stored.vin or '(no VIN)'},"
            f" not of {target.unit.name} in {vehicle.vin or '(no VIN)'}."
        )
    yield Step("read", f"Read the coding of {target.unit.name}")
    before = yield from _read_records(target)
    wanted = _wanted_from(stored, before, path)
    return (yield from _write(target, before, wanted, store))


def _target(vehicle: KnownVehicle, ecu: str) -> _Target:
    unit, address = vehicle.reachable(ecu)
    if not unit.coding:
        raise DataMissing(f"The diagnostic data describes no coding for {unit.name}.")
    return _Target(vehicle, unit, address)


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


def _wanted_from(stored: Backup, before: Records, path: Path) -> Records:
    wanted = dict(before)
    for name, _, data in stored.records:
        if name not in before or len(before[name]) != len(data):
            raise PreconditionNotMet(f"{path.name} does not fit: the unit's record {name} is another one today.")
        wanted[name] = data
    return wanted


def _read_records(target: _Target) -> Job[Records]:
    """In the default session; where the unit refuses that, in the record's own session."""
    records: Records = {}
    for record in target.unit.coding:
        pdu = uds.read_data(record.did)
        answer = b""
        try:
            answer = yield target.request(pdu)
        except NegativeResponse as refusal:
            if refusal.nrc not in _WANTS_SESSION:
                raise
        if not answer:
            yield target.request(uds.session(record.session))
            try:
                answer = yield target.request(pdu)
            finally:
                yield from _leave(target)
        records[record.name] = uds.data_of(answer, record.did)
        arithmetic.decode_items(record, records[record.name])  # DataInvalid: not the unit that the data describes
    return records


def _write(target: _Target, before: Records, wanted: Records, store: BackupStore) -> Job[CodingResult]:
    changed = [record for record in target.unit.coding if wanted[record.name] != before[record.name]]
    if not changed:
        newest = store.newest(target.vehicle.vin, target.unit.name)
        return _result(target, before, before, str(newest or ""))
    yield Step("backup", "Keep the coding as it is now")
    path = yield from _keep(target, before, store)
    written = False
    try:
        yield KeepAlive((target.address,))
        for record in changed:
            yield Step("write", f"Write {record.title or record.name}", protected=written)
            yield target.request(uds.session(record.session))
            if record.security_level is not None:
                yield from unlock(target.unit.name, target.address, record.security_level, record.security_method)
            written = True
            yield target.request(uds.write_data(record.did, wanted[record.name]))
    except ProductError as problem:
        if written and len(changed) > 1:
            raise JobInterrupted(
                f"The coding of {target.unit.name} was not written completely: {problem.message}",
                f"Restore the coding as it was (kept in {path}), then look for the cause.",
                step="write",
            ) from problem
        raise
    finally:
        yield KeepAlive(())
        yield from _leave(target)
    yield Step("verify", "Read back and compare", protected=True)
    after = yield from _read_records(target)
    _verify(target, wanted, after, path)
    return _result(target, before, after, str(path))


def _keep(target: _Target, before: Records, store: BackupStore) -> Job[Path]:
    _, now = yield ReadClock()
    unit = target.unit
    meanings = tuple(
        pair for record in unit.coding for pair in arithmetic.decode_items(record, before[record.name]).items()
    )
    records = tuple((record.name, record.did, before[record.name]) for record in unit.coding)
    return store.save(Backup(target.vehicle.vin, unit.name, now, records, meanings))


def _verify(target: _Target, wanted: Records, after: Records, path: Path) -> None:
    """Bytes first, then meanings: both must be what was asked for."""
    for record in target.unit.coding:
        name = record.name
        if after[name] == wanted[name]:
            continue
        meant, found = (arithmetic.decode_items(record, records[name]) for records in (wanted, after))
        wrong = [item for item in meant if meant[item] != found[item]]
        items = ", ".join(f"{item} reads {found[item]!r} instead of {meant[item]!r}" for item in wrong[:3])
        raise VerificationFailed(
            f"{target.unit.name} did not keep the coding: {items or 'bits that no item names differ'}"
            f" ({name} is {after[name].hex(' ').upper()}).",
            f"Do not hand the vehicle over: repeat, or restore the coding kept in {path}.",
        )


def _leave(target: _Target) -> Job[None]:
    """Back to the default session; the first error of the job counts, this one is only told."""
    try:
        yield target.request(uds.session(DEFAULT_SESSION))
    except ProductError as problem:
        yield Tell(Noted(0.0, "warning", f"{target.unit.name} did not leave its session: {problem.message}"))


def _result(target: _Target, before: Records, after: Records, backup: str) -> CodingResult:
    changes: list[CodingChange] = []
    for record in target.unit.coding:
        old = arithmetic.decode_items(record, before[record.name])
        new = arithmetic.decode_items(record, after[record.name])
        changes += [CodingChange(name, old[name], new[name]) for name in old if old[name] != new[name]]
    records = tuple(
        (record.name, record.did, before[record.name], after[record.name]) for record in target.unit.coding
    )
    return CodingResult(target.unit.name, tuple(changes), records, backup, verified=True)
