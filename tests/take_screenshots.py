"""Takes the README's pictures from a real run: `python -m tests.take_screenshots [FOLDER]`. Not a test.

The app runs headless on the simulated car in fresh homes: first run, ConfigAssist, log-in, StartKey, credit, quick
test, fault codes, live panel, flash, order, training, coding, releases, Support Tool; log-in, PC check, hosts and ports
at a back end that is served; the door for browsers; last some of it in German. Each walk is a process of its own: a
language is chosen before the screens are imported. Writes SVG, and PNG where cairosvg is there (a tool for this script
only; the font is DejaVu Sans Mono). Start it in a terminal of 80x24 or more, which the PC check looks at.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
SIZES = {"80x24": (80, 24), "160x45": (160, 45)}
DAY = ("papers", "start_and_devices", "vehicle", "live", "flash", "order", "training", "coding", "releases")
WALKS = {  # name: size, language, whether the back end is served, stations
    "day": ("80x24", "en", False, DAY),
    "wide": ("160x45", "en", False, ("papers", "vehicle", "live", "flash")),
    "server": ("80x24", "en", True, ("log_in", "checks")),
    "door": ("80x24", "en", False, ("visits",)),
    "german": ("80x24", "de", False, ("papers", "vehicle", "releases")),
}
WIDE_ONES = {"vehicle", "flash-transfer", "live-talk", "live-frames", "live-rows"}  # gain from a large terminal
GERMAN_ONES = {"vehicle", "support"}
FONT = "DejaVu Sans Mono"
SCALE = 11 / 12.2  # a cell of 12.2 units becomes 11 whole pixels, so that lines of box glyphs have no gaps


def wanted(name: str, language: str) -> bool:
    place, _, size = name.rpartition("-")
    return (language == "en" or place in GERMAN_ONES) and (size == "80x24" or place in WIDE_ONES)


def keep(drawing: str, path: Path) -> None:
    """One picture as SVG and PNG. cairosvg knows no textLength: the font gets the size whose cells are as wide."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)  # no outside host
    svg = svg.replace("Fira Code", FONT)
    path.with_suffix(".svg").write_text(svg, encoding="utf-8")
    try:
        import cairosvg
    except ImportError:
        print(f"{path.name}: no cairosvg, SVG only", file=sys.stderr)
        return
    drawn = svg.replace("font-size: 20px", "font-size: 20.26px")
    cairosvg.svg2png(bytestring=drawn.encode(), write_to=str(path.with_suffix(".png")), scale=SCALE)


async def walk(name: str, folder: Path) -> None:
    """In this process, which has imported no screen yet."""
    size, language, _served, stations = WALKS[name]
    from tui.locale import use

    assert use(language) == language
    from tests.screenshot_walk import Walk
    from tui.shell import PassbayApp

    def take(app: PassbayApp, picture: str) -> None:
        if wanted(picture, language):
            drawing = app.export_screenshot(title="Passbay")
            place, _, tag = picture.rpartition("-")
            keep(drawing, folder / (picture if language == "en" else f"{place}-{language}-{tag}"))

    app = PassbayApp()
    async with app.run_test(size=SIZES[size]) as pilot:
        hands = Walk(app, pilot, size, take)
        await hands.until(lambda: app.desk is not None and app.desk.workbench is not None, "the workbench")
        for station in stations:
            await getattr(hands, station)()
    hands.desk.close()


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


def settle(home: Path, address: str = "") -> None:
    """Settings of a PC that was on the simulated car before, and names this back end."""
    from core.workbench import WorkbenchPaths

    settings = WorkbenchPaths.below(home).settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    backend = f'[backend]\nurl = "{address}"\n' if address else ""
    settings.write_text(f'last_device = "sim:car-mixed"\n{backend}', encoding="utf-8")


def start(name: str, folder: Path) -> None:
    """The walk in a fresh home, in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PASSBAY_HOME": home, "TEXTUAL_ANIMATIONS": "none"}
        command = [sys.executable, "-m", "tests.take_screenshots", str(folder), "--walk", name]
        if WALKS[name][2]:
            with served(Path(home)) as address:
                settle(Path(home), address)
                subprocess.run(command, check=True, env=environment)
            return
        if WALKS[name][3][0] != "papers":  # which begins with the first run
            settle(Path(home))
        subprocess.run(command, check=True, env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--walk", choices=WALKS, help="In this process and this home, one of them.")
    parser.add_argument("--only", choices=WALKS, action="append", help="In fresh homes, these.")
    wish = parser.parse_args()
    wish.folder.mkdir(parents=True, exist_ok=True)
    if wish.walk:
        asyncio.run(walk(wish.walk, wish.folder))
        return
    for name in wish.only or WALKS:
        start(name, wish.folder)


if __name__ == "__main__":
    main()
