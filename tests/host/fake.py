"""A vehicle without a vehicle: what the server serves in its tests, and a served one with clients in this process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import ProductError, RightMissing
from core.events import Event, JobFinished, JobStarted, ProgressMade, StepStarted
from core.host.link import dial
from core.host.registry import Entry, Registry
from core.host.seats.wheel import HelperRights
from core.host.server import HostServer
from core.host.vehicle import HostedVehicle
from core.host.wire import Door
from core.vocabulary import BusFigures, FrameRow, HostInfo, PanelShot, PanelWish, Transport, UnitState, Visitor

PATIENCE = 30.0


class FakeJob:
    """Ends when the test says so."""

    def __init__(self, job_id: str, kind: str, unit: str) -> None:
        self.job_id, self.kind, self.unit = job_id, kind, unit
        self.cancelled = threading.Event()
        self._ended = threading.Event()
        self._result: Any = None
        self._error: ProductError | None = None

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def cancel(self) -> None:
        self.cancelled.set()

    def wait(self) -> Any:
        self._ended.wait(PATIENCE)
        if self._error is not None:
            raise self._error
        return self._result

    def end(self, result: Any = None, error: ProductError | None = None) -> None:
        self._result, self._error = result, error
        self._ended.set()


class FakeView:
    """Counts looks; shows as many rows as it was looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self, now: float, wish: PanelWish) -> PanelShot:
        self.looks += 1
        rows = tuple(FrameRow(f"{n:03X}", n, None, b"\x01", (True,), wish.filter) for n in range(self.looks))
        return PanelShot(wish, rows, BusFigures(0.5, 100.0, self.looks, 0))

    def clear(self) -> None:
        self.looks = 0


class FakeVehicle:
    def __init__(self, publish: Callable[[Event], None]) -> None:
        self.uri, self.name, self.transports = "sim:fake", "Fake", frozenset({Transport.CAN})
        self.jobs: list[FakeJob] = []
        self._publish = publish
        self.known_vin = ""
        self._views: list[FakeView] = []
        self._senseless = object()
        self._drivers: list[str] = []

    @property
    def vin(self) -> str:
        return self.known_vin

    @property
    def unspeakable(self) -> object:
        """A property that cannot travel must not keep the others from it."""
        return self._senseless

    @property
    def running(self) -> FakeJob | None:
        return self.jobs[-1] if self.jobs and not self.jobs[-1].done else None

    def driven_by(self, helper: str) -> None:
        self._drivers.append(helper)

    def voltage(self) -> float:
        return 13.25

    def flash(self, ecu: str, force: bool = False) -> FakeJob:
        job = FakeJob(f"flash-{len(self.jobs) + 1}", "flash", ecu)
        self.jobs.append(job)
        self._publish(JobStarted(time.time(), job.job_id, job.kind, job.unit))
        self._publish(StepStarted(time.time(), job.job_id, "erase", "Erase"))
        return job

    def progress(self, done: int, total: int = 100) -> None:
        self._publish(ProgressMade(time.time(), self.jobs[-1].job_id, "erase", done, total, 1.5))

    def finish(self, result: Any = None, error: ProductError | None = None) -> None:
        job = self.jobs[-1]
        if error is None:
            self._publish(JobFinished(time.time(), job.job_id, job.kind, job.unit, "done"))
        job.end(result, error)

    def state_of(self, units: tuple[str, ...], *, state: UnitState) -> dict[str, UnitState]:
        return dict.fromkeys(units, state)

    def unspoken(self) -> object:
        return object()

    def broken(self) -> None:
        raise ZeroDivisionError("a fault of ours")

    def traffic_view(self) -> FakeView:
        self._views.append(FakeView())
        return self._views[-1]


def no_force(face: Any, given: Mapping[str, Any]) -> None:
    if given.get("force"):
        raise RightMissing("no force")


HELPERS_MAY = HelperRights(frozenset({"voltage"}), {"flash": no_force})


class Stage:
    """A server on `vehicle`; `client()` attaches one more. `events[n]` is what client n was told."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.registry = Registry(folder)
        address = self.registry.prepare()
        info = HostInfo("sim:fake", os.getpid(), time.time())
        watchers_may = frozenset({"voltage"})
        self.server = HostServer(
            info, self.registry.new_key(), watchers_may=watchers_may, helpers_may=HELPERS_MAY, **settings
        )
        self.vehicle = FakeVehicle(self.server.publish)
        self.door = Door(address)
        self.entry = Entry("sim:fake", os.getpid(), self.door.address, info.started)
        self.registry.write(self.entry)
        self.server.serve(self.vehicle, self.door)
        self.clients: list[HostedVehicle] = []
        self.events: list[list[Event]] = []

    def client(self, name: str = "", *, watch: bool = False, visitor: Visitor | None = None) -> HostedVehicle:
        link = dial(self.registry, self.entry)
        assert link is not None
        told: list[Event] = []
        vehicle = HostedVehicle(link, told.append)
        vehicle.attach(name or f"client {len(self.clients)}", watch=watch, visitor=visitor)
        self.clients.append(vehicle)
        self.events.append(told)
        return vehicle

    def helper(self, name: str = "Anna") -> HostedVehicle:
        return self.client(f"{name} of Works (browser)", visitor=Visitor(f"visit-{name}", name, "Works"))

    def close(self) -> None:
        for job in self.vehicle.jobs:
            job.end()
        self.server.finish()
        for client in self.clients:
            client.close()
        self.registry.remove(self.entry)


@contextmanager
def stage(folder: Path, **settings: Any) -> Iterator[Stage]:
    served = Stage(folder, **settings)
    try:
        yield served
    finally:
        served.close()


def until(condition: Callable[[], Any], what: str = "") -> Any:
    """What `condition` gives as soon as it is true; looked at a hundred times a second."""
    give_up = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < give_up, f"waited in vain for {what or condition}"
        pause.wait(0.01)
    return found
