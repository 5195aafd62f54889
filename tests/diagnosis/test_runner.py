"""The runner: what it publishes, and that every ending restores the vehicle and reports the first error."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest

from core.diagnosis.commands import (
    Collect,
    Command,
    Functional,
    KeepAlive,
    LinkLimit,
    Progress,
    ReadClock,
    ReadVoltage,
    Reconnect,
    Request,
    Step,
    Surveyed,
    Tell,
    Wait,
)
from core.diagnosis.runner import CancelToken, run, start
from core.diagnosis.tester import Tester
from core.errors import (
    JobCancelled,
    JobInterrupted,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    ProductError,
    VciLost,
)
from core.events import (
    JobFailed,
    JobFinished,
    JobStarted,
    Noted,
    ProgressMade,
    StepFinished,
    StepStarted,
    UnitSurveyed,
    VoltageRead,
)
from core.vocabulary import UnitState, UnitSurvey
from tests.diagnosis.scripted_vci import ENGINE, Record, ScriptedVci

Work = Generator[Command, Any, Any]
OFF, ON = b"\x85\x02", b"\x85\x01"
ERASE = Request("ENGINE", ENGINE, b"\x31\x01\xff\x00")
DTC_OFF, DTC_ON = Request("ENGINE", ENGINE, OFF), Request("ENGINE", ENGINE, ON)
NORMAL = Request("ENGINE", ENGINE, b"\x28\x00\x01")


def positive(pdu: bytes) -> bytes:
    return bytes((pdu[0] + 0x40,)) + pdu[1:4]


class Bench:
    """A runner on scripted units; the wall clock stands at 1000 s."""

    def __init__(self) -> None:
        self.vci = ScriptedVci()
        self.vci.scripts[ENGINE] = positive
        self.record = Record()
        self.cancel = CancelToken()
        self.tester = Tester(self.vci, self.vci.clock, lambda: 1000.0, self.record, self.vci.clock.pass_by)

    def run(self, job: Work) -> Any:
        return run(
            job,
            tester=self.tester,
            publish=self.record,
            kind="flash",
            unit="ENGINE",
            cancel=self.cancel,
            wall_clock=lambda: 1000.0,
            job_id="flash-x",
            summary=lambda result: f"result {result}",
        )

    def fails(self, job: Work) -> ProductError:
        """Run a job that must end badly; the error, after checking that it was published."""
        with pytest.raises(ProductError) as caught:
            self.run(job)
        failed = self.record.of(JobFailed)
        assert len(failed) == 1 and isinstance(self.record.events[-1], JobFailed)
        assert (failed[0].job, failed[0].kind, failed[0].unit) == ("flash-x", "flash", "ENGINE")
        assert failed[0].error == type(caught.value).__name__
        assert (failed[0].code, failed[0].message) == (caught.value.code, caught.value.message)
        assert failed[0].advice
        assert not self.record.of(JobFinished)
        return caught.value

    def cancel_when(self, pdu: bytes) -> None:
        """The technician cancels while this request is under way."""
        self.vci.on_send = lambda: self.cancel.cancel() if self.vci.sent[-1][2] == pdu else None

    def answer(self, pdu: bytes, reaction: Any) -> None:
        """From now on the unit does this with `pdu`, and the same as before with others."""
        before = self.vci.scripts[ENGINE]
        self.vci.scripts[ENGINE] = lambda asked: reaction if asked == pdu else before(asked)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def restoring(*body: Command) -> Work:
    """What every writing job looks like."""
    try:
        yield DTC_OFF
        for command in body:  # noqa: UP028 - a tuple takes no answers
            yield command
    finally:
        yield Step("restore", "Switch fault memory on again", protected=True)
        yield DTC_ON
        yield NORMAL


RESTORED = ["8501", "280001"]


# --- the good ending


def test_a_job_is_told_from_start_to_end(bench: Bench) -> None:
    survey = UnitSurvey("ENGINE", "Engine", ENGINE, UnitState.OK)

    def job() -> Work:
        yield Step("one", "First")
        answer = yield DTC_OFF
        bench.vci.clock.pass_by(2.0)
        yield Step("two", "Second")
        volts = yield ReadVoltage()
        limit = yield LinkLimit(ENGINE)
        clocks = yield ReadClock()
        yield Surveyed(survey)
        yield Tell(Noted(0.0, "info", "now"))
        yield Tell(Noted(5.0, "info", "then"))
        return answer, volts, limit, clocks

    result = bench.run(job())
    assert result == (b"\xc5\x02", 12.6, 4095, (pytest.approx(102.01), 1000.0))
    assert bench.record.events == [
        JobStarted(1000.0, "flash-x", "flash", "ENGINE"),
        StepStarted(1000.0, "flash-x", "one", "First"),
        StepFinished(1000.0, "flash-x", "one", pytest.approx(2.01)),  # type: ignore[arg-type]
        StepStarted(1000.0, "flash-x", "two", "Second"),
        VoltageRead(1000.0, 12.6),
        UnitSurveyed(1000.0, "flash-x", survey),
        Noted(1000.0, "info", "now"),
        Noted(5.0, "info", "then"),
        StepFinished(1000.0, "flash-x", "two", pytest.approx(0.0)),  # type: ignore[arg-type]
        JobFinished(1000.0, "flash-x", "flash", "ENGINE", f"result {result}"),
    ]


def test_the_other_commands_reach_the_tester(bench: Bench) -> None:
    def job() -> Work:
        yield Functional((ENGINE,), b"\x3e\x80")
        heard = yield Collect((ENGINE,), b"\x3e\x00", 0.5)
        back = yield Reconnect("ENGINE", ENGINE, b"\x3e\x00", 5.0)
        return heard, back

    assert bench.run(job()) == ([(ENGINE, b"\x7e\x00")], b"\x7e\x00")
    assert [pdu for _, _, pdu in bench.vci.functional] == [b"\x3e\x80", b"\x3e\x00"]


def test_progress_is_told_at_most_ten_times_a_second_and_at_the_end(bench: Bench) -> None:
    def job() -> Work:
        yield Step("transfer", "Transfer")
        for done in range(1, 1001):
            bench.vci.clock.pass_by(0.01)
            yield Progress(done * 100, 100_000)
        yield Step("partly", "Ends before its total")
        for done in range(1, 6):
            bench.vci.clock.pass_by(0.01)
            yield Progress(done, 10)

    bench.run(job())
    told = bench.record.of(ProgressMade)
    transfer = [event for event in told if event.step == "transfer"]
    assert 95 <= len(transfer) <= 103
    assert (transfer[0].done, transfer[-1].done, transfer[-1].total) == (100, 100_000, 100_000)
    assert [event.done for event in told if event.step == "partly"] == [1, 5]  # the held back one is not lost


def test_the_rate_is_that_of_the_last_30_seconds(bench: Bench) -> None:
    def job() -> Work:
        yield Step("transfer", "Transfer")
        done = 0
        for second in range(120):
            bench.vci.clock.pass_by(1.0)
            done += 1000 if second < 60 else 4000
            yield Progress(done, 1_000_000)

    bench.run(job())
    rates = [event.rate for event in bench.record.of(ProgressMade)]
    assert rates[0] == 0.0
    assert rates[50] == pytest.approx(1000)
    assert 1000 < rates[75] < 4000
    assert rates[119] == pytest.approx(4000)


# --- cancel


def test_cancel_is_thrown_at_the_next_yield_once_and_restores(bench: Bench) -> None:
    bench.cancel_when(ERASE.pdu)
    error = bench.fails(restoring(Step("erase", "Erase"), ERASE, ERASE, ERASE))
    assert isinstance(error, JobCancelled) and "erase" in error.message
    assert bench.vci.pdus() == ["8502", "3101ff00", *RESTORED]
    assert [event.step for event in bench.record.of(StepStarted)] == ["erase", "restore"]
    assert bench.record.of(StepFinished) == []  # the cancelled step has not ended well


def test_cancel_before_the_start_changes_nothing(bench: Bench) -> None:
    bench.cancel.cancel()

    def job() -> Work:
        yield DTC_OFF

    assert isinstance(bench.fails(job()), JobCancelled)
    assert bench.vci.pdus() == []


def test_cancel_ends_a_wait_early(bench: Bench) -> None:
    class ImpatientToken(CancelToken):
        def wait(self, seconds: float | None) -> bool:
            assert seconds == 600.0
            self.cancel()
            return super().wait(seconds)

    bench.cancel = ImpatientToken()
    assert isinstance(bench.fails(restoring(Wait(600.0))), JobCancelled)
    assert bench.vci.pdus() == ["8502", *RESTORED]


def test_a_wait_while_restoring_takes_its_full_time(bench: Bench) -> None:
    def job() -> Work:
        try:
            yield DTC_OFF
            yield ERASE
        finally:
            yield Wait(3.0)
            yield DTC_ON

    bench.cancel_when(OFF)
    began = bench.vci.clock.now
    assert isinstance(bench.fails(job()), JobCancelled)
    assert bench.vci.clock.now - began >= 3.0
    assert bench.vci.pdus() == ["8502", "8501"]


def test_cancel_waits_in_a_protected_step(bench: Bench) -> None:
    def job() -> Work:
        yield Step("write", "Write", protected=True)
        yield DTC_OFF
        yield NORMAL
        yield Step("more", "More")
        yield ERASE

    bench.cancel_when(OFF)
    assert isinstance(bench.fails(job()), JobCancelled)
    assert bench.vci.pdus() == ["8502", "280001"]


def test_cancel_while_a_good_ending_restores_does_not_cut_it_short(bench: Bench) -> None:
    bench.cancel_when(ON)
    bench.run(restoring(ERASE))
    assert bench.vci.pdus() == ["8502", "3101ff00", *RESTORED]
    assert isinstance(bench.record.events[-1], JobFinished)


def test_cancel_while_a_failed_job_restores_does_not_cut_it_short(bench: Bench) -> None:
    def job() -> Work:  # without a protected step: the error under way is enough
        try:
            yield ERASE
        finally:
            yield DTC_ON
            yield NORMAL

    bench.answer(ERASE.pdu, b"\x7f\x31\x72")
    bench.cancel_when(ON)
    error = bench.fails(job())
    assert isinstance(error, NegativeResponse) and error.nrc == 0x72
    assert bench.vci.pdus() == ["3101ff00", *RESTORED]


def test_cancel_reaches_a_job_that_has_handled_an_error(bench: Bench) -> None:
    def job() -> Work:
        for _ in range(3):
            try:
                yield ERASE
            except NegativeResponse:
                pass
            yield NORMAL

    bench.answer(ERASE.pdu, b"\x7f\x31\x22")
    bench.cancel_when(NORMAL.pdu)
    assert isinstance(bench.fails(job()), JobCancelled)
    assert bench.vci.pdus() == ["3101ff00", "280001"]


def test_a_cancel_that_the_job_turns_into_a_result_is_a_result(bench: Bench) -> None:
    def job() -> Work:
        done = 0
        try:
            while True:
                yield NORMAL
                done += 1
        except JobCancelled:
            return done

    bench.cancel_when(NORMAL.pdu)
    assert bench.run(job()) == 1


# --- errors


@pytest.mark.parametrize(
    ("reaction", "kind"),
    [(None, NoResponse), (VciLost("cable"), VciLost), (b"\x7f\x31\x72", NegativeResponse)],
)
def test_every_error_restores(bench: Bench, reaction: Any, kind: type[ProductError]) -> None:
    bench.answer(ERASE.pdu, reaction)
    error = bench.fails(restoring(ERASE))
    assert type(error) is kind
    assert bench.vci.pdus() == ["8502", "3101ff00", *RESTORED]


@pytest.mark.parametrize(
    ("first", "kind"),
    [(None, NoResponse), (VciLost("cable"), VciLost), (b"\x7f\x31\x72", NegativeResponse)],
)
@pytest.mark.parametrize("second", [None, VciLost("still no cable"), b"\x7f\x85\x22"])
def test_a_restoring_request_that_fails_too_does_not_mask_the_first_error(
    bench: Bench, first: Any, kind: type[ProductError], second: Any
) -> None:
    bench.answer(ERASE.pdu, first)
    bench.answer(ON, second)
    error = bench.fails(restoring(ERASE))
    assert type(error) is kind and "still" not in error.message
    assert not isinstance(error, NegativeResponse) or error.sid == 0x31
    assert error.message == bench.record.of(JobFailed)[0].message
    notes = [event.text for event in bench.record.of(Noted)]
    assert len(notes) == 1 and notes[0].startswith("While ending the job: ")


def test_nor_does_it_mask_a_cancel(bench: Bench) -> None:
    bench.answer(ON, VciLost("cable"))
    bench.cancel_when(OFF)
    assert isinstance(bench.fails(restoring(ERASE)), JobCancelled)
    assert bench.vci.pdus() == ["8502", "8501"]


def test_restoring_requests_that_are_each_guarded_all_run(bench: Bench) -> None:
    def job() -> Work:
        try:
            yield ERASE
        finally:
            for command in (DTC_ON, NORMAL):
                try:
                    yield command
                except ProductError as problem:
                    yield Tell(Noted(0.0, "warning", problem.message))

    bench.answer(ERASE.pdu, b"\x7f\x31\x72")
    bench.answer(ON, b"\x7f\x85\x22")
    bench.cancel_when(ON)
    error = bench.fails(job())
    assert isinstance(error, NegativeResponse) and error.nrc == 0x72
    assert bench.vci.pdus() == ["3101ff00", *RESTORED]


def test_what_the_job_says_itself_is_reported(bench: Bench) -> None:
    def job() -> Work:
        try:
            yield ERASE
        except NoResponse as silence:
            raise JobInterrupted("Erase was not confirmed.", step="erase") from silence

    bench.answer(ERASE.pdu, None)
    error = bench.fails(job())
    assert isinstance(error, JobInterrupted) and isinstance(error.__cause__, NoResponse)


def test_an_error_of_the_jobs_own_before_any_change(bench: Bench) -> None:
    def job() -> Work:
        volts = yield ReadVoltage()
        raise PreconditionNotMet(f"{volts} V is too low.")

    assert isinstance(bench.fails(job()), PreconditionNotMet)


def test_a_later_error_is_not_confused_with_a_handled_one(bench: Bench) -> None:
    def job() -> Work:
        try:
            yield ERASE
        except NegativeResponse:
            pass
        yield NORMAL

    bench.answer(ERASE.pdu, b"\x7f\x31\x22")
    bench.answer(NORMAL.pdu, VciLost("cable"))
    assert isinstance(bench.fails(job()), VciLost)


def test_a_bug_in_the_job_becomes_job_interrupted_after_restoring(bench: Bench) -> None:
    def job() -> Work:
        try:
            yield Step("transfer", "Transfer")
            yield {}["no such block"]
        finally:
            yield DTC_ON

    error = bench.fails(job())
    assert isinstance(error, JobInterrupted) and isinstance(error.__cause__, KeyError)
    assert error.step == "transfer" and "KeyError" in error.message
    assert bench.vci.pdus() == ["8501"]


def test_a_bug_below_becomes_job_interrupted_and_the_job_restores(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.vci, "voltage", lambda: 1 / 0)
    error = bench.fails(restoring(Step("check", "Check"), ReadVoltage()))
    assert isinstance(error, JobInterrupted) and isinstance(error.__cause__, ZeroDivisionError)
    assert error.step == "check" and "ReadVoltage" in error.message
    assert bench.vci.pdus() == ["8502", *RESTORED]


def test_a_job_that_yields_nonsense_is_interrupted(bench: Bench) -> None:
    assert isinstance(bench.fails(restoring("hello")), JobInterrupted)  # type: ignore[arg-type]
    assert bench.vci.pdus() == ["8502", *RESTORED]


def test_control_c_is_a_cancel(bench: Bench) -> None:
    def press() -> None:
        if bench.vci.sent[-1][2] == ERASE.pdu:
            raise KeyboardInterrupt

    bench.vci.on_send = press
    assert isinstance(bench.fails(restoring(ERASE, ERASE)), JobCancelled)
    assert bench.vci.pdus() == ["8502", "3101ff00", *RESTORED]
    assert bench.cancel.wished


def test_the_end_of_the_program_is_told_too(bench: Bench) -> None:
    def job() -> Work:
        yield DTC_OFF
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        bench.run(job())
    assert isinstance(bench.record.events[-1], JobFailed)


@pytest.mark.parametrize("ending", ["good", "failed", "stopped by itself"])
def test_a_keep_alive_never_outlives_its_job(bench: Bench, ending: str) -> None:
    def job() -> Work:
        yield KeepAlive((ENGINE,), interval=1.0)
        if ending == "failed":
            yield ERASE
        if ending == "stopped by itself":
            yield KeepAlive(())

    bench.answer(ERASE.pdu, b"\x7f\x31\x72")
    if ending == "failed":
        bench.fails(job())
    else:
        bench.run(job())
    threads = list(bench.tester._keep_alive.values())
    assert len(threads) == 1 and not threads[0].running
    bench.tester.close()


# --- in a thread


def test_a_running_job_is_waited_for_cancelled_and_asked(bench: Bench) -> None:
    inside = threading.Event()
    go_on = threading.Event()

    def slow(pdu: bytes) -> bytes:
        inside.set()
        assert go_on.wait(30)
        return positive(pdu)

    bench.vci.scripts[ENGINE] = slow
    running = start(restoring(ERASE), tester=bench.tester, publish=bench.record, kind="flash", unit="ENGINE")
    assert inside.wait(30)
    assert not running.done and running.error is None
    with pytest.raises(TimeoutError):
        running.wait(0.01)
    running.cancel()
    go_on.set()
    with pytest.raises(JobCancelled):
        running.wait(30)
    assert running.done and isinstance(running.error, JobCancelled)
    assert bench.vci.pdus() == ["8502", *RESTORED]
    assert {event.job for event in bench.record.of(JobStarted)} == {running.job_id}


def test_a_running_job_gives_its_result(bench: Bench) -> None:
    def job() -> Generator[Command, Any, int]:
        yield DTC_OFF
        return 42

    running = start(job(), tester=bench.tester, publish=bench.record, kind="uds", summary=str)
    assert running.wait(30) == 42
    assert running.done and running.error is None
    assert bench.record.of(JobFinished)[0].summary == "42"
    again = start(job(), tester=bench.tester, publish=bench.record, kind="uds")
    assert again.wait(30) == 42
    assert again.job_id != running.job_id
