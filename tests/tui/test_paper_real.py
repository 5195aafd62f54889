"""A newcomer on the real embedded back end: from the first start to StartKey, log-in and credit, in the app alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.vocabulary import StartKeyVerdict
from tests.tui.support import screen_text, until
from tui.screens.paper.assist import AssistScreen
from tui.screens.paper.first import FirstRunScreen
from tui.shell import PassbayApp

DESIGN = (80, 24)
LIMIT = 60.0  # seconds that a newcomer has (the machine's part of it)


def _calm(app: Any) -> bool:
    desk = app.desk
    return not desk.bridge.busy and not desk.busy and not desk.connecting


async def test_a_newcomer_gets_ready_in_under_a_minute(home: Path) -> None:
    started = time.monotonic()
    app: Any = PassbayApp()
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))
        desk, papers = app.desk, app.desk.papers
        assert not papers.commissioned and app.screen.query_one("#devices").key == "sim:car-mixed"
        await pilot.press("enter")  # C3: the simulation, then ConfigAssist by itself (C4)
        await until(pilot, lambda: isinstance(app.screen, AssistScreen) and not papers.asks("backend", "device"))
        steps = app.screen.query_one("#steps")
        await until(pilot, lambda: steps.key == "login")
        assert papers.backend.reachable and papers.backend.embedded
        assert len(papers.device.hardware_id) == 12 and papers.device.hardware_id in screen_text(app)

        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#choices"))
        await pilot.press("enter")
        await until(pilot, lambda: papers.login is not None and papers.login.state == "waiting")
        await pilot.press("enter")  # approved on this screen: the back end is embedded
        await until(pilot, lambda: papers.account.user)
        await pilot.press("escape")
        await until(pilot, lambda: steps.key == "startkey")

        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#picks"))
        await pilot.press("enter")  # ordered and activated
        await until(pilot, lambda: papers.start_key is not None and papers.start_key.green and _calm(app))
        app.refresh_places()
        await pilot.pause()
        assert papers.start_key.verdict is StartKeyVerdict.VALID and papers.commissioned
        shown = screen_text(app)
        assert "√ The StartKey is up to date" in shown and "1 Start" in shown

        await until(pilot, lambda: steps.key == "credit")
        await pilot.press("enter")
        await until(pilot, lambda: papers.packages)
        cars = next(p for p in papers.packages if p.group == "passenger cars" and p.minutes)
        app.screen.query_one("#packages").put_cursor(cars.package)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("Input"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#words"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: papers.credit and any(b.minutes == cars.minutes for b in papers.credit))
        await pilot.press("escape")
        await until(pilot, lambda: "Everything is ready" in screen_text(app))
        assert time.monotonic() - started < LIMIT

        await pilot.press("1")  # and the papers hold: the quick test runs with them
        await until(pilot, lambda: desk.survey is not None and _calm(app))
        await until(pilot, lambda: papers.tick_minutes() or papers.minutes is not None)
        app.refresh_places()
        await pilot.pause()
        head = screen_text(app).split("\n")[0]
        assert f"{papers.account.user}/flash" in head and (" min" in head or "h" in head)
        assert not [m for m in desk.messages if m.severity == "error"]
    desk.close()


async def test_the_next_start_goes_to_start_and_knows_the_papers(home: Path) -> None:
    from core.workbench import open_workbench

    with open_workbench() as workbench:
        workbench.remember_device("sim:car-mixed")
        paper = workbench.paper
        login = paper.start_login()
        login.approve_here()
        import threading

        user = login.wait(threading.Event()).user
        paper.order_start_key()
        assert paper.activate_start_key().green
    app: Any = PassbayApp()
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
        await until(pilot, lambda: app.desk.papers.start_key is not None and app.desk.papers.account.user == user)
        await until(pilot, lambda: app.desk.papers.backend is not None)
        await until(pilot, lambda: f"{user}/flash" in screen_text(app).split("\n")[0])
        shown = screen_text(app)
        assert "√ 4 StartKey  valid until" in shown and "built in" in shown
        assert not [m for m in app.desk.messages if m.severity == "error"]
    app.desk.close()
