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
from tui.work import JobView, MessageItem

if TYPE_CHECKING:
    from core.workbench import Vehicle, Workbench

MESSAGES_KEPT = 2000
FIRST_DEVICE = "sim:car-mixed"


class RunningJob(Protocol):
    """The handle that every job method of a vehicle returns."""

    @property
    def done(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> Any: ...
    def cancel(self) -> None: ...


class Desk:
    """The technician's desk. `clock` gives seconds since the epoch, for messages of our own."""

    def __init__(self, open_workbench: Callable[[], Workbench], clock: Callable[[], float] = time.time) -> None:
        self._open_workbench = open_workbench
        self._clock = clock
        self.bridge = Bridge()
        self.workbench: Workbench | None = None
        self.uri, self.device_name = FIRST_DEVICE, "Simulation - no VCI"
        self.data_files: list[str] = []
        self.vehicle: Vehicle | None = None
        self.connecting = False
        self.lost = False
        self.volts: float | None = None
        self.survey: SurveyResult | None = None
        self.units: dict[str, UnitSurvey] = {}
        self.job: JobView | None = None
        self.messages: deque[MessageItem] = deque(maxlen=MESSAGES_KEPT)
        self.alerts: list[MessageItem] = []  # what also deserves a toast; the app takes them away
        self.clock_words = lambda at: time.strftime("%H:%M:%S", time.localtime(at))
        self._numbers = 0

    # -- pulling

    def pull(self) -> bool:
        """Takes in errands and facts, ends a job that is over. Says whether anything is new."""
        before = self._numbers
        facts = self.bridge.pull()
        for fact in facts:
            apply(self, fact)
        if self.lost and not self.busy:
            self.disconnect()
        return self._end_job() or bool(facts) or self._numbers != before

    # -- workbench and vehicle

    def open(self, then: Callable[[], None]) -> None:
        def opened(workbench: Workbench) -> None:
            self.workbench = self.bridge.workbench = workbench
            for problem in workbench.problems:
                self.note("warning", problem)
            if workbench.last_device:
                self.uri, self.device_name = workbench.last_device, self._name_of(workbench.last_device)
            self.errand(workbench.warm_up, lambda _: None, lane="vehicle")
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

    def _name_of(self, uri: str) -> str:
        return "Simulation - no VCI" if uri.startswith("sim:") else uri

    def choose_device(self, uri: str, name: str) -> None:
        """Another device: the vehicle that was connected is let go."""
        self.disconnect()
        self.uri, self.device_name = uri, name
        workbench = self.workbench
        if workbench is not None:
            self.errand(lambda: workbench.remember_device(uri), lambda _: None, lane="settings")

    def disconnect(self) -> None:
        vehicle, self.vehicle, self.lost = self.vehicle, None, False
        self.survey, self.units, self.volts, self.job = None, {}, None, None
        if vehicle is not None:
            self.errand(vehicle.close, lambda _: None, lane="vehicle")

    def connect(self, then: Callable[[], None], failed: Callable[[], None] = lambda: None) -> None:
        """Connects where that is not done yet, then goes on."""
        if self.vehicle is not None:
            then()
            return
        workbench = self.workbench
        if workbench is None or self.connecting:
            return
        self.connecting = True
        uri, files = self.uri, tuple(self.data_files)

        def connected(vehicle: Vehicle) -> None:
            self.connecting = False
            self.vehicle = vehicle
            self.read_voltage()
            then()

        def refused(_: ProductError) -> None:
            self.connecting = False
            failed()

        self.errand(lambda: workbench.connect(uri, files), connected, failed=refused, lane="vehicle")

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
            else:
                self.begin("identify", "", vehicle.identify, lambda _: then(), lambda _: failed())

        self.connect(connected, failed)

    # -- jobs

    @property
    def busy(self) -> bool:
        return self.job is not None and self.job.running

    @property
    def locked(self) -> str:
        """Why the app must not be left now, "" where it may (flash between first erase and last check)."""
        return self.job.locked if self.job is not None else ""

    def begin(
        self, kind: str, unit: str, start: Callable[[], RunningJob], then: Callable[[Any], None],
        failed: Callable[[ProductError], None] = lambda _: None,
    ) -> bool:  # fmt: skip
        """Starts one job; its result goes to `then`, its error to the message list and `failed`."""
        if self.job is not None and self.job.running:
            self.tell("warning", f"{self.job.title} is still running.", advice="Wait for it, or stop it with a.")
            return False
        try:
            handle = start()
        except ProductError as error:
            self.tell_error(error, unit)
            failed(error)
            return False
        self.job = JobView(kind, unit, handle, then, failed)
        self._numbers += 1
        return True

    def stop_job(self) -> bool:
        """Asks for the safe ending; it comes after what must not be cut."""
        job = self.job
        if job is None or not job.running or job.stopping:
            return False
        job.stopping = True
        job.handle.cancel()
        self._numbers += 1
        return True

    def _end_job(self) -> bool:
        job = self.job
        if job is None or not job.running or not job.handle.done:
            return False
        for fact in self.bridge.pull():  # what the job published last
            apply(self, fact)
        job.running = False
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

    def tell(
        self, severity: str, text: str, *, unit: str = "", code: str = "", advice: str = "", at: float = 0.0,
        alert: bool = True,
    ) -> None:  # fmt: skip
        """One line in the message list; `alert` asks for a toast in addition."""
        self._numbers += 1
        item = MessageItem(self._numbers, at or self._clock(), severity, unit, text, code, advice)
        self.messages.append(item)
        if alert:
            self.alerts.append(item)

    def note(self, severity: str, text: str) -> None:
        self.tell(severity, text, alert=False)

    def tell_error(self, error: ProductError, unit: str = "") -> None:
        self.tell_message(message_for(error), unit)

    def tell_message(self, message: Message, unit: str, at: float = 0.0) -> None:
        self.tell(
            message.severity.value, message.text, unit=unit, code=message.code, advice=message.advice, at=at
        )  # fmt: skip

    @property
    def connection(self) -> tuple[object, ...]:
        """Changes when another vehicle may be there: device, data files, connected vehicle."""
        return self.uri, tuple(self.data_files), self.vehicle

    # -- the end

    def close(self) -> None:
        """After the last screen: a flash that runs is let finish, other jobs get their safe ending, all is let go."""
        job = self.job
        if job is not None and job.running:
            if job.kind != "flash":
                job.handle.cancel()
            try:
                job.handle.wait(None)
            except ProductError:
                pass  # it is in the message list of a screen that is gone; the vehicle is restored
        self.bridge.wait(5.0)
        if self.workbench is not None:
            self.workbench.close()
