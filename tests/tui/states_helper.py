"""States of the app as a helper sees it, and of the technician's while somebody drives from afar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from tests.tui.fake import FLASHED, HOST, FakeJob
from tests.tui.fake_helper import HER_SEAT, OTHER_SEAT, TECHNICIAN, driven_by_technician, handed_over, inner_of
from tests.tui.support import fake_of, quiet, until

Walk = Callable[[Pilot[Any]], Awaitable[None]]


async def _told(pilot: Pilot[Any], words: str) -> None:
    """The message came, and its toast went."""
    app: Any = pilot.app
    await until(pilot, lambda: any(item.text.startswith(words) for item in app.desk.messages))
    await quiet(pilot)
    app.clear_notifications()
    await quiet(pilot)


async def waiting(pilot: Pilot[Any]) -> None:
    """No vehicle is connected at that PC."""
    await quiet(pilot)


async def attached(pilot: Pilot[Any]) -> None:
    """It came by itself."""
    app: Any = pilot.app
    await quiet(pilot)
    inner_of(app).found_hosts = [HOST]
    app.desk.helper.look()
    await until(pilot, lambda: app.desk.vehicle is not None)
    await quiet(pilot)


async def two_helpers(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await attached(pilot)
    inner_of(app).vehicle.seats = (TECHNICIAN, HER_SEAT, OTHER_SEAT)
    await quiet(pilot)


async def vehicle(pilot: Pilot[Any]) -> None:
    await attached(pilot)
    await pilot.press("1")
    await quiet(pilot)


async def flash_watched(pilot: Pilot[Any]) -> None:
    """The technician flashes; the helper looks on."""
    from tests.tui.test_snapshots import flash_facts

    app: Any = pilot.app
    await quiet(pilot)
    inner = inner_of(app)
    inner.vehicle.running = FakeJob(FLASHED, instant=False)
    inner.replayed = flash_facts()
    inner.found_hosts = [HOST]
    app.desk.helper.look()
    await until(pilot, lambda: app.desk.job is not None and app.desk.job.steps and app.desk.job.steps[-1].done)
    await pilot.press("2")
    await until(pilot, lambda: getattr(app.screen, "stage", "") == "running")


async def coding(pilot: Pilot[Any]) -> None:
    await attached(pilot)
    await pilot.press("3")
    await quiet(pilot)


async def lent(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await attached(pilot)
    handed_over(inner_of(app).vehicle)
    await _told(pilot, "Handed over to you")


async def lent_flash_asks(pilot: Pilot[Any]) -> None:
    """The confirmation of a flash is open on the helper's screen."""
    await lent(pilot)
    await pilot.press("2")
    await quiet(pilot)
    for _step in range(3):
        await pilot.press("enter")
        await quiet(pilot)


async def taken_back(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await lent_flash_asks(pilot)
    driven_by_technician(inner_of(app).vehicle)
    await _told(pilot, "Taken back")


async def help_page(pilot: Pilot[Any]) -> None:
    await attached(pilot)
    await pilot.press("f1")
    await quiet(pilot)


async def palette(pilot: Pilot[Any]) -> None:
    await attached(pilot)
    await pilot.press("ctrl+p")
    await quiet(pilot)


async def technician_lends(pilot: Pilot[Any]) -> None:
    """The technician's screen while Mia drives."""
    app: Any = pilot.app
    await quiet(pilot)
    await pilot.press("1")
    await until(pilot, lambda: app.desk.survey is not None)
    found = fake_of(app).vehicle
    found.driving, found.driver = False, HER_SEAT.holder
    found.seats = (replace(TECHNICIAN, driving=False), replace(HER_SEAT, driving=True))
    await _told(pilot, "Mia Roth drives the vehicle now")


HELPER_STATES: dict[str, Walk] = {
    "waiting": waiting,
    "attached": attached,
    "two": two_helpers,
    "vehicle": vehicle,
    "flash-watched": flash_watched,
    "coding": coding,
    "lent": lent,
    "lent-flash-asks": lent_flash_asks,
    "taken-back": taken_back,
    "help": help_page,
    "palette": palette,
}
HELPER_MAIN = ("attached", "flash-watched", "lent", "lent-flash-asks")
