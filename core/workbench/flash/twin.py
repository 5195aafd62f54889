"""The simulated twin of a connected vehicle: a garage car on which a flash is tried. No other is changed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.catalogue.model import VehicleInfo
    from core.simulation.garage import Garage
    from core.simulation.sim_vci import SimulationVci


class Twins:
    """Opens twins. `certificates` as the garage's own: a secured unit's twin trusts the same root.

    `releases`: the folder of installed releases, whose data may describe garage vehicles, too.
    """

    def __init__(self, cache_directory: Path, certificates: Path | None, releases: Path | None = None) -> None:
        self._cache, self._certificates, self._releases = cache_directory, certificates, releases

    def name_of(self, info: VehicleInfo | None) -> str:
        """The garage vehicle that these vehicle data describe, "" where it is none."""
        from core.simulation.vehicle_files import pdx_path, vehicle_names

        if info is None or not info.file:
            return ""
        file = Path(info.file).absolute()
        if self._releases is not None and file.is_relative_to(self._releases.absolute()):
            return file.stem if file.stem in vehicle_names() else ""
        return next((name for name in vehicle_names() if pdx_path(name).absolute() == file), "")

    @contextmanager
    def opened(self, name: str, original: Garage | None) -> Iterator[SimulationVci]:
        """A car of its own, as `original` is at this moment, else as it left the factory. Gone when this ends."""
        from core.simulation.sim_vci import open_simulation
        from core.simulation.state import GarageStore

        with tempfile.TemporaryDirectory(prefix="passbay-twin-") as folder:
            state = Path(folder) / "state"
            if original is not None:
                GarageStore(state / name).save(original)
            twin = open_simulation(
                name, tap=lambda record: None, cache_directory=self._cache, state_directory=state,
                lock_directory=Path(folder) / "locks", certificates=self._certificates,
            )  # fmt: skip
            try:
                if original is not None:
                    twin.garage.voltage = original.voltage
                yield twin
            finally:
                twin.close()
