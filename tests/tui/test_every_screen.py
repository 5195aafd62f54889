"""R1 on every registered screen: hostile text in every field, every key pressed, in the app and in a real terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.tui.every_screen import SCREENS, walk
from tests.tui.support import make_app
from tests.tui.test_hostile import CORPUS, assert_harmless, poisoned_papers, poisoned_workbench
from tests.tui.test_terminal import Terminal

PROGRAM = """
from tests.tui.every_screen import walk
from tests.tui.support import make_app
from tests.tui.test_hostile import CANARY, poisoned_papers, poisoned_workbench
async def one_screen(pilot):
    await walk(pilot, ("{screen}",), lambda place: None)
    pilot.app.exit()
workbench = poisoned_workbench(CANARY)
workbench.paper = poisoned_papers(CANARY)
app = make_app(workbench)
app.run(auto_pilot=one_screen)
raise SystemExit(app.return_code or 0)
"""
EVIL = (b"\x1b]0;", b"\x07PWNED", b"PWNED\x07", b"\xc2\x9b", b"\x9b31m", b"\x00", "\u202e".encode())
MARKUP = CORPUS["closing"] + CORPUS["open"] + CORPUS["action"] + CORPUS["path"]


@pytest.mark.parametrize("screen", SCREENS)
async def test_markup_in_data_acts_on_no_screen(screen: str) -> None:
    workbench = poisoned_workbench(MARKUP)
    workbench.paper = poisoned_papers(MARKUP)
    app: Any = make_app(workbench)
    async with app.run_test(size=(80, 24)) as pilot:
        await walk(pilot, (screen,), lambda place: assert_harmless(app) and None)
        assert app.is_running


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pty")
@pytest.mark.parametrize("screen", SCREENS)
def test_no_control_byte_of_a_screen_reaches_a_real_terminal(screen: str, home: Path) -> None:
    terminal = Terminal(PROGRAM.replace("{screen}", screen), home)
    try:
        terminal.until(b"\x1b[?1049l")
        assert terminal.end() == 0, terminal.seen[-3000:]
    finally:
        terminal.close()
    assert b"PWNED" in terminal.seen, "the canary was shown"
    for evil in EVIL:
        assert evil not in terminal.seen, evil
