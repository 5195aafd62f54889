"""The bench of a helper in cardboard: the fake workbench behind the same list of names as the real one's."""

from __future__ import annotations

from typing import Any

from core.errors import RightMissing
from core.vocabulary import HostSeat, Visitor
from tests.assistance.test_helper_bench import ALLOWED
from tests.tui.fake import NOON, FakeVehicle, FakeWorkbench, clock_words, day_words
from tui.desk import Desk
from tui.shell import PassbayApp

MIA = Visitor("visit-mia", "Mia Roth", "Fleet Ltd", "helper")
HER_SEAT = HostSeat(2, "Mia Roth of Fleet Ltd (browser, pid 7)", True, False, True, "Mia Roth", "visit-mia")
OTHER_SEAT = HostSeat(3, "Ben Meier (browser, pid 8)", True, False, True, "Ben Meier", "visit-ben")
TECHNICIAN = HostSeat(1, "pid 1 (passbay)", False, True, False, "Anna Berg")


class FakeHelperBench:
    """`inner` is for the test."""

    visitor = MIA
    problems: tuple[str, ...] = ()
    last_device = ""

    def __init__(self, inner: FakeWorkbench) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ALLOWED:
            return getattr(self.inner, name)
        raise RightMissing(f"A helper has no {name}.")


def driven_by_technician(vehicle: FakeVehicle) -> None:
    vehicle.driving, vehicle.driver, vehicle.seats = False, TECHNICIAN.holder, (TECHNICIAN, HER_SEAT)


def handed_over(vehicle: FakeVehicle) -> None:
    from dataclasses import replace

    vehicle.driving, vehicle.driver = True, HER_SEAT.holder
    vehicle.seats = (replace(TECHNICIAN, driving=False), replace(HER_SEAT, driving=True))


def helper_app(workbench: FakeWorkbench | None = None) -> PassbayApp:
    """The app as a helper has it, at a PC where nothing is connected yet."""
    inner = workbench or FakeWorkbench(FakeVehicle())
    made: Any = FakeHelperBench(inner)
    driven_by_technician(inner.vehicle)
    desk = Desk(lambda: made, clock=lambda: NOON)
    desk.clock_words, desk.day_words = clock_words, day_words
    desk.workbench = desk.bridge.workbench = made
    return PassbayApp(desk=desk, helping=True)


def inner_of(app: PassbayApp) -> FakeWorkbench:
    assert app.desk is not None
    bench: Any = app.desk.workbench
    found: FakeWorkbench = bench.inner
    return found
