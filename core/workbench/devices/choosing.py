"""The device side of the workbench: listing, doctor, test, discovery, the remembered choice, and opening."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import Event, Noted
from core.settings import Settings
from core.stream import EventStream
from core.vocabulary import DeviceInfo, DeviceKind, DeviceTrial, DoipEntity, Transport
from core.workbench.devices.trials import TrialShelf
from core.workbench.paths import WorkbenchPaths
from core.workbench.security import SecurityDesk

if TYPE_CHECKING:
    from core.vci.channel import Vci
    from core.vci.checkup.parent import Checkup
    from core.vci.uri import VciUri
    from core.workbench.data import DataShelf

NO_VCI = "Simulation - no VCI"
"""The first choice of the device selection (C3)."""
DOIP_ONLY_URI = "doip://127.0.0.1:13400"


class Devices:
    """A part of the Workbench, which says what the names here are."""

    paths: WorkbenchPaths
    settings: Settings
    stream: EventStream
    security: SecurityDesk
    _data: DataShelf

    def publish(self, event: Event) -> None:
        raise NotImplementedError

    def change_settings(self, **values: str | int | float | bool) -> None:
        raise NotImplementedError

    def simulations(self) -> list[DeviceInfo]:
        """The simulated vehicles, "Simulation - no VCI" (car-mixed) first. Quick: loads no driver and no catalogue."""
        import tomllib

        from core.simulation.vehicle_files import FIRST, FOLDER, vehicle_names

        found = []
        for name in vehicle_names():
            # only what the list shows: reading the whole file as the garage does costs a start-up ten times that
            table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
            ways = [w for w, key in ((Transport.CAN, "broadcast"), (Transport.DOIP, "doip")) if key in table]
            shown = NO_VCI if name == FIRST else f"Simulation: {name}"
            title = str(table.get("title", ""))
            found.append(
                DeviceInfo(DeviceKind.SIMULATION, shown, f"sim:{name}", frozenset(ways), True, "always works", title)
            )
        return found

    def devices(self) -> list[DeviceInfo]:
        """Simulation, the installed J2534 devices, every python-can interface with its verdict, "DoIP only".

        May take seconds.
        """
        from core.vci.j2534.discovery import list_j2534_devices
        from core.vci.opening import list_can_interfaces

        doip = DeviceInfo(
            DeviceKind.DOIP, "DoIP only", DOIP_ONLY_URI, frozenset({Transport.DOIP}), True, "network, UDP 13400",
            "For vehicles that speak DoIP only; discovery finds them.",
        )  # fmt: skip
        return [*self.simulations(), *list_j2534_devices(self.settings.devices.python32), *list_can_interfaces(), doip]

    def check_devices(self) -> list[Checkup]:
        """Every installed J2534 device tried in a process of its own: what works, what is wrong and what to do."""
        from core.vci.checkup.parent import check_all

        return check_all(self.paths.locks, python32=self.settings.devices.python32)

    def discover_doip(
        self, timeout: float = 2.0, port: int = 13400, addresses: Sequence[str] | None = None
    ) -> list[DoipEntity]:
        """Vehicles heard over UDP within `timeout` seconds on all network interfaces (ISO 13400-2)."""
        from core.vci.doip.finder import discover

        return discover(port, timeout, addresses)

    @property
    def last_device(self) -> str:
        """The URI that was chosen last, "" at first."""
        return self.settings.last_device

    def remember_device(self, uri: str) -> None:
        """Keeps `uri` for the next start; StorageFailed where the settings file cannot be written."""
        self.change_settings(last_device=uri)

    # -- test

    def test_device(self, uri: str) -> DeviceTrial:
        """Firmware, versions, abilities, voltage, loop-back, latency and throughput of one device; kept.

        Never raises for a device that does not work: that is what the trial says. UsageError for a garbled URI.
        """
        from core.vci.uri import VciUri
        from core.workbench.devices.trials import try_device

        parsed = VciUri.parse(uri)
        if parsed.kind is DeviceKind.SIMULATION:
            return DeviceTrial(uri, f"Simulation {parsed.vehicle}", at=time.time())
        trust = self.security.doip_trust(self.settings) if parsed.doip_host else None
        trial = try_device(parsed, self.paths.locks, self.settings.devices.python32, trust)
        self._trials().keep(trial)
        return trial

    def device_trials(self) -> tuple[DeviceTrial, ...]:
        """The last test of every device that was tested, by serial number where it tells one; newest first."""
        return self._trials().all()

    def _trials(self) -> TrialShelf:
        return TrialShelf(self.paths.data / "devices")

    # -- opening

    def _open_vci(self, uri: VciUri) -> Vci:
        tap = self.stream.traffic.append
        if uri.vehicle.startswith("trace/"):
            from core.workbench.traces.vehicle import open_trace_vehicle

            place = Path(uri.vehicle.removeprefix("trace/"))
            return open_trace_vehicle(place, self._data.catalogue(), tap=tap, lock_directory=self.paths.locks)
        if uri.kind is DeviceKind.SIMULATION:
            from core.simulation.sim_vci import open_simulation

            simulation = open_simulation(
                uri.vehicle,
                tap=tap,
                certificates=self.security.garage_folder,
                cache_directory=self.paths.compiled,
                state_directory=self.paths.garage,
                lock_directory=self.paths.locks,
                faults=uri.faults,
                tls=uri.tls,
            )
            for notice in simulation.notices:
                self.publish(Noted(time.time(), "warning", notice))
            return simulation
        from core.vci.opening import open_vci

        vci = open_vci(
            uri, tap=tap, lock_directory=self.paths.locks, python32=self.settings.devices.python32,
            trust=lambda: self.security.doip_trust(self.settings),
        )  # fmt: skip
        for notice in vci.notices:
            self.publish(Noted(time.time(), "info", notice))
        return vci
