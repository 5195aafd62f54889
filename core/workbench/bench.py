"""The workbench: devices, garage, data files and connections, wired from the floors below. No rules of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.stream import EventStream
from core.vocabulary import DataReport, DeviceInfo, DoipEntity, GarageVehicle
from core.workbench.paths import WorkbenchPaths
from core.workbench.vehicle import Vehicle

if TYPE_CHECKING:
    from core.settings import Settings
    from core.simulation.serve import RunningGarage


class Workbench:
    """Everything the roof may ask for. Methods may block (detection, parsing): call them from a worker thread.

    `stream` carries all events and the bus traffic; `settings` are what the TOML file says; `problems` are sentences
    about files of ours that could not be used (broken settings, broken data files), for the message list.
    """

    def __init__(self, paths: WorkbenchPaths) -> None:
        self.paths = paths
        self.stream = EventStream()
        self.settings: Settings
        self.problems: tuple[str, ...]

    # -- devices (SelectPTDevice, C13)

    def simulations(self) -> list[DeviceInfo]:
        """The simulated vehicles, "Simulation - no VCI" (car-mixed) first. Instant: loads no driver."""
        raise NotImplementedError

    def devices(self) -> list[DeviceInfo]:
        """Simulation first, then every python-can interface with its verdict, then "DoIP only". May take seconds."""
        raise NotImplementedError

    def discover_doip(
        self, timeout: float = 2.0, port: int = 13400, addresses: Sequence[str] | None = None
    ) -> list[DoipEntity]:
        """Vehicles heard over UDP within `timeout` seconds on all network interfaces (ISO 13400-2)."""
        raise NotImplementedError

    @property
    def last_device(self) -> str:
        """The URI that was connected last, "" at first."""
        raise NotImplementedError

    def remember_device(self, uri: str) -> None:
        """Keeps `uri` for the next start; StorageFailed where the settings file cannot be written."""
        raise NotImplementedError

    # -- garage

    def garage_vehicles(self) -> list[GarageVehicle]:
        """The simulated vehicles that come with the product."""
        raise NotImplementedError

    def reset_garage(self, name: str) -> None:
        """Back to the factory state. VciBusy while a process uses it, UsageError for an unknown name."""
        raise NotImplementedError

    def serve_garage(
        self, name: str, can: str | None = None, doip: str | None = None, keep: bool = False
    ) -> RunningGarage:
        """Puts a simulated vehicle on a python-can bus ("INTERFACE/CHANNEL?port=N") and a DoIP port ("HOST:PORT").

        Returns when it is ready; `.describe()` gives vehicle, can, doip and units, `.close()` ends it.
        """
        raise NotImplementedError

    # -- data

    def check_data(self, path: str | Path) -> DataReport:
        """What a PDX holds and what is wrong with it; never raises for a damaged file."""
        raise NotImplementedError

    # -- connection

    def connect(self, uri: str, data_files: Sequence[str | Path] = ()) -> Vehicle:
        """Opens the device (lock included) and the catalogue.

        UsageError for a garbled URI, VciNotFound, VciBusy (names the holder), DriverMissing; DataInvalid when one of
        `data_files` cannot be used.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Closes vehicles and garages that are still open. Idempotent."""

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_workbench(paths: WorkbenchPaths | None = None) -> Workbench:
    """The workbench on `paths`, else on WorkbenchPaths.default(). Never fails on a broken settings file."""
    return Workbench(paths or WorkbenchPaths.default())


_ = time
