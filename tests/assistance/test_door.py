"""The face `workbench.assistance`: a door as a process of its own is started, asked, stopped, killed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.errors import PreconditionNotMet, SetupError
from core.vocabulary import Decision, VisitKind, VisitState
from core.workbench import Workbench, WorkbenchPaths
from core.workbench.assistance import Assistance
from core.workbench.assistance import door as door_process

PATIENCE = 20.0
Make = Callable[[str], Assistance]


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.fixture
def paths(tmp_path: Path) -> WorkbenchPaths:
    return WorkbenchPaths.below(tmp_path)


@pytest.fixture
def make(paths: WorkbenchPaths) -> Iterator[Make]:
    """An Assistance whose door behaves as it is told to; what is still open is closed at the end."""
    made: list[Assistance] = []

    def one(mode: str = "plain") -> Assistance:
        made.append(Assistance(paths, (sys.executable, "-P", "-m", "tests.assistance.small_door", mode)))
        return made[-1]

    yield one
    for each in made:
        each.stop_door()


def test_a_door_is_opened_asked_and_closed(make: Make, paths: WorkbenchPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSBAY_VISITOR", "{}")
    ours, other = make("plain"), make("plain")
    assert not ours.stop_door()
    door = ours.start_door(port=8123)
    assert door.url == "http://127.0.0.1:8123/"
    assert door.pid != os.getpid()
    assert os.getsid(door.pid) == door.pid, "a session of its own: it outlives this terminal"
    assert other.door() == door
    until(lambda: bool(other.visits()))
    visit = other.decide("abcd1234", Decision.LET_IN_OWN)
    assert (visit.state, visit.kind) == (VisitState.IN, VisitKind.OWN)
    assert ours.decide("abcd1234", Decision.END).state is VisitState.ENDED
    with pytest.raises(PreconditionNotMet):
        ours.decide("abcd1234", Decision.LET_IN)
    assert other.stop_door()
    assert ours.door() is None
    assert not psutil.pid_exists(door.pid) or psutil.Process(door.pid).status() == psutil.STATUS_ZOMBIE
    said = json.loads((paths.logs / "door.log").read_text().splitlines()[-1])
    assert said == {"options": ["--host", "127.0.0.1", "--port", "8123", "--json"], "visitor": None}


def test_a_certificate_is_passed_on(make: Make, paths: WorkbenchPaths) -> None:
    make("plain").start_door(host="192.0.2.1", port=8443, certificate="/c.pem", key="/k.pem", public_url="https://a:1")
    said = json.loads((paths.logs / "door.log").read_text().splitlines()[-1])
    assert said["options"] == [
        "--host", "192.0.2.1", "--port", "8443", "--certificate", "/c.pem", "--key", "/k.pem", "--public-url", "https://a:1",
        "--json",
    ]  # fmt: skip


def test_why_it_did_not_open_is_told_in_its_words(make: Make) -> None:
    with pytest.raises(SetupError, match=r"Port 8022 is taken\.") as told:
        make("refuses").start_door()
    assert told.value.advice == "Take another."
    with pytest.raises(SetupError, match="ended at once") as told:
        make("crashes").start_door()
    assert "door.log" in told.value.advice, "not the words of the door before it"


def test_there_is_one_door(make: Make) -> None:
    first = make("plain")
    door = first.start_door()
    with pytest.raises(SetupError, match=rf"open for browsers already at http://127\.0\.0\.1:8022/: pid {door.pid}"):
        make("plain").start_door(port=8023)
    assert first.door() == door


def test_a_killed_door_is_no_door(make: Make) -> None:
    ours = make("plain")
    door = ours.start_door()
    os.kill(door.pid, signal.SIGKILL)
    until(lambda: ours.door() is None)
    assert ours.visits() == ()
    assert not ours.stop_door()
    assert ours.start_door().pid != door.pid


def test_a_door_that_does_not_listen_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_process, "STOP_SECONDS", 0.3)
    ours = make("deaf")
    door = ours.start_door()
    assert ours.stop_door()
    assert ours.door() is None
    until(lambda: not psutil.pid_exists(door.pid))


def test_who_is_behind_the_door_does_not_wait_for_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door waits for its apps: an app that waited for the door would hold both up."""
    ours = make("deaf")
    door = ours.start_door()
    assert not door_process.behind(door)
    assert door_process.behind(replace(door, pid=os.getppid()))
    with monkeypatch.context() as patched:
        patched.setattr(door_process, "behind", lambda _door: True)
        assert ours.stop_door()
        assert ours.door() == door, "it was told, and not waited for"
    monkeypatch.setattr(door_process, "STOP_SECONDS", 0.3)
    assert ours.stop_door()
    assert ours.door() is None


def test_a_door_that_never_opens(make: Make, monkeypatch: pytest.MonkeyPatch, paths: WorkbenchPaths) -> None:
    monkeypatch.setattr(door_process, "START_SECONDS", 0.2)
    sleeper = Assistance(paths, (sys.executable, "-c", "import sys; sys.stdin.read(); import time; time.sleep(60)"))
    with pytest.raises(SetupError, match=r"did not open within 0\.2 s"):
        sleeper.start_door()


def test_a_log_that_cannot_be_written(make: Make, paths: WorkbenchPaths) -> None:
    paths.logs.mkdir(parents=True)
    (paths.logs / "door.log").mkdir()
    with pytest.raises(SetupError, match=r"door\.log cannot be written"):
        make("plain").start_door()


def test_the_workbench_offers_it(paths: WorkbenchPaths) -> None:
    with Workbench(paths) as workbench:
        assert workbench.assistance.door() is None
        assert workbench.assistance.visits() == ()
    assert not paths.visits.exists()
