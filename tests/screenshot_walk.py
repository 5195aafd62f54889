"""A technician's work in the real app, one method a station, for pictures: waits for what it needs, never for time.

A key is pressed only where its screen is on top, all errands are done, and the row that it means is there; a station
that fails says what it waited for and what the screen showed.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from tests.tui.support import screen_text
from tui.desk import Desk
from tui.looks.keymap import place_name
from tui.shell import PassbayApp
from tui.widgets.rows import RowList

PATIENCE = 60.0  # seconds; only a broken app needs them
Keep = Callable[[PassbayApp, str], None]


class Hands:
    """Eyes and hands of whoever walks."""

    def __init__(self, app: PassbayApp, pilot: Pilot[None], tag: str, keep: Keep) -> None:
        self.app, self.pilot, self.tag, self.keep = app, pilot, tag, keep

    @property
    def desk(self) -> Desk:
        assert self.app.desk is not None
        return self.app.desk

    @property
    def screen(self) -> Any:
        return self.app.screen

    def free(self) -> bool:
        """Nothing runs beside the screen."""
        desk = self.app.desk
        return desk is not None and not desk.bridge.busy and not desk.busy and not desk.connecting

    def there(self, place: str) -> bool:
        top = self.app.place
        if top is None or top is not self.app.screen or not top.is_mounted:
            return False
        name = place_name(type(top))
        return place in (name, f"{name}s")  # AddOnScreen is gone to as "addons"

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Lets the app run until it holds; pulls at once instead of ten times a second."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {what}; the screen shows:\n{screen_text(self.app)}")
            await self.pilot.pause(0.01)
            self.app.pull()
        self.app.refresh_places()
        await self.pilot.pause()

    async def at(self, place: str, ready: Callable[[], Any] = lambda: True) -> None:
        await self.until(lambda: self.there(place) and self.free() and ready(), f"the place {place}, idle")

    async def dialog(self, part: str) -> None:
        await self.until(lambda: not self.there_any() and self.screen.query(part), f"a dialog with {part}")

    def there_any(self) -> bool:
        return self.app.place is self.app.screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def go(self, place: str, ready: Callable[[], Any] = lambda: True) -> None:
        self.app.go(place)
        await self.at(place, ready)

    async def home(self) -> None:
        """Back to Start, one place at a time."""
        while not self.there("start"):
            left = self.screen
            await self.press("escape")
            await self.until(lambda left=left: self.screen is not left and self.free(), "the place below")

    async def choose(self, rows: str, key: str) -> None:
        await self.mark(rows, key)
        await self.press("enter")

    async def mark(self, rows: str, key: str) -> None:
        """Puts the cursor of a list on the row with this key, once it is there."""

        def found() -> bool:
            lists = self.screen.query(rows)
            return bool(lists) and any(row.key == key for row in lists.first(RowList).rows)

        await self.until(found, f"the row {key} of {rows}")
        chosen = self.screen.query_one(rows, RowList)
        chosen.focus()
        chosen.put_cursor(key)
        await self.until(lambda: chosen.has_focus and chosen.key == key, f"the cursor on {key}")

    async def confirm(self) -> None:
        """Presses the second button, which does it, of the question on top."""
        await self.dialog("#buttons")
        asked = self.screen
        await self.press("right", "enter")
        await self.until(lambda: self.screen is not asked, "the end of the question")

    async def shot(self, name: str) -> None:
        self.app.clear_notifications()
        self.app.pull()
        self.app.refresh_places()
        await self.pilot.pause()
        self.keep(self.app, f"{name}-{self.tag}")


class Walk(Hands):
    """The stations."""

    async def papers(self) -> None:
        """A newcomer's first minutes, on the embedded back end."""
        papers = self.desk.papers
        await self.at("firstrun")
        await self.shot("first-run")
        await self.press("enter")
        await self.at("assist", lambda: papers.overview is not None and papers.device is not None)
        await self.shot("assist-new")
        await self.choose("#steps", "login")
        await self.at("login")
        await self.choose("#choices", "login")
        await self.choose("#choices", "approve")
        await self.until(lambda: papers.account.user and not (papers.login and papers.login.under_way), "the log-in")
        await self.choose("#choices", "back")
        await self.at("assist")
        await self.choose("#steps", "startkey")
        await self.dialog("#picks")
        await self.choose("#picks", "order")
        await self.at("assist", lambda: papers.start_key is not None and papers.start_key.green)
        await self.go("credit", lambda: papers.packages)
        await self.choose("#packages", next(row.key for row in self.screen.query_one("#packages", RowList).rows))
        await self.dialog("Input")
        await self.press("enter")
        await self.dialog("#words")
        await self.confirm()
        await self.at("credit", lambda: papers.credit)
        await self.shot("credit")
        await self.press("escape")
        await self.at("assist")
        await self.shot("assist")
        await self.go("codes")
        await self.press("enter")
        await self.until(lambda: self.screen.query("#page") and self.free(), "the page of a number")
        await self.shot("what-to-do")
        await self.home()

    async def log_in(self) -> None:
        """The device grant of a back end that is served: address, code, QR."""
        await self.until(lambda: self.app.desk is not None and self.app.desk.workbench is not None, "the workbench")
        await self.go("login")
        await self.choose("#choices", "login")
        papers = self.desk.papers
        await self.until(lambda: papers.login is not None and papers.login.state == "waiting", "the code of the server")
        await self.shot("log-in")
        await self.choose("#choices", "stop")
        await self.until(lambda: papers.login is None or not papers.login.under_way, "the end of the log-in")

    async def checks(self) -> None:
        """This PC, and the hosts that the served back end names."""
        shop = self.desk.shop
        await self.go("check", lambda: shop.pc is not None)
        await self.shot("check-pc")
        await self.press("2")
        await self.at("check", lambda: shop.network and not shop.checking)
        await self.shot("check-ports")

    async def visits(self) -> None:
        """The door is open, and a browser asks to be let in."""
        await self.at("start")
        await self.go("visits")
        await self.press("enter")
        visitors = self.desk.visitors
        await self.at("visits", lambda: visitors.door is not None)
        address = visitors.door.url if visitors.door is not None else ""
        asked = urllib.request.Request(f"{address}/log-in", b"name=Ben+Meier", {"Origin": address})
        await asyncio.to_thread(lambda: urllib.request.urlopen(asked).close())
        visitors.look_soon()
        await self.at("visits", lambda: visitors.waiting)
        await self.press("down")
        await self.shot("remote-assistance")
        await self.press("home", "x")
        await self.confirm()
        await self.at("visits", lambda: visitors.door is None)

    async def start_and_devices(self) -> None:
        await self.at("start")
        await self.shot("start")
        await self.go("devices", lambda: self.screen.query(RowList).first().rows)
        await self.shot("devices")
        await self.press("escape")
        await self.at("start")

    async def vehicle(self) -> None:
        await self.go("vehicle", lambda: self.desk.survey is not None)
        await self.press("enter")
        await self.at("vehicle", lambda: self.screen.faults and self.desk.papers.minutes is not None)
        await self.shot("vehicle")

    async def begin_flash(self) -> None:
        """From the unit of the quick test to a flash that may begin."""
        await self.mark("#units", "ENGINE")
        await self.press("f")
        await self.at("flash", lambda: self.screen.stage == "flashware")
        await self.press("enter")
        await self.at("flash", lambda: self.screen.stage == "ready")

    async def start_flash(self) -> None:
        await self.press("enter")
        await self.confirm()
        await self.until(self.halfway, "the transfer")

    def halfway(self) -> bool:
        """There is something to see of a running transfer; of one that has ended there would be nothing."""
        job = self.desk.job
        step = job.step if job is not None and self.desk.busy else None
        return step is not None and step.total > 0 and step.done * 3 > step.total

    async def flash(self) -> None:
        await self.begin_flash()
        await self.shot("flash-checks")
        await self.start_flash()
        await self.shot("flash-transfer")
        await self.at("flash", lambda: self.screen.stage == "over")
        await self.shot("flash-done")
        await self.leave_flash()

    async def leave_flash(self) -> None:
        """Past its result, so that the next flash begins with the choice of a unit."""
        await self.at("flash", lambda: self.screen.stage == "over")
        await self.press("enter")
        await self.at("flash", lambda: self.screen.stage == "unit")
        await self.go("vehicle")

    async def live(self) -> None:
        """A quick test seen on the bus: its conversation, the frames, one row an identifier."""
        await self.at("vehicle")
        await self.press("f5")
        await self.at("vehicle", lambda: self.desk.survey is not None)
        await self.press("f9")
        for mode in ("talk", "frames", "rows"):
            await self.until(lambda: self.there("live"), "the live panel")
            while self.screen.mode != mode:
                await self.press("m")
            await self.until(lambda: len(self.screen.query_one("#traffic").rows) > 8, f"the panel's {mode}")
            await self.shot(f"live-{mode}")
        await self.press("f9")
        await self.at("vehicle")

    async def order(self) -> None:
        """All units in one order: its dry run on the twin, not its flash."""
        await self.home()
        await self.press("2")
        await self.at("flash", lambda: self.screen.stage == "unit")
        await self.press("plus", "enter")
        await self.at("flash", lambda: self.screen.stage == "ready")
        await self.press("d")
        await self.at("flash", lambda: self.screen.order is not None and self.screen.order.twin)
        await self.shot("flash-order")
        await self.go("vehicle")

    async def training(self) -> None:
        await self.press("g")
        await self.at("training", lambda: self.screen.faults)
        await self.press("down", "down", "space")
        await self.at("training", lambda: self.screen.ordered)
        await self.shot("training")
        await self.press("x")
        await self.at("training", lambda: not self.screen.ordered)
        await self.press("escape")
        await self.at("vehicle")

    async def coding(self) -> None:
        await self.mark("#units", "BODY")
        await self.press("v")
        await self.at("coding", lambda: self.screen.state is not None)
        await self.press("enter")
        await self.dialog("#picks")
        await self.press("down", "enter")
        await self.at("coding", lambda: self.screen.changes)
        await self.shot("coding")
        await self.press("w")
        await self.confirm()
        await self.at("coding", lambda: self.screen.result is not None)
        await self.press("b")
        await self.at("kept", lambda: self.screen.kept)
        await self.shot("coding-kept")
        await self.press("escape")
        await self.at("coding")
        await self.press("f1")
        await self.until(lambda: self.screen.query("#page"), "the help")
        await self.shot("help")
        await self.press("escape")
        await self.at("coding")

    async def releases(self) -> None:
        """The demo repository's releases and AddOns, then the Support Tool: its pages, and one of them."""
        library = self.desk.releases
        await self.go("update", lambda: library.overview is not None)
        await self.press("f5")
        await self.at("update", lambda: library.overview is not None and library.overview.rows and not library.busy)
        await self.shot("update")
        await self.go("addons", lambda: library.addons)
        await self.shot("addons")
        await self.support()

    async def support(self) -> None:
        await self.go("support", lambda: self.desk.shop.pages)
        await self.shot("support")
