"""Performs what one job asks for, times it, and turns a cancel or a fault into its safe ending. Starts no thread.

A cancel becomes JobCancelled, thrown into the job at its next yield, once. While the job handles an error (it is in
an `except` or `finally` because of it) and in a protected step, a cancel waits, so that restoring is never cut short.
A command that fails while an error is handled does not mask that error: the first one is reported. So a fallback
that is wished for belongs after the `except` block, not into it. An exception that is no ProductError becomes
JobInterrupted with the original as its cause: this is the one place in the core that catches all.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from core.diagnosis.commands import (
    NO_JOURNAL,
    Branch,
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
    SideBySide,
    Step,
    Surveyed,
    Tell,
    Wait,
)
from core.diagnosis.runner.branches import only_steps, side_by_side
from core.diagnosis.runner.meter import Meter
from core.diagnosis.tester import Publish, Tester
from core.errors import JobCancelled, JobInterrupted, ProductError
from core.events import (
    Noted,
    ProgressMade,
    StepFinished,
    StepStarted,
    UnitSurveyed,
    VoltageRead,
)
from core.vci.channel import Clock

T = TypeVar("T")

FAULT_OF_OURS = "Keep the ignition on and start the job again; please report this with the bus trace."


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


class Run:
    """One job under way. `branch` is the unit that this one works on beside others of the same job, "" for all."""

    def __init__(
        self, job_id: str, tester: Tester, publish: Publish, cancel: CancelToken, clock: Clock, journal: JobJournal,
        branch: str = "",
    ) -> None:  # fmt: skip
        self.job_id = job_id
        self._journal = journal
        self._branch = branch
        self.step = Step("", "")
        self._tester = tester
        self._publish = publish
        self._cancel = cancel
        self._wall_clock = clock
        self._clock = tester.clock
        self._step_began = 0.0
        self._meter = Meter()
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
            SideBySide: self._side_by_side,
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

    def conclude(self, job: Job[T]) -> tuple[T | None, ProductError | None]:
        """Run `job` to its end, whatever it is, and put away what it left running: (result, None) or (None, error)."""
        result: T | None = None
        problem: ProductError | None = None
        try:
            result = self.drive(job)
        except ProductError as error:
            problem = self.first_error(error)
        except Exception as error:  # noqa: BLE001 - the job's own code failed: the technician still gets a clear ending
            problem = self.interrupted(error)
        except BaseException:
            self.finish(well=False)
            raise
        self.finish(well=problem is None)
        return result, problem

    def _side_by_side(self, command: SideBySide) -> list[Any]:
        """The result of each branch, or its ProductError; a cancel reaches all of them."""
        self._end_step(well=True)
        return side_by_side(command.branches, self._run_branch, self._cancel.cancel)

    def _run_branch(self, branch: Branch) -> Any:
        elsewhere = branch.tester is not None
        publish = only_steps(self._publish) if elsewhere else self._publish
        journal = NO_JOURNAL if elsewhere else self._journal.branch()
        tester = branch.tester or self._tester
        name = f"{self._branch}/{branch.unit}" if self._branch else branch.unit
        part = Run(self.job_id, tester, publish, self._cancel, self._wall_clock, journal, name)
        result, problem = part.conclude(branch.job)
        journal.ended(self.job_id, problem)
        return problem or result

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

    @property
    def _step_name(self) -> str:
        """With the unit in front where several are worked on."""
        return f"{self._branch}/{self.step.name}" if self._branch else self.step.name

    def _begin_step(self, command: Step) -> None:
        self._end_step(well=not self._handles_error())
        self._record(Record("step", {"step": command.name, "title": command.title}))
        self.step = command
        self._step_began = self._clock()
        title = f"{self._branch}: {command.title}" if self._branch else command.title
        self._publish(StepStarted(self._wall_clock(), self.job_id, self._step_name, title))

    def _end_step(self, *, well: bool) -> None:
        if self._meter.held_back is not None:
            self._tell_progress(self._meter.held_back, self._clock())
        self._meter = Meter()
        if self.step.name and well:
            seconds = self._clock() - self._step_began
            self._publish(StepFinished(self._wall_clock(), self.job_id, self._step_name, seconds))
        self.step = Step("", "")

    def _progress(self, command: Progress) -> None:
        now = self._clock()
        self._journal.progress(command.done, command.total)
        if self._meter.due(command, now):
            self._tell_progress(command, now)

    def _tell_progress(self, progress: Progress, now: float) -> None:
        rate = self._meter.rate(progress.done, now)
        at = self._wall_clock()
        self._publish(ProgressMade(at, self.job_id, self._step_name, progress.done, progress.total, rate))

    def _tell(self, command: Tell) -> None:
        event = command.event
        self._publish(event if event.at else replace(event, at=self._wall_clock()))

    def _record(self, command: Record) -> None:
        self._journal.record(self.job_id, command.event, command.fields)

    def _surveyed(self, command: Surveyed) -> None:
        self._publish(UnitSurveyed(self._wall_clock(), self.job_id, command.unit))
        self._thrown.clear()  # the unit is done, and so is its error, whoever else still holds it
