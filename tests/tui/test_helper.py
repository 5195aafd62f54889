"""The app as a remote helper has it: comes to the vehicle by itself, watches, drives what is lent, refuses the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from textual.binding import Binding

from core.errors import VciLost
from core.events import VciClosed
from core.vocabulary import HostInfo
from tests.tui.fake import FLASHED, HOST, NOON, SURVEY, FakeJob, FakeVehicle, FakeWorkbench
from tests.tui.fake_helper import HER_SEAT, TECHNICIAN, driven_by_technician, handed_over, helper_app, inner_of
from tests.tui.states_helper import HELPER_MAIN, HELPER_STATES, technician_lends
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_hostile import CORPUS, assert_harmless
from tui.app import helper_here
from tui.commands import commands
from tui.helper.allowed import PLACES
from tui.screens.dialogs import Dialog
from tui.screens.flash import FlashScreen
from tui.screens.helper import HelperScreen
from tui.screens.vehicle import VehicleScreen
from tui.shell import PassbayApp

DESIGN, WIDE, SMALL = (80, 24), (160, 45), (60, 20)


@pytest.mark.parametrize("state", HELPER_STATES)
def test_at_the_design_size(state: str, snap_compare: Any) -> None:
    assert snap_compare(helper_app(), terminal_size=DESIGN, run_before=HELPER_STATES[state])


@pytest.mark.parametrize("state", HELPER_MAIN)
def test_wide(state: str, snap_compare: Any) -> None:
    assert snap_compare(helper_app(), terminal_size=WIDE, run_before=HELPER_STATES[state])


def test_too_small(snap_compare: Any) -> None:
    assert snap_compare(helper_app(), terminal_size=SMALL, run_before=HELPER_STATES["attached"])


@pytest.mark.parametrize("size", [DESIGN, WIDE], ids=["design", "wide"])
def test_the_technician_while_it_is_lent(size: tuple[int, int], snap_compare: Any) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    assert snap_compare(app, terminal_size=size, run_before=technician_lends)


async def test_the_vehicle_comes_by_itself_and_the_next_one_after_it() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert isinstance(app.screen, HelperScreen) and "waiting for a vehicle" in screen_text(app)
        inner = inner_of(app)
        inner.found_hosts = [replace(HOST, answers=False, pid=1), HostInfo("sim:car-doip", 77, NOON), HOST]
        await until(pilot, lambda: app.desk.vehicle is not None)  # its own look, once a second
        assert inner.attached == [(4242, True)], "the one that answers and that somebody drives"
        assert "You watch; Anna Berg drives" in screen_text(app).split("\n")[0]
        inner.found_hosts = []
        inner.stream.publish(VciClosed(NOON, "sim:car-mixed", "The technician has disconnected the vehicle."))
        await until(pilot, lambda: app.desk.vehicle is None)
        assert "waiting for a vehicle" in screen_text(app)
        inner.found_hosts = [replace(HOST, pid=5)]
        await until(pilot, lambda: app.desk.vehicle is not None)
        assert inner.attached[-1] == (5, True)


async def test_what_cannot_be_attached_is_told_once() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        inner = inner_of(app)

        def refuse(which: object, watch: bool = False) -> FakeVehicle:
            inner.attached.append((which, watch))
            raise VciLost("gone")

        inner.attach = refuse  # type: ignore[method-assign,assignment]
        inner.found_hosts = [HOST]
        for times in range(1, 4):
            app.desk.helper.look()
            await until(pilot, lambda times=times: len(inner.attached) >= times)
            await quiet(pilot)
        assert [item.text for item in app.desk.messages] == ["gone"]


async def test_the_last_quick_test_is_shown() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        inner = inner_of(app)
        inner.vehicle.last_job = FakeJob(SURVEY)
        await HELPER_STATES["vehicle"](pilot)
        assert isinstance(app.screen, VehicleScreen) and "2063.12" in screen_text(app)
        assert inner.vehicle.jobs == []


async def test_every_key_while_watching_starts_nothing() -> None:
    """On every place, and enter behind each key."""
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["attached"](pilot)
        inner = inner_of(app)
        for place in ("", *sorted(PLACES)):
            if place:
                app.go(place)
                await quiet(pilot)
            found = app.screen
            owned = [b.key for b in (*type(found).BINDINGS, *PassbayApp.BINDINGS) if isinstance(b, Binding)]
            for key in ("enter", *owned):
                if key in ("ctrl+q", "escape"):
                    continue
                await pilot.press(key)
                await quiet(pilot)
                await pilot.press("enter")
                await quiet(pilot)
                while app.screen is not found and len(app.screen_stack) > 1:
                    app.pop_screen()
                if app.screen is not found:
                    app.go(place)
                await quiet(pilot)
        assert app.is_running and inner.vehicle.jobs == [] and inner.vehicle.asked == []
        assert inner.written == {} and inner.connected == [] and inner.remembered == []


@pytest.mark.parametrize("place", sorted({*PassbayApp.SCREENS, "data"} - PLACES))
async def test_other_places_are_not_offered(place: str) -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["attached"](pilot)
        app.go(place)
        await quiet(pilot)
        assert isinstance(app.screen, HelperScreen)
        assert not any("StartKey" in command.title for command in commands(app, app.screen))


async def test_the_palette_has_only_what_a_helper_may() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["vehicle"](pilot)
        titles = {command.title for command in commands(app, app.screen)}
        assert {"Go to flash", "Flash the marked unit", "Test all units again", "Quit"} <= titles
        for word in ("protocol", "Training", "Log-in", "Credit", "picture", "DBC", "Order number", "Take the vehicle"):
            assert not any(word in title for title in titles), word
        await app.screen.run_action("training")
        await app.run_action("app.deliver_screenshot")
        await quiet(pilot)
        assert isinstance(app.screen, VehicleScreen)


async def test_handed_over_it_drives_and_taken_back_it_does_not() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["lent-flash-asks"](pilot)
        inner = inner_of(app)
        assert isinstance(app.screen, Dialog) and "Handed over to you" in "".join(m.text for m in app.desk.messages)
        before = len(inner.vehicle.jobs)
        driven_by_technician(inner.vehicle)
        await until(pilot, lambda: not isinstance(app.screen, Dialog))
        assert isinstance(app.screen, FlashScreen)
        assert "Taken back: you watch; Anna Berg drives." in app.desk.messages[-1].text
        assert "You watch; Anna Berg drives" in screen_text(app).split("\n")[0]
        await pilot.press("enter")
        await quiet(pilot)
        assert isinstance(app.screen, FlashScreen), "no question that could only be answered in vain"
        await pilot.press("right", "enter", "d", "f5")
        await quiet(pilot)
        assert len(inner.vehicle.jobs) == before and ("flash", "ENGINE", None, False, "") not in inner.vehicle.asked


async def test_a_confirmation_under_way_when_it_is_taken_back_starts_nothing() -> None:
    """The key comes before the screen has heard of it: the desk looks at the wheel itself, as the host does."""
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["lent-flash-asks"](pilot)
        inner = inner_of(app)
        before = len(inner.vehicle.jobs)
        driven_by_technician(inner.vehicle)
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert len(inner.vehicle.jobs) == before


async def test_a_lent_flash_is_started_and_stopped_by_the_helper() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["lent-flash-asks"](pilot)
        inner = inner_of(app)
        inner.vehicle.hold = True
        await pilot.press("right", "enter")
        await until(pilot, lambda: inner.vehicle.asked)
        assert inner.vehicle.asked[0][:2] == ("flash", "ENGINE")
        await pilot.press("a")
        await until(pilot, lambda: inner.vehicle.jobs[-1][1].cancelled)
        inner.vehicle.jobs[-1][1].finish()
        await quiet(pilot)


async def test_keys_are_grey_while_watching_and_not_while_driving() -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["vehicle"](pilot)
        assert {"clear", "faults", "protocol"} <= app.screen._grey() and "flash" not in app.screen._grey()
        handed_over(inner_of(app).vehicle)
        await until(pilot, lambda: not app.desk.watching)
        assert app.screen._grey() == {"protocol"}
        driven_by_technician(inner_of(app).vehicle)
        await until(pilot, lambda: app.desk.watching)
        assert "clear" in app.screen._grey()


async def test_the_technician_takes_back_from_every_place() -> None:
    app: Any = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=DESIGN) as pilot:
        await technician_lends(pilot)
        vehicle = fake_of(app).vehicle
        for place in ("vehicle", "flash", "coding", "live", "devices"):
            app.go(place)
            await quiet(pilot)
            head, *_rest, bar = screen_text(app).split("\n")
            assert "handed over, Mia Roth drives" in head and "u Take back" in bar, place
            await pilot.press("u")
            await until(pilot, lambda: vehicle.asked and vehicle.asked.pop() == ("take-back",))
        assert not app.desk.begin("survey", "", vehicle.survey, lambda _: None), "two hands on one wheel"
        vehicle.driving, vehicle.seats = True, (TECHNICIAN, HER_SEAT)
        await until(pilot, lambda: not app.desk.lent_to)
        await pilot.press("u")
        await quiet(pilot)
        assert vehicle.asked == []


async def test_the_technician_stops_a_lent_job_without_taking_back() -> None:
    app: Any = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=DESIGN) as pilot:
        await technician_lends(pilot)
        vehicle = fake_of(app).vehicle
        vehicle.running = job = FakeJob(FLASHED, instant=False)
        await until(pilot, lambda: app.desk.busy)
        await pilot.press("a")
        await until(pilot, lambda: job.cancelled)
        job.finish()
        await quiet(pilot)


@pytest.mark.parametrize(
    ("text", "helper"),
    [
        (None, False), (json.dumps({"kind": "own"}), False), (json.dumps({"kind": "helper"}), True), ("", True),
        ("[]", True), (json.dumps({"kind": "OWN"}), True),
    ],
)  # fmt: skip
def test_whoever_is_not_told_clearly_is_a_helper(
    text: str | None, helper: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSBAY_VISITOR", raising=False)
    if text is not None:
        monkeypatch.setenv("PASSBAY_VISITOR", text)
    assert helper_here() is helper


@pytest.mark.parametrize("corpus", ["closing", "open", "action", "path"])
async def test_names_of_people_are_no_markup(corpus: str) -> None:
    app: Any = helper_app()
    async with app.run_test(size=DESIGN) as pilot:
        await HELPER_STATES["attached"](pilot)
        vehicle = inner_of(app).vehicle
        evil = CORPUS[corpus]
        vehicle.seats = (replace(TECHNICIAN, name=evil), HER_SEAT, replace(HER_SEAT, number=9, visit="x", name=evil))
        app.desk.helper.turned()
        await quiet(pilot)
        for place in ("", *sorted(PLACES)):
            if place:
                app.go(place)
            await quiet(pilot)
            assert_harmless(app)
        vehicle.driving = True
        await until(pilot, lambda: any("Handed over" in item.text for item in app.desk.messages))
        vehicle.driving = False
        await until(pilot, lambda: any("Taken back" in item.text for item in app.desk.messages))
        await quiet(pilot)
        assert_harmless(app)
