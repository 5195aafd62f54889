"""What the screens know: chosen device, connected vehicle, the running job, results, messages. Pure of any widget.

Facts come in through facts.py; wishes are methods that start errands or jobs. All on the screen's thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import ProductError
from core.messages import Message, message_for
from core.vocabulary import SurveyResult, UnitSurvey, VehicleUnit
from tui.bridge import Bridge
from tui.facts import apply
from tui.helper.allowed import NO_VEHICLE
from tui.helper.desk import Helper
from tui.hosting import Hosting
from tui.locale import _, said
from tui.paper.desk import Papers
from tui.releases.desk import Releases
from tui.shop.desk import Shop
from tui.visits.desk import Visitors
from tui.work import JobView, MessageItem

if TYPE_CHECKING:
    from core.events import Event
    from core.workbench import Workbench

MESSAGES_KEPT = 2000
FIRST_DEVICE = "sim:car-mixed"


class RunningJob(Protocol):
    """The handle that every job method of a vehicle returns."""

    @property
    def done(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> Any: ...
    def cancel(self) -> None: ...


class Desk(Hosting):
    """The technician's desk. `clock` gives seconds since the epoch, for messages of our own."""

    def __init__(self, open_workbench: Callable[[], Workbench], clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._open_workbench = open_workbench
        self._clock = clock
        self.bridge = Bridge()
        self.papers = Papers(self)
        self.releases = Releases(self)
        self.shop = Shop(self)
        self.visitors = Visitors(self)
        self.helper = Helper(self)
        self.workbench: Workbench | None = None
        self.uri, self.device_name = FIRST_DEVICE, _("Simulation - no VCI")
        self.data_files: list[str] = []
        self.vehicle: Any = None  # core.workbench's Vehicle or HostedVehicle
        self.connecting = False
        self.lost = False
        self.volts: float | None = None
        self.survey: SurveyResult | None = None
        self.units: dict[str, UnitSurvey] = {}
        self.job: JobView | None = None
        self.messages: deque[MessageItem] = deque(maxlen=MESSAGES_KEPT)
        self.alerts: list[MessageItem] = []  # what also deserves a toast; the app takes them away
        self.clock_words: Callable[[float], str] = lambda at: time.strftime("%H:%M:%S", time.localtime(at))
        self.day_words: Callable[[float], str] = lambda at: time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
        self._numbers = 0
        self._flash_over = False
        self._held: list[Event] = []

    # -- pulling

    def pull(self) -> bool:
        """Takes in errands and facts, ends a job that is over. Says whether anything is new."""
        before = self._numbers
        facts = [*self._held, *self.bridge.pull()]
        self._held = facts if self.connecting else []  # they are about a vehicle that is not on the desk yet
        for fact in facts if not self.connecting else ():
            apply(self, fact)
        if self.lost and (self.job is None or not self.job.running or self.job.handle is None):
            self.disconnect()
        self.adopt()
        news = bool(facts) and not self.connecting
        return any((self._end_job(), self.driver_changed(), self.visitors.look(), news, self._numbers != before))

    # -- workbench and vehicle

    def open(self, then: Callable[[], None]) -> None:
        def opened(workbench: Workbench) -> None:
            self.workbench = self.bridge.workbench = workbench
            for problem in workbench.problems:
                self.note("warning", said(problem))
            if workbench.last_device:
                self.uri, self.device_name = workbench.last_device, self.name_of(workbench.last_device)
            if not self.helping:
                self.errand(workbench.warm_up, lambda _none: None, lane="vehicle")
            then()

        self.errand(self._open_workbench, opened, lane="open")

    def errand(
        self, call: Callable[[], Any], then: Callable[[Any], None], *, lane: str = "errand",
        failed: Callable[[ProductError], None] | None = None,
    ) -> None:  # fmt: skip
        """A blocking call beside the screens; an error goes to the message list, then to `failed`."""

        def told(error: ProductError) -> None:
            self.tell_error(error)
            if failed is not None:
                failed(error)

        def taken(result: Any) -> None:
            self._numbers += 1
            then(result)

        self.bridge.send(call, taken, told, lane)

    def choose_device(self, uri: str, name: str) -> None:
        """Another device: the vehicle that was connected is let go."""
        self.disconnect()
        self.uri, self.device_name = uri, name
        workbench = self.workbench
        if workbench is not None:
            self.errand(lambda: workbench.remember_device(uri), lambda _none: None, lane="settings")

    def disconnect(self) -> None:
        vehicle, self.vehicle, self.lost = self.vehicle, None, False
        self.survey, self.units, self.volts, self.job = None, {}, None, None
        self.ordered_faults = ()
        if vehicle is not None:
            self.errand(vehicle.close, lambda _none: None, lane="vehicle")

    def connect(self, then: Callable[[], None], failed: Callable[[], None] = lambda: None) -> None:
        """Connects where that is not done yet, then goes on."""
        if self.vehicle is not None:
            then()
            return
        workbench = self.workbench
        if workbench is None or self.connecting:
            return
        if self.helping:  # the technician connects, a helper follows
            self.note("info", NO_VEHICLE)
            failed()
            return
        self.connecting = True
        uri, files = self.uri, tuple(self.data_files)

        def connected(vehicle: Any) -> None:
            self.connecting = False
            self.vehicle = vehicle
            self.adopt()
            if self.watching:
                self.tell(
                    "warning",
                    _("{watching} drives this vehicle: this screen only watches.").format(watching=self.watching),
                )
            self.read_voltage()
            self.read_faults()
            then()

        def refused(_error: ProductError) -> None:
            self.connecting = False
            failed()

        self.errand(lambda: workbench.connect(uri, files, hosted=True), connected, failed=refused, lane="vehicle")

    def read_voltage(self) -> None:
        vehicle = self.vehicle
        if vehicle is not None and not self.bridge.runs("voltage"):

            def told(volts: float | None) -> None:
                if vehicle is self.vehicle and volts != self.volts:
                    self.volts = volts
                    self._numbers += 1

            self.bridge.send(vehicle.voltage, told, self.tell_error, "voltage")

    def unit(self, name: str) -> VehicleUnit | None:
        units = self.vehicle.units if self.vehicle is not None else ()
        return next((unit for unit in units if unit.name == name), None)

    def identify(self, then: Callable[[], None], failed: Callable[[], None] = lambda: None) -> None:
        """Connects and identifies where that is not done yet, then goes on."""

        def connected() -> None:
            vehicle = self.vehicle
            if vehicle is None or vehicle.identity is not None:
                then()
            elif self.helping and self.watching:
                failed()  # it comes when the technician's job has asked
            else:
                self.begin("identify", "", vehicle.identify, lambda _none: then(), lambda _none: failed())

        self.connect(connected, failed)

    # -- jobs

    @property
    def busy(self) -> bool:
        return self.job is not None and self.job.running

    @property
    def locked(self) -> str:
        """Why the place must not be left now, "" where it may (flash between first erase and last check)."""
        return self.job.locked if self.job is not None and not self.watching else ""

    def begin(
        self, kind: str, unit: str, start: Callable[[], RunningJob], then: Callable[[Any], None],
        failed: Callable[[ProductError], None] = lambda _none: None,
    ) -> bool:  # fmt: skip
        """Starts one job; its result goes to `then`, its error to the message list and `failed`."""
        if self.job is not None and self.job.running:
            self.tell(
                "warning",
                _("{title} is still running.").format(title=self.job.title),
                advice=_("Wait for it, or stop it with a."),
            )
            return False
        if self.watching:
            self.tell(
                "warning", _("This screen only watches: {watching} drives the vehicle.").format(watching=self.watching)
            )
            return False
        job = self.job = JobView(kind, unit, None, then, failed)

        def begun() -> None:
            handle = job.handle = start()
            if job.stopping:
                handle.cancel()

        def refused(error: ProductError) -> None:
            job.end(error)
            self.tell_error(error, unit)
            failed(error)

        # beside the screen: the core may load what this job needs, and a host answers over a socket
        self.bridge.send(begun, lambda _none: None, refused, "job")
        self._numbers += 1
        return True

    def stop_job(self) -> bool:
        """Asks for the safe ending; it comes after what must not be cut."""
        job = self.job
        if job is None or not job.running or job.stopping:
            return False
        job.stopping = True
        if job.handle is not None:
            job.handle.cancel()
        self._numbers += 1
        return True

    def rings(self) -> bool:
        """Whether a flash has just ended and the settings want a bell for it; once."""
        over, self._flash_over = self._flash_over, False
        return over and self.workbench is not None and self.workbench.settings.bell

    def _end_job(self) -> bool:
        job = self.job
        if job is None or not job.running or job.handle is None or not job.handle.done:
            return False
        for fact in self.bridge.pull():  # what the job published last
            apply(self, fact)
        job.running = False
        if job.kind == "flash":
            self._flash_over = True
            self.look_around()  # a unit was left in programming, or no longer is
        try:
            result = job.handle.wait(0)
        except ProductError as error:
            job.end(error)
            if not job.told:
                self.tell_error(error, job.unit)
            job.failed(error)
            return True
        job.end(None)
        job.then(result)
        return True

    # -- messages

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def news(self) -> None:
        """Something changed that the next pull shows."""
        self._numbers += 1

    def tell(
        self, severity: str, text: str, *, unit: str = "", code: str = "", advice: str = "", at: float = 0.0,
        alert: bool = True, explanation: str = "", state_now: str = "", page: str = "",
    ) -> None:  # fmt: skip
        """One line in the message list; `alert` asks for a toast in addition."""
        self._numbers += 1
        item = MessageItem(self._numbers, at or self._clock(), severity, unit, text, code, advice, explanation,
                           state_now, page)  # fmt: skip
        self.messages.append(item)
        if alert:
            self.alerts.append(item)

    def note(self, severity: str, text: str) -> None:
        self.tell(severity, text, alert=False)

    def tell_error(self, error: ProductError, unit: str = "") -> None:
        self.tell_message(message_for(error), unit)

    def tell_message(self, message: Message, unit: str, at: float = 0.0) -> None:
        self.tell(
            message.severity.value, said(message.text), unit=unit, code=message.code, advice=said(message.advice),
            at=at, explanation=said(message.explanation), state_now=said(message.state_now),
            page=message.page,
        )  # fmt: skip

    @property
    def connection(self) -> tuple[object, ...]:
        """Changes when another vehicle may be there: device, data files, connected vehicle."""
        return self.uri, tuple(self.data_files), self.vehicle

    # -- the end

    def close(self) -> None:
        """After the last screen: a flash goes on (in the host, else here to its end), others get their safe ending."""
        self.papers.stop_login()
        self.bridge.wait(5.0)
        job = self.job
        if job is not None and job.running and job.handle is not None and not self.watching:
            if job.kind != "flash":
                job.handle.cancel()
            if job.kind != "flash" or not self.hosted:
                try:
                    job.handle.wait(None)
                except ProductError:
                    pass  # it is in the message list of a screen that is gone; the vehicle is restored
        if self.workbench is not None:
            self.workbench.close()
