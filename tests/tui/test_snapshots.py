"""Every screen in its main states at 80x24, the main ones at 160x45, and what stands below the design size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import JobInterrupted, PreconditionNotMet, VciBusy
from core.events import (
    Event,
    JobStarted,
    NumberedMessageRaised,
    ProgressMade,
    ResponsePendingReceived,
    StepFinished,
    StepStarted,
    UnitSurveyed,
)
from core.vocabulary import FlashCheck
from tests.tui.fake import (
    BUSES,
    FLASHED,
    FLASHING,
    HOST,
    LEFT,
    NOON,
    PREVIEW,
    FakeJob,
    FakeVehicle,
    FakeWorkbench,
    surveyed,
)
from tests.tui.states_paper import PAPER_MAIN, PAPER_STATES
from tests.tui.states_releases import RELEASE_MAIN, RELEASE_STATES
from tests.tui.states_shop import SHOP_MAIN, SHOP_STATES
from tests.tui.states_visits import VISIT_MAIN, VISIT_STATES
from tests.tui.support import fake_of, make_app, quiet, screen_text, until

DESIGN, WIDE, SMALL = (80, 24), (160, 45), (60, 20)

Walk = Callable[[Pilot[Any]], Awaitable[None]]


async def start(pilot: Pilot[Any]) -> None:
    await quiet(pilot)


async def start_told(pilot: Pilot[Any]) -> None:
    """A vehicle is connected and the message list has lines."""
    await vehicle(pilot)
    await pilot.press("escape")
    await quiet(pilot)


async def devices(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("5")
    await quiet(pilot)


async def device_tested(pilot: Pilot[Any]) -> None:
    """The dialog with the whole test, over the list."""
    await devices(pilot)
    await pilot.press("down", "down", "t")
    await quiet(pilot)


async def device_noted(pilot: Pilot[Any]) -> None:
    """The dialog was closed: verdict and last test stay in the list."""
    await device_tested(pilot)
    await pilot.press("escape")
    await quiet(pilot)


async def device_failed(pilot: Pilot[Any]) -> None:
    await devices(pilot)
    await pilot.press("down", "t")
    await quiet(pilot)


async def doip_by_hand(pilot: Pilot[Any]) -> None:
    await devices(pilot)
    await pilot.press("down", "down", "down", "enter")
    await quiet(pilot)


async def vehicle(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("1")
    app: Any = pilot.app
    await until(pilot, lambda: app.desk.survey is not None)
    await quiet(pilot)


async def vehicle_faults(pilot: Pilot[Any]) -> None:
    await vehicle(pilot)
    await pilot.press("enter")
    await quiet(pilot)
    await pilot.press("tab")


async def vehicle_testing(pilot: Pilot[Any]) -> None:
    """Half of the units are read."""
    app: Any = pilot.app
    await quiet(pilot)
    workbench = fake_of(app)
    workbench.vehicle.hold = True
    await pilot.press("1")
    await until(pilot, lambda: app.desk.busy)
    for unit in surveyed()[:3]:
        workbench.stream.publish(UnitSurveyed(NOON, "survey-1", unit))
    await until(pilot, lambda: len(app.desk.units) == 3)


async def vehicle_refused(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    fake_of(app).refusal = VciBusy("The device is in use by pid 4711 (passbay flash).", holder="pid 4711")
    await pilot.press("1")
    await until(pilot, lambda: app.desk.messages)
    app.clear_notifications()
    await quiet(pilot)


async def clear_asks(pilot: Pilot[Any]) -> None:
    await vehicle(pilot)
    await pilot.press("c")
    await quiet(pilot)


async def flash_units(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("2")
    await quiet(pilot)


async def flash_wares(pilot: Pilot[Any]) -> None:
    await flash_units(pilot)
    await pilot.press("enter")
    await quiet(pilot)


async def flash_checks(pilot: Pilot[Any]) -> None:
    await flash_wares(pilot)
    await pilot.press("enter")
    await quiet(pilot)


async def flash_refused(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    reason = "The battery has 11.4 V; connect a charger."
    low = FlashCheck("Battery voltage", False, "11.4 V", "12.0 to 15.5 V", reason)
    fake_of(pilot.app).vehicle.results["preview"] = replace(PREVIEW, checks=(*PREVIEW.checks[:2], low))  # type: ignore[arg-type]
    await flash_checks(pilot)


async def flash_asks(pilot: Pilot[Any]) -> None:
    await flash_checks(pilot)
    await pilot.press("enter")
    await quiet(pilot)


async def flash_running(pilot: Pilot[Any]) -> None:
    """In the middle of the transfer."""
    app: Any = pilot.app
    await flash_checks(pilot)
    workbench = fake_of(app)
    workbench.vehicle.hold = True
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("right", "enter")
    await until(pilot, lambda: app.desk.busy and app.desk.job.handle)
    for number, (name, title) in enumerate((("session", "Session, security access"), ("erase-1", "Erase block 1"))):
        workbench.stream.publish(StepStarted(NOON, "flash-1", name, title))
        workbench.stream.publish(StepFinished(NOON, "flash-1", name, 0.4 + 40 * number))
    workbench.stream.publish(StepStarted(NOON, "flash-1", "transfer-1", "Transfer block 1, 524288 bytes"))
    workbench.stream.publish(ResponsePendingReceived(NOON, "ENGINE", 0x31, 1))
    workbench.stream.publish(ProgressMade(NOON, "flash-1", "transfer-1", 325_058, 524_288, 41_000.0))
    await until(pilot, lambda: app.desk.job.steps and app.desk.job.steps[-1].done)


async def flash_locked(pilot: Pilot[Any]) -> None:
    """esc in the transfer: the reason stands on the screen."""
    await flash_running(pilot)
    await pilot.press("escape")
    await pilot.pause()


async def flash_stop_asks(pilot: Pilot[Any]) -> None:
    await flash_running(pilot)
    await pilot.press("a")
    await pilot.pause()


async def flash_done(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await flash_running(pilot)
    app.desk.job.handle.finish()
    await quiet(pilot)


async def flash_broken(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await flash_running(pilot)
    app.desk.job.handle.fail(JobInterrupted("The transfer of ENGINE broke off at block 34.", step="transfer-1"))
    await quiet(pilot)
    app.clear_notifications()
    await pilot.pause()


async def coding_units(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("3")
    await quiet(pilot)


async def coding_items(pilot: Pilot[Any]) -> None:
    await coding_units(pilot)
    await pilot.press("down", "down", "down", "enter")
    await quiet(pilot)


async def coding_pick(pilot: Pilot[Any]) -> None:
    await coding_items(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def coding_number(pilot: Pilot[Any]) -> None:
    await coding_items(pilot)
    await pilot.press("end", "enter")
    await pilot.pause()


async def coding_changed(pilot: Pilot[Any]) -> None:
    await coding_pick(pilot)
    await pilot.press("down", "enter")
    await quiet(pilot)


async def coding_asks(pilot: Pilot[Any]) -> None:
    await coding_changed(pilot)
    await pilot.press("w")
    await pilot.pause()


async def coding_written(pilot: Pilot[Any]) -> None:
    await coding_asks(pilot)
    await pilot.press("right", "enter")
    await quiet(pilot)


async def coding_refused(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await coding_changed(pilot)
    fake_of(app).vehicle.hold = True
    await pilot.press("w")
    await pilot.pause()
    await pilot.press("right", "enter")
    await until(pilot, lambda: app.desk.busy and app.desk.job.handle)
    app.desk.job.handle.fail(PreconditionNotMet("The car is certified before EURO 5: coding is not covered."))
    await quiet(pilot)
    app.clear_notifications()
    await pilot.pause()


async def live_empty(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("f9")
    await quiet(pilot)


async def live(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await vehicle(pilot)
    await pilot.press("f9")
    await until(pilot, lambda: app.screen.query_one("#traffic").rows)
    await quiet(pilot)


async def _live_mode(pilot: Pilot[Any], mode: str, there: bool = False) -> None:
    app: Any = pilot.app
    if not there:
        await live(pilot)
    while app.screen.mode != mode:
        await pilot.press("m")
    await until(pilot, lambda: app.screen.shot.wish.mode == mode and app.screen.query_one("#traffic").rows)
    await quiet(pilot)


async def live_talk(pilot: Pilot[Any]) -> None:
    await _live_mode(pilot, "talk")


async def live_errors(pilot: Pilot[Any]) -> None:
    """The bus shows a refusal and a trouble code, the message list a numbered message."""
    app: Any = pilot.app
    await live(pilot)
    fake_of(app).stream.publish(NumberedMessageRaised(NOON + 5, "2173-43", "warning", "Cars: 12 minutes are left."))
    await _live_mode(pilot, "errors", there=True)
    app.clear_notifications()
    await pilot.pause()


async def live_buses(pilot: Pilot[Any]) -> None:
    await live(pilot)
    fake_of(pilot.app).vehicle.view.shown_buses = BUSES
    await _live_mode(pilot, "buses", there=True)
    await until(pilot, lambda: len(pilot.app.screen.query_one("#traffic").rows) == 2)


async def live_exchange(pilot: Pilot[Any]) -> None:
    await live_talk(pilot)
    await pilot.press("home", "enter")
    await until(pilot, lambda: pilot.app.screen.query("#words"))


async def live_filter(pilot: Pilot[Any]) -> None:
    """A filter is being written, and what may come next is offered."""
    await live_talk(pilot)
    await pilot.press("slash")
    await until(pilot, lambda: pilot.app.screen.query("#offers"))
    await pilot.press(*"unit:E", "tab", *" and s")
    await quiet(pilot)
    await until(pilot, lambda: "service:" in screen_text(pilot.app))


async def live_bookmarks(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await live_frames_paused(pilot)
    await pilot.press("home", "z", "down", "down", "z")
    await pilot.pause()
    app.clear_notifications()
    await quiet(pilot)


async def live_frames_paused(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await live(pilot)
    await pilot.press("s", "space")
    await until(pilot, lambda: app.screen._whole)
    await quiet(pilot)


async def live_filtered(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await live_talk(pilot)
    await pilot.press("slash")
    await until(pilot, lambda: app.screen.query("#offers"))
    await pilot.press(*"negative", "enter")
    await until(pilot, lambda: app.screen.query("#traffic") and len(app.screen.query_one("#traffic").rows) == 1)
    await quiet(pilot)


async def live_in_flash(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await flash_running(pilot)
    await pilot.press("f9")
    await until(pilot, lambda: app.screen.query_one("#traffic").rows)
    app.screen.show_desk()
    await pilot.pause()


async def message_in_full(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await vehicle_refused(pilot)
    await pilot.press("escape", "tab", "enter")
    await until(pilot, lambda: app.screen.query("#words"))


async def start_left(pilot: Pilot[Any]) -> None:
    """A unit was left in programming, and another screen of this PC drives a vehicle."""
    app: Any = pilot.app
    await quiet(pilot)
    workbench = fake_of(app)
    workbench.left = [LEFT]
    workbench.found_hosts = [replace(HOST, uri="sim:car-doip", driver="pid 815 (passbay)", job=FLASHING)]
    app.desk.look_around(app.refresh_places)
    await quiet(pilot)


async def recovery_offered(pilot: Pilot[Any]) -> None:
    await start_left(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def host_offered(pilot: Pilot[Any]) -> None:
    await start_left(pilot)
    await pilot.press("down", "enter")
    await pilot.pause()


async def watching(pilot: Pilot[Any]) -> None:
    """Another screen flashes; this one was attached to its host."""
    app: Any = pilot.app
    await host_offered(pilot)
    workbench = fake_of(app)
    vehicle = workbench.vehicle
    vehicle.driving, vehicle.driver = False, "pid 815 (passbay)"
    vehicle.running = FakeJob(FLASHED, instant=False)
    workbench.replayed = flash_facts()
    await pilot.press("right", "enter")
    await until(pilot, lambda: app.desk.job is not None and app.desk.job.steps and app.desk.job.steps[-1].done)
    await until(pilot, lambda: getattr(app.screen, "stage", "") == "running")
    app.clear_notifications()
    await pilot.pause()


def flash_facts() -> tuple[Event, ...]:
    """A flash of ENGINE up to the middle of its transfer."""
    return (
        JobStarted(NOON, "flash-7", "flash", "ENGINE"),
        StepStarted(NOON, "flash-7", "session", "Session, security access"),
        StepFinished(NOON, "flash-7", "session", 0.4),
        StepStarted(NOON, "flash-7", "erase-1", "Erase block 1"),
        StepFinished(NOON, "flash-7", "erase-1", 40.4),
        StepStarted(NOON, "flash-7", "transfer-1", "Transfer block 1, 524288 bytes"),
        ProgressMade(NOON, "flash-7", "transfer-1", 325_058, 524_288, 41_000.0),
    )


async def quit_asks(pilot: Pilot[Any]) -> None:
    await flash_running(pilot)
    await pilot.press("ctrl+q")
    await pilot.pause()


async def flash_left(pilot: Pilot[Any]) -> None:
    """The unit that was left in programming: its recovery stands above its flashware."""
    await quiet(pilot)
    fake_of(pilot.app).left = [LEFT]  # type: ignore[arg-type]
    await flash_wares(pilot)


async def flash_dry_run(pilot: Pilot[Any]) -> None:
    await flash_checks(pilot)
    await pilot.press("d")
    await quiet(pilot)
    await pilot.press("tab")
    await pilot.pause()


async def flash_passable(pilot: Pilot[Any]) -> None:
    """One red line that the plan lets pass, with what to do about it."""
    await quiet(pilot)
    low = FlashCheck(
        "laptop", False, "battery, 31 %", "mains, or 50 % battery", "The laptop runs on its battery (31 %).", True,
        "Connect its charger.",
    )  # fmt: skip
    fake_of(pilot.app).vehicle.results["preview"] = replace(PREVIEW, checks=(*PREVIEW.checks, low))  # type: ignore[arg-type]
    await flash_checks(pilot)


async def flash_override(pilot: Pilot[Any]) -> None:
    await flash_passable(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def flash_explained(pilot: Pilot[Any]) -> None:
    """A failure with what it means here, how the unit is left, what to do."""
    app: Any = pilot.app
    await flash_running(pilot)
    error = JobInterrupted("ENGINE refused TransferData: generalProgrammingFailure (0x72).", step="transfer-1")
    error.explanation = (
        "ENGINE refused to take the data of block 1: programming its flash memory failed (0x72). The memory cell or "
        "its supply is at fault, not the image."
    )
    error.state_now = "ENGINE is erased and waits in its boot loader: it has no valid software."
    error.advice = "Check the charger, keep the ignition on, then recover ENGINE. If it fails again, replace the unit."
    app.desk.job.handle.fail(error)
    await quiet(pilot)
    app.clear_notifications()
    await pilot.pause()


async def order_marked(pilot: Pilot[Any]) -> None:
    await flash_units(pilot)
    await pilot.press("space", "down", "down", "space")
    await quiet(pilot)


async def order_checks(pilot: Pilot[Any]) -> None:
    await order_marked(pilot)
    await pilot.press("enter")
    await quiet(pilot)


async def order_asks(pilot: Pilot[Any]) -> None:
    await order_checks(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def order_running(pilot: Pilot[Any]) -> None:
    """Two units on DoIP side by side."""
    app: Any = pilot.app
    await order_asks(pilot)
    workbench = fake_of(app)
    workbench.vehicle.hold = True
    await pilot.press("right", "enter")
    await until(pilot, lambda: app.desk.busy and app.desk.job.handle)
    for unit, done in (("BODY", 4096), ("ENGINE", 300_000)):
        workbench.stream.publish(StepStarted(NOON, "flash-1", f"{unit}/erase-1", f"{unit}: Erase block 1"))
        workbench.stream.publish(StepFinished(NOON, "flash-1", f"{unit}/erase-1", 2.5))
        workbench.stream.publish(StepStarted(NOON, "flash-1", f"{unit}/transfer-1", f"{unit}: Transfer block 1"))
        workbench.stream.publish(ProgressMade(NOON, "flash-1", f"{unit}/transfer-1", done, 524_288, 41_000.0))
    await until(pilot, lambda: len(app.desk.job.steps) == 4 and app.desk.job.steps[-1].done)


async def order_over(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await order_running(pilot)
    app.desk.job.handle.finish()
    await quiet(pilot)


async def coding_kept(pilot: Pilot[Any]) -> None:
    await coding_items(pilot)
    await pilot.press("b")
    await quiet(pilot)
    await pilot.press("down")
    await pilot.pause()


async def coding_restore_asks(pilot: Pilot[Any]) -> None:
    await coding_kept(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def coding_export(pilot: Pilot[Any]) -> None:
    await coding_units(pilot)
    await pilot.press("e")
    await pilot.pause()
    await pilot.press("enter")
    await quiet(pilot)


async def coding_load(pilot: Pilot[Any]) -> None:
    await coding_items(pilot)
    await pilot.press("l")
    await pilot.pause()
    await pilot.press(*"/tmp/body.json", "enter")
    await quiet(pilot)


async def training(pilot: Pilot[Any]) -> None:
    await vehicle(pilot)
    await pilot.press("g")
    await quiet(pilot)
    await pilot.press("down", "space")
    await quiet(pilot)


async def training_when(pilot: Pilot[Any]) -> None:
    await training(pilot)
    await pilot.press("enter")
    await pilot.pause()


async def palette(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await vehicle(pilot)
    await pilot.press("ctrl+p")
    await until(pilot, lambda: app.screen.query("CommandList") and app.screen.query_one("CommandList").option_count > 5)


def help_over(walk: Walk) -> Walk:
    async def helped(pilot: Pilot[Any]) -> None:
        await walk(pilot)
        await pilot.press("f1")
        await quiet(pilot)

    return helped


def light(walk: Walk) -> Walk:
    async def lit(pilot: Pilot[Any]) -> None:
        await walk(pilot)
        app: Any = pilot.app
        app.action_theme()
        await pilot.pause()

    return lit


STATES: dict[str, Walk] = {
    "start": start,
    "start-told": start_told,
    "devices": devices,
    "device-tested": device_tested,
    "device-noted": device_noted,
    "device-failed": device_failed,
    "doip-by-hand": doip_by_hand,
    "vehicle": vehicle,
    "vehicle-faults": vehicle_faults,
    "vehicle-testing": vehicle_testing,
    "vehicle-refused": vehicle_refused,
    "clear-asks": clear_asks,
    "flash-units": flash_units,
    "flash-wares": flash_wares,
    "flash-checks": flash_checks,
    "flash-refused": flash_refused,
    "flash-asks": flash_asks,
    "flash-running": flash_running,
    "flash-locked": flash_locked,
    "flash-stop-asks": flash_stop_asks,
    "flash-done": flash_done,
    "flash-broken": flash_broken,
    "coding-units": coding_units,
    "coding-items": coding_items,
    "coding-pick": coding_pick,
    "coding-number": coding_number,
    "coding-changed": coding_changed,
    "coding-asks": coding_asks,
    "coding-written": coding_written,
    "coding-refused": coding_refused,
    "live-empty": live_empty,
    "live": live,
    "live-talk": live_talk,
    "live-errors": live_errors,
    "live-buses": live_buses,
    "live-exchange": live_exchange,
    "live-filter": live_filter,
    "live-bookmarks": live_bookmarks,
    "live-frames-paused": live_frames_paused,
    "live-filtered": live_filtered,
    "live-in-flash": live_in_flash,
    "message-in-full": message_in_full,
    "palette": palette,
    "start-left": start_left,
    "recovery-offered": recovery_offered,
    "host-offered": host_offered,
    "watching": watching,
    "quit-asks": quit_asks,
    "flash-left": flash_left,
    "flash-dry-run": flash_dry_run,
    "flash-passable": flash_passable,
    "flash-override": flash_override,
    "flash-explained": flash_explained,
    "order-marked": order_marked,
    "order-checks": order_checks,
    "order-asks": order_asks,
    "order-running": order_running,
    "order-over": order_over,
    "coding-kept": coding_kept,
    "coding-restore-asks": coding_restore_asks,
    "coding-export": coding_export,
    "coding-load": coding_load,
    "training": training,
    "training-when": training_when,
    "help-training": help_over(training),
    "help-kept": help_over(coding_kept),
    "help-start": help_over(start),
    "help-devices": help_over(devices),
    "help-vehicle": help_over(vehicle),
    "help-flash": help_over(flash_units),
    "help-coding": help_over(coding_units),
    "help-live": help_over(live),
    "light-vehicle": light(vehicle),
    "light-flash-running": light(flash_running),
    **PAPER_STATES,
    **RELEASE_STATES,
    **SHOP_STATES,
    **VISIT_STATES,
    "help-visits": help_over(VISIT_STATES["visits-closed"]),
    "help-check": help_over(SHOP_STATES["check-pc"]),
    "help-support": help_over(SHOP_STATES["support"]),
    "help-update": help_over(RELEASE_STATES["update"]),
    "help-addons": help_over(RELEASE_STATES["addons"]),
    "help-assist": help_over(PAPER_STATES["assist-new"]),
    "help-login": help_over(PAPER_STATES["login-nobody"]),
    "help-credit": help_over(PAPER_STATES["credit"]),
    "light-assist": light(PAPER_STATES["assist-green"]),
}
MAIN = (
    "start",
    "devices",
    "device-tested",
    "device-noted",
    "vehicle-faults",
    "flash-checks",
    "flash-running",
    "coding-changed",
    "live",
    "live-talk",
    "live-errors",
    "live-buses",
    "live-frames-paused",
    "start-left",
    "flash-explained",
    "order-running",
    "coding-kept",
    *PAPER_MAIN,
    *RELEASE_MAIN,
    *SHOP_MAIN,
    *VISIT_MAIN,
)
TOO_SMALL = (
    "start", "device-noted", "vehicle", "clear-asks", "live", "assist-green", "login-nobody", "credit", "update",
    "addons", "check-pc", "support", "visits-waiting",
)  # fmt: skip


def _app() -> Any:
    return make_app(FakeWorkbench(FakeVehicle()))


@pytest.mark.parametrize("state", STATES)
def test_at_the_design_size(state: str, snap_compare: Any) -> None:
    assert snap_compare(_app(), terminal_size=DESIGN, run_before=STATES[state])


@pytest.mark.parametrize("state", MAIN)
def test_wide(state: str, snap_compare: Any) -> None:
    assert snap_compare(_app(), terminal_size=WIDE, run_before=STATES[state])


@pytest.mark.parametrize("state", TOO_SMALL)
def test_too_small(state: str, snap_compare: Any) -> None:
    assert snap_compare(_app(), terminal_size=SMALL, run_before=STATES[state])
