"""A vehicle whose wing runs in a vehicle host: the same face as in process, for screens and commands. Opens nothing.

The host's description says which names are properties and which are methods, so that everything that the vehicle can
do is there without being written twice.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path, PurePath
from typing import Any, NoReturn

from core.errors import JobError, ProductError, RightMissing, VciLost
from core.events import Event, JobFailed, Noted, VciClosed, VciOpened
from core.host.link import HostLink
from core.host.seats.wheel import AT_THE_PC
from core.host.traffic import HostedTrafficView
from core.vocabulary import HostInfo, HostJob, HostSeat, Visitor

GOODBYE_SECONDS = 20.0
VOLTAGE_SECONDS = 5.0
LEFT = "This screen has left the vehicle host; the job goes on there."
HOST_SILENT = "The vehicle host does not answer; look at `passbay jobs list`."


class HostedJob:
    """The handle of a job in the host: the same face as an in-process RunningJob."""

    hosted = True

    def __init__(self, link: HostLink, job_id: str, kind: str, unit: str) -> None:
        self.job_id, self.kind, self.unit = job_id, kind, unit
        self._link = link
        self._ended = threading.Event()
        self._result: Any = None
        self._error: ProductError | None = None

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    @property
    def error(self) -> ProductError | None:
        """What it ended with; None while it runs and after a good ending."""
        return self._error

    def cancel(self) -> None:
        """Asks for the safe ending; returns at once. The host does not listen to one that only watches."""
        if not self.done:
            try:
                self._link.tell("cancel", self.job_id)
            except VciLost:
                pass  # then `wait` raises it

    def ended(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True as soon as the job has ended."""
        return self._ended.wait(timeout)

    def wait(self, timeout: float | None = None) -> Any:
        """The result. Raises the job's error, VciLost where the host was lost, TimeoutError after `timeout` s."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"{self.job_id} is still running")
        if self._error is not None:
            raise self._error
        return self._result

    def end(self, result: Any, error: ProductError | None) -> None:
        """For the link: it is over."""
        self._result, self._error = result, error
        self._ended.set()


class HostedVehicle:
    """Attached to a host. `close` lets go; a job that runs goes on in the host, and the next one finds it.

    `running` is the job that runs, whoever started it. `driving` says whether job methods are allowed: the first one
    attached drives, and whoever came to drive may as soon as nobody else does. `driver` names the one who does, `seats`
    everybody who is there. A helper (`helping`) drives only what a technician handed over to his seat (`lent_to`).
    `host_job` and `last_job` tell how far the job was, and what ended last, when we attached.
    """

    def __init__(self, link: HostLink, publish: Callable[[Event], None]) -> None:
        self._link = link
        self._publish = publish
        self._properties: dict[str, Any] = {}
        self._methods: frozenset[str] = frozenset()
        self._jobs: dict[str, HostedJob] = {}
        self._running: HostedJob | None = None
        self._seat = 0
        self._driver: tuple[int, str] = (0, "")
        self._watches = False
        self._seats: tuple[HostSeat, ...] = ()
        self.helping = False
        self._views = count(1)
        self._lock = threading.Lock()
        self._attached = threading.Event()
        self._closed = False
        self.host_job: HostJob | None = None
        self.last_job: HostedJob | None = None
        self.host: HostInfo

    def attach(self, holder: str, *, watch: bool, visitor: Visitor | None = None) -> None:
        """VciLost where the host is just ending: it is free in a moment."""
        self.helping = visitor is not None and visitor.kind != "own"
        self._watches = watch
        self._link.start(self._pushed, self._lost)
        try:
            told = self._link.call("attach", holder, watch, "" if self.helping else _here(), visitor)
        except TimeoutError:
            self._attached.set()
            self._link.close()
            raise VciLost(HOST_SILENT) from None
        except ProductError:
            self._attached.set()
            self._link.close()
            raise
        self._seat, self._methods = told["seat"], frozenset(told["methods"])
        self._properties |= told["properties"]
        self.host, self.host_job = told["info"], told["job"]
        if told["last"] is not None:
            job_id, kind, unit, result, error = told["last"]
            self.last_job = HostedJob(self._link, job_id, kind, unit)
            self.last_job.end(result, error)
        self._driver, self._seats = told["driver"], told["seats"]
        if self.host_job is not None:
            self._begin(self.host_job.job_id, self.host_job.kind, self.host_job.unit)
        self._publish(VciOpened(time.time(), self.uri, str(self._properties.get("name", ""))))
        for event in told["events"]:
            self._tell(event)
        self._attached.set()

    # -- the vehicle's face

    def __getattr__(self, name: str) -> Any:
        """Properties as they were told last, methods by a call to the host."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._properties:
            return self._properties[name]
        if name in self._methods:
            return lambda *arguments, **named: self._call(name, arguments, named)
        if self.helping:
            return _refuse  # the host would, too
        raise AttributeError(f"a hosted vehicle has no {name!r}")

    @property
    def uri(self) -> str:
        return self._link.entry.uri

    @property
    def running(self) -> HostedJob | None:
        job = self._running
        return job if job is not None and not job.done else None

    @property
    def driving(self) -> bool:
        seat, _ = self._driver
        return seat == self._seat if self.helping else not self._watches and seat in (0, self._seat)

    @property
    def driver(self) -> str:
        """Who drives, "pid 4711 (passbay flash)"; "" for nobody."""
        return self._driver[1]

    @property
    def seats(self) -> tuple[HostSeat, ...]:
        """Who is attached, oldest first."""
        return self._seats

    @property
    def lent_to(self) -> str:
        """The helper who drives now, "" while it is not handed over."""
        return next((seat.name or seat.holder for seat in self._seats if seat.helper and seat.driving), "")

    def hand_over(self, seat: int) -> None:
        """Lends the vehicle to the helper's seat with this number; what runs goes on. JobError, RightMissing."""
        self._ask("hand_over", seat)

    def take_back(self) -> None:
        """At once, and at any time. Nothing where it is not handed over."""
        self._ask("take_back")

    def voltage(self) -> float | None:
        """Battery volts now, None where the device cannot measure or the host does not answer."""
        try:
            volts = self._call("voltage", (), {}, VOLTAGE_SECONDS)
        except ProductError:
            return None
        return float(volts) if volts is not None else None

    def traffic_view(self) -> HostedTrafficView:
        """A new view on the bus traffic: one per panel, polled by the roof (4-10 Hz)."""
        return HostedTrafficView(self._link, next(self._views))

    def close(self) -> None:
        """Lets go: the host ends where nothing runs and nobody else is attached (then the device is free when this
        returns), else the job goes on there. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._link.leave(GOODBYE_SECONDS)

    def __enter__(self) -> HostedVehicle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(
        self, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any], seconds: float | None = None
    ) -> Any:
        limit = {} if seconds is None else {"seconds": seconds}
        try:
            kind, value = self._link.call("call", name, _plain(arguments), _plain(dict(named)), **limit)
        except TimeoutError:
            raise VciLost(HOST_SILENT) from None
        if kind != "job":
            return value
        with self._lock:
            job = self._jobs.get(value)
        if job is None:
            raise JobError("The vehicle host did not tell of the job that it began.")
        return job

    def _ask(self, verb: str, *arguments: Any) -> None:
        try:
            self._link.call(verb, *arguments)
        except TimeoutError:
            raise VciLost(HOST_SILENT) from None

    # -- what the host pushes, on the link's thread

    def _pushed(self, message: tuple[Any, ...]) -> None:
        kind, *parts = message
        handler = self._PUSHES.get(kind)
        if handler is not None:
            self._attached.wait()  # first what was before us
            handler(self, *parts)

    def _event(self, event: Any) -> None:
        if isinstance(event, Event):
            self._tell(event)

    def _tell(self, event: Event) -> None:
        """All but the device's opening and wished closing: those that count here are ours."""
        if not isinstance(event, VciOpened) and not (isinstance(event, VciClosed) and not event.reason):
            self._publish(event)

    def _missed(self, number: int, events: tuple[Event, ...]) -> None:
        self._publish(Noted(time.time(), "info", f"{number} messages of the job were not shown: too slow."))
        for event in events:
            self._tell(event)

    def _changed(self, properties: dict[str, Any]) -> None:
        self._properties |= properties

    def _driven(self, driver: tuple[int, str]) -> None:
        self._driver = driver

    def _sat(self, seats: tuple[HostSeat, ...]) -> None:
        self._seats = seats

    def _begin(self, job_id: str, kind: str, unit: str) -> None:
        with self._lock:
            self._running = self._jobs[job_id] = HostedJob(self._link, job_id, kind, unit)

    def _end(self, job_id: str, result: Any, error: ProductError | None) -> None:
        with self._lock:
            job = self._jobs.get(job_id)
        if job is not None:
            self.last_job = job
            job.end(result, error)

    def _lost(self, reason: str) -> None:
        """The wire is dead, by our own wish where there is no `reason`. What runs there is unknown to us now."""
        self._attached.wait()
        if not self._methods:
            return  # it never was a vehicle
        job = self.running
        error: ProductError = self._link.lost() if reason else JobError(LEFT)
        if job is not None:
            if reason:
                fields = (error.name, error.code, error.message, error.advice)
                self._publish(JobFailed(time.time(), job.job_id, job.kind, job.unit, *fields, page=error.page))
            job.end(None, error)
        self._publish(VciClosed(time.time(), self.uri, reason))

    _PUSHES: Mapping[str, Callable[..., None]] = {
        "event": _event,
        "missed": _missed,
        "properties": _changed,
        "driver": _driven,
        "seats": _sat,
        "began": _begin,
        "ended": _end,
    }


def _refuse(*_arguments: Any, **_named: Any) -> NoReturn:
    raise RightMissing("A helper cannot do this with the vehicle.", AT_THE_PC)


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""  # the directory was removed


def _plain(value: Any) -> Any:
    """Paths as absolute text: the host works in another directory."""
    if isinstance(value, PurePath):
        return os.path.abspath(value)  # noqa: PTH100 - a PurePath has no absolute()
    if type(value) is dict:
        return {name: _plain(part) for name, part in value.items()}
    return tuple(_plain(part) for part in value) if type(value) is tuple else value
