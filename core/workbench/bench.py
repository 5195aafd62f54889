"""The workbench: devices, garage, data files and connections, wired from the floors below. No rules of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core import settings as settings_file
from core.errors import ProductError
from core.events import Event, Noted, VciOpened
from core.settings import Settings
from core.stream import EventStream
from core.vocabulary import (
    AccountState,
    DataReport,
    ExplainedStep,
    GarageVehicle,
    HostInfo,
    PlanReport,
    SimulatedFault,
    Transport,
    Visitor,
)
from core.vocabulary.saying import Say, english
from core.workbench.assistance import Assistance
from core.workbench.assistance.visitor import HELPER, visitor_of
from core.workbench.data import DataShelf, DataWatch
from core.workbench.devices import Devices
from core.workbench.flash import Twins
from core.workbench.hosts import Hosts
from core.workbench.paper import Paper
from core.workbench.paper.permits import JobPermits
from core.workbench.paths import WorkbenchPaths
from core.workbench.records import Records
from core.workbench.releases import LibraryDesk
from core.workbench.security import SecurityDesk
from core.workbench.shop import ShopPc, Support
from core.workbench.traces import Traces, watching
from core.workbench.traces.vehicle import absolute
from core.workbench.vehicle import Vehicle

if TYPE_CHECKING:
    from core.host.vehicle import HostedVehicle
    from core.simulation.serve import RunningGarage

class Workbench(Devices, Records, Traces, ShopPc, Support):
    """Everything the roof may ask for. Methods may block (detection, parsing): call them from a worker thread.

    `stream` carries all events and the bus traffic; `settings` are what the TOML file says; `problems` are sentences
    about files of ours that could not be used (broken settings, broken data files), for the message list.
    """

    def __init__(self, paths: WorkbenchPaths, stream: EventStream | None = None) -> None:
        self.paths = paths
        self.stream = stream if stream is not None else EventStream()
        self.settings: Settings
        self.settings, problem = settings_file.load(paths.settings_file)
        self._problems = [problem] if problem else []
        self.library = LibraryDesk(
            paths, lambda: self.settings, self.change_settings, lambda files: self._data.of(files), self.publish
        )
        self._data = DataShelf(paths.data_files, paths.compiled, self.library.active_files)
        self.security = SecurityDesk(paths)
        self.hosting = Hosts(paths, self.publish, self._person)
        self.assistance = Assistance(paths)
        self.paper = Paper(paths, lambda: self.settings, self.publish)
        self._open: list[Vehicle | HostedVehicle | RunningGarage] = []
        self._lock = threading.Lock()

    @property
    def visitor(self) -> Visitor | None:
        """Who uses this process in a browser, None at a terminal."""
        return self.hosting.visitor

    def _person(self) -> Visitor | None:
        """For a helper who watches: who drives here. None where nobody is logged in."""
        try:
            account = self.paper.account() if self.paper.commissioned else AccountState()
        except ProductError:
            return None  # a log-in that cannot be read keeps nobody from his vehicle
        name = account.name or account.user
        return Visitor("", name, account.organisation, "own") if name else None

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self._problems)

    def publish(self, event: Event) -> None:
        """From any thread."""
        self.stream.publish(event)

    def change_settings(self, **values: str | int | float | bool) -> None:
        """Saves settings by name, a key of a table as TABLE__KEY. SettingsInvalid, StorageFailed."""
        self.settings = settings_file.change(self.paths.settings_file, **values)

    # -- garage

    def garage_vehicles(self) -> list[GarageVehicle]:
        """The simulated vehicles that come with the product. Compiles their data at the first time (seconds)."""
        from core.simulation.vehicle_files import garage_vehicle, vehicle_names

        self._data.catalogue()  # compiles the files side by side
        return [garage_vehicle(name, self.paths.compiled) for name in vehicle_names()]

    def fault_names(self) -> tuple[SimulatedFault, ...]:
        """Every way in which a simulated vehicle can be told to misbehave. Quick."""
        from core.simulation.misbehaviour import fault_names

        return fault_names()

    def reset_garage(self, name: str) -> None:
        """Back to the factory state. VciBusy while a process uses it, UsageError for an unknown name."""
        from core.simulation.sim_vci import reset_vehicle

        reset_vehicle(name, state_directory=self.paths.garage, lock_directory=self.paths.locks)

    def serve_garage(
        self, name: str, can: str | None = None, doip: str | None = None, keep: bool = False,
        faults: Sequence[str] = (), auth_roots: Sequence[str | Path] = (), tls: str = "", tls_port: int = 3496,
    ) -> RunningGarage:  # fmt: skip
        """Puts a simulated vehicle on a python-can bus ("INTERFACE/CHANNEL?port=N") and a DoIP port ("HOST:PORT").

        Returns when it is ready; `.describe()` gives vehicle, can, doip and units, `.check()` raises VciLost when a
        bus was lost, `.close()` ends it. `keep` goes on from the stored state and stores it. `faults` orders
        misbehaviour: NAME, NAME@N or UNIT:NAME@N of `fault_names`. Its secured units accept the tester of this
        installation, and those whose root is in a PEM file of `auth_roots` (`workbench.security.auth_root()` there).
        `tls` "yes" or "client" (with a certificate of the tester): its DoIP entity wants TLS, on `tls_port` (0: any).
        """
        from core.simulation.serve import serve
        from core.vci.uri import VciUri

        can_uri = VciUri.parse(f"can:{can}") if can else None
        running = serve(
            name,
            can_uri,
            _place(doip) if doip else None,
            certificates=self.security.garage_folder,
            auth_roots=[Path(file) for file in auth_roots],
            cache_directory=self.paths.compiled,
            state_directory=self.paths.garage if keep else None,
            lock_directory=self.paths.locks,
            faults=faults,
            tls=tls,
            tls_port=tls_port,
        )
        for notice in running.notices:
            self.publish(Noted(time.time(), "warning", notice))
        self._keep(running)
        return running

    # -- data

    def check_data(self, path: str | Path) -> DataReport:
        """What a PDX holds and what is wrong with it; never raises for a damaged file."""
        from core.catalogue.check import report

        return report(Path(path), self.paths.compiled)

    def plan_of(self, data_files: Sequence[str | Path], ecu: str, flashware: str | None = None) -> str:
        """The flash plan (TOML) of a session in these files, the newest by default. DataMissing, DataInvalid."""
        from core.workbench.flash.plans import plan_text

        return plan_text([self._data.single(Path(file)) for file in data_files], ecu, flashware)

    def check_plan(self, plan: str | Path, image: str | Path | None = None) -> PlanReport:
        """A flash plan in words, and whether the image fits it. DataInvalid with line and key."""
        from core.workbench.flash.plans import plan_report

        return plan_report(Path(plan), Path(image) if image else None)

    def explain(
        self, what: str, step: str = "", service: str = "", say: Say = english
    ) -> tuple[str, tuple[ExplainedStep, ...]]:  # fmt: skip
        """(headline, one line a step): what a code or timer means where. No vehicle needed; UsageError with examples.

        `what`: 0x31, requestOutOfRange, N_Bs, P2*, routing:03, nack:06, header:02, kwp:40. `step`: "erase", ...;
        `service` (0x36, TransferData) limits it to the steps where that is used.
        """
        from core.diagnosis.explain.offline import explained, service_number

        return explained(what, step, service_number(service) if service.strip() else None, say=say)

    def warm_up(self) -> None:
        """Compiles what every connection needs, so that the first one is quick. Broken data files: `problems`."""
        self._note_problems(self._data.catalogue().problems)

    # -- connection

    def connect(
        self, uri: str, data_files: Sequence[str | Path] = (), hosted: bool | None = None, idle: bool = False
    ) -> Vehicle | HostedVehicle:
        """Opens the device (lock included) and the catalogue.

        `hosted` True: in a vehicle host, a running one or a new one, so that jobs outlive this process; False: in
        this process; None: in the host that has this device, else in this process. A vehicle in a host may be driven
        by another screen or run a job already; with `idle` that is VciBusy.
        UsageError for a garbled URI, VciNotFound, VciBusy (names the holder), DriverMissing; DataInvalid when one of
        `data_files` cannot be used.
        """
        uri = absolute(uri)
        if hosted is not False:
            vehicle = self.hosting.open(uri, [Path(file) for file in data_files], start=hosted is True, idle=idle)
            if vehicle is not None:
                self._keep(vehicle)
                return vehicle
        return self._connect_here(uri, data_files)

    def hosts(self) -> list[HostInfo]:
        """The vehicle hosts that run, with their jobs."""
        return self.hosting.running()

    def attach(self, which: str | int, watch: bool = False) -> HostedVehicle:
        """To the host with this URI, device or process number; `watch`: never drive. VciNotFound."""
        vehicle = self.hosting.attach(which, watch)
        self._keep(vehicle)
        return vehicle

    def stop_host(self, which: str | int) -> HostInfo:
        """Asks for the safe ending of the job in that host, whoever drives. VciNotFound, JobError."""
        return self.hosting.stop(which)

    def _connect_here(self, uri: str, data_files: Sequence[str | Path]) -> Vehicle:
        from core.vci.uri import VciUri

        parsed = VciUri.parse(uri)
        named = [Path(file) for file in data_files]
        catalogue = self._data.catalogue(named)
        self._note_problems([*catalogue.problems, *([self._data.problem] if self._data.problem else [])])
        newer = DataWatch(self._data, self.library.stamp, named, self._note_problems)
        vci = self._open_vci(parsed)
        self.publish(VciOpened(time.time(), parsed.text, vci.name))
        vehicle = Vehicle(
            vci,
            catalogue,
            stream=self.stream,
            own_files=frozenset(str(path.absolute()) for path in named),
            open_data=self._data.single,
            coding_folder=self.paths.coding,
            journal_folder=self.paths.journal,
            security=self.security.methods(self.settings),
            history=self._history(),
            twins=Twins(self.paths.compiled, self.security.garage_folder, self.paths.releases),
            permits=JobPermits(self.paper, parsed.text),
            bitrate=parsed.bitrate if Transport.CAN in vci.transports else None,
            newer_data=newer.catalogue,
            released_plans=self.library.plans,
            watching=watching(parsed, self.settings),
        )
        self._keep(vehicle)
        return vehicle

    def _note_problems(self, problems: Sequence[Exception | str]) -> None:
        for problem in problems:
            text = str(problem)
            if text not in self._problems:
                self._problems.append(text)
                self.publish(Noted(time.time(), "warning", text))

    def _keep(self, resource: Vehicle | HostedVehicle | RunningGarage) -> None:
        with self._lock:
            self._open.append(resource)

    def close(self) -> None:
        """Closes vehicles and garages that are still open. Idempotent."""
        with self._lock:
            resources, self._open = self._open, []
        for resource in reversed(resources):
            resource.close()
        self.library.close()
        self.paper.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _place(text: str) -> tuple[str, int]:
    """HOST:PORT to listen on; port 0 takes any free one (which no URI to connect to can name)."""
    from core.vci.uri import VciUri

    host, colon, port = text.rpartition(":")
    if colon and port == "0":
        return VciUri.parse(f"doip://{host}:1").doip_host, 0
    uri = VciUri.parse(f"doip://{text}")
    return uri.doip_host, uri.doip_port


def open_workbench(paths: WorkbenchPaths | None = None) -> Workbench:
    """The workbench on `paths`, else on WorkbenchPaths.default(). Never fails on a broken settings file.

    For somebody in a browser (the door says so in PASSBAY_VISITOR): the same where it is the person of this PC, for a
    helper the bench that denies him everything but watching and what is handed over.
    """
    paths = paths or WorkbenchPaths.default()
    visitor = visitor_of(os.environ)
    if visitor is not None and visitor.kind == HELPER:
        from core.workbench.assistance.helper import HelperBench

        return cast("Workbench", HelperBench(paths, visitor))  # the roof asks it for more than it has: RightMissing
    workbench = Workbench(paths)
    workbench.hosting.visitor = visitor
    return workbench
