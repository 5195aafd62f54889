"""What the screen tests share: an app on the fake workbench, waiting for conditions, the text that is on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from tests.tui.fake import NOON, FakeVehicle, FakeWorkbench, clock_words, day_words
from tui.desk import Desk
from tui.looks import Looks
from tui.shell import PassbayApp

PATIENCE = 30.0  # seconds; only a broken app needs them


def make_app(workbench: FakeWorkbench | None = None, looks: Looks | None = None) -> PassbayApp:
    """The app on a workbench of cardboard, with a clock that stands at noon."""
    made = workbench or FakeWorkbench(FakeVehicle())
    desk = Desk(lambda: made, clock=lambda: NOON)  # type: ignore[arg-type,return-value]
    desk.clock_words, desk.day_words = clock_words, day_words
    desk.workbench = desk.bridge.workbench = made  # type: ignore[assignment]
    return PassbayApp(desk=desk, looks=looks)


def fake_of(app: PassbayApp) -> FakeWorkbench:
    assert app.desk is not None
    workbench: Any = app.desk.workbench
    return workbench


async def until(pilot: Pilot[Any], condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Lets the app run until `condition` holds; pulls at once instead of ten times a second."""
    app: Any = pilot.app
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        await pilot.pause(0.01)
        app.pull()
    await pilot.pause()


async def quiet(pilot: Pilot[Any]) -> None:
    """Until nothing runs beside the screen."""
    app: Any = pilot.app
    await until(pilot, lambda: app.desk is not None and not app.desk.bridge.busy and not app.desk.busy)
    app.pull()
    await pilot.pause()


def screen_text(app: PassbayApp) -> str:
    """What the screen shows, line by line, as a reader sees it."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
