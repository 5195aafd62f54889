"""The live panel's keys: views, pause, filter with completion, search, bookmarks, saving; a host that hangs."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input

from core.vocabulary import PanelShot, PanelWish
from tests.tui.fake import FakeVehicle, FakeWorkbench, frame_rows
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_snapshots import DESIGN, STATES, WIDE
from tui.screens.live.filtering import FilterDialog, completions, problem_of
from tui.screens.live.places import next_hit, row_text
from tui.widgets.rows import Row
from tui.wording.live import LEVELS, sparkline


def _app() -> Any:
    return make_app(FakeWorkbench(FakeVehicle()))


async def test_m_goes_round_all_views() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        seen = []
        for _ in range(5):
            await pilot.press("m")
            await until(pilot, lambda: app.screen.shot.wish.mode == app.screen.mode)
            seen.append(app.screen.query_one("#traffic").border_title)
        assert [str(title) for title in seen] == [
            "Frames", "Conversation", "Errors and trouble codes", "Buses", "Identifiers",
        ]  # fmt: skip


async def test_a_paused_list_stands_still_while_counting_goes_on() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live-frames-paused"](pilot)
        view = fake_of(app).vehicle.view
        before = app.screen.query_one("#traffic").rows
        view.shown_rows = [*frame_rows(), *frame_rows()]
        looks = view.looks
        for _ in range(30):
            app.screen.tick()
            await quiet(pilot)
        assert view.looks > looks and view.wishes[-1] == PanelWish("frames", 0, 0, "", True)
        assert app.screen.query_one("#traffic").rows == before and "[PAUSE]" in screen_text(app)
        await pilot.press("space")
        await until(pilot, lambda: len(app.screen.query_one("#traffic").rows) == 10)


async def test_x_empties_the_panel() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        await pilot.press("x")
        await until(pilot, lambda: "Nothing on the bus yet" in screen_text(app))


async def test_the_hidden_panel_looks_once_a_second_and_asks_for_no_line() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        live, view = app.screen, fake_of(app).vehicle.view
        await pilot.press("f9")
        await quiet(pilot)
        before = view.looks
        for _ in range(20):
            live.tick()
            await quiet(pilot)
        assert 1 <= view.looks - before <= 4
        assert all(wish.count == 0 for wish in view.wishes[before + 1 :])


async def test_a_host_that_hangs_costs_the_screen_no_time() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        view, gate = fake_of(app).vehicle.view, threading.Event()
        look = view.look

        def hangs(now: float, wish: PanelWish) -> PanelShot:
            gate.wait(30)
            return look(now, wish)

        view.look = hangs  # type: ignore[method-assign]
        app.screen.ask()
        begin = time.monotonic()
        for _ in range(10):
            app.screen.tick()
            app.pull()
            await pilot.press("space")
        assert "[RUN]" in screen_text(app) and time.monotonic() - begin < 10
        assert app.desk.bridge.runs("live")
        gate.set()
        await until(pilot, lambda: not app.desk.bridge.busy)


async def test_enter_on_an_identifier_shows_its_frames() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen.shot.wish.mode == "frames")
        assert app.screen.filter == "id:1A0" and len(app.screen.query_one("#traffic").rows) == 1


async def test_several_buses_have_a_column() -> None:
    app = _app()
    async with app.run_test(size=WIDE) as pilot:
        await STATES["live"](pilot)
        view = fake_of(app).vehicle.view
        view.shown_rows = [replace(row, bus="can1") for row in view.shown_rows]
        await until(pilot, lambda: "│bus" in screen_text(app) and "can1         0C9" in screen_text(app))


# -- filter


async def test_a_filter_is_completed_checked_and_used() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live-talk"](pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, FilterDialog))
        await pilot.press("u", "tab", "E", "tab")
        assert app.screen.query_one(Input).value == "unit:ENGINE"
        await pilot.press(*" and (", "enter")
        assert isinstance(app.screen, FilterDialog) and "lacks a word" in screen_text(app)
        await pilot.press(*"service:34)", "enter")
        await until(pilot, lambda: app.screen.query("#traffic") and len(app.screen.query_one("#traffic").rows) == 1)
        assert "filter unit:ENGINE and (service:34)" in screen_text(app)[:400] or app.screen.filter
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, FilterDialog))
        await pilot.press("escape")
        assert app.screen.filter == "unit:ENGINE and (service:34)"


def test_names_from_the_bus_are_offered_only_where_they_can_be_typed() -> None:
    names = (("7E0",), ("ENG\x1b]0;x", "BODY"), ("can0",))
    assert completions("unit:", names) == ["unit:BODY"]
    assert problem_of("unit:BODY") == "" and "knows no field" in problem_of("x:y")


# -- search and bookmarks


async def test_find_goes_from_hit_to_hit_and_round() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live-talk"](pilot)
        await pilot.press("j", *"engine", "enter")
        await until(pilot, lambda: app.screen.query("#traffic") and app.screen._whole and not app.screen._seeking)
        traffic = app.screen.query_one("#traffic")
        hits = [traffic.key]
        for _ in range(2):
            await pilot.press("h")
            await pilot.pause()
            hits.append(traffic.key)
        assert hits == ["0", "2", "0"] and app.screen.paused
        await pilot.press("j")
        await pilot.press(*" none", "enter")
        await until(pilot, lambda: [n for n in app._notifications if n.message == "No line holds engine none."])


async def test_a_bookmark_is_found_again_after_the_bus_has_overwritten_it() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live-frames-paused"](pilot)
        await pilot.press("home", "down", "z", "space")
        fake_of(app).vehicle.view.shown_rows = []
        await until(pilot, lambda: not app.screen.query_one("#traffic").rows)
        await pilot.press("0", "enter")
        await pilot.pause()
        traffic = app.screen.query_one("#traffic")
        assert app.screen.paused and traffic.key == "1" and "1A0" in row_text(traffic.rows[traffic.cursor])


def test_the_next_hit() -> None:
    rows = [Row(str(n), (text,)) for n, text in enumerate(["one", "two", "ONE more"])]
    assert [next_hit(rows, "one", start) for start in range(4)] == [0, 2, 2, 0]
    assert next_hit(rows, "three", 0) is None and next_hit([], "x", 5) is None


# -- saving, signal names


async def test_one_key_saves_the_last_minutes() -> None:
    app = _app()
    async with app.run_test(size=WIDE) as pilot:
        await STATES["live"](pilot)
        await pilot.press("e")
        await quiet(pilot)
        assert fake_of(app).vehicle.asked[-1][0] == "save"
        assert "Saved 302119 frames and 12 DoIP messages to" in screen_text(app)


async def test_a_dbc_file_is_used_and_remembered() -> None:
    app = _app()
    async with app.run_test(size=WIDE) as pilot:
        await STATES["live"](pilot)
        from tui.wishes.live import choose_signal_names

        choose_signal_names(app)
        await pilot.pause()
        await pilot.press(*"bms.dbc", "enter")
        await quiet(pilot)
        assert ("dbc", "bms.dbc") in fake_of(app).vehicle.asked
        await until(pilot, lambda: fake_of(app).settings.dbc == "bms.dbc")
        assert "names the signals of 42 messages" in screen_text(app)


@pytest.mark.parametrize(
    ("values", "width", "shown"),
    [((), 5, ""), ((0.0, 0.0), 5, "__"), ((0.0, 1.0, 2.0, 3.0, 4.0), 5, LEVELS), ((4.0,) * 9, 3, "███")],
)
def test_sparklines(values: tuple[float, ...], width: int, shown: str) -> None:
    assert sparkline(values, width, max(values, default=0.0)) == shown
