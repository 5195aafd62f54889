"""A walk over every screen that the app has registered and every key of each: later screens are covered, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.binding import Binding
from textual.pilot import Pilot

from tests.tui.support import quiet
from tui.shell import PassbayApp

SCREENS = tuple(PassbayApp.SCREENS)
LEFT_OUT = ("escape", "ctrl+q", "f1", "f9")  # they lead away; f1 and f9 open what has its own turn
PATIENCE = 20.0

Check = Callable[[str], None]


async def settle(pilot: Pilot[Any]) -> None:
    """Until nothing runs beside the screen, or for a moment where something always does."""
    app: Any = pilot.app
    end = time.monotonic() + 2.0
    while time.monotonic() < end and (app.desk.bridge.busy or app.desk.busy):
        await pilot.pause(0.01)
        app.pull()
    await pilot.pause()


async def back_to(pilot: Pilot[Any], name: str) -> None:
    """Out of every dialog, on the screen again."""
    app: Any = pilot.app
    for _ in range(6):
        if app.is_screen_installed(name) and app.screen is app.get_screen(name):
            return
        if len(app.screen_stack) > 1:
            app.pop_screen()
        await pilot.pause()
    if app.screen is not app.get_screen(name):
        app.push_screen(name)
        await settle(pilot)


async def walk(pilot: Pilot[Any], names: tuple[str, ...], check: Check) -> None:
    """Opens each screen, presses each of its keys and enter in what that opens; `check` looks each time."""
    app: Any = pilot.app
    await quiet(pilot)
    await pilot.press("1")
    await settle(pilot)
    check("vehicle")
    for name in names:
        await back_to(pilot, name)
        check(name)
        keys = [b.key for b in type(app.screen).BINDINGS if isinstance(b, Binding) and b.key not in LEFT_OUT]
        for key in ("enter", "down", *keys):
            await back_to(pilot, name)
            await pilot.press(key)
            await settle(pilot)
            check(f"{name} {key}")
