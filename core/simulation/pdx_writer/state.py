"""Writes a vehicle's TOML: what the car holds when it leaves the factory (format: core/simulation/initial_state.py)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from core.simulation.pdx_writer.odx.flash import session_name
from core.simulation.pdx_writer.odx.layers import BOOT_VARIANT_NUMBER, variant_number
from core.simulation.pdx_writer.odx.services import FINGERPRINT_DID, VARIANT_DID
from core.simulation.pdx_writer.tables.kinds_drive import SUPPLY
from core.simulation.pdx_writer.tables.model import KWP2000, Frame, Measurement, Present, Trouble, Unit, Vehicle

_HEAD = "# {title}: what the simulated car holds at first. Written by `python -m core.simulation.pdx_writer`.\n\n"
PART_DID, SERIAL_DID, BOOT_DID = 0xF187, 0xF18C, 0xF180


def initial_state(vehicle: Vehicle) -> dict[str, Any]:
    """The TOML's tables."""
    tables: dict[str, Any] = {"title": vehicle.title, "vin": vehicle.vin, "voltage": vehicle.voltage}
    if vehicle.on_doip:
        tables["doip"] = {"eid": vehicle.eid, "gid": "025042000000"}
    tables["units"] = {unit.name: _unit(vehicle, unit) for unit in vehicle.units}
    if vehicle.frames:
        tables["broadcast"] = [_frame(frame) for frame in vehicle.frames]
    return tables


def _unit(vehicle: Vehicle, unit: Unit) -> dict[str, Any]:
    variant = _did(unit.identifier(VARIANT_DID))
    table: dict[str, Any] = {
        "hardware": unit.hardware[-1],
        "flashware": session_name(unit, unit.installed),
        "boot_software": unit.boot_software,
        "variant_follows": variant,
        **({"voltage_minimum": 22.0, "voltage_maximum": 32.0} if vehicle.is_24_volt else {}),
        **({"fingerprint_did": _did(unit.identifier(FINGERPRINT_DID))} if unit.protocol == KWP2000 else {}),
        **unit.settings,
        "variant": {variant: f"{variant_number(unit.series):04X}"},
        "boot_variant": {variant: f"{BOOT_VARIANT_NUMBER:04X}"},
        "idents": {
            _did(unit.identifier(did)): text
            for did, text in ((PART_DID, unit.part), (SERIAL_DID, unit.serial), (BOOT_DID, unit.boot_software))
        },
        "data": {
            _did(unit.identifier(row.did)): f"{_raw(vehicle, row):0{row.bits // 4}X}" for row in unit.kind.measurements
        },
        "coding": {
            _did(unit.identifier(record.did)): record.car_bytes().hex().upper() for record in unit.kind.records
        },
    }
    known = {row.display: row for row in unit.kind.troubles}
    if unit.present:
        table["dtcs"] = [_trouble(vehicle, unit, known[row.display], row) for row in unit.present]
    return table


def _raw(vehicle: Vehicle, row: Measurement) -> int:
    """A kind of unit is described for 12 V; what it measures of a truck's supply is twice that."""
    return row.raw * 2 if row is SUPPLY and vehicle.is_24_volt else row.raw


def _did(number: int) -> str:
    return f"{number:04X}"


def _trouble(vehicle: Vehicle, unit: Unit, row: Trouble, present: Present) -> dict[str, Any]:
    """A trouble code with one freeze frame, taken some kilometres ago at part load."""
    back = 17 * present.occurrences + row.code % 97
    speed = 30 + row.code % 80
    supply = (27900 if vehicle.is_24_volt else 13900) - row.code % 600
    values = (("F4A6", (vehicle.mileage - back) * 10, 8), ("F442", supply, 4), ("F40D", speed, 2))
    if unit.protocol == KWP2000:
        frame = "".join(f"{raw:0{digits}X}" for _, raw, digits in values)
    else:
        frame = f"{len(values):02X}" + "".join(f"{did}{raw:0{digits}X}" for did, raw, digits in values)
    table: dict[str, Any] = {
        "code": f"{row.code:06X}",
        "status": present.status,
        "snapshots": {"01": frame},
        "extended": {"01": f"{present.occurrences:02X}"},
    }
    return table | ({"recurs": present.recurs} if present.recurs else {})


def _frame(frame: Frame) -> dict[str, Any]:
    table: dict[str, Any] = {
        "unit": frame.unit,
        "id": frame.identifier,
        "cycle": frame.cycle,
        "data": frame.data,
    }
    if frame.counter is not None:
        table["counter"] = frame.counter
    if frame.wave is not None:
        table["wave"] = dict(zip(("byte", "low", "high", "period"), frame.wave, strict=True))
    return table


def toml_text(title: str, tables: Mapping[str, Any]) -> str:
    return _HEAD.format(title=title) + tomli_w.dumps(tables)


def write_toml(vehicle: Vehicle, folder: Path) -> Path:
    """Write `<name>.toml` into `folder`."""
    path = folder / f"{vehicle.name}.toml"
    path.write_text(toml_text(vehicle.title, initial_state(vehicle)), encoding="utf-8", newline="\n")
    return path
