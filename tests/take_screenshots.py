"""Takes the README's pictures from a real run: `python -m tests.take_screenshots [FOLDER]`. Not a test.

The app runs headless on the simulated car in a fresh home: first run, ConfigAssist, log-in, StartKey, credit, quick
test, fault codes, flash, order, training, coding, live panel, releases, Support Tool; then the log-in at a back end
that is served, and the door for browsers. Writes SVG, and PNG where cairosvg is there (a tool for this script only; the
font is DejaVu Sans Mono).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from core.workbench import WorkbenchPaths
from tests.tui.support import until
from tui.desk import Desk
from tui.shell import PassbayApp

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
WALK = ("papers", "start_and_devices", "vehicle", "flash", "live", "order", "training", "coding", "releases")
SIZES = {"80x24": (80, 24), "160x45": (160, 45)}
WIDE_ONES = {"vehicle", "flash-transfer", "live-messages", "live-rows"}  # the places that gain from a large terminal
FONT = "DejaVu Sans Mono"
SCALE = 11 / 12.2  # a cell of 12.2 units becomes 11 whole pixels, so that lines of box glyphs have no gaps


def save(app: PassbayApp, name: str, folder: Path) -> None:
    """One picture as SVG and PNG. cairosvg knows no textLength: the font gets the size whose cells are as wide."""
    place, _, size = name.rpartition("-")
    if size != "80x24" and place not in WIDE_ONES:
        return
    svg = re.sub(
        r"@font-face \{.*?\}\s*", "", app.export_screenshot(title="Passbay"), flags=re.DOTALL
    )  # no outside host
    svg = svg.replace("Fira Code", FONT)
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    try:
        import cairosvg
    except ImportError:
        print(f"{name}: no cairosvg, SVG only", file=sys.stderr)
        return
    drawn = svg.replace("font-size: 20px", "font-size: 20.26px")
    cairosvg.svg2png(bytestring=drawn.encode(), write_to=str(folder / f"{name}.png"), scale=SCALE)


class Walk:
    """The work of a technician, with a picture at each place."""

    def __init__(self, app: PassbayApp, pilot: Pilot[None], tag: str, folder: Path) -> None:
        self.app, self.pilot, self.tag, self.folder = app, pilot, tag, folder

    @property
    def desk(self) -> Desk:
        assert self.app.desk is not None
        return self.app.desk

    @property
    def screen(self) -> Any:
        return self.app.screen

    def idle(self) -> bool:
        return not self.desk.busy and not self.desk.connecting and not self.desk.bridge.runs("vehicle")

    async def shot(self, name: str) -> None:
        self.app.pull()
        self.app.refresh_places()
        await self.pilot.pause()
        save(self.app, f"{name}-{self.tag}", self.folder)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], Any]) -> None:
        await until(self.pilot, condition)

    async def papers(self) -> None:
        """A newcomer's first minutes, on the embedded back end."""
        await self.until(lambda: self.app.place is not None and self.app.place.PLACE == "Hardware selection")
        await self.until(lambda: not self.desk.bridge.busy)
        await self.shot("first-run")
        await self.press("enter")
        papers = self.desk.papers
        await self.until(lambda: papers.overview is not None and papers.device is not None)
        await self.shot("assist-new")
        await self.press("enter")
        await self.until(lambda: self.screen.query("#choices"))
        await self.press("enter")
        await self.until(lambda: papers.login is not None and papers.login.state == "waiting")
        await self.press("enter")
        await self.until(lambda: papers.account.user)
        await self.press("escape")
        await self.until(lambda: self.app.place.PLACE == "ConfigAssist" and not self.desk.bridge.busy)
        await self.press("enter")
        await self.until(lambda: self.screen.query("#picks"))
        await self.press("enter")
        await self.until(lambda: papers.start_key is not None and papers.start_key.green)
        await self.until(lambda: not self.desk.bridge.busy)
        self.app.go("credit")
        await self.until(lambda: papers.packages)
        await self.press("enter")
        await self.until(lambda: self.screen.query("Input"))
        await self.press("enter")
        await self.until(lambda: self.screen.query("#words"))
        await self.press("right", "enter")
        await self.until(lambda: papers.credit and not self.desk.bridge.busy)
        await self.shot("credit")
        await self.press("escape")
        await self.until(lambda: not self.desk.bridge.busy)
        await self.shot("assist")
        await self.press("escape")
        self.app.go("codes")
        await self.press("enter")
        await self.until(lambda: self.screen.query("#page"))
        await self.shot("what-to-do")
        await self.press("escape", "escape")

    async def log_in(self) -> None:
        """The device grant of a back end that is served: address, code, QR."""
        await self.until(lambda: self.app.desk is not None and self.app.desk.workbench is not None)
        await self.press("7")
        await self.until(lambda: self.screen.query("#choices") and not self.desk.bridge.busy)
        await self.press("enter")
        papers = self.desk.papers
        await self.until(lambda: papers.login is not None and papers.login.state == "waiting")
        await self.shot("log-in")
        await self.press("escape")

    async def visits(self) -> None:
        """The door is open, and a browser asks to be let in."""
        await self.until(lambda: self.app.desk is not None and self.app.desk.workbench is not None)
        await self.press("0", "3")
        await self.until(lambda: self.app.place.PLACE == "Remote assistance")
        await self.press("enter")
        visitors = self.desk.visitors
        await self.until(lambda: visitors.door is not None)
        address = visitors.door.url if visitors.door is not None else ""
        asked = urllib.request.Request(f"{address}/log-in", b"name=Ben+Meier", {"Origin": address})
        await asyncio.to_thread(lambda: urllib.request.urlopen(asked).close())
        visitors.look_soon()
        await self.until(lambda: visitors.waiting)
        await self.press("down")
        await self.shot("remote-assistance")
        await self.press("home", "x", "right", "enter")
        await self.until(lambda: visitors.door is None)

    async def start_and_devices(self) -> None:
        await self.until(lambda: self.app.place is not None and self.app.place.PLACE == "Start")
        await self.shot("start")
        await self.press("5")
        await self.until(lambda: not self.desk.bridge.busy)
        await self.shot("devices")
        await self.press("escape")

    async def vehicle(self) -> None:
        await self.press("1")
        await self.until(lambda: self.desk.survey is not None and self.idle())
        await self.press("enter")
        await self.until(lambda: self.idle() and self.screen.faults and self.desk.papers.minutes is not None)
        await self.shot("vehicle")

    async def begin_flash(self) -> None:
        """From the marked unit of the quick test to a running flash."""
        await self.press("f")
        await self.until(lambda: getattr(self.screen, "stage", "") == "flashware")
        await self.press("enter")
        await self.until(lambda: self.screen.stage == "ready")

    async def confirm_flash(self) -> None:
        await self.press("enter")
        await self.until(lambda: self.screen.query("#buttons"))
        await self.press("right", "enter")

    async def flash(self) -> None:
        await self.begin_flash()
        await self.shot("flash-checks")
        await self.confirm_flash()
        while not halfway(self.desk):
            await asyncio.sleep(0.005)
        save(self.app, f"flash-transfer-{self.tag}", self.folder)
        await self.until(self.idle)
        await self.shot("flash-done")
        await self.press("escape", "escape", "escape")

    async def live(self) -> None:
        await self.press("down")
        await self.begin_flash()
        await self.confirm_flash()
        await self.press("f9", "m")
        while not halfway(self.desk):
            await asyncio.sleep(0.005)
        self.screen.paint()
        await self.pilot.pause(0.01)
        save(self.app, f"live-messages-{self.tag}", self.folder)
        await self.press("m")
        await self.until(lambda: len(self.screen.query_one("#traffic").rows) > 8)
        await self.shot("live-rows")
        await self.until(self.idle)
        await self.press("f9", "escape", "escape", "escape")

    async def order(self) -> None:
        """All units in one order: its dry run on the twin, not its flash."""
        await self.press("escape", "2")
        await self.until(lambda: getattr(self.screen, "stage", "") == "unit" and self.idle())
        await self.press("plus", "enter")
        await self.until(lambda: self.screen.stage == "ready" and self.idle())
        await self.press("d")
        await self.until(lambda: self.idle() and self.screen.order is not None and self.screen.order.twin)
        await self.shot("flash-order")
        await self.press("escape", "escape", "1")
        await self.until(lambda: self.app.place.PLACE == "Vehicle quick test" and self.idle())

    async def training(self) -> None:
        await self.press("g")
        await self.until(lambda: getattr(self.screen, "faults", None) and self.idle())
        await self.press("down", "down", "space")
        await self.until(lambda: self.screen.ordered and self.idle())
        await self.shot("training")
        await self.press("x")
        await self.until(lambda: not self.screen.ordered and self.idle())
        await self.press("escape")

    async def coding(self) -> None:
        await self.press("down", "down", "v")
        await self.until(lambda: getattr(self.screen, "state", None) is not None and self.idle())
        await self.press("enter")
        await self.until(lambda: self.screen.query("#picks"))
        await self.press("down", "enter")
        await self.until(lambda: getattr(self.screen, "changes", None))
        await self.shot("coding")
        await self.press("w")
        await self.until(lambda: self.screen.query("#buttons"))
        await self.press("right", "enter")
        await self.until(lambda: getattr(self.screen, "result", None) is not None and self.idle())
        await self.press("b")
        await self.until(lambda: getattr(self.screen, "kept", None))
        await self.shot("coding-kept")
        await self.press("escape")
        await self.until(lambda: hasattr(self.screen, "changes"))
        await self.press("f1")
        await self.until(lambda: self.screen.query("#page"))
        await self.shot("help")
        await self.press("escape")

    async def releases(self) -> None:
        """The demo repository's releases and AddOns, then the Support Tool's pages."""
        library = self.desk.releases
        self.app.go("update")
        await self.until(lambda: library.overview is not None and not self.desk.bridge.busy)
        await self.press("f5")
        await self.until(lambda: library.overview.rows and not library.busy and not self.desk.bridge.busy)
        await self.shot("update")
        self.app.go("addons")
        await self.until(lambda: self.app.place.PLACE == "AddOn Center" and library.addons)
        await self.shot("addons")
        self.app.go("support")
        await self.until(lambda: self.app.place.PLACE == "Support Tool" and not self.desk.bridge.busy)
        await self.shot("support")


async def walk(size: tuple[int, int], tag: str, folder: Path, *names: str) -> None:
    app = PassbayApp()
    async with app.run_test(size=size) as pilot:
        steps = Walk(app, pilot, tag, folder)
        for name in names:
            await getattr(steps, name)()
    steps.desk.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A back end of its own on a free port of the loopback interface; its address."""
    command = [sys.executable, "-m", "tui.entry", "serve", "--port", "0", "--json", "--database",
               f"sqlite:///{folder / 'served.sqlite3'}"]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def halfway(desk: Desk) -> bool:
    """The transfer has begun and there is something to see."""
    step = desk.job.step if desk.job is not None else None
    return desk.job is None or not desk.busy or (step is not None and step.total > 0 and step.done * 3 > step.total)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for tag, size in SIZES.items():
        with tempfile.TemporaryDirectory() as home:
            os.environ["PASSBAY_HOME"] = home
            asyncio.run(walk(size, tag, folder, *WALK))
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as address:
        os.environ["PASSBAY_HOME"] = home
        settings = WorkbenchPaths.below(Path(home)).settings_file
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'last_device = "sim:car-mixed"\n[backend]\nurl = "{address}"\n', encoding="utf-8")
        asyncio.run(walk(SIZES["80x24"], "80x24", folder, "log_in"))
    with tempfile.TemporaryDirectory() as home:
        os.environ["PASSBAY_HOME"] = home
        settings = WorkbenchPaths.below(Path(home)).settings_file
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('last_device = "sim:car-mixed"\n', encoding="utf-8")
        asyncio.run(walk(SIZES["80x24"], "80x24", folder, "visits"))


if __name__ == "__main__":
    main()
