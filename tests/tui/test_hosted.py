"""What the vehicle host brings to the screens: going on with a job, watching, leaving; recovery, orders, training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import JobError
from tests.tui.fake import (
    FLASHED,
    FLASHING,
    HOST,
    LEFT,
    VIN,
    FakeJob,
    FakeVehicle,
    FakeWorkbench,
)
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_snapshots import STATES, flash_facts
from tui.screens.flash import FlashScreen
from tui.screens.shop.visits import VisitsScreen
from tui.screens.start import StartScreen
from tui.screens.training import TrainingScreen
from tui.screens.vehicle import ident_words

DESIGN = (80, 24)


def _app(workbench: FakeWorkbench | None = None) -> Any:
    return make_app(workbench or FakeWorkbench(FakeVehicle()))


async def test_a_flash_whose_screen_died_is_shown_at_the_next_start() -> None:
    workbench = FakeWorkbench(FakeVehicle())
    workbench.found_hosts = [replace(HOST, uri="sim:car-doip", driver="", job=FLASHING)]
    job = workbench.vehicle.running = FakeJob(FLASHED, instant=False)
    workbench.replayed = flash_facts()
    app = _app(workbench)
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: getattr(app.screen, "stage", "") == "running")
        await until(pilot, lambda: app.desk.job.steps and app.desk.job.steps[-1].done)
        assert workbench.attached == [(4242, False)]
        assert app.desk.uri == "sim:car-doip"
        assert "61 %" in screen_text(app) and "DO NOT DISCONNECT" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, FlashScreen), "it is locked like one of our own"
        job.finish()
        await quiet(pilot)
        app.clear_notifications()
        await pilot.pause()
        assert app.screen.stage == "over" and "Flashed ENGINE" in screen_text(app)


async def test_what_another_screen_drives_is_only_offered() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["start-left"](pilot)
        assert isinstance(app.screen, StartScreen) and app.desk.vehicle is None
        assert "pid 815 drives" in screen_text(app)


async def test_a_watcher_sees_everything_and_starts_nothing() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["watching"](pilot)
        assert "watching, pid 815 drives" in screen_text(app)
        handle = app.desk.job.handle
        await pilot.press("a")
        await pilot.pause()
        assert not handle.cancelled and not app.desk.job.stopping
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, FlashScreen), "who watches may go"
        handle.finish()
        await quiet(pilot)
        jobs = len(fake_of(app).vehicle.jobs)
        assert not app.desk.begin("survey", "", app.desk.vehicle.survey, lambda _: None)
        assert "only watches" in app.desk.messages[-1].text and len(fake_of(app).vehicle.jobs) == jobs
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not app.is_running


async def test_the_driver_leaves_and_the_watcher_drives() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle"](pilot)
        vehicle = fake_of(app).vehicle
        vehicle.driving, vehicle.driver = False, "pid 9 (passbay)"
        await until(pilot, lambda: "watching, pid 9 drives" in screen_text(app))
        vehicle.driving = True
        await until(pilot, lambda: "CAN DoIP" in screen_text(app).split("\n")[0])


async def test_a_job_that_the_driver_begins_is_shown_to_the_watcher() -> None:
    """Its facts come before its handle."""
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-units"](pilot)
        workbench = fake_of(app)
        vehicle = workbench.vehicle
        vehicle.driving, vehicle.driver = False, "pid 9 (passbay)"
        for fact in flash_facts():
            workbench.stream.publish(fact)
        await until(pilot, lambda: app.desk.busy)
        vehicle.running = FakeJob(FLASHED, instant=False)
        await until(pilot, lambda: app.desk.job.handle is vehicle.running)
        assert app.screen.stage == "running" and [step.name for step in app.desk.job.steps][-1] == "transfer-1"
        vehicle.running.finish()
        await quiet(pilot)
        assert app.screen.stage == "over" and app.screen.result is FLASHED


async def test_quitting_in_a_flash_is_explained_and_leaves_it_alone() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["quit-asks"](pilot)
        assert "goes on in the vehicle" in screen_text(app)
        job = app.desk.job.handle
        await pilot.press("enter")
        await pilot.pause()
        assert app.is_running, "Cancel is the default"
        await pilot.press("ctrl+q")
        await pilot.pause()
        await pilot.press("right", "enter")
        await pilot.pause()
        assert not app.is_running
    app.desk.close()
    assert not job.cancelled and not job.done, "nobody waited for it, nobody stopped it"
    assert fake_of(app).vehicle.closed


async def test_a_unit_left_in_programming_is_recovered_from_start() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["recovery-offered"](pilot)
        await pilot.press("enter")
        await until(pilot, lambda: ("recover", "ENGINE") in fake_of(app).vehicle.asked)
        fake_of(app).left = []
        await quiet(pilot)
        assert isinstance(app.screen, FlashScreen) and app.screen.stage == "over"
        app.desk.look_around()
        await quiet(pilot)
        await pilot.press("escape", "escape")
        await quiet(pilot)
        assert "left in programming" not in screen_text(app)


async def test_a_recovery_needs_the_right_vehicle() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        fake_of(app).left = [replace(LEFT, vin="XPBMX00000A000099")]
        app.desk.look_around(app.refresh_places)
        await quiet(pilot)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("enter")
        await quiet(pilot)
        assert not fake_of(app).vehicle.asked
        assert VIN in app.desk.messages[-1].text and app.screen.stage == "unit"


async def test_a_known_one_is_not_told_again() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["recovery-offered"](pilot)
        await pilot.press("end", "enter")
        await quiet(pilot)
        assert fake_of(app).left == [] and "left in programming" not in screen_text(app)


async def test_the_recovery_stands_above_the_flashware() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-left"](pilot)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert fake_of(app).vehicle.asked == [("recover", "ENGINE")]


@pytest.mark.parametrize(("typed", "started"), [("engine", True), ("BRAKES", False), ("", False)])
async def test_a_red_line_is_passed_only_by_the_units_name(typed: str, started: bool) -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-override"](pilot)
        await pilot.press(*typed, "enter")
        await quiet(pilot)
        wanted = [("flash", "ENGINE", "ENGINE_2063_15", False, typed)] if started else []
        assert fake_of(app).vehicle.asked == wanted


async def test_an_order_goes_as_a_whole() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["order-over"](pilot)
        units = ("ENGINE", "BODY")
        assert fake_of(app).vehicle.asked == [("order-preview", *units), ("order", *units)]
        assert "must not be driven" in screen_text(app)
        fake_of(app).vehicle.hold = False
        await pilot.press("escape")
        await quiet(pilot)
        await pilot.press("plus", "enter")
        await quiet(pilot)
        every = ("ENGINE", "TRANSMISSION", "BRAKES", "BODY", "HEADUNIT")
        assert fake_of(app).vehicle.asked[-1] == ("order-preview", *every), "all that can be reached and have flashware"


async def test_training_orders_and_takes_back() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["training-when"](pilot)
        vehicle = fake_of(app).vehicle
        assert vehicle.faults_ordered == ("nrc-72",)
        await pilot.press("backspace", "5", "enter", *"body", "enter")
        await quiet(pilot)
        assert vehicle.faults_ordered == ("BODY:nrc-72@5",)
        assert "TRAINING" in screen_text(app).split("\n")[0]
        await pilot.press("x")
        await quiet(pilot)
        assert vehicle.faults_ordered == () and "CAN DoIP" in screen_text(app).split("\n")[0]


async def test_training_is_for_simulated_cars_only() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await quiet(pilot)
        app.desk.choose_device("doip://192.0.2.1", "DoIP")
        await STATES["vehicle"](pilot)
        await pilot.press("g")
        await pilot.pause()
        assert not isinstance(app.screen, TrainingScreen)


async def test_the_protocol_is_written_in_both_forms_and_told() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle"](pilot)
        await pilot.press("p")
        await until(pilot, lambda: app.screen.query("#words"))
        written = fake_of(app).written
        assert sorted(Path(path).suffix for path in written) == [".html", ".txt"]
        for path in written:
            assert any(path in item.text for item in app.desk.messages)
        assert f"html protocol of {VIN}" in written.values()


async def test_a_copied_message_is_in_a_file_too() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["message-in-full"](pilot)
        await pilot.press("y")
        await quiet(pilot)
        ((path, text),) = fake_of(app).written.items()
        assert "pid 4711" in text and any(path in toast.message for toast in app._notifications)


async def test_codings_go_to_files_and_come_back() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["coding-load"](pilot)
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert ("load", "BODY", Path("/tmp/body.json")) in fake_of(app).vehicle.asked
        await pilot.press("e", *"x.json", "enter")
        await quiet(pilot)
        assert ("export", "BODY", Path("x.json")) in fake_of(app).vehicle.asked
        await pilot.press("escape", "escape", "e")
        await pilot.pause()
        await pilot.press("enter")
        await quiet(pilot)
        assert ("backup", None) in fake_of(app).vehicle.asked
        await pilot.press("escape", "l", *"all.json", "enter")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert ("vehicle-restore", Path("all.json")) in fake_of(app).vehicle.asked
        assert "ENGINE failed: no answer" in screen_text(app)


async def test_a_refused_start_ends_the_job() -> None:
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["vehicle"](pilot)

        def refused() -> FakeJob:
            raise JobError("flash ENGINE is still running.")

        app.desk.begin("survey", "", refused, lambda _: None)
        await quiet(pilot)
        assert not app.desk.busy and "still running" in app.desk.messages[-1].text


@pytest.mark.parametrize(
    ("name", "words"),
    [("BootSoftware_Read", "Boot software"), ("VIN_Read", "VIN"), ("HardwareNumber_Read", "Hardware number"),
     ("ECU_SERIAL_NUMBER", "ECU SERIAL NUMBER"), ("_Read", "_Read"), ("Teilenummer", "Teilenummer")],
)  # fmt: skip
def test_ident_titles_in_words(name: str, words: str) -> None:
    assert ident_words(name) == words


async def test_remote_assistance_lies_beside_a_flash() -> None:
    """Whoever lets in or hands over while a unit has no complete software does not leave its flash by it."""
    app = _app()
    async with app.run_test(size=DESIGN) as pilot:
        await STATES["flash-locked"](pilot)
        app.go("visits")
        await until(pilot, lambda: isinstance(app.screen, VisitsScreen))
        app.go("coding")
        await pilot.pause()
        assert isinstance(app.screen, VisitsScreen), "other places stay locked"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FlashScreen))
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, FlashScreen)
