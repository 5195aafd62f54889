"""Seats of remote helpers: they watch, drive only what was handed over, and hold nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import JobError, LocalProtocolError, RightMissing, VciLost
from core.events import VciClosed
from core.host.link import dial
from core.host.vehicle import HostedVehicle
from core.vocabulary import HostSeat, Visitor
from tests.host.fake import PATIENCE, Stage, stage, until


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "hosts") as found:
        yield found


def _seat(vehicle: HostedVehicle, name: str = "Anna") -> int:
    found: HostSeat = until(lambda: next((s for s in vehicle.seats if s.name == name), None), name)
    return found.number


def _lend(technician: HostedVehicle, helper: HostedVehicle, name: str = "Anna") -> None:
    technician.hand_over(_seat(technician, name))
    until(lambda: helper.driving, "the wheel")


def _drop(vehicle: HostedVehicle) -> None:
    vehicle._link._wire.hang_up()  # as a kill -9 does


def test_a_helper_never_drives_by_himself(served: Stage) -> None:
    helper = served.helper()
    assert helper.helping and not helper.driving and helper.driver == ""
    with pytest.raises(JobError, match="You only watch; nobody drives"):
        helper.flash("BODY")
    assert helper.voltage() == 13.25
    technician = served.client("pid 1 (passbay)")
    assert technician.driving and not technician.helping and technician.lent_to == ""
    with pytest.raises(JobError, match="the technician drives"):
        helper.flash("BODY")
    technician.close()
    until(lambda: len(helper.seats) == 1)
    assert not helper.driving
    with pytest.raises(JobError):
        helper.flash("BODY")
    assert served.vehicle.jobs == []


def test_everybody_is_told_who_is_there(served: Stage) -> None:
    technician, helper = served.client("pid 1 (passbay)"), served.helper()
    wanted = (
        HostSeat(1, "pid 1 (passbay)", driving=True),
        HostSeat(2, "Anna of Works (browser)", helper=True, watches=True, name="Anna", visit="visit-Anna"),
    )
    assert helper.seats == wanted
    until(lambda: technician.seats == wanted)
    assert served.server.info().helpers == 1 and served.server.info().attached == 2
    own = served.client("Ina (browser)", visitor=Visitor("v2", "Ina", kind="own"))
    until(lambda: [seat.helper for seat in technician.seats] == [False, True, False])
    assert not own.helping and own.seats[-1].visit == "v2"
    helper.close()
    until(lambda: [seat.name for seat in technician.seats] == ["", "Ina"])


def test_what_is_handed_over_is_driven_and_what_is_taken_back_is_not(served: Stage) -> None:
    technician, helper = served.client("pid 1 (passbay)"), served.helper()
    _lend(technician, helper)
    until(lambda: technician.lent_to == "Anna" and not technician.driving)
    with pytest.raises(JobError, match=r"handed over to Anna of Works.*") as refused:
        technician.flash("BODY")
    assert "Take it back" in refused.value.advice
    job = helper.flash("BODY")
    until(lambda: technician.running)
    technician.take_back()
    until(lambda: not helper.driving and technician.driving)
    assert not served.vehicle.jobs[0].cancelled.is_set(), "what runs goes on"
    job.cancel()
    with pytest.raises(JobError):
        helper._link.call("cancel", job.job_id)
    with pytest.raises(JobError):
        helper._link.call("stop")
    assert not served.vehicle.jobs[0].cancelled.is_set()
    technician.running.cancel()
    assert served.vehicle.jobs[0].cancelled.wait(PATIENCE)
    served.vehicle.finish("well")
    assert job.wait(PATIENCE) == "well"
    with pytest.raises(JobError):
        helper.flash("BODY")
    assert len(served.vehicle.jobs) == 1


def test_take_back_counts_before_the_helpers_screen_has_heard_of_it(served: Stage) -> None:
    """A dialog that is still open there confirms in vain: the host refuses."""
    technician, helper = served.client(), served.helper()
    _lend(technician, helper)
    gate = threading.Event()
    helper._link._on_push = lambda message: (gate.wait(PATIENCE), helper._pushed(message))[1]
    technician.take_back()
    assert helper.driving, "it believes so"
    helper._link._wire.send((10**6, "call", ("flash", ("BODY",), {})))
    gate.set()
    helper.voltage()  # its answer comes behind that of the wish before
    assert served.vehicle.jobs == [] and not helper.driving


def test_who_stands_at_the_pc_may_stop_a_lent_job(served: Stage) -> None:
    technician, helper, other = served.client(), served.helper(), served.client(watch=True)
    _lend(technician, helper)
    job = helper.flash("BODY")
    for watcher in (other, served.helper("Bert")):
        with pytest.raises(JobError):
            watcher._link.call("cancel", job.job_id)
    assert not served.vehicle.jobs[0].cancelled.is_set()
    until(lambda: technician.running)
    technician.running.cancel()
    assert served.vehicle.jobs[0].cancelled.wait(PATIENCE)
    until(lambda: technician.lent_to == "Anna")


def test_a_lent_seat_stops_what_it_began(served: Stage) -> None:
    technician, helper = served.client(), served.helper()
    _lend(technician, helper)
    helper.flash("BODY").cancel()
    assert served.vehicle.jobs[0].cancelled.wait(PATIENCE)


@pytest.mark.parametrize("leaves", [HostedVehicle.close, _drop])
def test_the_helpers_leaving_gives_it_back(served: Stage, leaves: Any) -> None:
    technician, helper = served.client(), served.helper()
    _lend(technician, helper)
    helper.flash("BODY")
    leaves(helper)
    until(lambda: technician.driving and technician.lent_to == "")
    assert not served.vehicle.jobs[0].cancelled.is_set()
    served.vehicle.finish()
    until(lambda: served.server.info().job is None)
    assert technician.flash("BODY").job_id == "flash-2"


def test_without_its_lender_a_helper_keeps_nothing(served: Stage) -> None:
    technician, helper = served.client("one"), served.helper()
    _lend(technician, helper)
    job = helper.flash("BODY")
    _drop(technician)
    until(lambda: not helper.driving)
    assert helper.driver == "" and not served.vehicle.jobs[0].cancelled.is_set()
    with pytest.raises(JobError):
        helper._link.call("cancel", job.job_id)
    successor = served.client("two")
    assert successor.driving and successor.running.job_id == job.job_id
    successor.running.cancel()
    assert served.vehicle.jobs[0].cancelled.wait(PATIENCE)


def test_two_helpers_one_wheel(served: Stage) -> None:
    technician, anna, bert = served.client(), served.helper(), served.helper("Bert")
    _lend(technician, anna)
    with pytest.raises(RightMissing):
        anna.hand_over(_seat(anna, "Bert"))
    for helper in (anna, bert):
        with pytest.raises(RightMissing):
            helper.take_back()
    with pytest.raises(JobError, match="Anna drives"):
        bert.flash("BODY")
    _lend(technician, bert, "Bert")  # straight on to the other one
    until(lambda: not anna.driving and technician.lent_to == "Bert")
    with pytest.raises(JobError):
        anna.flash("BODY")
    _drop(bert)
    until(lambda: technician.driving)
    assert not anna.driving


def test_who_may_hand_over(served: Stage) -> None:
    watcher, helper = served.client(watch=True), served.helper()
    number = _seat(watcher)
    with pytest.raises(JobError, match="only watches"):
        watcher.hand_over(number)
    first, second = served.client("one"), served.client("two")
    with pytest.raises(JobError, match="one drives"):
        second.hand_over(number)
    for nobody in (99, 1, 3):  # not there, a watcher, himself
        with pytest.raises(JobError, match="No helper"):
            first.hand_over(nobody)
    assert first.driving
    _drop(first)
    until(lambda: second.driver == "")
    _lend(second, helper)  # nobody drove
    watcher.take_back()  # whoever stands at the PC may
    until(lambda: second.driving and not helper.driving)
    second.take_back()  # nothing to do
    assert second.driving


@pytest.mark.parametrize("lent", [False, True])
def test_a_helper_calls_what_is_named_and_nothing_else(served: Stage, lent: bool) -> None:
    technician, helper = served.client(), served.helper()
    if lent:
        _lend(technician, helper)
    assert helper._methods == {"voltage", "flash"} < technician._methods
    for name in sorted(technician._methods - {"voltage", "flash"}):
        with pytest.raises(RightMissing, match=name):
            helper._link.call("call", name, (), {})
    with pytest.raises(RightMissing, match="no force"):
        helper.flash("BODY", force=True)
    with pytest.raises(RightMissing, match="no force"):
        helper.flash("BODY", True)
    with pytest.raises(LocalProtocolError, match="knows no"):
        helper._link.call("call", "driven_by", ("me",), {})
    with pytest.raises(RightMissing):
        helper._link.call("retire")
    with pytest.raises((RightMissing, JobError)):
        helper._link.call("hand_over", helper._seat)
    if not lent:
        with pytest.raises(JobError):
            helper._link.call("stop")
    assert served.vehicle.jobs == []


def test_what_a_seat_is_is_told_once(served: Stage) -> None:
    helper = served.helper()
    for again in (("me", False, "/"), ("me", False, "/", None), ("me", False, "/", Visitor("v", "me", kind="own"))):
        with pytest.raises(JobError, match="already"):
            helper._link.call("attach", *again)
    assert [(seat.helper, seat.holder) for seat in helper.seats] == [(True, "Anna of Works (browser)")]
    with pytest.raises(JobError, match="only watch"):
        helper.flash("BODY")
    link = dial(served.registry, served.entry)
    assert link is not None
    link.start(lambda message: None, lambda reason: None)
    for verb, arguments in (("hand_over", (1,)), ("take_back", ())):
        with pytest.raises(JobError, match="Attach"):
            link.call(verb, *arguments)
    link.close()


def test_the_history_learns_who_drives(served: Stage) -> None:
    technician, helper = served.client(), served.helper()
    _lend(technician, helper)
    assert served.vehicle._drivers[-1] == "Anna of Works (browser)"
    technician.take_back()
    assert served.vehicle._drivers[-1] == ""


def test_the_directory_of_a_helper_counts_for_nothing(tmp_path: Path) -> None:
    went: list[str] = []
    with stage(tmp_path / "hosts", go_to=went.append) as served:
        technician, helper = served.client(), served.helper()
        _lend(technician, helper)
        helper.flash("BODY")
    assert went == []


@pytest.mark.parametrize("leaves", [HostedVehicle.close, _drop])
def test_helpers_do_not_keep_an_idle_host(tmp_path: Path, leaves: Any) -> None:
    with stage(tmp_path / "hosts", grace=0.05, first_grace=PATIENCE) as served:
        runner = threading.Thread(target=served.server.run)
        runner.start()
        technician, helper = served.client(), served.helper()
        technician.flash("BODY")
        leaving = threading.Thread(target=leaves, args=(technician,))
        leaving.start()
        until(lambda: len(helper.seats) == 1)
        assert runner.is_alive(), "the flash goes on"
        served.vehicle.finish("well")
        runner.join(PATIENCE)
        assert not runner.is_alive()
        served.server.finish("The vehicle host was stopped.")
        leaving.join(PATIENCE)
        until(lambda: isinstance(served.events[1][-1], VciClosed))
        with pytest.raises(VciLost, match="technician has disconnected"):
            helper.flash("BODY")


def test_an_idle_host_retires_under_its_helpers(served: Stage) -> None:
    served.helper()
    link = dial(served.registry, served.entry)
    assert link is not None
    link.start(lambda message: None, lambda reason: None)
    assert link.call("retire") is True
    link.close()


def test_a_helper_that_leaves_ends_no_host(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts", grace=PATIENCE, first_grace=PATIENCE) as served:
        runner = threading.Thread(target=served.server.run)
        runner.start()
        technician, helper = served.client(), served.helper()
        _drop(technician)
        until(lambda: len(helper.seats) == 1)
        helper.close()
        until(lambda: served.server.info().attached == 0)
        again = served.client()  # the next screen of the technician comes within the grace
        assert again.driving and runner.is_alive()
        served.server.stop()
        runner.join(PATIENCE)


def test_a_helper_takes_no_news_from_the_technician(served: Stage) -> None:
    served.client().flash("BODY")
    helper = served.helper()
    _drop(served.clients[0])
    until(lambda: served.server.info().attached == 1)
    served.vehicle.finish("well")
    until(lambda: served.server.info().job is None)
    served.helper("Bert")
    served.client()
    assert any(type(event).__name__ == "JobFinished" for event in served.events[-1])
    assert helper.last_job.wait(PATIENCE) == "well"
