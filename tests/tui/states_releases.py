"""States of the releases' screens for the snapshots: Update Service with its tabs and wizard, AddOn Center, a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from core.errors import RolledBack
from core.events import ComponentFetched
from core.vocabulary import ReleaseState, SourceCheck, UpdateSource
from tests.tui.fake import NOON
from tests.tui.fake_library import FakeLibrary
from tests.tui.support import fake_of, quiet, until

Walk = Callable[[Pilot[Any]], Awaitable[None]]


async def update(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("8")
    await until(pilot, lambda: pilot.app.desk.releases.overview is not None)  # type: ignore[attr-defined]
    await quiet(pilot)


def library(pilot: Pilot[Any]) -> FakeLibrary:
    app: Any = pilot.app
    found: FakeLibrary = fake_of(app).library
    return found


async def downloads(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    library(pilot)._set("2026.09", ReleaseState.DOWNLOADING, 320_000)
    await update(pilot)
    stream = fake_of(app).stream
    stream.publish(ComponentFetched(NOON, "2026.09", "", 320_000, 640_000, 84_000.0, 3.8))
    stream.publish(ComponentFetched(NOON, "2026.09", "car-mixed.pdx", 120_000, 440_000, 84_000.0, 130.0))
    await until(pilot, lambda: len(app.desk.releases.fetched) == 2)
    await pilot.press("2")
    await pilot.pause()


async def settings(pilot: Pilot[Any]) -> None:
    """A source that was changed and not saved yet, verified: one place answers, one does not."""
    app: Any = pilot.app
    await quiet(pilot)
    library(pilot).checks = (
        SourceCheck("trust", True, "root version 1"),
        SourceCheck("Retail Data Storage", False, "does not answer", None, "Is the PC on?"),
        SourceCheck("source", True, "answers", 34.0),
    )
    await update(pilot)
    app.screen._draft(UpdateSource("https://releases.example", "http://shop-pc:8480", True, ""))
    await pilot.press("t")
    await quiet(pilot)


async def downloaded(pilot: Pilot[Any]) -> None:
    await update(pilot)
    await pilot.press("l")
    await quiet(pilot)
    pilot.app.clear_notifications()


async def wizard(pilot: Pilot[Any]) -> None:
    await downloaded(pilot)
    await pilot.press("i")
    await quiet(pilot)


async def refused(pilot: Pilot[Any]) -> None:
    """An attack: one message that names it; the release of now stays."""
    await quiet(pilot)
    library(pilot).refusals["search"] = RolledBack("The source offers an older state than was seen before.")
    await update(pilot)
    await pilot.press("f5")
    await quiet(pilot)


async def notes(pilot: Pilot[Any]) -> None:
    await update(pilot)
    await pilot.press("enter")
    await quiet(pilot)


async def addons(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    await pilot.press("9")
    await until(pilot, lambda: app.desk.releases.addons is not None)
    await quiet(pilot)


async def addon_on(pilot: Pilot[Any]) -> None:
    await addons(pilot)
    await pilot.press("i")
    await quiet(pilot)
    pilot.app.clear_notifications()


async def none_known(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    fake = library(pilot)
    fake.rows, fake.active, fake.words = (), "", "The built-in data serve."
    await update(pilot)


RELEASE_STATES: dict[str, Walk] = {
    "update": update,
    "update-none": none_known,
    "update-downloads": downloads,
    "update-settings": settings,
    "update-wizard": wizard,
    "update-refused": refused,
    "update-notes": notes,
    "addons": addons,
    "addons-on": addon_on,
}
RELEASE_MAIN = ("update", "update-settings", "addons")
