"""The job runner: performs what a job (a generator of commands.py) asks for, times it, and ends it safely.

A cancel becomes JobCancelled, thrown into the job at its next yield, once. While the job handles an error (it is in
an `except` or `finally` because of it) and in a protected step, a cancel waits, so that restoring is never cut short.
A command that fails while an error is handled does not mask that error: the first one is reported. So a fallback
that is wished for belongs after the `except` block, not into it. An exception that is no ProductError becomes
JobInterrupted with the original as its cause: this is the one place in the core that catches all.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, Generic, TypeVar

from core.diagnosis.commands import (
    NO_JOURNAL,
    Collect,
    Command,
    Functional,
    Job,
    JobJournal,
    KeepAlive,
    LinkLimit,
    Progress,
    ReadClock,
    ReadVoltage,
    Reconnect,
    Record,
    Request,
    Step,
    Surveyed,
    Tell,
    Wait,
)
from core.diagnosis.tester import Publish, Tester
from core.errors import JobCancelled, JobInterrupted, ProductError
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
from core.vci.channel import Clock

T = TypeVar("T")

PROGRESS_SPACING = 0.1
RATE_WINDOW = 30.0
FAULT_OF_OURS = "Keep the ignition on and start the job again; please report this with the bus trace."
_numbers = count(1)


class CancelToken:
    """The technician's wish to stop. Set once, from any thread."""

    def __init__(self) -> None:
        self._wished = threading.Event()

    @property
    def wished(self) -> bool:
        return self._wished.is_set()

    def cancel(self) -> None:
        self._wished.set()

    def wait(self, seconds: float | None) -> bool:
        """Wait up to `seconds`; True as soon as the wish is there."""
        return self._wished.wait(seconds)


class _Meter:
    """Done and rate of one step; says when a ProgressMade is due."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._told = float("-inf")
        self.held_back: Progress | None = None

    def due(self, progress: Progress, now: float) -> bool:
        if now - self._told < PROGRESS_SPACING and progress.done < progress.total:
            self.held_back = progress
            return False
        self._told = now
        self.held_back = None
        return True

    def rate(self, done: int, now: float) -> float:
        """Per second over the last 30 s; 0 while there is nothing to compare."""
        samples = self._samples
        samples.append((now, done))
        while now - samples[0][0] > RATE_WINDOW and len(samples) > 2:
            samples.popleft()
        then, before = samples[0]
        return (done - before) / (now - then) if now > then and done > before else 0.0


class _Run:
    """One job under way."""

    def __init__(
        self, job_id: str, tester: Tester, publish: Publish, cancel: CancelToken, clock: Clock, journal: JobJournal
    ) -> None:
        self.job_id = job_id
        self._journal = journal
        self.step = Step("", "")
        self._tester = tester
        self._publish = publish
        self._cancel = cancel
        self._wall_clock = clock
        self._clock = tester.clock
        self._step_began = 0.0
        self._meter = _Meter()
        self._cancel_thrown = False
        self._keeps_alive = False
        # weak: an error lives as long as the job handles it, and no longer
        self._thrown: list[weakref.ref[ProductError]] = []
        self._perform: dict[type, Callable[[Any], Any]] = {
            Request: tester.request,
            Functional: tester.functional,
            Collect: tester.collect,
            Reconnect: tester.reconnect,
            KeepAlive: self._keep_alive,
            LinkLimit: lambda command: tester.link_limit(command.address),
            ReadClock: lambda command: (self._clock(), self._wall_clock()),
            ReadVoltage: self._read_voltage,
            Wait: self._wait,
            Step: self._begin_step,
            Progress: self._progress,
            Tell: self._tell,
            Surveyed: self._surveyed,
            Record: self._record,
        }

    def drive(self, job: Job[T]) -> T:
        """Run `job` to its end; raises what it raises."""
        answer: Any = None
        trouble: list[ProductError] = []  # popped when thrown, so that no variable here keeps the error alive
        while True:
            try:
                command = job.throw(trouble.pop()) if trouble else job.send(answer)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if self._cancel.wished and self._may_cancel(command):
                trouble.append(self._remember(self._cancelled()))
                continue
            try:
                answer = self._perform[type(command)](command)
            except ProductError as error:
                trouble.append(self._remember(error))
            except KeyboardInterrupt:
                self._cancel.cancel()
                trouble.append(self._remember(self._cancelled()))
            except Exception as error:  # noqa: BLE001 - the runner is where anything unexpected becomes a safe ending
                trouble.append(self._remember(self.interrupted(error, command)))

    def first_error(self, error: ProductError) -> ProductError:
        """The error that the job ended with, or the one it was handling when a further command failed."""
        if not self._was_thrown(error):
            return error  # the job's own words
        first: BaseException = error
        seen: BaseException | None = error
        while seen is not None and not seen.__suppress_context__:
            seen = seen.__context__
            if seen is not None and self._was_thrown(seen):
                first = seen
        if first is not error and isinstance(first, ProductError):
            self._publish(Noted(self._wall_clock(), "warning", f"While ending the job: {error.message}"))
            return first
        return error

    def interrupted(self, error: Exception, command: Command | None = None) -> JobInterrupted:
        """A fault of ours as an error for the technician, the original as its cause."""
        where = f" in step {self.step.name}" if self.step.name else ""
        what = f" at {type(command).__name__}" if command is not None else ""
        message = f"The job was interrupted{where}{what} by a fault of Passbay: {type(error).__name__}: {error}"
        wrapped = JobInterrupted(message, FAULT_OF_OURS, step=self.step.name)
        wrapped.__cause__ = error
        return wrapped

    def finish(self, *, well: bool) -> None:
        """Every ending: what the job left running is stopped."""
        self._end_step(well=well)
        if self._keeps_alive:
            self._tester.keep_alive(KeepAlive(()))

    # -- cancel

    def _handles_error(self) -> bool:
        return any(error() is not None for error in self._thrown)

    def _may_cancel(self, command: Command) -> bool:
        if self._cancel_thrown or self._handles_error():
            return False
        return not (command if isinstance(command, Step) else self.step).protected

    def _cancelled(self) -> JobCancelled:
        self._cancel_thrown = True
        where = f" in step {self.step.name}" if self.step.name else ""
        return JobCancelled(f"Stopped by the technician{where}.")

    def _remember(self, error: ProductError) -> ProductError:
        self._thrown = [kept for kept in self._thrown if kept() is not None]
        self._thrown.append(weakref.ref(error))
        return error

    def _was_thrown(self, error: BaseException) -> bool:
        return any(kept() is error for kept in self._thrown)

    # -- commands that are more than one call

    def _keep_alive(self, command: KeepAlive) -> None:
        self._keeps_alive = bool(command.addresses)
        self._tester.keep_alive(command)

    def _read_voltage(self, command: ReadVoltage) -> float | None:
        volts = self._tester.voltage()
        self._publish(VoltageRead(self._wall_clock(), volts))
        return volts

    def _wait(self, command: Wait) -> None:
        if not self._may_cancel(command):
            self._tester.wait(command.seconds)  # restoring waits its full time
        elif self._cancel.wait(command.seconds):
            raise self._cancelled()

    def _begin_step(self, command: Step) -> None:
        self._end_step(well=not self._handles_error())
        self._record(Record("step", {"step": command.name, "title": command.title}))
        self.step = command
        self._step_began = self._clock()
        self._publish(StepStarted(self._wall_clock(), self.job_id, command.name, command.title))

    def _end_step(self, *, well: bool) -> None:
        if self._meter.held_back is not None:
            self._tell_progress(self._meter.held_back, self._clock())
        self._meter = _Meter()
        if self.step.name and well:
            seconds = self._clock() - self._step_began
            self._publish(StepFinished(self._wall_clock(), self.job_id, self.step.name, seconds))
        self.step = Step("", "")

    def _progress(self, command: Progress) -> None:
        now = self._clock()
        self._journal.progress(command.done, command.total)
        if self._meter.due(command, now):
            self._tell_progress(command, now)

    def _tell_progress(self, progress: Progress, now: float) -> None:
        rate = self._meter.rate(progress.done, now)
        at = self._wall_clock()
        self._publish(ProgressMade(at, self.job_id, self.step.name, progress.done, progress.total, rate))

    def _tell(self, command: Tell) -> None:
        event = command.event
        self._publish(event if event.at else replace(event, at=self._wall_clock()))

    def _record(self, command: Record) -> None:
        self._journal.record(self.job_id, command.event, command.fields)

    def _surveyed(self, command: Surveyed) -> None:
        self._publish(UnitSurveyed(self._wall_clock(), self.job_id, command.unit))
        self._thrown.clear()  # the unit is done, and so is its error, whoever else still holds it


def run(
    job: Job[T],
    *,
    tester: Tester,
    publish: Publish,
    kind: str,
    unit: str = "",
    cancel: CancelToken | None = None,
    wall_clock: Clock = time.time,
    job_id: str = "",
    summary: Callable[[T], str] | None = None,
    journal: JobJournal = NO_JOURNAL,
) -> T:
    """Run `job` in this thread and return its result; JobStarted and then JobFinished or JobFailed are published.

    Raises ProductError only (JobInterrupted for anything unexpected), besides KeyboardInterrupt and SystemExit.
    `summary` makes the sentence of JobFinished from the result; `journal` keeps what the job Records.
    """
    name = job_id or f"{kind}-{next(_numbers)}"
    under_way = _Run(name, tester, publish, cancel or CancelToken(), wall_clock, journal)

    def failed(error: ProductError) -> JobFailed:
        at = wall_clock()
        journal.ended(name, error)
        return JobFailed(at, name, kind, unit, error.name, error.code, error.message, error.advice)

    publish(JobStarted(wall_clock(), name, kind, unit))
    try:
        result = under_way.drive(job)
        sentence = summary(result) if summary is not None else f"{kind} finished"
    except ProductError as error:
        problem = under_way.first_error(error)
    except Exception as error:  # noqa: BLE001 - the job's own code failed: the technician still gets a clear ending
        problem = under_way.interrupted(error)
    except BaseException:
        under_way.finish(well=False)
        publish(failed(JobCancelled("The program was ended while the job ran.")))
        raise
    else:
        under_way.finish(well=True)
        journal.ended(name, None)
        publish(JobFinished(wall_clock(), name, kind, unit, sentence))
        return result
    under_way.finish(well=False)
    publish(failed(problem))
    raise problem


class RunningJob(Generic[T]):
    """A job in a thread of its own. `wait` gives the result or raises its error."""

    def __init__(self, job_id: str, kind: str, unit: str) -> None:
        self.job_id = job_id
        self.kind = kind
        self.unit = unit
        self._cancel = CancelToken()
        self._ended = threading.Event()
        self._results: list[T] = []
        self._error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """What it ended with; None while it runs and after a good ending."""
        return self._error

    def cancel(self) -> None:
        """Ask for the safe ending; returns at once."""
        self._cancel.cancel()

    def ended(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True as soon as the job has ended."""
        return self._ended.wait(timeout)

    def wait(self, timeout: float | None = None) -> T:
        """The result. Raises the job's error, or TimeoutError after `timeout` seconds (the job runs on)."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"{self.job_id} is still running")
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _work(self, action: Callable[[CancelToken], T]) -> None:
        try:
            self._results.append(action(self._cancel))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        finally:
            self._ended.set()


def start(
    job: Job[T],
    *,
    tester: Tester,
    publish: Publish,
    kind: str,
    unit: str = "",
    wall_clock: Clock = time.time,
    summary: Callable[[T], str] | None = None,
    journal: JobJournal = NO_JOURNAL,
) -> RunningJob[T]:
    """Run `job` in a new thread. Not a daemon: a flash goes on to its safe ending when the screen dies."""
    running: RunningJob[T] = RunningJob(f"{kind}-{next(_numbers)}", kind, unit)

    def action(cancel: CancelToken) -> T:
        return run(
            job,
            tester=tester,
            publish=publish,
            kind=kind,
            unit=unit,
            cancel=cancel,
            wall_clock=wall_clock,
            job_id=running.job_id,
            summary=summary,
            journal=journal,
        )

    threading.Thread(target=running._work, args=(action,), name=running.job_id).start()
    return running
