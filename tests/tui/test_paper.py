"""What keys do on the paper's screens, on papers of cardboard: first run, ConfigAssist, log-in, credit, messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import BackendUnreachable, CreditMissing, RightMissing, StartKeyExpired, StartKeyMissing
from core.events import JobFailed, NumberedMessageRaised, PaperChanged
from core.support.reference import numbered
from core.vocabulary import AccountState, Activation, CreditBalance, StartKeyVerdict
from tests.tui.fake import NOON, FakeJob, FakeVehicle, FakeWorkbench
from tests.tui.fake_paper import ANNA, BEN, BUILT_IN, CREDIT, EXPIRED, SHARED, VALID, FakePaper, commissioned
from tests.tui.fake_shop import made
from tests.tui.states_paper import PAPER_STATES
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tui.paper.greying import lacking
from tui.screens.paper.assist import AssistScreen
from tui.screens.paper.first import FirstRunScreen
from tui.screens.paper.login import LoginScreen
from tui.screens.reading import ReadingScreen
from tui.screens.start import StartScreen
from tui.screens.vehicle import VehicleScreen
from tui.widgets.qr import qr_lines
from tui.widgets.rows import RowList

DESIGN = (80, 24)


def _app(paper: FakePaper | None = None, last_device: str = "sim:car-mixed") -> Any:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.paper = paper or FakePaper()
    workbench.last_device = last_device
    return make_app(workbench)


def _calls(app: Any, *names: str) -> list[Any]:
    return [call for call in fake_of(app).paper.asked if call[0] in names]


# -- the first run


async def test_first_run_is_hardware_then_config_assist() -> None:
    """C3: the simulation is first and preselected; C4: ConfigAssist follows by itself."""
    app = _app(last_device="")
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))
        await quiet(pilot)
        rows = app.screen.query_one("#devices")
        assert rows.rows[0].key == rows.key == "sim:car-mixed"
        assert "Simulation - no VCI" in rows.rows[0].cells
        await pilot.press("enter")
        await quiet(pilot)
        assert isinstance(app.screen, AssistScreen)
        assert fake_of(app).remembered == ["sim:car-mixed"], "the next start is no first run"
        await pilot.press("escape")
        await quiet(pilot)
        assert isinstance(app.screen, StartScreen)


async def test_first_run_never_stops_who_wants_to_test_the_car() -> None:
    app = _app(last_device="")
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None)
        await quiet(pilot)
        assert isinstance(app.screen, VehicleScreen)
        assert fake_of(app).remembered == ["sim:car-mixed"]
        await pilot.press("escape")
        assert isinstance(app.screen, StartScreen)


async def test_a_job_before_the_first_run_comes_first() -> None:
    app = _app(last_device="")
    async with app.run_test(size=DESIGN) as pilot:
        await pilot.press("1")
        await until(pilot, lambda: app.desk is not None and app.desk.survey is not None)
        await quiet(pilot)
        assert isinstance(app.screen, VehicleScreen)
        assert fake_of(app).remembered == ["sim:car-mixed"]


async def test_first_run_is_left_with_esc_and_does_not_come_back() -> None:
    app = _app(last_device="")
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))
        await pilot.press("escape")
        await quiet(pilot)
        assert isinstance(app.screen, StartScreen)
        assert fake_of(app).remembered == ["sim:car-mixed"]


async def test_later_starts_go_to_start_and_ask_nothing_of_a_fresh_installation() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert isinstance(app.screen, StartScreen)
        assert fake_of(app).paper.asked == []
        assert screen_text(app).count("not needed for the simulation") == 3


# -- ConfigAssist


async def test_a_newcomer_is_led_from_step_to_step() -> None:
    """Log-in, StartKey, credit: the cursor goes to what is open, enter does it."""
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        steps = app.screen.query_one("#steps")
        assert steps.key == "login" and "1 Start" not in screen_text(app)
        await pilot.press("enter")
        await quiet(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.desk.papers.login and app.desk.papers.login.state == "waiting")
        await pilot.press("enter")
        await until(pilot, lambda: app.desk.papers.account.user == "anna")
        await pilot.press("escape")
        await quiet(pilot)
        assert isinstance(app.screen, AssistScreen) and steps.key == "startkey"
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.desk.papers.start_key.green)
        await quiet(pilot)
        assert [call[0] for call in _calls(app, "order_start_key", "activate_start_key")] == [
            "order_start_key", "activate_start_key",
        ]  # fmt: skip
        shown = screen_text(app)
        assert "√ The StartKey is up to date" in shown and "1 Start" in shown
        assert steps.key == "credit"
        await pilot.press("enter")
        await quiet(pilot)
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert "neither taken back nor refunded" in screen_text(app), "K1 is told before"
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert _calls(app, "buy") == [("buy", "p-1", 1)]
        await pilot.press("escape")
        await quiet(pilot)
        assert "Everything is ready" in screen_text(app)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None)


async def test_no_tick_and_no_start_without_a_valid_start_key() -> None:
    """C8."""
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        assert "√ The StartKey is up to date" in screen_text(app) and "1 Start" in screen_text(app)
        fake_of(app).paper.key = EXPIRED
        await pilot.press("f5")
        await quiet(pilot)
        shown = screen_text(app)
        assert "up to date" not in shown and "1 Start" not in shown and "x It expired" in shown


@pytest.mark.parametrize("error", [StartKeyMissing("None here."), StartKeyExpired("Expired.")], ids=["45", "expired"])
async def test_where_there_is_no_start_key_the_ways_to_one_are_offered(error: Exception) -> None:
    paper = commissioned()
    paper.refusals["activate_start_key"] = error  # type: ignore[assignment]
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        await pilot.press("k")
        await until(pilot, lambda: app.screen.query("#picks"))
        assert app.desk.messages[-1].code == error.code  # type: ignore[attr-defined]
        shown = screen_text(app)
        assert "Order it now as anna" in shown and "Export the device data" in shown


async def test_device_data_goes_to_a_file() -> None:
    """C5."""
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("enter")
        await quiet(pilot)
        ((_, path),) = _calls(app, "export_device_data")
        assert path.endswith("device-data-4FDEB136488F.json")
        assert "device-data-4FDEB136488F.json" in screen_text(app).replace("\n", "")


async def test_a_start_key_comes_from_a_file() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        await pilot.press("i")
        await pilot.pause()
        await pilot.press(*"/tmp/a.key", "enter")
        await quiet(pilot)
        assert _calls(app, "install_start_key") == [("install_start_key", "/tmp/a.key")]
        assert "The StartKey is up to date" in screen_text(app)


async def test_the_clock_and_the_server_are_judged() -> None:
    paper = FakePaper()
    paper.state = SHARED.__class__("http://10.0.0.5:8080", False, True, "", 9.0, False, 5400.0)
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        shown = screen_text(app)
        assert "! Server    10.0.0.5:8080, no TLS, 9 ms" in shown
        assert "x Time      90 min off the server" in shown


# -- log-in


def _shared_paper() -> FakePaper:
    paper = FakePaper()
    paper.state = SHARED
    return paper


async def _to_waiting(app: Any, pilot: Any) -> None:
    await quiet(pilot)
    await pilot.press("7")
    await quiet(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: app.desk.papers.login and app.desk.papers.login.state == "waiting")


async def test_a_shared_server_shows_address_code_and_qr_and_esc_stops_waiting() -> None:
    paper = _shared_paper()
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await _to_waiting(app, pilot)
        shown = screen_text(app)
        assert "https://pass.workshop.example/device" in shown and "WDJB-MJHT" in shown and "15:00 left" in shown
        assert "Approve here" not in shown and shown.count("█▄▄▄█") >= 3, "the three corners of the QR code"
        await pilot.press("escape")
        await until(pilot, lambda: app.desk.papers.login.stop.is_set())
        assert isinstance(app.screen, LoginScreen)
        await quiet(pilot)
        assert "The log-in was stopped" in screen_text(app)
        assert not [m for m in app.desk.messages if m.severity == "error"], "stopping is no fault"
        await pilot.press("escape")
        assert isinstance(app.screen, StartScreen)


async def test_approval_elsewhere_is_seen_here() -> None:
    paper = FakePaper()
    paper.state, paper.next_user = SHARED, BEN
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await _to_waiting(app, pilot)
        paper.logins[-1].approve_here()
        await until(pilot, lambda: app.desk.papers.account.user == "ben")
        await quiet(pilot)
        shown = screen_text(app)
        assert "under way, at the latest 2023-11-15 15:00" in shown and "stays usable meanwhile" in shown, "L5"
        assert "ben/standard" in shown.split("\n")[0]


async def test_an_expired_code_says_so_and_may_be_asked_again() -> None:
    paper = _shared_paper()
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await _to_waiting(app, pilot)
        app.desk._clock = lambda: NOON + 901
        app.refresh_places()
        await pilot.pause()
        assert "the code has expired" in screen_text(app)
        paper.logins[-1].deny("The code has expired.")
        await until(pilot, lambda: app.desk.papers.login.state == "failed")
        assert app.desk.messages[-1].code == "PB-707"
        await pilot.press("enter")
        await until(pilot, lambda: app.desk.papers.login.state == "waiting")
        assert len(paper.logins) == 2


async def test_several_users_take_turns() -> None:
    """L5."""
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert "anna/flash" in screen_text(app).split("\n")[0]
        await pilot.press("7")
        await quiet(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: not app.desk.papers.account.user)
        await quiet(pilot)
        assert "not logged in" in screen_text(app).split("\n")[0]
        fake_of(app).paper.next_user = BEN
        await pilot.press("home", "enter")
        await until(pilot, lambda: app.desk.papers.login and app.desk.papers.login.state == "waiting")
        fake_of(app).paper.logins[-1].approve_here()
        await until(pilot, lambda: app.desk.papers.account.user == "ben")


async def test_closing_the_app_ends_a_waiting_log_in() -> None:
    paper = FakePaper()
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await _to_waiting(app, pilot)
    app.desk.close()
    assert app.desk.papers.login.stop.is_set() and not app.desk.bridge.runs("login")


# -- header, greying, messages


async def test_minutes_of_the_connected_group_stand_in_the_header() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await PAPER_STATES["vehicle-with-credit"](pilot)
        head = screen_text(app).split("\n")[0]
        assert len(head) == 80
        for word in ("Vehicle quick test", "anna/flash", "3h41", "CAN DoIP", "12.6 V"):
            assert word in head
        assert ("minutes_left", "passenger cars") in fake_of(app).paper.asked
        fake_of(app).paper.minutes = 9
        fake_of(app).stream.publish(PaperChanged(NOON))
        await until(pilot, lambda: app.desk.papers.tick_minutes() or app.desk.papers.minutes == 9)
        assert "9 min" in screen_text(app).split("\n")[0]


async def test_the_header_fits_with_long_names() -> None:
    long = AccountState("christoph.mittermayer@workshop", "", "", ANNA.roles)
    app = _app(commissioned(long))
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.desk.device_name = "Some long name of a pass-thru device 2000"
        await PAPER_STATES["vehicle-with-credit"](pilot)
        app.desk.papers.account = long
        app.refresh_places()
        await pilot.pause()
        head = screen_text(app).split("\n")[0]
        assert "christoph.m~/flash" in head and "3h41" in head and "12.6 V" in head and len(head) == 80


async def test_the_simulation_s_name_is_shortened_in_every_language() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await PAPER_STATES["vehicle-with-credit"](pilot)
        app.desk.device_name = "Simulation ohne VCI"  # as it is called in German
        app.refresh_places()
        await pilot.pause()
        head = screen_text(app).split("\n")[0]
        assert "Simulation  CAN DoIP" in head and "ohne" not in head and "~" not in head


GREY = {
    "nothing": (VALID, ANNA, 60, "", ""),
    "no key": (EXPIRED, ANNA, 60, "no StartKey", "no StartKey"),
    "nobody": (VALID, AccountState(), 60, "log in first", "log in first"),
    "no flash": (VALID, replace(BEN, activation=Activation.ACTIVE), 60, "", "right missing"),
    "pending": (VALID, BEN, 60, "", "activating"),
    "no rights": (VALID, AccountState("carl"), 60, "right missing", "right missing"),
    "no credit": (VALID, ANNA, 0, "no credit", "no credit"),
}


@pytest.mark.parametrize("case", GREY)
async def test_grey_jobs_say_what_they_lack_and_may_be_tried(case: str) -> None:
    key, user, minutes, reading, changing = GREY[case]
    paper = commissioned(user)
    paper.key, paper.minutes = key, minutes
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None)
        await until(pilot, lambda: app.desk.papers.tick_minutes() or app.desk.papers.minutes == minutes)
        await pilot.press("escape")
        await quiet(pilot)
        assert lacking(app.desk.papers, "vehicle")[0] == reading
        assert lacking(app.desk.papers, "flash")[0] == lacking(app.desk.papers, "coding")[0] == changing
        shown = screen_text(app)
        assert (f"│2 Flash: {changing}" if changing else "│2 Flash a control unit") in shown
        await pilot.press("2")
        await quiet(pilot)
        assert app.place.PLACE == "Flash", "only the core refuses"


async def test_read_only_greys_changing_jobs_only() -> None:
    paper = commissioned()
    paper.key = replace(VALID, verdict=StartKeyVerdict.READ_ONLY)
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert lacking(app.desk.papers, "vehicle") == ("", "")
        assert lacking(app.desk.papers, "coding")[0] == "reading only"


async def test_the_simulation_of_a_fresh_installation_is_never_grey() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert all(lacking(app.desk.papers, place) == ("", "") for place in ("vehicle", "flash", "coding"))
        app.desk.choose_device("can:socketcan/can0", "can0")
        await quiet(pilot)
        assert lacking(app.desk.papers, "vehicle")[0] == "log in first", "a real vehicle needs paper"


async def test_a_refusal_of_a_job_leads_to_its_page() -> None:
    """2173-42 in the list, in full, and from there what to do."""
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        fake_of(app).refusal = CreditMissing("There was never time credit for passenger cars.")
        fake_of(app).help = (made("2173-42"),)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.messages)
        await pilot.press("escape")
        await quiet(pilot)
        app.show_message(app.screen.query_one("#news").key)
        await pilot.pause()
        assert "2173-42" in screen_text(app) and "No credit for this group" in screen_text(app)
        await pilot.press("right", "right", "enter")
        await quiet(pilot)
        assert isinstance(app.screen, ReadingScreen)
        assert "Log in, open Credit, choose a package" in screen_text(app)


async def test_numbered_messages_come_into_the_list_with_their_advice() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        stream = fake_of(app).stream
        stream.publish(NumberedMessageRaised(NOON, "2221-54", "warning", "A new StartKey.", "Start Passbay again."))
        await until(pilot, lambda: app.desk.messages)
        item = app.desk.messages[-1]
        assert (item.code, item.severity, item.advice) == ("2221-54", "warning", "Start Passbay again.")
        assert "2221-54 A new StartKey. Start Passbay again." in screen_text(app)


async def test_every_numbered_message_is_listed_and_opens_its_page() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        codes = [message.code for message in numbered()]
        fake_of(app).help = tuple(map(made, codes))
        app.go("codes")
        await quiet(pilot)
        rows = app.screen.query_one("#codes", RowList)
        assert [row.key for row in rows.rows] == codes
        for code in (codes[0], codes[-1]):
            await pilot.press("home" if code == codes[0] else "end", "enter")
            await quiet(pilot)
            assert isinstance(app.screen, ReadingScreen) and code in screen_text(app)
            await pilot.press("escape")


# -- credit and start


async def test_a_start_of_a_commissioned_installation_checks_once() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        assert len(_calls(app, "check_at_start")) == 1
        shown = screen_text(app)
        assert "√ 4 StartKey  valid until" in shown and "√ 5 Log-in    anna" in shown
        assert "√ 6 Credit    passenger cars 3 h 41 min" in shown and "√ 7 Server    pass.workshop.example" in shown


async def test_lines_of_start_open_their_place() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        for key, place in (("startkey", "ConfigAssist"), ("login", "Log-in"), ("credit", "Credit")):
            checks = app.screen.query_one("#checks")
            checks.focus()
            checks.put_cursor(key)
            await pilot.press("enter")
            await quiet(pilot)
            assert place == app.place.PLACE
            await pilot.press("escape")
            await quiet(pilot)


async def test_a_purchase_asks_first_and_cancel_is_preselected() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.go("credit")
        await quiet(pilot)
        await pilot.press("enter", "backspace", *"0", "enter")
        await quiet(pilot)
        assert not _calls(app, "buy"), "0 is no count"
        await pilot.press("enter", "backspace", "3", "enter")
        await pilot.pause()
        assert "29.00 EUR each" in screen_text(app)
        await pilot.press("enter")
        await quiet(pilot)
        assert not _calls(app, "buy")
        await pilot.press("enter", "backspace", "3", "enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert _calls(app, "buy") == [("buy", "p-1", 3)]
        assert "3 h" in screen_text(app)


async def test_a_refused_purchase_is_told() -> None:
    paper = commissioned(BEN)
    paper.refusals["buy"] = RightMissing("Only an administrator of Demo workshop buys.")
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.go("credit")
        await quiet(pilot)
        await pilot.press("enter", "enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert app.desk.messages[-1].code == "PB-706"
        assert fake_of(app).paper.balances == CREDIT


async def test_a_silent_server_is_told_in_place_and_asked_again() -> None:
    paper = commissioned()
    paper.refusals["packages"] = BackendUnreachable("The back end does not answer.")
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.go("credit")
        await quiet(pilot)
        assert "The back end does not answer. f5 asks again." in screen_text(app)
        assert not app.desk.messages, "2221-47 of the check says it in the list"
        del paper.refusals["packages"]
        await pilot.press("f5")
        await quiet(pilot)
        assert "29.00 EUR" in screen_text(app)


async def test_changed_paper_is_asked_anew_where_it_was_shown() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.go("credit")
        await quiet(pilot)
        fake_of(app).paper.balances = (CreditBalance("buses", 77, None, 0, True),)
        fake_of(app).stream.publish(PaperChanged(NOON))
        await until(pilot, lambda: app.desk.papers.credit and app.desk.papers.credit[0].minutes == 77)
        await quiet(pilot)
        assert "1 h 17 min" in screen_text(app)


def test_built_in_needs_no_address() -> None:
    from tui.wording.paper import server_words

    assert server_words(BUILT_IN) == ("ok", "built in, no port open, 12 ms")


async def test_a_refused_quick_test_says_why_on_its_screen() -> None:
    """The units are known by then; the toast goes away, the reason stays."""
    workbench = FakeWorkbench(FakeVehicle())
    workbench.paper = commissioned()
    job = FakeJob(None)
    job.fail(CreditMissing("There was never time credit for passenger cars."))
    workbench.vehicle.survey = lambda: job  # type: ignore[method-assign]
    app: Any = make_app(workbench)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.messages and app.desk.messages[-1].code == "2173-42")
        app.clear_notifications()
        await quiet(pilot)
        assert "x There was never time credit for passenger cars.  f5 tries again" in screen_text(app)


async def test_packages_are_in_the_order_of_the_groups_and_the_connected_one_is_marked() -> None:
    paper = commissioned()
    paper.sold = (paper.sold[2], paper.sold[1], paper.sold[0])
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None)
        app.desk.vehicle.identity = replace(app.desk.vehicle.identity, product_group="vans")
        app.go("credit")
        await quiet(pilot)
        packages = app.screen.query_one("#packages")
        assert [row.key for row in packages.rows] == ["p-1", "p-2", "p-3"] and packages.key == "p-3"


async def test_rights_are_asked_anew() -> None:
    """L4, L5: a right that was granted meanwhile is there after f5."""
    paper = commissioned(BEN)
    app = _app(paper)
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("7")
        await quiet(pilot)
        assert "under way" in screen_text(app)
        paper.user = ANNA
        await pilot.press("f5")
        await quiet(pilot)
        assert _calls(app, "refresh_account") and "Activation    active" in screen_text(app)


async def test_the_overview_is_asked_again_when_the_papers_changed() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("6")
        await quiet(pilot)
        before = len(_calls(app, "system_overview"))
        fake_of(app).paper.key = VALID
        fake_of(app).stream.publish(PaperChanged(NOON))
        await until(pilot, lambda: len(_calls(app, "system_overview")) == before + 1)


async def test_keys_of_the_bar_are_grey_where_the_papers_lack_something() -> None:
    app = _app(commissioned(BEN))
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None)
        await quiet(pilot)
        bar = dict(app.screen.query_one("#keys").lines[0])
        assert bar[" f"] == bar[" Flash "] == "dim" and bar[" Faults "] == ""
        app.desk.papers.account = ANNA
        app.refresh_places()
        bar = dict(app.screen.query_one("#keys").lines[0])
        assert bar[" f"] == "key" and bar[" Flash "] == ""


@pytest.mark.parametrize("length", [20, 60, 90])
def test_a_qr_code_of_90_characters_fits_24_rows(length: int) -> None:
    """Read back module by module: the half blocks are the code, with two light modules around it."""
    import segno

    text = "https://pass.workshop.example/device?user_code=WDJB-MJHT&".ljust(length, "x")[:length]
    lines = qr_lines(text)
    assert len(lines) <= 22 and len(lines[0]) <= 42
    upper = [[char in " ▄" for char in line] for line in lines]
    lower = [[char in " ▀" for char in line] for line in lines]
    modules = [row for pair in zip(upper, lower, strict=True) for row in pair]
    wanted = [[bool(dark) for dark in row] for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    assert modules[: len(wanted)] == wanted
    assert qr_lines("x" * 400) == (), "what does not fit is not drawn"


async def test_a_refusal_for_want_of_paper_asks_for_the_papers_again() -> None:
    """The vehicle host noticed it first: what this process shows of credit is old."""
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        before = len(_calls(app, "credit"))
        fake_of(app).paper.balances = ()
        fake_of(app).stream.publish(
            JobFailed(NOON, "s-1", "survey", "", "CreditUsedUp", "2173-44", "Used up.", "Buy more.")
        )
        await until(pilot, lambda: len(_calls(app, "credit")) > before)
        await quiet(pilot)
        assert "! 6 Credit    none" in screen_text(app)


async def test_a_toast_names_the_number_that_technicians_know() -> None:
    app = _app(commissioned())
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.desk.tell_error(StartKeyMissing("There is no StartKey."))
        await until(pilot, lambda: [n.message for n in app._notifications] == ["2221-45 There is no StartKey."])


async def test_ascii_shows_address_and_code_without_qr() -> None:
    from tui.looks import Looks

    app = _app(_shared_paper())
    app.looks = Looks(ascii=True)
    async with app.run_test(size=DESIGN) as pilot:
        await _to_waiting(app, pilot)
        shown = screen_text(app)
        assert "https://pass.workshop.example/device" in shown and "WDJB-MJHT" in shown
        assert "Or scan" not in shown and "▄▄▄" not in shown
