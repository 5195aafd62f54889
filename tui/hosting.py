"""The desk's side of vehicle hosts: who drives, jobs that others began, hosts and units left behind. No widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.vocabulary import HostInfo, Interrupted, SurveyResult, UnitSurvey
from tui.helper.desk import Helper, who_drives
from tui.locale import _
from tui.work import JobView

if TYPE_CHECKING:
    from core.errors import ProductError
    from core.events import JobStarted
    from core.workbench import Workbench

GOES_ON = _("It goes on in the vehicle host without this screen. The next start of Passbay shows it again.")


def short_holder(holder: str) -> str:
    """ "pid 4711" of "pid 4711 (passbay flash ...)"."""
    return holder.partition(" (")[0]


def is_orphan(host: HostInfo) -> bool:
    """A job that nobody looks after: its screen is gone."""
    return host.answers and host.job is not None and not host.driver


class Hosting:
    """What Desk inherits."""

    workbench: Workbench | None
    vehicle: Any
    job: JobView | None
    uri: str
    device_name: str
    data_files: list[str]
    connecting: bool
    survey: SurveyResult | None
    units: dict[str, UnitSurvey]
    errand: Any
    read_voltage: Callable[[], None]
    disconnect: Callable[[], None]
    helper: Helper

    def __init__(self) -> None:
        self.hosts: tuple[HostInfo, ...] = ()
        self.unfinished: tuple[Interrupted, ...] = ()
        self.ordered_faults: tuple[str, ...] = ()
        self._driver: object = None

    # -- who drives

    @property
    def helping(self) -> bool:
        """Whether a remote helper sits at this screen."""
        visitor = getattr(self.workbench, "visitor", None) if self.workbench is not None else None
        return visitor is not None and visitor.kind == "helper"

    @property
    def lent_to(self) -> str:
        """The helper who drives the vehicle of this technician, "" while it is not handed over."""
        lent: str = "" if self.helping else getattr(self.vehicle, "lent_to", "")
        return lent

    def take_back(self) -> None:
        """At once; what runs goes on."""
        vehicle = self.vehicle
        self.errand(lambda: vehicle.take_back(), lambda _none: None, lane="wheel")

    @property
    def hosted(self) -> bool:
        """Whether jobs outlive this screen."""
        return getattr(self.vehicle, "host", None) is not None

    @property
    def watching(self) -> str:
        """Who drives the vehicle where this screen does not; "" where it may."""
        vehicle = self.vehicle
        if vehicle is None or getattr(vehicle, "driving", True):
            return ""
        if self.helping:
            return who_drives(vehicle)
        return self.lent_to or short_holder(vehicle.driver) or _("another screen")

    def driver_changed(self) -> bool:
        """Since the last time it was asked."""
        before, self._driver = self._driver, (self.watching, getattr(self.vehicle, "seats", ()))
        if before == self._driver:
            return False
        if self.helping:
            self.helper.turned()
        return True

    # -- jobs that another one began

    def begun_elsewhere(self, fact: JobStarted) -> None:
        """Its handle comes with one of the next pulls."""
        if self.hosted and (self.job is None or not self.job.running):
            self.job = self._adopted(fact.kind, fact.unit, fact.job)

    def adopt(self) -> None:
        """The job that runs in the host and that this screen did not begin is shown like one of its own."""
        vehicle, job = self.vehicle, self.job
        running = getattr(vehicle, "running", None)
        if job is not None and job.running and job.handle is None and job.adopted:
            found = (running, getattr(vehicle, "last_job", None))
            job.handle = next((h for h in found if h is not None and h.job_id == job.identity), None)
        elif running is not None and self.hosted and (job is None or not job.running) and not running.done:
            self.job = self._adopted(running.kind, running.unit, running.job_id, running)

    def _adopted(self, kind: str, unit: str, identity: str, handle: Any = None) -> JobView:
        def ended(result: Any) -> None:
            if isinstance(result, SurveyResult):
                self.survey, self.units = result, {one.name: one for one in result.units}

        return JobView(kind, unit, handle, ended, lambda _none: None, identity=identity, adopted=True)

    # -- hosts and units that were left behind

    def look_around(self, then: Callable[[], None] = lambda: None) -> None:
        """Which hosts run beside ours, which units were left in programming."""
        workbench = self.workbench
        if workbench is None or self.helping:  # a helper has what he is attached to
            return

        def look() -> tuple[list[HostInfo], tuple[Interrupted, ...]]:
            return workbench.hosts(), workbench.unfinished()

        def seen(found: tuple[list[HostInfo], tuple[Interrupted, ...]]) -> None:
            ours = self.vehicle.host.pid if self.hosted else 0
            self.hosts = tuple(host for host in found[0] if host.pid != ours and (host.driver or host.job))
            self.unfinished = tuple(found[1])
            then()

        self.errand(look, seen, lane="look")

    def attach(self, host: HostInfo, then: Callable[[], None]) -> None:
        """To that host: drives where nobody does, else watches."""
        workbench = self.workbench
        if workbench is None or self.connecting:
            return
        self.disconnect()
        self.uri, self.data_files, self.connecting = host.uri, list(host.data_files), True
        self.device_name = self.name_of(host.uri)
        self.hosts = tuple(other for other in self.hosts if other.pid != host.pid)

        def attached(vehicle: Any) -> None:
            self.connecting, self.vehicle = False, vehicle
            self.adopt()
            self.read_voltage()
            self.read_faults()
            then()

        def refused(_error: ProductError) -> None:
            self.connecting = False

        # a lane of its own: at the start the data are still being compiled in the vehicle's
        self.errand(lambda: workbench.attach(host.pid), attached, failed=refused, lane="attach")

    @staticmethod
    def name_of(uri: str) -> str:
        return _("Simulation - no VCI") if uri.startswith("sim:") else uri

    # -- training

    def read_faults(self) -> None:
        """What misbehaviour is ordered at a simulated car; the header says so."""
        vehicle = self.vehicle
        if vehicle is None or not self.uri.startswith("sim:"):
            self.ordered_faults = ()
            return

        def told(faults: tuple[str, ...]) -> None:
            if vehicle is self.vehicle:
                self.ordered_faults = tuple(faults)

        self.errand(vehicle.ordered_faults, told, lane="training")
