"""Small terminals and own wishes: ASCII, 16 colours, no colour, keys and theme of the settings, the bell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.settings import KeySettings
from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_snapshots import DESIGN, STATES
from tests.tui.test_terminal import Terminal
from tui.looks import Looks, early, prepare, take_options
from tui.looks.filters import ascii_text
from tui.theme import DARK, LIGHT, SIXTEEN

FAKE = """
from tui.looks import early, prepare
looks = early()
prepare(looks)
from tests.tui.support import make_app
make_app(looks=looks).run()
"""


# -- what is known before the first paint


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config" / "settings.toml"
    file.parent.mkdir()
    file.write_text('# ascii = false\nascii = true # small\ntheme = "passbay-light"\n[trace]\ncolours = "none"\n')
    home = {"PASSBAY_HOME": str(tmp_path)}
    assert early(home) == Looks(True, "auto", "passbay-light")
    assert early({**home, "PASSBAY_ASCII": "off", "PASSBAY_COLOURS": "16"}) == Looks(False, "16", "passbay-light")
    assert early({**home, "NO_COLOR": "1"}).colours == "none" and early({**home, "NO_COLOR": ""}).colours == "auto"
    file.write_bytes(b"\xff\xfe[[[[\x00")
    assert early(home) == Looks()
    assert early({"PASSBAY_HOME": str(tmp_path / "nothing")}) == Looks()


def test_options_in_front_become_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    assert take_options(["--ascii", "--set", "trace.minutes=9", "--set", "theme=x", "trace", "--set", "a=b"]) == [
        "trace", "--set", "a=b",
    ]  # fmt: skip
    assert os.environ == {"PASSBAY_ASCII": "1", "PASSBAY_TRACE__MINUTES": "9", "PASSBAY_THEME": "x"}
    assert take_options(["--set"]) == ["--set"] and take_options([]) == []


def test_how_many_colours() -> None:
    home = {"PASSBAY_HOME": "/nothing"}
    assert early({**home, "TERM": "linux"}).colours == "16"
    assert early({**home, "TERM": "xterm", "COLORTERM": "truecolor"}).colours == "auto"
    assert early({**home, "TERM": "xterm-256color"}).colours == "auto"
    assert early({**home, "TERM": "linux", "PASSBAY_COLOURS": "full"}).colours == "full"
    given: dict[str, str] = {}
    prepare(Looks(colours="16"), given)
    prepare(Looks(colours="none"), given)
    assert given == {"TEXTUAL_COLOR_SYSTEM": "standard", "NO_COLOR": "1"}


# -- ASCII


def test_a_character_has_as_many_cells_in_ascii() -> None:
    assert ascii_text("√ ░█│┌─╔é°雪→plain") == "+ :#|+-+eo??>plain"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pty")
def test_in_ascii_mode_no_byte_is_beyond_ascii(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSBAY_ASCII", "1")
    terminal = Terminal(FAKE, home)
    try:
        terminal.until(b"Commands")
        for keys, mark in ((b"1", b"FAULT"), (b"\x1b[20~", b"Identifiers"), (b"m", b"Frames"), (b"m", b"Conversation"),
                           (b"m", b"Errors"), (b"m", b"Buses"), (b"/", b"Filter"), (b"\x1b", b"Buses"),
                           (b"\x10", b"Search")):  # fmt: skip
            terminal.press(keys, mark)
        terminal.press(b"\x11", b"\x1b[?1049l")
        terminal.end()
    finally:
        terminal.close()
    beyond = re.findall(rb"[^\x00-\x7f]+", terminal.seen)
    assert not beyond, beyond[:5]


# -- colours

COLOURED = re.compile(rb"\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[25])[0-9;]*m")
RICH = re.compile(rb"\x1b\[[0-9;]*[34]8;[25];")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pty")
@pytest.mark.parametrize(
    ("variables", "forbidden", "wanted"),
    [
        ({"NO_COLOR": "1"}, COLOURED, b"\x1b[7m"),
        ({"PASSBAY_COLOURS": "none"}, COLOURED, b"\x1b[7m"),
        ({"PASSBAY_COLOURS": "16"}, RICH, b"\x1b[97;"),
    ],
)
def test_fewer_colours_in_a_real_terminal(
    variables: dict[str, str], forbidden: re.Pattern[bytes], wanted: bytes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(FAKE, home)
    try:
        terminal.until(b"Commands")
        terminal.press(b"1", b"FAULT")
        terminal.press(b"\x1b[20~", b"Identifiers")
        terminal.press(b"\x11", b"\x1b[?1049l")
        terminal.end()
    finally:
        terminal.close()
    assert not forbidden.findall(terminal.seen)
    assert re.search(rb"\x1b\[[0-9;]*7m|\x1b\[(1;)?97;", terminal.seen) if wanted else True


# -- keys, theme, bell


async def test_keys_of_the_settings_are_bound_and_shown() -> None:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.settings = replace(
        workbench.settings, keys=(KeySettings("live.pause", "p,space"), KeySettings("nowhere.pause", "q"))
    )
    app: Any = make_app(workbench)
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        assert " p Pause" in screen_text(app).split("\n")[-1] or " p Pause" in screen_text(app)
        await pilot.press("p")
        assert app.screen.paused
        await pilot.press("space")
        assert not app.screen.paused
        assert any("'nowhere.pause' names no place" in item.text for item in app.desk.messages)


async def test_the_theme_of_the_settings_is_used_and_kept() -> None:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.settings = replace(workbench.settings, theme=LIGHT)
    app: Any = make_app(workbench)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert app.theme == LIGHT
        app.action_theme()
        await until(pilot, lambda: fake_of(app).settings.theme == DARK)


async def test_an_unknown_theme_is_told_and_16_colours_stay() -> None:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.settings = replace(workbench.settings, theme="nord")
    app: Any = make_app(workbench)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert app.theme == DARK and any("'nord'" in item.text for item in app.desk.messages)
        app.theme = SIXTEEN
        app.action_theme()
        assert app.theme == SIXTEEN


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_bell_rings_at_the_end_of_a_flash(wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.settings = replace(workbench.settings, bell=wanted)
    app: Any = make_app(workbench)
    rung: list[bool] = []
    monkeypatch.setattr(type(app), "bell", lambda self: rung.append(True))
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-checks"](pilot)
        rung.clear()
        app.desk.begin("flash", "ENGINE", lambda: fake_of(app).vehicle.flash("ENGINE"), lambda _: None)
        await quiet(pilot)
    assert bool(rung) is wanted


# -- commands


def _passbay(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.entry", *words], capture_output=True, text=True, timeout=60,
        env={**os.environ, **variables},
    )  # fmt: skip


def test_locate_prints_places(tmp_path: Path) -> None:
    for what, tail in (("config", "config/settings.toml"), ("data", "data"), ("log", "state/log")):
        done = _passbay("locate", what, PASSBAY_HOME=str(tmp_path))
        assert (done.returncode, done.stdout) == (0, f"{tmp_path / tail}\n")
    assert _passbay("locate", "moon").returncode == 2
    assert not (tmp_path / "config").exists() and not (tmp_path / "state").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_asks_us_back(shell: str, tmp_path: Path) -> None:
    done = _passbay("completion", shell)
    assert done.returncode == 0 and f"_PASSBAY_COMPLETE={shell}_complete" in done.stdout
    asked = _passbay(
        _PASSBAY_COMPLETE=f"{shell}_complete",
        COMP_WORDS="passbay gar",
        COMP_CWORD="gar" if shell == "fish" else "1",
        PASSBAY_HOME=str(tmp_path),
    )
    assert "garage" in asked.stdout


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_bash_takes_the_script(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(_passbay("completion", "bash").stdout)
    done = subprocess.run(["/bin/bash", "-c", f"source {script}; complete -p passbay"], capture_output=True, text=True)
    assert done.returncode == 0 and "passbay" in done.stdout
