"""Rules for keys: one meaning everywhere, all in f1 and in the palette, only keys that every terminal sends."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from textual.binding import Binding

from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.support import make_app, quiet, screen_text
from tui.commands import commands
from tui.screens.base import Place
from tui.screens.coding import CodingScreen
from tui.screens.devices import DevicesScreen
from tui.screens.flash import FlashScreen
from tui.screens.help import HelpScreen
from tui.screens.helper import HelperScreen
from tui.screens.kept import KeptScreen
from tui.screens.live import LiveScreen
from tui.screens.paper.assist import AssistScreen
from tui.screens.paper.codes import CodesScreen
from tui.screens.paper.credit import CreditScreen
from tui.screens.paper.first import FirstRunScreen
from tui.screens.paper.login import LoginScreen
from tui.screens.paper.qr import QrScreen
from tui.screens.reading import ReadingScreen
from tui.screens.releases.addons import AddOnScreen
from tui.screens.releases.update import UpdateScreen
from tui.screens.shop.check import CheckScreen
from tui.screens.shop.support import SupportScreen
from tui.screens.shop.visits import VisitsScreen
from tui.screens.start import StartScreen
from tui.screens.training import TrainingScreen
from tui.screens.vehicle import VehicleScreen
from tui.shell import PassbayApp
from tui.widgets.lines import KeyBar

PLACES: list[type[Place]] = [
    StartScreen, DevicesScreen, VehicleScreen, FlashScreen, CodingScreen, LiveScreen, KeptScreen, TrainingScreen,
    FirstRunScreen, AssistScreen, LoginScreen, CreditScreen, CodesScreen, QrScreen, UpdateScreen,
    AddOnScreen, ReadingScreen, CheckScreen, SupportScreen, VisitsScreen, HelperScreen,
]  # fmt: skip
EVERYWHERE = {  # one key, one meaning (page 4, UX rule 3)
    "f1": "help", "escape": "back", "enter": "open", "space": "mark or pause", "slash": "filter", "f5": "again",
    "f9": "live", "ctrl+q": "quit", "tab": "other box",
}  # fmt: skip
ALLOWED = {"f1", "f5", "f9", "escape", "enter", "space", "slash", "tab", "ctrl+q", "plus"}


def bindings(owner: Any) -> list[Binding]:
    return [binding for binding in owner.BINDINGS if isinstance(binding, Binding)]


def test_one_key_has_one_meaning() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for owner in (*PLACES, Place, PassbayApp):
        for binding in bindings(owner):
            meanings[binding.key].add(binding.action.split("(")[0].removeprefix("app."))
    shared = {"job", "tab"}  # a digit chooses what stands beside it: a job, a tab
    for key, actions in meanings.items():
        assert len(actions - shared) <= 1 or key in EVERYWHERE, f"{key} means {actions}"
    assert meanings["f5"] == {"again"}
    assert meanings["escape"] == {"back"}


def test_only_keys_that_every_terminal_sends() -> None:
    for owner in (*PLACES, PassbayApp):
        for binding in bindings(owner):
            assert binding.key in ALLOWED or (len(binding.key) == 1 and binding.key.isalnum()), binding


@pytest.mark.parametrize("place", PLACES)
async def test_bar_has_at_most_five_keys_and_they_fit(place: type[Place]) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        app.push_screen(place())
        await quiet(pilot)
        bar = app.screen.query_one(KeyBar)
        assert len(bar._places()) <= 6  # five and the palette
        assert all(start < end <= 80 for start, end, _ in bar._places())
        assert screen_text(app).split("\n")[-1].rstrip().endswith("^p Commands")


@pytest.mark.parametrize("place", PLACES)
async def test_help_fits_one_page_and_names_every_key(place: type[Place]) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        app.push_screen(HelpScreen(place()))
        await quiet(pilot)
        page = app.screen.query_one("#page")
        shown = screen_text(app)
        assert page.lines and len(page.lines) <= 22  # type: ignore[attr-defined]
        for binding in bindings(place):
            if binding.key not in ("escape", "tab"):
                assert binding.description in shown
        for sentence in place.HELP.split("\n"):
            assert sentence.split(" ")[-1] in shown


@pytest.mark.parametrize("place", PLACES)
async def test_everything_is_in_the_palette(place: type[Place]) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        if place is not StartScreen:
            app.push_screen(place())
            await quiet(pilot)
        offered = {command.title for command in commands(app, app.screen)}
        wanted = {b.description for owner in (place, PassbayApp) for b in bindings(owner)} - {"Back", "Other box"}
        assert wanted <= offered
        assert {"Go to flash", "Add diagnostic data", "Light or dark colours"} <= offered
        assert len(offered) == len(list(commands(app, app.screen)))
