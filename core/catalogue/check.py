"""What `data check` says about one PDX: its content by name, and what is wrong with it. Text is raw: clean it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.catalogue.catalogue import OpenFile
from core.catalogue.compile_process import Limits
from core.catalogue.model import CodingRecord, FlashSession, UnitInfo, VehicleInfo
from core.errors import CatalogueError
from core.vocabulary import DataReport


def report(path: Path, cache_directory: Path, *, limits: Limits | None = None) -> DataReport:
    """Opens (or compiles) `path` and lists it. `ok` is False only where nothing of the file can be used.

    `problems` are then its one error; else what was left out or read leniently. Raises StorageFailed where the
    cache cannot be written.
    """
    try:
        file = OpenFile(Path(path).absolute(), cache_directory, limits)
    except CatalogueError as error:
        return DataReport(file=str(path), ok=False, version="", problems=(error.message,))
    units = [_unit(file, unit) for unit in file.units] + [_group(file, name, title) for name, title in file.groups]
    return DataReport(
        file=str(path),
        ok=True,
        version=file.version,
        units=tuple(units),
        vehicles=tuple(_vehicle(vehicle) for vehicle in file.vehicles),
        flash_sessions=tuple(_session(session) for session in file.sessions),
        coding=tuple(_coding(unit, record) for unit in file.units for record in unit.coding),
        problems=file.notes,
    )


def _unit(file: OpenFile, unit: UnitInfo) -> dict[str, Any]:
    return {
        "name": unit.name,
        "title": unit.title,
        "kind": "unit",
        "addresses": [f"{address.transport.value} {address}" for address in unit.addresses],
        "protocol": unit.protocol,
        "services": list(file.variant(unit.name).services),
        "variants": [variant.name for variant in unit.variants],
        "variant_services": {variant.name: list(variant.services) for variant in unit.variants},
        "idents": [f"{ident.did:04X} {ident.kind} {ident.name}" for ident in unit.idents],
        "dtcs": [f"{dtc.display} {dtc.text}".rstrip() for dtc in unit.dtcs],
    }


def _group(file: OpenFile, name: str, title: str) -> dict[str, Any]:
    """A FUNCTIONAL-GROUP: services for all units at once, no unit of its own."""
    services = list(file.variant(name).services)
    return {"name": name, "title": title, "kind": "functional group", "services": services}


def _vehicle(vehicle: VehicleInfo) -> dict[str, Any]:
    return {
        "name": vehicle.name,
        "title": vehicle.title,
        "vin": list(vehicle.vin_patterns),
        "euro": vehicle.euro_class.value,
        "group": vehicle.product_group,
        "units": list(vehicle.units),
        "doip_only": vehicle.doip_only,
    }


def _session(session: FlashSession) -> dict[str, Any]:
    return {
        "name": session.name,
        "title": session.title,
        "unit": session.unit,
        "software": session.own_software,
        "bytes": session.size,
        "blocks": [f"{block.name} {block.size}" for block in session.blocks],
        "hardware": list(session.hardware),
    }


def _coding(unit: UnitInfo, record: CodingRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "title": record.title,
        "unit": unit.name,
        "did": f"{record.did:04X}",
        "bytes": record.length,
        "items": [item.name for item in record.items],
    }
