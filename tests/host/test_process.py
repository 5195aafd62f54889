"""Real hosts: whatever ends the screen, the flash completes; whatever ends the host, the next one is free to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import JobCancelled, VciBusy, VciLost, VciNotFound
from core.events import ProgressMade, StepStarted
from core.host.vehicle import HostedVehicle
from core.vocabulary import PanelWish
from core.workbench import Workbench, open_workbench
from tests.host.fake import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
LONG = 90.0
MIXED, DOIP = "sim:car-mixed", "sim:car-doip"


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """Ends every host that a test left behind."""
    with open_workbench() as workbench:
        try:
            yield workbench
        finally:
            for host in workbench.hosts():
                os.kill(host.pid, signal.SIGTERM)
            until(lambda: not workbench.hosts(), "the hosts' end")


def hosted(bench: Workbench, uri: str = MIXED) -> HostedVehicle:
    vehicle = bench.connect(uri, hosted=True)
    assert isinstance(vehicle, HostedVehicle)
    return vehicle


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`passbay ...` as another process; its standard output is read line by line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.entry", *arguments, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LONG)


def read_until(process: subprocess.Popen[str], event: str, step: str = "") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        found = json.loads(line)
        if found.get("event") == event and found.get("step", "").startswith(step):
            return
    raise AssertionError(process.stderr.read() if process.stderr else "it ended")


def software_is_new(bench: Workbench, uri: str, ecu: str) -> bool:
    """Read from the car itself, in this process, when the host is gone."""
    try:
        with bench.attach(uri, watch=True) as watcher:
            job = watcher.running or watcher.last_job
            assert job is not None and job.wait(LONG).result == "flashed"
    except VciNotFound:
        pass  # it has ended already
    until(lambda: not bench.hosts(), "the host's own end")
    with bench.connect(uri, hosted=False) as vehicle:
        preview = vehicle.flash_preview(ecu).wait(LONG)
        unit = next(unit for unit in vehicle.survey().wait(LONG).units if unit.name == ecu)
    return preview.up_to_date and not unit.newer_software and unit.state.value != "boot"


@pytest.mark.parametrize(
    ("uri", "number", "event", "step"),
    [
        (MIXED, signal.SIGKILL, "step", "erase"),
        (MIXED, signal.SIGHUP, "progress", ""),
        (MIXED, signal.SIGTERM, "step", "identify"),
        (DOIP, signal.SIGKILL, "progress", ""),
        (DOIP, signal.SIGTERM, "step", "reset"),
    ],
)
def test_the_flash_completes_whatever_ends_its_command(
    bench: Workbench, uri: str, number: signal.Signals, event: str, step: str
) -> None:
    with command("flash", "--vci", uri, "--ecu", "BODY") as screen:
        read_until(screen, event, step)
        screen.send_signal(number)
        code = screen.wait(LONG)
    assert code == (128 + number if number is signal.SIGTERM else -number)
    assert software_is_new(bench, uri, "BODY")


def test_the_next_screen_shows_the_progress_and_the_end(bench: Workbench) -> None:
    with command("flash", "--vci", MIXED, "--ecu", "ENGINE") as screen:
        read_until(screen, "step", "erase")
        screen.kill()
        screen.wait(LONG)
        vehicle = bench.attach(MIXED)
        job = vehicle.running
        assert job is not None and (job.kind, job.unit) == ("flash", "ENGINE")
        told = bench.stream.drain()
        assert any(isinstance(event, StepStarted) and event.step.startswith("erase") for event in told)
        until(lambda: [event for event in bench.stream.drain() if isinstance(event, ProgressMade)], "progress")
        assert vehicle.driving and vehicle.traffic_view().look(0.0, PanelWish("rows", 9)).figures.frames > 0
        result = job.wait(LONG)
        assert result.result == "flashed" and result.software_after != result.software_before
        assert vehicle.vin and vehicle.units
        vehicle.close()
    assert software_is_new(bench, MIXED, "ENGINE")


def test_a_stopped_screen_does_not_hold_the_flash_up(bench: Workbench) -> None:
    with command("flash", "--vci", MIXED, "--ecu", "BRAKES") as screen:
        read_until(screen, "step", "identify")
        screen.send_signal(signal.SIGSTOP)
        watcher = bench.attach(MIXED, watch=True)
        job = watcher.running or watcher.last_job
        assert job is not None and job.wait(LONG).result == "flashed" and not watcher.driving
        watcher.close()
        screen.send_signal(signal.SIGCONT)
        out, errors = screen.communicate(timeout=LONG)
        assert screen.returncode == 0, errors
        assert json.loads(out.splitlines()[-1])["result"] == "flashed"


def test_sighup_does_not_end_the_host_and_sigterm_does_it_safely(bench: Workbench) -> None:
    vehicle = hosted(bench)
    pid = vehicle.host.pid
    job = vehicle.flash("ENGINE")
    until(lambda: [e for e in bench.stream.drain() if isinstance(e, ProgressMade)])
    os.kill(pid, signal.SIGHUP)
    until(lambda: [e for e in bench.stream.drain() if isinstance(e, ProgressMade)])
    os.kill(pid, signal.SIGTERM)
    with pytest.raises(JobCancelled):
        job.wait(LONG)
    until(lambda: not bench.hosts())
    assert vehicle.running is None
    again = hosted(bench)  # left in programming, as after any stop in the transfer: the next flash brings it back
    assert again.host.pid != pid
    assert again.flash("ENGINE").wait(LONG).result == "flashed"
    again.close()


def test_kill_9_of_the_host_is_told_and_the_device_is_free(bench: Workbench) -> None:
    vehicle = hosted(bench)
    job = vehicle.flash("BODY")
    until(lambda: [e for e in bench.stream.drain() if isinstance(e, StepStarted) and e.step.startswith("erase")])
    os.kill(vehicle.host.pid, signal.SIGKILL)
    with pytest.raises(VciLost, match=f"pid {vehicle.host.pid}.*ended unexpectedly"):
        job.wait(LONG)
    again = hosted(bench)
    assert again.host.pid != vehicle.host.pid and again.running is None
    assert again.flash("BODY").wait(LONG).result == "flashed"
    again.close()
    assert bench.hosts() == []


def test_there_is_one_host_for_a_device(bench: Workbench) -> None:
    """Two that connect at the same moment meet in one host; one drives."""
    found: list[HostedVehicle] = []
    threads = [threading.Thread(target=lambda: found.append(hosted(bench, DOIP))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert len(found) == 3 and len({vehicle.host.pid for vehicle in found}) == 1
    assert sum(vehicle.driving for vehicle in found) == 1
    (info,) = bench.hosts()
    assert info.uri == DOIP and info.attached == 3 and str(os.getpid()) in info.driver
    with pytest.raises(VciBusy) as busy:
        bench.connect(DOIP, hosted=False)
    assert str(info.pid) in busy.value.holder and "passbay host" in busy.value.holder
    for vehicle in found:
        vehicle.close()
    assert bench.hosts() == []
    with bench.connect(DOIP, hosted=False):
        pass  # free at once


def test_a_short_command_attaches_to_the_host_that_is_there(bench: Workbench) -> None:
    first = hosted(bench)
    driver = bench.connect(MIXED)
    assert isinstance(driver, HostedVehicle) and driver.host.pid == first.host.pid and not driver.driving
    driver.close()
    with pytest.raises(VciBusy, match="in use by"):
        bench.connect(MIXED, idle=True)
    first._link._wire.hang_up()  # as a kill -9 does
    until(lambda: bench.hosts()[0].attached == 0)
    with bench.connect(MIXED, idle=True) as again:
        assert again.host.pid == first.host.pid
        assert again.survey().wait(LONG).vin
    assert bench.hosts() == []
    with bench.connect(MIXED) as here:
        assert not isinstance(here, HostedVehicle)


def test_an_idle_host_with_other_data_makes_room(bench: Workbench) -> None:
    bench.hosting.grace = PATIENCE
    first = hosted(bench)
    with pytest.raises(VciBusy):
        bench.connect(MIXED, [Path("other.pdx")])
    first._link._wire.hang_up()
    until(lambda: bench.hosts()[0].attached == 0)
    import core.simulation

    data = Path(core.simulation.__file__).with_name("vehicles") / "car-old.pdx"
    second = bench.connect(MIXED, [data], hosted=True)
    assert second.host.pid != first.host.pid and second.host.data_files == (str(data),)
    second.close()


def test_the_host_says_why_it_could_not_open(bench: Workbench) -> None:
    with open_workbench() as other, other.connect(MIXED, hosted=False):
        with pytest.raises(VciBusy) as busy:
            bench.connect(MIXED, hosted=True)
        assert str(os.getpid()) in busy.value.holder
    with pytest.raises(Exception, match="nosuchcar"):
        bench.connect("sim:nosuchcar", hosted=True)
    assert bench.hosts() == [] and not list(bench.paths.hosts.iterdir())


def test_a_host_that_is_just_opening_is_waited_for(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loser of two that start at once: the winner has the lock and is not in the list yet."""
    looks: list[str] = []
    opening = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def look(uri: str) -> list[str]:
        looks.append(uri)
        return ["there"] if len(looks) == 3 else []

    monkeypatch.setattr(bench.hosting, "_same_device", look)
    holder = f"pid {opening.pid} (passbay host {MIXED})"
    assert bench.hosting._another_is_opening(MIXED, holder) and len(looks) == 3
    assert not bench.hosting._another_is_opening(MIXED, f"pid {opening.pid} (python other.py)")
    opening.communicate(timeout=LONG)
    assert bench.hosting._another_is_opening(MIXED, holder)  # it has gone: the device is free
