"""Puts a vehicle's ODX documents and images into one PDX file (ISO 22901-1, 8): the same bytes on every run.

Entries are sorted and carry one fixed time; no clock, no path and no user of the writing machine gets in. The bytes
of the zip still depend on the zlib that deflates them, so two machines may differ there, though never in content.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from core.simulation.pdx_writer.odx.coding import coding_document
from core.simulation.pdx_writer.odx.comparams import comparam_spec, comparam_subsets, protocol_container, protocols_of
from core.simulation.pdx_writer.odx.flash import flash_document
from core.simulation.pdx_writer.odx.layers import layer_container
from core.simulation.pdx_writer.odx.vehicle import vehicle_document
from core.simulation.pdx_writer.odx.xml import Element, catalog, document
from core.simulation.pdx_writer.tables.model import Vehicle

WRITTEN = (2026, 11, 23, 12, 0, 0)
_CREATED = "2026-11-23T12:00:00"
_MIME = {"hex": "application/octet-stream", "s19": "application/octet-stream"}


def pdx_entries(vehicle: Vehicle) -> dict[str, bytes]:
    """All files of the PDX by name, index.xml first."""
    files: dict[str, bytes] = {}
    _add(files, protocol_container(vehicle), "odx-d")
    for protocol in protocols_of(vehicle):
        _add(files, comparam_spec(protocol), "odx-c")
        for subset in comparam_subsets(protocol, vehicle):
            _add(files, subset, "odx-cs")
    for unit in vehicle.units:
        _add(files, layer_container(unit), "odx-d")
        flash, images = flash_document(unit)
        _add(files, flash, "odx-f")
        files.update({name: text.encode("ascii") for name, text in images.items()})
    _add(files, coding_document(vehicle), "odx-e")
    _add(files, vehicle_document(vehicle), "odx-v")
    names = {name: _mime(name) for name in sorted(files)}
    return {"index.xml": catalog(vehicle.short_name, names, _CREATED)} | {name: files[name] for name in names}


def _add(files: dict[str, bytes], category: Element, suffix: str) -> None:
    files[f"{category.findtext('SHORT-NAME')}.{suffix}"] = document(category)


def _mime(name: str) -> str:
    suffix = name.rpartition(".")[2]
    return _MIME.get(suffix, f"application/x-asam.odx.{suffix}")


def pack(entries: Mapping[str, bytes]) -> bytes:
    """A zip of these entries in their order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, WRITTEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data, compresslevel=9)
    return buffer.getvalue()


def write_pdx(vehicle: Vehicle, folder: Path) -> Path:
    """Write `<name>.pdx` into `folder`."""
    path = folder / f"{vehicle.name}.pdx"
    path.write_bytes(pack(pdx_entries(vehicle)))
    return path
