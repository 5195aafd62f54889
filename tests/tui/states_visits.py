"""States of Remote assistance for the snapshots: door closed, open, somebody waits, watches, drives; the questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from core.errors import SetupError
from core.vocabulary import HostSeat, Visit
from tests.tui.fake_visits import BY_CODE, COLLEAGUE, GONE, LOCAL, OWN, SHARED, STRANGER
from tests.tui.support import fake_of, quiet

Walk = Callable[[Pilot[Any]], Awaitable[None]]


def seat(pilot: Pilot[Any], visit: Visit, driving: bool = False) -> None:
    """The visitor is at the vehicle."""
    vehicle: Any = fake_of(pilot.app).vehicle  # type: ignore[arg-type]
    vehicle.seats = (HostSeat(7, f"{visit.name} (browser)", True, driving, name=visit.name, visit=visit.id),)


async def closed(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    app.go("visits")
    await quiet(pilot)


async def _open(pilot: Pilot[Any], *visits: Visit, door: Any = SHARED) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    fake_of(app).assistance.opened, fake_of(app).assistance.listed = door, visits
    app.desk.visitors.look_now()
    await closed(pilot)
    app.clear_notifications()
    await pilot.pause()


async def alone(pilot: Pilot[Any]) -> None:
    await _open(pilot, door=LOCAL)


async def waiting(pilot: Pilot[Any]) -> None:
    await _open(pilot, COLLEAGUE, STRANGER, GONE, OWN)


async def waiting_asks(pilot: Pilot[Any]) -> None:
    await waiting(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def by_code(pilot: Pilot[Any]) -> None:
    await _open(pilot, BY_CODE, door=LOCAL)
    await pilot.press("enter")
    await pilot.pause()


async def own_asks(pilot: Pilot[Any]) -> None:
    await by_code(pilot)
    await pilot.press("down", "enter")
    await pilot.pause()


async def at_vehicle(pilot: Pilot[Any]) -> None:
    """A colleague watches the vehicle of this screen."""
    await quiet(pilot)
    await pilot.press("1")
    await quiet(pilot)
    seat(pilot, COLLEAGUE)
    await _open(pilot, COLLEAGUE)
    await pilot.press("down")
    await quiet(pilot)


async def hand_over_asks(pilot: Pilot[Any]) -> None:
    await at_vehicle(pilot)
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


async def driving(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await at_vehicle(pilot)
    seat(pilot, COLLEAGUE, driving=True)
    await quiet(pilot)
    app.clear_notifications()
    await quiet(pilot)


async def told_elsewhere(pilot: Pilot[Any]) -> None:
    """Somebody waits and somebody watches while the technician is on another screen."""
    app: Any = pilot.app
    await quiet(pilot)
    await pilot.press("1")
    await quiet(pilot)
    fake_of(app).assistance.opened, fake_of(app).assistance.listed = SHARED, (COLLEAGUE, STRANGER)
    app.desk.visitors.look_soon()
    await quiet(pilot)


async def network(pilot: Pilot[Any]) -> None:
    await closed(pilot)
    await pilot.press("down", "enter")
    await pilot.pause()


async def refused(pilot: Pilot[Any]) -> None:
    await network(pilot)
    fake_of(pilot.app).assistance.refusal = SetupError(  # type: ignore[arg-type]
        "The certificate /etc/passbay/door.pem cannot be read: no such file.",
        "Name a PEM file that this user may read.",
    )
    path = "/etc/passbay/door.pem"
    await pilot.press("enter", "enter", *path, "enter", *path, "enter")
    await quiet(pilot)
    pilot.app.clear_notifications()
    await quiet(pilot)


async def close_asks(pilot: Pilot[Any]) -> None:
    await waiting(pilot)
    await pilot.press("home", "x")
    await pilot.pause()


async def end_asks(pilot: Pilot[Any]) -> None:
    await at_vehicle(pilot)
    await pilot.press("x")
    await pilot.pause()


async def address(pilot: Pilot[Any]) -> None:
    await waiting(pilot)
    await pilot.press("q")
    await quiet(pilot)


async def told_at_start(pilot: Pilot[Any]) -> None:
    """The alarm box of Start names who waits."""
    app: Any = pilot.app
    await quiet(pilot)
    fake_of(app).assistance.opened, fake_of(app).assistance.listed = SHARED, (COLLEAGUE, STRANGER)
    app.desk.visitors.look_soon()
    await quiet(pilot)
    app.clear_notifications()
    await pilot.pause()


VISIT_STATES: dict[str, Walk] = {
    "visits-closed": closed,
    "visits-network": network,
    "visits-refused": refused,
    "visits-alone": alone,
    "visits-waiting": waiting,
    "visits-waiting-asks": waiting_asks,
    "visits-by-code": by_code,
    "visits-own-asks": own_asks,
    "visits-watching": at_vehicle,
    "visits-hand-over-asks": hand_over_asks,
    "visits-driving": driving,
    "visits-end-asks": end_asks,
    "visits-close-asks": close_asks,
    "visits-address": address,
    "visits-told-elsewhere": told_elsewhere,
    "visits-told-at-start": told_at_start,
}
VISIT_MAIN = ("visits-closed", "visits-waiting", "visits-driving", "visits-told-elsewhere")
