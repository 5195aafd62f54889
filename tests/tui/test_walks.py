"""What keys and clicks do, on a workbench of cardboard: choosing devices, asking first, locking, stopping, undoing."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import DataInvalid, ValueRefused
from core.vocabulary import DataReport, FlashChoice
from tests.tui.fake import VIN, FakeVehicle, FakeWorkbench
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_snapshots import STATES
from tui.screens.coding import CodingScreen
from tui.screens.flash import FlashScreen
from tui.screens.start import StartScreen
from tui.screens.vehicle import VehicleScreen

DESIGN = (80, 24)


def _app() -> Any:
    return make_app(FakeWorkbench(FakeVehicle()))


async def test_one_key_from_start_to_the_tested_vehicle() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle"](pilot)
        assert isinstance(app.screen, VehicleScreen)
        assert VIN in screen_text(app) and "FAULT" in screen_text(app)
        assert fake_of(app).connected == [("sim:car-mixed", ())]
        await pilot.press("escape")
        assert isinstance(app.screen, StartScreen)
        await pilot.press("1")
        await quiet(pilot)
        assert [kind for kind, _ in fake_of(app).vehicle.jobs] == ["survey"], "tested once is enough"
        await pilot.press("f5")
        await quiet(pilot)
        assert [kind for kind, _ in fake_of(app).vehicle.jobs] == ["survey", "survey"]


async def test_a_wish_before_the_workbench_is_open_is_kept() -> None:
    """Keys are quicker than the core's modules: the wish waits for them."""
    from tui.shell import PassbayApp

    workbench = FakeWorkbench(FakeVehicle())
    app = PassbayApp(open_workbench=lambda: workbench)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=DESIGN) as pilot:
        app.go("vehicle")
        await until(pilot, lambda: app.desk is not None and app.desk.survey is not None)
        assert isinstance(app.screen, VehicleScreen)


async def test_clear_asks_and_cancel_is_the_default() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["clear-asks"](pilot)
        await pilot.press("enter")
        await quiet(pilot)
        assert [kind for kind, _ in fake_of(app).vehicle.jobs] == ["survey"]
        await pilot.press("c")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert [kind for kind, _ in fake_of(app).vehicle.jobs] == ["survey", "cleared"]
        assert "no fault codes stored" in screen_text(app)


async def test_doip_host_and_port_are_editable() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["doip-by-hand"](pilot)
        await pilot.press(*["backspace"] * 20, *"fe80::1", "enter", *["backspace"] * 5, *"99999", "enter")
        await quiet(pilot)
        assert app.desk.uri == "sim:car-mixed", "99999 is no port"
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press(*["backspace"] * 20, *"fe80::1", "enter", *["backspace"] * 5, *"13401", "enter")
        await quiet(pilot)
        assert app.desk.uri == "doip://[fe80::1]:13401"
        assert fake_of(app).remembered == ["doip://[fe80::1]:13401"]
        assert isinstance(app.screen, StartScreen)


async def test_a_heard_vehicle_is_taken_as_it_is() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["devices"](pilot)
        await pilot.press("down", "down", "down", "down", "enter")
        await quiet(pilot)
        assert app.desk.uri == "doip://192.0.2.10:13400"


async def test_a_can_address_can_be_edited_and_a_missing_driver_is_named() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["devices"](pilot)
        await pilot.press("end", "enter")
        await quiet(pilot)
        assert app.desk.uri == "sim:car-mixed"
        assert "vxlapi" in screen_text(app)
        await pilot.press("home", "down", "down", "enter")
        await pilot.pause()
        await pilot.press("end", *["backspace"] * 6, *"250000", "enter")
        await quiet(pilot)
        assert app.desk.uri == "can:virtual/0?bitrate=250000"


async def test_a_simulated_car_is_reset_after_a_question() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["devices"](pilot)
        await pilot.press("r")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert fake_of(app).resets == ["car-mixed"]


async def test_a_data_file_is_checked_before_it_is_taken() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        for ok, files in ((False, []), (True, ["extra.pdx"])):
            problems = () if ok else ("index.xml: cut off",)
            fake_of(app).data_report = DataReport("extra.pdx", ok, "2.2.0", problems=problems)
            app.go("data")
            await pilot.pause()
            await pilot.press(*"extra.pdx", "enter")
            await until(pilot, lambda: app.screen.query("#words"))
            assert ("Taken for this session" in screen_text(app)) is ok
            assert app.desk.data_files == files
            await pilot.press("enter")
            await pilot.pause()
        assert "+ 1 file" in screen_text(app)


async def test_leaving_is_locked_in_the_transfer_and_says_why() -> None:
    """In this process: there is no host in which the flash would go on."""
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        fake_of(app).vehicle.host = None
        await STATES["flash-running"](pilot)
        for key in ("escape", "ctrl+q"):
            app.clear_notifications()
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, FlashScreen), key
            assert any("no complete software" in toast.message for toast in app._notifications), key
        await pilot.press("f9")
        await pilot.pause()
        assert app.place.PLACE == "Live panel", "watching is free"
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, FlashScreen)
        app.desk.job.handle.finish()
        await quiet(pilot)
        await pilot.press("escape", "escape", "escape")
        await pilot.pause()
        assert isinstance(app.screen, StartScreen)


async def test_safe_stop_asks_and_cancels() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-stop-asks"](pilot)
        job = app.desk.job
        await pilot.press("enter")
        await pilot.pause()
        assert not job.handle.cancelled, "Cancel is the default"
        await pilot.press("a")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet_stop(pilot, app)
        assert job.handle.cancelled and job.stopping
        assert "Stopping after this block" in screen_text(app)


async def quiet_stop(pilot: Any, app: Any) -> None:
    await until(pilot, lambda: app.desk.job.stopping)
    app.clear_notifications()
    app.refresh_places()
    await pilot.pause()


async def test_quit_asks_while_a_test_runs_and_ends_at_once_otherwise() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle-testing"](pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert "safe ending" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.is_running
        app.desk.job.handle.finish()
        await quiet(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not app.is_running


async def test_refused_checks_cannot_be_started() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-refused"](pilot)
        await pilot.press("enter")
        await quiet(pilot)
        assert "flash" not in [kind for kind, _ in fake_of(app).vehicle.jobs]
        assert not app.screen.query("#buttons")


async def test_flash_takes_the_unit_that_was_marked() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle"](pilot)
        await pilot.press("down", "down", "f")
        await quiet(pilot)
        assert (app.screen.unit, app.screen.stage) == ("BRAKES", "flashware")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert isinstance(app.screen, VehicleScreen)


async def test_coding_writes_only_what_was_changed() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-changed"](pilot)
        await pilot.press("end", "enter")
        await pilot.pause()
        await pilot.press("backspace", "backspace", "backspace", "5", "0", "enter")
        await quiet(pilot)
        assert app.screen.changes == {"DAYTIME_LIGHT": "on", "SPEED_WARNING": "50"}
        await pilot.press("u")
        await quiet(pilot)
        assert app.screen.changes == {"DAYTIME_LIGHT": "on"}
        await pilot.press("n")
        await quiet(pilot)
        assert app.screen.changes == {"DAYTIME_LIGHT": "on", "SPEED_WARNING": "0"}
        await pilot.press("u", "w")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert fake_of(app).vehicle.written == [{"DAYTIME_LIGHT": "on"}]
        assert "read back and compared" in screen_text(app)
        assert app.screen.changes == {}


async def test_a_value_that_does_not_fit_is_refused_at_once() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-number"](pilot)

        def refuse(*_: Any) -> Any:
            raise ValueRefused("300 is above 250 km/h.")

        fake_of(app).vehicle.coding_after = refuse  # type: ignore[method-assign]
        await pilot.press("backspace", "backspace", "backspace", *"300", "enter")
        await quiet(pilot)
        assert app.screen.changes == {}
        assert app.desk.messages[-1].code == "PB-603"


async def test_unwritten_changes_are_not_lost_by_esc() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-changed"](pilot)
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, CodingScreen) and app.screen.changes
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("right", "enter")
        await pilot.pause()
        assert app.screen.state is None and not app.screen.changes


async def test_restore_asks_and_writes_back() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-kept"](pilot)
        assert "Country: ECE -> USA" in screen_text(app), "what the restore would change"
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert ("restore", "BODY", "/data/coding/body-1.json") in fake_of(app).vehicle.asked
        assert [kind for kind, _ in fake_of(app).vehicle.jobs][-2:] == ["coded", "coding"]


async def test_another_device_starts_every_place_anew() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-items"](pilot)
        await pilot.press("escape", "escape")
        app.desk.choose_device("sim:car-doip", "Simulation - no VCI")
        await pilot.press("3")
        await quiet(pilot)
        assert app.screen.state is None
        assert [uri for uri, _ in fake_of(app).connected] == ["sim:car-mixed", "sim:car-doip"]


async def test_a_plan_of_the_release_stands_after_the_flashware_of_its_unit() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-units"](pilot)
        vehicle = fake_of(app).vehicle
        file = "/data/releases/files/engine.toml"
        vehicle.choices += (FlashChoice(file, "Engine over the gateway", file, "2063.15", 524288, plan=True),)
        await pilot.press("enter")
        await quiet(pilot)
        assert "Engine over the gateway (plan of the release)" in screen_text(app)
        await pilot.press("end", "enter")
        await quiet(pilot)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(vehicle.asked))
        assert vehicle.asked[-1][:3] == ("flash", "ENGINE", file)


async def test_mouse_does_what_keys_do() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        await pilot.click("#jobs", offset=(3, 2))
        await pilot.click("#jobs", offset=(3, 2))
        await quiet(pilot)
        assert isinstance(app.screen, FlashScreen)
        await pilot.click("#keys", offset=(43, 0))
        await pilot.pause()
        assert "Help" in screen_text(app).split("\n")[0]


async def test_a_broken_file_named_by_hand_is_told() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-wares"](pilot)
        fake_of(app).vehicle.hold = True
        await pilot.press("o")
        await pilot.pause()
        await pilot.press(*"bad.pdx", "enter")
        await until(pilot, lambda: app.desk.busy)
        app.desk.job.handle.fail(DataInvalid("bad.pdx is cut off.", file="bad.pdx", place="index.xml"))
        await quiet(pilot)
        app.clear_notifications()
        await pilot.pause()
        assert "PB-601" in screen_text(app) and "bad.pdx is cut off." in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (80, 25), (1, 1), (40, 10)])
async def test_a_storm_of_sizes_breaks_nothing(size: tuple[int, int]) -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["live"](pilot)
        for other in ((1, 1), size, (300, 80), size):
            await pilot.resize_terminal(*other)
        await pilot.resize_terminal(*DESIGN)
        await quiet(pilot)
        assert "7E8" in screen_text(app)


async def test_a_device_is_tested_once_and_its_verdict_stays() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["devices"](pilot)
        await pilot.press("down", "down", "t")
        await quiet(pilot)
        assert "Test of virtual 0" in screen_text(app) and "3900 frames/s" in screen_text(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert "answers, 12.6 V" in screen_text(app) and "no diagnosis over IP" in screen_text(app)
        assert [trial.serial for trial in fake_of(app).trials] == ["00004711"]
        await pilot.press("end", "t")
        await quiet(pilot)
        assert "crashed (SIGSEGV)" in screen_text(app)
