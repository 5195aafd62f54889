"""The simulated vehicles that come with the product: where PDX and TOML lie, and what both say. Starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.catalogue.model import DataBlock, FlashSession
from core.errors import DataInvalid, UsageError
from core.simulation.garage import GarageData
from core.simulation.initial_state import InitialState, read_initial_state
from core.vocabulary import GarageVehicle, Transport

FOLDER = Path(__file__).parent / "vehicles"
FIRST = "car-mixed"  # heads every list: the car that shows most


def vehicle_names() -> tuple[str, ...]:
    """Short names, car-mixed first."""
    return tuple(sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda name: (name != FIRST, name)))


def pdx_path(name: str) -> Path:
    """The vehicle's diagnostic data. UsageError for an unknown name."""
    return FOLDER / f"{_known(name)}.pdx"


def initial_state(name: str) -> InitialState:
    """What the vehicle holds when it leaves the factory. UsageError for an unknown name."""
    return read_initial_state(FOLDER / f"{_known(name)}.toml")


def garage_data(name: str, cache_directory: Path) -> GarageData:
    """The vehicle's compiled diagnostic data (compiled now where the cache does not have them)."""
    from core.catalogue import load

    path = pdx_path(name)
    catalogue = load([path], cache_directory)
    if not catalogue.vehicles:
        reasons = "; ".join(f"{problem}" for problem in catalogue.problems) or "it describes no vehicle"
        raise DataInvalid(f"{path.name} cannot be used: {reasons}.", file=str(path))
    vehicle = catalogue.vehicles[0]

    def load_block(session: FlashSession, block: DataBlock) -> Sequence[tuple[int, bytes]]:
        return [(segment.start, segment.data) for segment in catalogue.image(session, block).segments]

    units = {unit: catalogue.unit(unit, vehicle.name) for unit in vehicle.units}
    sessions = {unit: catalogue.flash_sessions(unit) for unit in vehicle.units}
    return GarageData(vehicle, units, sessions, load_block)


def garage_vehicle(name: str, cache_directory: Path) -> GarageVehicle:
    """One line of `garage list`."""
    initial, data = initial_state(name), garage_data(name, cache_directory)
    transports = {address.transport for unit in data.units.values() for address in unit.addresses[:1]}
    return GarageVehicle(
        name=name,
        title=initial.title or data.vehicle.title,
        vin=initial.vin,
        euro_class=data.vehicle.euro_class,
        transports=frozenset[Transport](transports),
        units=tuple(data.vehicle.units),
        uri=f"sim:{name}",
    )


def _known(name: str) -> str:
    if name not in vehicle_names():
        raise UsageError(f"There is no simulated vehicle {name!r}.", f"Choose one of: {', '.join(vehicle_names())}.")
    return name
