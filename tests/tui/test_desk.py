"""Desk and bridge without a screen: errands, lanes, jobs, errors, messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import JobCancelled, NoResponse, PreconditionNotMet, ProductError, VciBusy
from core.events import (
    JobFailed,
    JobFinished,
    JobStarted,
    ProgressMade,
    ResponsePendingReceived,
    StepFinished,
    StepStarted,
    VciClosed,
    VoltageRead,
)
from tests.tui.fake import NOON, FakeJob, FakeVehicle, FakeWorkbench
from tui.bridge import Bridge, as_product_error
from tui.desk import Desk

PATIENCE = 20.0


def open_desk(workbench: FakeWorkbench | None = None) -> tuple[Desk, FakeWorkbench]:
    made = workbench or FakeWorkbench(FakeVehicle())
    desk = Desk(lambda: made, clock=lambda: NOON)  # type: ignore[arg-type,return-value]
    desk.workbench = desk.bridge.workbench = made  # type: ignore[assignment]
    return desk, made


def pump(desk: Desk, condition: Callable[[], Any]) -> None:
    """Pulls until `condition` holds."""
    for _ in range(2000):
        desk.bridge.wait(PATIENCE)
        desk.pull()
        if condition():
            return
    raise AssertionError("the condition never came true")


def connected(workbench: FakeWorkbench | None = None) -> tuple[Desk, FakeWorkbench]:
    desk, made = open_desk(workbench)
    done: list[bool] = []
    desk.connect(lambda: done.append(True))
    pump(desk, lambda: done)
    return desk, made


def test_errands_bring_results_on_the_pulling_thread() -> None:
    bridge, threads, results = Bridge(), [], []
    bridge.send(
        threading.get_ident, lambda ident: (results.append(ident), threads.append(threading.get_ident())), _never
    )
    bridge.wait(PATIENCE)
    bridge.pull()
    assert results[0] != threading.get_ident()
    assert threads == [threading.get_ident()]
    assert not bridge.busy


def _never(error: ProductError) -> None:
    raise AssertionError(f"no error was expected: {error}")


def test_one_lane_is_a_queue() -> None:
    """A device is closed before it is opened again; another lane does not wait."""
    bridge, order, gate = Bridge(), [], threading.Event()
    bridge.send(lambda: (gate.wait(PATIENCE), order.append("close")), lambda _: None, _never, "vehicle")
    bridge.send(lambda: order.append("open"), lambda _: None, _never, "vehicle")
    other = threading.Event()
    bridge.send(other.set, lambda _: None, _never, "voltage")
    assert other.wait(PATIENCE)
    assert order == [] and bridge.runs("vehicle")
    gate.set()
    bridge.wait(PATIENCE)
    bridge.pull()
    assert order == ["close", "open"]
    assert not bridge.runs("vehicle")


def test_a_fault_of_ours_becomes_an_error_without_values() -> None:
    def broken() -> None:
        secret = "StartKey-12345"
        raise KeyError(secret)

    errors: list[ProductError] = []
    bridge = Bridge()
    bridge.send(broken, lambda _: None, errors.append)
    bridge.wait(PATIENCE)
    bridge.pull()
    assert "KeyError" in errors[0].message and "broken" in errors[0].message
    assert "StartKey" not in errors[0].message
    assert as_product_error(ValueError("x")).message == "This should not have happened: ValueError."


def test_connect_refused_is_told_with_code_and_advice() -> None:
    desk, workbench = open_desk()
    workbench.refusal = VciBusy("The device is in use by pid 4711.", holder="pid 4711")
    failed: list[bool] = []
    desk.connect(lambda: None, lambda: failed.append(True))
    pump(desk, lambda: failed)
    assert desk.vehicle is None and not desk.connecting
    last = desk.messages[-1]
    assert (last.severity, last.code, last.text) == ("error", "PB-202", "The device is in use by pid 4711.")
    assert last.advice
    assert desk.alerts == [last]


def test_connect_hands_over_address_and_data_files() -> None:
    desk, workbench = open_desk()
    desk.data_files = ["extra.pdx"]
    desk.choose_device("doip://192.0.2.1:13400", "DoIP 192.0.2.1")
    done: list[bool] = []
    desk.connect(lambda: done.append(True))
    pump(desk, lambda: done)
    assert workbench.connected == [("doip://192.0.2.1:13400", ("extra.pdx",))]
    assert workbench.remembered == ["doip://192.0.2.1:13400"]
    desk.connect(lambda: done.append(True))
    assert len(done) == 2 and len(workbench.connected) == 1


def test_another_device_lets_the_vehicle_go() -> None:
    desk, workbench = connected()
    desk.choose_device("sim:car-doip", "Simulation")
    pump(desk, lambda: workbench.vehicle.closed)
    assert desk.vehicle is None and desk.survey is None and desk.units == {}


def test_open_takes_the_last_device_and_tells_problems() -> None:
    workbench = FakeWorkbench()
    workbench.problems, workbench.last_device = ("settings.toml, line 3: no such key",), "can:socketcan/can0"
    desk = Desk(lambda: workbench, clock=lambda: NOON)  # type: ignore[arg-type,return-value]
    done: list[bool] = []
    desk.open(lambda: done.append(True))
    pump(desk, lambda: done)
    assert desk.uri == desk.device_name == "can:socketcan/can0"
    assert desk.messages[0].text == "settings.toml, line 3: no such key"


def test_one_job_at_a_time() -> None:
    desk, _ = connected()
    job = FakeJob("result", instant=False)
    assert desk.begin("survey", "", lambda: job, lambda _: None)
    assert not desk.begin("flash", "ENGINE", lambda: FakeJob(None), lambda _: None)
    assert "still running" in desk.messages[-1].text


def test_a_job_shows_steps_progress_and_waits() -> None:
    desk, workbench = connected()
    results: list[str] = []
    job = FakeJob("flashed", instant=False)
    desk.begin("flash", "ENGINE", lambda: job, results.append)
    for fact in (
        JobStarted(NOON, "flash-1", "flash", "ENGINE"),
        StepStarted(NOON, "flash-1", "session", "Session"),
        StepFinished(NOON, "flash-1", "session", 0.4),
        VoltageRead(NOON, 13.2),
    ):
        workbench.stream.publish(fact)
    desk.pull()
    assert desk.job is not None and desk.job.identity == "flash-1"
    assert desk.locked == "", "leaving is free before the first erase"
    assert desk.volts == 13.2
    workbench.stream.publish(StepStarted(NOON, "flash-1", "erase-1", "Erase"))
    workbench.stream.publish(ResponsePendingReceived(NOON, "ENGINE", 0x31, 1))
    workbench.stream.publish(StepStarted(NOON, "flash-1", "transfer-1", "Transfer"))
    workbench.stream.publish(ProgressMade(NOON, "flash-1", "transfer-1", 5, 10, 2.0))
    desk.pull()
    assert "ENGINE" in desk.locked
    assert desk.job.pending == 1
    assert [(s.name, s.state) for s in desk.job.steps] == [("session", "ok"), ("erase-1", "ok"), ("transfer-1", "busy")]
    assert (desk.job.steps[-1].done, desk.job.steps[-1].total, desk.job.steps[-1].rate) == (5, 10, 2.0)
    workbench.stream.publish(JobFinished(NOON, "flash-1", "flash", "ENGINE", "software 1 -> 2"))
    job.finish()
    desk.pull()
    assert results == ["flashed"] and desk.locked == "" and not desk.busy
    assert desk.messages[-1].text == "Flash ENGINE: software 1 -> 2"


def test_a_failed_job_is_told_once() -> None:
    desk, workbench = connected()
    job, errors = FakeJob(None, instant=False), []
    desk.begin("flash", "ENGINE", lambda: job, _unexpected, errors.append)
    error = NoResponse("ENGINE is silent.", "Check the ignition.", timer="P2")
    workbench.stream.publish(
        JobFailed(NOON, "flash-1", "flash", "ENGINE", error.name, error.code, error.message, error.advice)
    )
    job.fail(error)
    before = len(desk.messages)
    desk.pull()
    assert len(desk.messages) == before + 1
    assert desk.messages[-1].code == "PB-402" and desk.messages[-1].severity == "error"
    assert errors == [error]


def _unexpected(result: Any) -> None:
    raise AssertionError(f"no result was expected: {result}")


def test_a_refusal_at_the_start_is_told() -> None:
    desk, _ = connected()
    errors: list[ProductError] = []

    def refuse() -> FakeJob:
        raise PreconditionNotMet("Not this one.")

    assert desk.begin("flash", "ENGINE", refuse, _unexpected, errors.append)
    pump(desk, lambda: errors)
    assert desk.messages[-1].severity == "warning" and desk.messages[-1].code == "PB-501"
    assert isinstance(errors[0], PreconditionNotMet) and not desk.busy


def test_stop_asks_the_job_once() -> None:
    desk, _ = connected()
    assert not desk.stop_job(), "nothing runs"
    job = FakeJob(None, instant=False)
    desk.begin("survey", "", lambda: job, lambda _: None)
    assert desk.stop_job() and job.cancelled
    assert not desk.stop_job()
    job.fail(JobCancelled("The quick test was stopped."))
    desk.pull()
    assert desk.messages[-1].severity == "warning" and not desk.busy


def test_a_lost_device_is_let_go_after_the_job() -> None:
    desk, workbench = connected()
    job = FakeJob(None, instant=False)
    desk.begin("survey", "", lambda: job, lambda _: None)
    workbench.stream.publish(VciClosed(NOON, "sim:car-mixed", "the cable was pulled"))
    desk.pull()
    assert desk.vehicle is not None, "the job's ending still needs it"
    job.fail(NoResponse("silence", timer="P2"))
    desk.pull()
    pump(desk, lambda: workbench.vehicle.closed)
    assert desk.vehicle is None


def test_voltage_is_asked_once_at_a_time() -> None:
    desk, workbench = connected()
    gate, asked = threading.Event(), []

    def slow() -> float:
        asked.append(1)
        gate.wait(PATIENCE)
        return 11.9

    workbench.vehicle.voltage = slow  # type: ignore[method-assign]
    pump(desk, lambda: not desk.bridge.busy)
    desk.read_voltage()
    desk.read_voltage()
    gate.set()
    pump(desk, lambda: desk.volts == 11.9)
    assert len(asked) == 1


@pytest.mark.parametrize(("kind", "cancelled"), [("survey", True), ("flash", False)])
def test_the_end_of_the_app_lets_a_flash_finish(kind: str, cancelled: bool) -> None:
    desk, workbench = connected()
    job = FakeJob("done", instant=False)
    desk.begin(kind, "ENGINE", lambda: job, lambda _: None)
    desk.close()
    assert job.cancelled is cancelled
    assert workbench.vehicle.closed
