"""`sim:trace/FILE`: a recorded trace as a vehicle. Its units are those of the vehicle whose VIN the trace tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataInvalid
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.simulation.sim_vci import SimulationVci
    from core.vci.channel import Tap

PREFIX = "sim:trace/"


def absolute(uri: str) -> str:
    """The same URI with a whole path: a vehicle host works in another directory."""
    if not uri.startswith(PREFIX):
        return uri
    place, mark, query = uri.removeprefix(PREFIX).partition("?")
    return f"{PREFIX}{Path(place).expanduser().absolute()}{mark}{query}"


def open_trace_vehicle(path: Path, catalogue: Catalogue, *, tap: Tap, lock_directory: Path) -> SimulationVci:
    """DataInvalid for a damaged trace or one in which nobody was asked anything, VciBusy."""
    from core.simulation.recorded import open_recorded
    from core.trace import find_vin, read_trace
    from core.trace.recording import record_vehicle

    vin = find_vin(read_trace(path))
    vehicle = catalogue.vehicle_for(vin) if vin else None
    units = catalogue.units_of(vehicle) if vehicle is not None else ()
    named: list[tuple[str, EcuAddress]] = [(unit.name, address) for unit in units for address in unit.addresses]
    recording = record_vehicle(f"trace/{path}", read_trace(path), named, vin)
    if not recording.scripts:
        raise DataInvalid(f"{path.name} holds no answer of a control unit that could be played.", file=str(path))
    return open_recorded(recording, tap=tap, lock_directory=lock_directory)
