"""The server with clients of this process: who drives, who watches, what they are told, how it all ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    JobCancelled,
    JobError,
    LocalProtocolError,
    NegativeResponse,
    RemoteProtocolError,
    UsageError,
    VciLost,
)
from core.events import JobFailed, JobFinished, JobStarted, Noted, ProgressMade, StepStarted, VciClosed, VciOpened
from core.host.link import dial
from core.host.seats.outbox import EVENT_LIMIT
from core.host.wire import Wire
from core.vocabulary import PanelWish, Transport, UnitState
from tests.host.fake import PATIENCE, Stage, stage, until


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "hosts") as found:
        yield found


def _kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


def test_properties_and_values_come_through(served: Stage) -> None:
    one = served.client()
    assert one.uri == "sim:fake" and one.name == "Fake" and one.transports == {Transport.CAN}
    assert one.vin == "" and one.voltage() == 13.25 and one.running is None
    assert one.state_of(("A", "B"), state=UnitState.OK) == {"A": UnitState.OK, "B": UnitState.OK}
    assert not hasattr(one, "unspeakable") and not hasattr(one, "nothing")
    served.vehicle.known_vin = "XPB"
    served.server.publish(Noted(1.0, "info", "identified"))
    until(lambda: served.events[0][-1:] == [Noted(1.0, "info", "identified")])
    assert one.vin == "XPB"  # told before the event that it belongs to


def test_a_job_brings_its_result_home_after_its_events(served: Stage) -> None:
    one = served.client()
    job = one.flash("BODY", force=True)
    assert (job.job_id, job.kind, job.unit, job.done, job.hosted) == ("flash-1", "flash", "BODY", False, True)
    assert one.running is job and not job.ended(0)
    with pytest.raises(TimeoutError):
        job.wait(0)
    served.vehicle.finish(result={"bytes": b"\x00", "parts": (1, 2)})
    assert job.wait(PATIENCE) == {"bytes": b"\x00", "parts": (1, 2)}
    assert one.running is None and job.done and job.error is None
    assert _kinds(served.events[0]) == [VciOpened, JobStarted, StepStarted, JobFinished]


def test_an_error_brings_all_that_it_says(served: Stage) -> None:
    job = served.client().flash("BODY")
    served.vehicle.finish(error=NegativeResponse("no", "do", sid=0x31, nrc=0x22))
    with pytest.raises(NegativeResponse) as caught:
        job.wait(PATIENCE)
    assert (caught.value.sid, caught.value.nrc, caught.value.advice) == (0x31, 0x22, "do")


def test_a_result_that_cannot_travel_is_an_error_and_no_silence(served: Stage) -> None:
    one = served.client()
    with pytest.raises(LocalProtocolError):
        one.unspoken()
    job = one.flash("BODY")
    served.vehicle.finish(result=object())
    with pytest.raises(LocalProtocolError):
        job.wait(PATIENCE)


def test_a_fault_in_a_wish_ends_nothing(served: Stage) -> None:
    one = served.client()
    for wish in (one.broken, lambda: one.flash(1, 2, 3, 4, 5), lambda: one._link.call("nonsense")):
        with pytest.raises((LocalProtocolError, Exception), match=r"ZeroDivision|TypeError|nonsense"):
            wish()
    with pytest.raises(AttributeError):
        one.close_it_all()
    assert one.voltage() == 13.25


@pytest.mark.parametrize("name", ["__init__", "_publish", "close", "running", "traffic_view", "vin", "jobs"])
def test_only_public_methods_are_called(served: Stage, name: str) -> None:
    one = served.client()
    with pytest.raises(LocalProtocolError, match="knows no"):
        one._link.call("call", name, (), {})


def test_the_first_drives_and_the_others_watch(served: Stage) -> None:
    driver, second = served.client("pid 1 (passbay)"), served.client("pid 2 (passbay)")
    watcher = served.client("pid 3 (jobs watch)", watch=True)
    assert (driver.driving, second.driving, watcher.driving) == (True, False, False)
    job = driver.flash("BODY")
    for other in (second, watcher):
        with pytest.raises(JobError, match=r"pid 1 \(passbay\)"):
            other.flash("ENGINE")
        assert other.voltage() == 13.25
        until(lambda other=other: other.running)
        other.running.cancel()
        with pytest.raises(JobError, match="pid 1"):
            other._link.call("cancel", job.job_id)
    assert not served.vehicle.jobs[0].cancelled.is_set()
    job.cancel()
    assert served.vehicle.jobs[0].cancelled.wait(PATIENCE)
    served.vehicle.finish(error=JobCancelled("stopped"))
    for each in (driver, second, watcher):
        until(lambda each=each: each.last_job)
        with pytest.raises(JobCancelled):
            each.last_job.wait(PATIENCE)


def test_the_wheel_goes_on_when_the_driver_is_gone(served: Stage) -> None:
    driver, second, watcher = served.client("one"), served.client("two"), served.client("three", watch=True)
    driver.flash("BODY")
    driver._link._wire.hang_up()  # as a kill -9 does
    until(lambda: second.driver == "")
    assert second.driving and not watcher.driving
    with pytest.raises(JobError):
        watcher.flash("BODY")
    second._link.call("cancel", "flash-1")
    assert served.vehicle.jobs[0].cancelled.is_set() and second.driver == "two"
    third = served.client("four")
    assert not third.driving and third.driver == "two"


def test_a_late_one_is_shown_where_the_job_is(served: Stage) -> None:
    served.client().flash("BODY")
    served.vehicle.progress(10)
    served.vehicle.progress(42)
    late = served.client(watch=True)
    job = late.host_job
    assert job is not None and (job.kind, job.unit, job.step, job.title) == ("flash", "BODY", "erase", "Erase")
    assert (job.done, job.total, job.rate) == (42, 100, 1.5) and 0 < job.started <= time.time()
    assert _kinds(served.events[1]) == [VciOpened, JobStarted, StepStarted, ProgressMade]
    assert served.events[1][-1].done == 42
    served.vehicle.finish("well")
    assert late.running is None or late.running.wait(PATIENCE) == "well"
    until(lambda: late.last_job)
    assert late.last_job.wait(0) == "well"


def test_what_ended_unseen_is_told_to_the_next(served: Stage) -> None:
    served.client().flash("BODY")
    served.clients[0]._link._wire.hang_up()
    until(lambda: served.server.info().attached == 0)
    served.vehicle.progress(50)
    served.vehicle.finish("well")
    until(lambda: served.server.info().job is None)
    late = served.client()
    assert late.running is None and late.host_job is None and late.last_job.wait(0) == "well"
    assert _kinds(served.events[1]) == [VciOpened, JobFinished]


def _stalled(served: Stage) -> Wire:
    """A client that attaches and then reads nothing, like a stopped screen."""
    link = dial(served.registry, served.entry)
    assert link is not None
    link._wire.send((1, "attach", ("stalled", False, "/")))
    until(lambda: served.server.info().attached == 1)
    return link._wire


def test_a_client_that_does_not_read_delays_nobody(served: Stage) -> None:
    wire = _stalled(served)
    watcher = served.client(watch=True)
    wire.send((2, "call", ("flash", ("BODY",), {})))
    until(lambda: served.vehicle.jobs)
    total = 20 * EVENT_LIMIT

    def work() -> None:
        for number in range(total):
            served.vehicle.progress(number, total)
        served.vehicle.finish("well")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(PATIENCE)
    assert not worker.is_alive()
    until(lambda: watcher.last_job)
    assert watcher.last_job.wait(0) == "well"
    received = []
    while (message := wire.receive()) is not None:  # it wakes up
        received.append(message)
        if message[0] == "ended":
            break
    assert len(received) <= 2 * EVENT_LIMIT + 100
    missed = wire.receive()
    assert missed[0] == "missed" and missed[1] > 0
    wire.hang_up()
    wire.close()


def test_one_that_was_too_slow_learns_where_the_job_is(served: Stage) -> None:
    one = served.client()
    one.flash("BODY")
    until(lambda: len(served.events[0]) == 3)
    gate, publish = threading.Event(), one._publish
    one._publish = lambda event: (gate.wait(PATIENCE), publish(event))[1]
    for number in range(40 * EVENT_LIMIT):
        served.vehicle.progress(number, 10**6)
    gate.set()
    until(lambda: any(isinstance(event, Noted) for event in served.events[0]), "the note of what was missed")
    until(lambda: served.events[0][-1] == ProgressMade(
        served.events[0][-1].at, "flash-1", "erase", 40 * EVENT_LIMIT - 1, 10**6, 1.5))  # fmt: skip


def test_the_panel_is_answered_by_the_host(served: Stage) -> None:
    one = served.client()
    view, other = one.traffic_view(), one.traffic_view()
    wish = PanelWish("rows", 10)
    shot = view.look(1.0, wish)
    assert shot.wish == wish and shot.figures.frames == 1
    assert [row.identifier for row in shot.lines] == ["000"]
    assert [row.meaning for row in view.look(1.1, replace(wish, filter="x")).lines] == ["x", "x"]
    assert len(other.look(1.0, wish).lines) == 1
    view.clear()
    assert view.look(2.0, wish).figures.frames == 1


def test_a_look_is_one_round_trip(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one = served.client()
    view = one.traffic_view()
    calls: list[str] = []
    call = one._link.call
    monkeypatch.setattr(one._link, "call", lambda verb, *a, **k: (calls.append(verb), call(verb, *a, **k))[1])
    for number in range(10):
        assert len(view.look(number / 10, PanelWish("rows", 100)).lines) == number + 1
    assert len(calls) == 10


def test_a_senseless_wish_of_a_panel_is_refused_and_the_last_answer_stays(served: Stage) -> None:
    one = served.client()
    view = one.traffic_view()
    shot = view.look(1.0, PanelWish("rows", 10))
    with pytest.raises(RemoteProtocolError):
        one._link.call("traffic", 1, 1.0, ("rows", 10))
    with pytest.raises(RemoteProtocolError):
        one._link.call("traffic", 1, "now", PanelWish("rows", 10))
    one._link._wire.hang_up()
    assert view.look(2.0, PanelWish("frames", 10)) == shot


def test_the_last_goodbye_ends_an_idle_host(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts", grace=PATIENCE, first_grace=PATIENCE) as served:
        runner = threading.Thread(target=served.server.run)
        runner.start()
        one, two = served.client(), served.client()
        one.close()
        assert runner.is_alive() and two.voltage() == 13.25
        leaving = threading.Thread(target=two.close)
        leaving.start()
        runner.join(PATIENCE)
        assert not runner.is_alive()
        assert leaving.is_alive()  # it waits for the device
        served.server.finish()
        leaving.join(PATIENCE)
        assert not leaving.is_alive()
        assert served.events[1][-1] == VciClosed(served.events[1][-1].at, "sim:fake", "")


@pytest.mark.parametrize("attached", [False, True])
def test_a_host_ends_by_itself_when_nobody_comes_or_all_died(tmp_path: Path, attached: bool) -> None:
    with stage(tmp_path / "hosts", grace=0.05, first_grace=PATIENCE if attached else 0.05) as served:
        if attached:
            served.client().flash("BODY")
        runner = threading.Thread(target=served.server.run)
        runner.start()
        if attached:
            served.clients[0]._link._wire.hang_up()
            until(lambda: served.server.info().attached == 0)
            assert runner.is_alive()  # the job runs
            served.vehicle.finish()
        runner.join(PATIENCE)
        assert not runner.is_alive()
        link = dial(served.registry, served.entry)
        assert link is not None
        link.start(lambda message: None, lambda reason: None)
        with pytest.raises(VciLost, match="ending"):
            link.call("attach", "late", False, "/")
        link.close()


def test_a_stop_ends_the_job_safely_then_the_host(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts") as served:
        runner = threading.Thread(target=served.server.run)
        runner.start()
        one = served.client()
        job = one.flash("BODY")
        served.server.stop()
        assert served.vehicle.jobs[0].cancelled.is_set() and runner.is_alive()
        with pytest.raises(JobError, match="ending"):
            one.flash("ENGINE")
        served.vehicle.finish(error=JobCancelled("stopped safely"))
        runner.join(PATIENCE)
        assert not runner.is_alive()
        served.server.finish("The vehicle host was stopped.")
        with pytest.raises(JobCancelled, match="safely"):
            job.wait(PATIENCE)
        until(lambda: isinstance(served.events[0][-1], VciClosed))
        assert served.events[0][-1].reason == "The vehicle host was stopped."
        with pytest.raises(VciLost, match="stopped"):
            one.flash("BODY")


def test_a_host_that_dies_is_a_lost_device(served: Stage) -> None:
    one = served.client()
    job = one.flash("BODY")
    one._link._wire.hang_up()
    with pytest.raises(VciLost, match="ended unexpectedly") as caught:
        job.wait(PATIENCE)
    assert "repeated from the start" in caught.value.advice
    until(lambda: isinstance(served.events[0][-1], VciClosed))
    failed, closed = served.events[0][-2:]
    assert isinstance(failed, JobFailed) and failed.error == "VciLost" and failed.job == "flash-1"
    assert isinstance(closed, VciClosed) and "ended unexpectedly" in closed.reason
    with pytest.raises(VciLost):
        one.state_of((), state=UnitState.OK)
    assert one.voltage() is None and one.traffic_view().look(0.0, PanelWish("rows", 5)).lines == ()


def test_leaving_does_not_stop_the_job(served: Stage) -> None:
    one = served.client()
    job = one.flash("BODY")
    one.close()
    one.close()
    assert not served.vehicle.jobs[0].cancelled.is_set()
    with pytest.raises(JobError, match="goes on"):
        job.wait(PATIENCE)
    again = served.client()
    assert again.running is not None and again.driving


def test_questions_without_a_seat(served: Stage) -> None:
    link = dial(served.registry, served.entry)
    assert link is not None
    link.start(lambda message: None, lambda reason: None)
    assert link.call("info").attached == 0
    for verb in ("call", "cancel", "traffic", "traffic_clear"):
        with pytest.raises((JobError, LocalProtocolError, UsageError)):
            link.call(verb, *({"call": ("flash", (), {}), "traffic": (1, 0.0, "", {})}.get(verb, (1,))))
    assert link.call("stop") is False
    served.client().flash("BODY")
    assert link.call("stop") is True and served.vehicle.jobs[0].cancelled.is_set()
    assert link.call("retire") is False
    link.close()


def test_the_directory_of_the_driver_is_where_its_relative_names_are_meant(tmp_path: Path) -> None:
    went: list[str] = []
    with stage(tmp_path / "hosts", go_to=went.append) as served:
        one = served.client()
        job = one.flash("BODY")
        one.voltage()
        one.state_of((), state=UnitState.OK)
        served.vehicle.finish()
        job.wait(PATIENCE)
        until(lambda: served.server.info().job is None)
        one.state_of((), state=UnitState.OK)
    assert went == [str(Path.cwd())] * 2  # not while a job runs
