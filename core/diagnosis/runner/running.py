"""Runs a job in this thread or in one of its own, and tells how it began and ended. Performs no command itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

from core.diagnosis.commands import NO_JOURNAL, Job, JobJournal
from core.diagnosis.explain import explain_ending
from core.diagnosis.runner.drive import CancelToken, Run
from core.diagnosis.tester import Publish, Tester
from core.errors import JobCancelled, ProductError
from core.events import JobFailed, JobFinished, JobStarted
from core.vci.channel import Clock

T = TypeVar("T")

_numbers = count(1)


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
    under_way = Run(name, tester, publish, cancel or CancelToken(), wall_clock, journal)

    def failed(error: ProductError) -> JobFailed:
        at = wall_clock()
        journal.ended(name, error)
        return JobFailed(
            at, name, kind, unit, error.name, error.code, error.message, error.advice, error.explanation,
            error.state_now, error.page,
        )  # fmt: skip

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
    explain_ending(problem, step=under_way.step.name, unit=unit, kind=kind)
    under_way.finish(well=False)
    publish(failed(problem))
    raise problem


class RunningJob(Generic[T]):
    """A job in a thread of its own. `wait` gives the result or raises its error."""

    hosted = False  # it needs this process

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
