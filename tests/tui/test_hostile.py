"""Text with control characters or markup in every field of every result is shown harmless on every screen (R1)."""

from __future__ import annotations

import unicodedata
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import NoResponse, StartKeyMissing
from core.events import (
    DtcSeen,
    ForeignAnswerSkipped,
    NegativeResponseReceived,
    Noted,
    NumberedMessageRaised,
    StepStarted,
    VciOpened,
)
from tests.tui import fake, fake_paper
from tests.tui.fake import NOON, FakeVehicle, FakeWorkbench
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tui.shell import PassbayApp

CANARY = "\x1b]0;PWNED\x07\x1b[31m\x1b[2J\x9b31m\x00\u202e\r"
CORPUS = {
    "canary": CANARY,
    "closing": "[/nope]",
    "open": "[b",
    "action": "[@click=app.quit]x[/]",
    "path": "C:\\[x]",
    "wide": "雪\u200b\u2028é\U000e0041",
}
SEEN = {
    "canary": "\\x1b]0;PWNED",
    "closing": "[/nope]",
    "open": "[b",
    "action": "[@click",
    "path": "C:\\[x]",
    "wide": "雪",
}


def poisoned(value: Any, poison: str) -> Any:
    """`value` with `poison` in front of every text in it; URIs and severities stay usable."""
    if isinstance(value, str):
        return poison + value
    if isinstance(value, Enum) or (not isinstance(value, tuple) and not is_dataclass(value)):
        return value
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison) for item in value)
    kept = {"uri", "result", "severity"}
    changes = {f.name: poisoned(getattr(value, f.name), poison) for f in fields(value) if f.name not in kept}
    return replace(value, **{k: v for k, v in changes.items() if k != "address"})  # type: ignore[type-var]


def poisoned_workbench(poison: str) -> FakeWorkbench:
    vehicle = FakeVehicle()
    vehicle.results = {kind: poisoned(result, poison) for kind, result in vehicle.results.items()}
    vehicle.identity = vehicle.results["identify"]
    vehicle.vin, vehicle.title, vehicle.units = poison + fake.VIN, poison + vehicle.title, vehicle.identity.units
    vehicle.name = poison
    vehicle.choices = poisoned(vehicle.choices, poison)
    vehicle.view.shown_rows = [poisoned(row, poison) for row in fake.frame_rows()]
    vehicle.view.shown_exchanges = [poisoned(line, poison) for line in fake.exchange_lines()]
    vehicle.view.shown_errors = [poisoned(line, poison) for line in fake.error_lines()]
    vehicle.view.shown_buses = tuple(poisoned(bus, poison) for bus in fake.BUSES)
    workbench = FakeWorkbench(vehicle)
    workbench.listed = [poisoned(device, poison) for device in fake.devices()]
    workbench.entities = [poisoned(entity, poison) for entity in workbench.entities]
    workbench.problems = (poison + "settings.toml, line 3",)
    workbench.data_report = poisoned(workbench.data_report, poison)
    return workbench


def assert_harmless(app: PassbayApp) -> str:
    """No character on the screen can act on a terminal."""
    shown = screen_text(app)
    for character in shown.replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), (
            f"{character!r} reached the screen"
        )
    return shown


async def _each_place(pilot: Pilot[Any], check: Any) -> None:
    """Through every place and dialog; `check` looks at each."""
    app: Any = pilot.app
    await pilot.press("5")
    await quiet(pilot)
    check("devices")
    await pilot.press("escape", "1")
    await until(pilot, lambda: app.desk.survey is not None)
    await pilot.press("enter")
    await quiet(pilot)
    check("vehicle")
    await pilot.press("c")
    await pilot.pause()
    check("clear")
    await pilot.press("escape", "f")
    await quiet(pilot)
    check("wares")
    await pilot.press("enter")
    await quiet(pilot)
    check("checks")
    await pilot.press("enter")
    await pilot.pause()
    check("flash asks")
    await pilot.press("right", "enter")
    await quiet(pilot)
    check("flashed")
    await pilot.press("escape", "escape", "escape", "v")
    await quiet(pilot)
    check("coding")
    await pilot.press("enter")
    await pilot.pause()
    check("pick")
    await pilot.press("escape", "down", "down", "enter")
    await pilot.pause()
    check("number")
    await pilot.press("escape", "f9")
    await until(pilot, lambda: app.screen.query_one("#traffic").rows)
    check("live rows")
    await pilot.press("m", "m")  # past the frames, which hold no words
    await quiet(pilot)
    check("live conversation")


@pytest.mark.parametrize("kind", CORPUS)
async def test_every_place_shows_it_harmless(kind: str) -> None:
    app = make_app(poisoned_workbench(CORPUS[kind]))
    seen: list[str] = []

    def check(place: str) -> None:
        assert SEEN[kind] in assert_harmless(app), f"{kind} is not visible in {place}"
        seen.append(place)

    async with app.run_test(size=(160, 45)) as pilot:
        await quiet(pilot)
        await _each_place(pilot, check)
    assert len(seen) == 12


@pytest.mark.parametrize("kind", CORPUS)
async def test_messages_and_toasts_show_it_harmless(kind: str) -> None:
    poison = CORPUS[kind]
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        stream = fake_of(app).stream
        stream.publish(VciOpened(NOON, "sim:x", poison))
        stream.publish(Noted(NOON, "warning", poison))
        stream.publish(StepStarted(NOON, "flash-1", poison, poison))
        stream.publish(NegativeResponseReceived(NOON, poison, 0x34, 0x33, poison))
        stream.publish(ForeignAnswerSkipped(NOON, poison, b"\x1b[31m"))
        stream.publish(DtcSeen(NOON, poison, poisoned(fake.MISFIRE, poison)))
        fake_of(app).refusal = NoResponse(poison, poison, timer="P2")
        await pilot.press("1")
        assert app.desk is not None
        desk = app.desk
        await until(pilot, lambda: len(desk.messages) >= 6)
        assert_harmless(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert SEEN[kind] in assert_harmless(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.screen.query("#words"))
        assert SEEN[kind] in assert_harmless(app)


async def test_a_link_in_data_is_no_link() -> None:
    """`[@click=app.quit]` in a unit's name: clicking on every cell of the list leaves the app running."""
    app = make_app(poisoned_workbench(CORPUS["action"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        desk = app.desk
        assert desk is not None
        await until(pilot, lambda: desk.survey is not None)
        for x in range(1, 40, 3):
            await pilot.click("#units", offset=(x, 2))
        await quiet(pilot)
        assert app.is_running and app.return_code in (None, 0)
        assert "[@click" in screen_text(app)


@pytest.mark.parametrize("kind", CORPUS)
async def test_hosts_orders_and_kept_codings_show_it_harmless(kind: str) -> None:
    """What other processes, journals, files and failures bring."""
    poison = CORPUS[kind]
    workbench = poisoned_workbench(poison)
    vehicle = workbench.vehicle
    workbench.left = [poisoned(fake.LEFT, poison)]
    workbench.found_hosts = [poisoned(replace(fake.HOST, job=fake.FLASHING), poison)]
    vehicle.kept = poisoned(fake.KEPT, poison)
    app: Any = make_app(workbench)
    async with app.run_test(size=(160, 45)) as pilot:
        await quiet(pilot)
        await until(pilot, lambda: app.screen.query_one("#alarms").rows)
        assert SEEN[kind] in assert_harmless(app)
        for keys in (("enter",), ("escape", "down", "enter")):
            await pilot.press(*keys)
            await pilot.pause()
            assert SEEN[kind] in assert_harmless(app)
        await pilot.press("escape", "2")
        await quiet(pilot)
        await pilot.press("plus", "enter")
        await quiet(pilot)
        assert SEEN[kind] in assert_harmless(app)
        await pilot.press("enter")
        await pilot.pause()
        assert SEEN[kind] in assert_harmless(app)
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert app.screen.stage == "over" and SEEN[kind] in assert_harmless(app)
        await pilot.press("escape", "escape", "3")
        await quiet(pilot)
        await pilot.press("enter")
        await quiet(pilot)
        await pilot.press("b")
        await until(pilot, lambda: getattr(app.screen, "kept", None))
        assert SEEN[kind] in assert_harmless(app)
        vehicle.driving, vehicle.driver = False, f"{poison} (passbay)"
        await until(pilot, lambda: "watching" in assert_harmless(app))


def poisoned_papers(poison: str) -> fake_paper.FakePaper:
    """What a server, a file or a user's name may bring."""
    paper = fake_paper.commissioned()
    paper.state = poisoned(replace(fake_paper.SHARED, maintenance="tonight"), poison)
    paper.key = poisoned(fake_paper.EXPIRED, poison)
    paper.user = paper.next_user = poisoned(fake_paper.ANNA, poison)
    paper.balances, paper.sold = poisoned(fake_paper.CREDIT, poison), poisoned(fake_paper.PACKAGES, poison)
    paper.rows, paper.device = poisoned(fake_paper.OVERVIEW, poison), poisoned(fake_paper.DEVICE, poison)
    paper.prompt = replace(
        fake_paper.PROMPT, user_code=f"{poison}WDJB", verification_uri=f"{poison}https://x.example/device"
    )
    paper.refusals["order_start_key"] = StartKeyMissing(poison, poison)
    return paper


@pytest.mark.parametrize("kind", CORPUS)
async def test_papers_show_it_harmless(kind: str) -> None:
    """StartKey, account, credit, packages, overview, log-in prompt, numbered messages, errors of the server."""
    poison = CORPUS[kind]
    workbench = FakeWorkbench(FakeVehicle())
    workbench.paper = poisoned_papers(poison)
    app: Any = make_app(workbench)
    async with app.run_test(size=(160, 45)) as pilot:
        await quiet(pilot)
        workbench.stream.publish(NumberedMessageRaised(NOON, "2221-54", "warning", poison, poison))
        await until(pilot, lambda: app.desk.messages)
        assert SEEN[kind] in assert_harmless(app), "start"
        for place in ("assist", "credit", "login"):
            app.go(place)
            await quiet(pilot)
            assert SEEN[kind] in assert_harmless(app), place
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.desk.papers.login and app.desk.papers.login.state == "waiting")
        assert SEEN[kind] in assert_harmless(app), "log-in prompt"
        await pilot.press("escape")
        await quiet(pilot)
        app.go("credit")
        await quiet(pilot)
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert SEEN[kind] in assert_harmless(app), "purchase"
        await pilot.press("escape")
        app.go("assist")
        await quiet(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert SEEN[kind] in assert_harmless(app), "QR"
        await pilot.press("escape")
        app.desk.papers.order(lambda: None)
        await until(pilot, lambda: app.desk.messages[-1].code == "2221-45")
        app.show_message(str(app.desk.messages[-1].number))
        await pilot.pause()
        assert SEEN[kind] in assert_harmless(app), "message"
