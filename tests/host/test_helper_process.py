"""Helpers at real hosts: what they may call of a real vehicle, and what becomes of a lent flash whose lender dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import JobError, ProductError, RightMissing, VciLost
from core.events import ProgressMade, StepStarted, VciClosed
from core.host.vehicle import HostedVehicle
from core.vocabulary import FlashWish, Visitor
from core.workbench import Vehicle, Workbench, WorkbenchPaths
from core.workbench.assistance.lent import HELPERS_MAY
from tests.host.fake import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
LONG = 90.0
MIXED = "sim:car-mixed"
ANNA = Visitor("visit-1", "Anna Berg", "Works South")

LENDER = f"""
import sys
from core.workbench import open_workbench
from tests.host.fake import until
with open_workbench() as bench:
    vehicle = bench.connect("{MIXED}", hosted=True)
    print("connected", flush=True)
    sys.stdin.readline()
    vehicle.hand_over(until(lambda: [seat.number for seat in vehicle.seats if seat.helper])[0])
    print("handed over", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with Workbench(WorkbenchPaths.default()) as workbench:
        try:
            yield workbench
        finally:
            for host in workbench.hosts():
                os.kill(host.pid, signal.SIGTERM)
            until(lambda: not workbench.hosts(), "the hosts' end")


@pytest.fixture
def guest() -> Iterator[Workbench]:
    """The workbench of another process, as far as the host can tell."""
    with Workbench(WorkbenchPaths.default()) as workbench:
        workbench.hosting.visitor = ANNA
        yield workbench


@pytest.fixture
def both(bench: Workbench, guest: Workbench) -> tuple[Any, HostedVehicle]:
    technician = bench.connect(MIXED, hosted=True)
    assert isinstance(technician, HostedVehicle)
    return technician, guest.attach(MIXED)


def _lend(technician: HostedVehicle, helper: HostedVehicle) -> None:
    until(lambda: any(seat.helper for seat in technician.seats))
    technician.hand_over(next(seat.number for seat in technician.seats if seat.helper))
    until(lambda: helper.driving)


def test_every_method_of_a_vehicle_is_named_or_refused(both: tuple[Any, HostedVehicle]) -> None:
    technician, helper = both
    public = {name for name in dir(Vehicle) if not name.startswith("_") and callable(getattr(Vehicle, name))}
    assert HELPERS_MAY.names <= public
    for lent in (False, True):
        for name in sorted(public - HELPERS_MAY.names):
            with pytest.raises(ProductError) as refused:
                helper._link.call("call", name, (), {})
            assert isinstance(refused.value, RightMissing) or "knows no" in refused.value.message, name
        if not lent:
            _lend(technician, helper)
    assert technician.running is None


def test_a_lent_seat_gives_no_paths_and_overrides_nothing(both: tuple[Any, HostedVehicle], tmp_path: Path) -> None:
    technician, helper = both
    _lend(technician, helper)
    assert helper.identify().wait(LONG).vin
    file = tmp_path / "mine.toml"
    file.write_text("format = 1")
    for wish in (
        lambda: helper.flash("BODY", str(file)),
        lambda: helper.flash("BODY", flashware=file),
        lambda: helper.flash("", str(file)),
        lambda: helper.flash("BODY", override="BODY"),
        lambda: helper.flash("BODY", None, False, "BODY"),
        lambda: helper.flash_preview("BODY", "/etc/passwd"),
        lambda: helper.flash_plan("BODY", "/etc/passwd"),
        lambda: helper.flash_order((FlashWish("BODY", str(file)),)),
        lambda: helper.flash_order((), override=("BODY",)),
        lambda: helper.flash_order(("BODY",)),
        lambda: helper.flash_order_preview((FlashWish("", str(file)),)),
        lambda: helper.coding_restore("BODY", file),
        lambda: helper.coding_diff("BODY", "car", str(file)),
        lambda: helper.coding_diff("BODY", "/etc/passwd", "factory"),
    ):
        with pytest.raises(RightMissing):
            wish()
        assert technician.running is None
    known = helper.flashware("BODY")[0].name
    assert helper.flash_preview("BODY", known).wait(LONG).checks
    assert helper.coding_diff("BODY", "car", "factory").wait(LONG).differences is not None
    state = helper.coding_read("BODY").wait(LONG)
    assert all(before == after for *_, before, after in helper.coding_after(state, {}))


def test_the_report_names_who_drove(both: tuple[Any, HostedVehicle]) -> None:
    technician, helper = both
    assert technician.survey().wait(LONG).vin
    _lend(technician, helper)
    assert helper.faults("ENGINE", clear=True).wait(LONG).unit == "ENGINE"
    technician.take_back()
    assert technician.faults("ENGINE", clear=True).wait(LONG).unit == "ENGINE"
    report = technician.report()
    assert report.count("Driven by") == 1 and "Anna Berg of Works South (browser), handed over" in report, report


def test_a_flash_goes_on_when_its_lender_dies_and_the_helper_has_nothing_left(
    bench: Workbench, guest: Workbench
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as lender:  # fmt: skip
        assert lender.stdin is not None and lender.stdout is not None
        try:
            assert lender.stdout.readline() == "connected\n"
            helper = guest.attach(MIXED)
            lender.stdin.write("\n")
            lender.stdin.flush()
            assert lender.stdout.readline() == "handed over\n"
            until(lambda: helper.driving)
            job = helper.flash("BODY")
            until(lambda: [e for e in guest.stream.drain() if isinstance(e, StepStarted) and "erase" in e.step])
        finally:
            lender.kill()
    until(lambda: not helper.driving, "the wheel to leave the helper")
    job.cancel()
    with pytest.raises(JobError, match="only watch"):
        helper.survey()
    successor = bench.attach(MIXED)
    assert successor.driving and not helper.driving
    assert job.wait(LONG).result == "flashed"
    successor.close()
    until(lambda: not bench.hosts(), "the host's end: a helper does not keep the device")
    until(lambda: any(isinstance(event, VciClosed) for event in guest.stream.drain()))
    with pytest.raises(VciLost, match="technician has disconnected"):
        helper.survey()


def test_a_helper_sees_the_progress_of_a_flash(both: tuple[Any, HostedVehicle], guest: Workbench) -> None:
    technician, helper = both
    job = technician.flash("BODY")
    until(lambda: [event for event in guest.stream.drain() if isinstance(event, ProgressMade)], "progress")
    seen = until(lambda: helper.running or helper.last_job)
    seen.cancel()
    with pytest.raises(JobError):
        helper._link.call("stop")
    assert job.wait(LONG).result == "flashed" == seen.wait(PATIENCE).result
