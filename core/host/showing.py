"""What the next client is shown: the job that runs, how far it is, and what happened while nobody was there. Pure.

The server calls this with its lock held.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import Any

from core.events import Event, JobStarted, ProgressMade, ResponsePendingReceived, StepStarted
from core.vocabulary import HostJob

KEPT_EVENTS = 500


class Showing:
    """`job` is the one that runs, `last` what ended last."""

    def __init__(self) -> None:
        self.job: HostJob | None = None
        self.last: tuple[Any, ...] | None = None
        self._progress: ProgressMade | None = None
        self._step: StepStarted | None = None
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._unseen: deque[Event] = deque(maxlen=KEPT_EVENTS)

    def begun(self, job: Any) -> None:
        if self.job is None or self.job.job_id != job.job_id:
            self.job = HostJob(job.job_id, job.kind, job.unit, time.time())

    def ended(self, job: Any, result: Any, error: Any) -> None:
        self.last = (job.job_id, job.kind, job.unit, result, error)
        if self.job is not None and self.job.job_id == job.job_id:  # the next one may have begun already
            self.job = self._progress = self._step = None
            self._events.clear()

    def note(self, event: Event, seen: bool) -> None:
        """`seen`: a technician's client is there that was told."""
        job = self.job
        if isinstance(event, JobStarted):
            if job is None or job.job_id != event.job:
                self.job = HostJob(event.job, event.kind, event.unit, event.at)
            self._progress = self._step = None
            self._events.clear()
        elif isinstance(event, StepStarted) and job is not None:
            self.job = replace(job, step=event.step, title=event.title, done=0, total=0, rate=0.0)
            self._progress, self._step = None, event
        elif isinstance(event, ProgressMade) and job is not None:
            self.job = replace(job, done=event.done, total=event.total, rate=event.rate)
            self._progress = event
        if isinstance(event, ProgressMade | ResponsePendingReceived):
            return
        self._events.append(event)
        if not seen:
            self._unseen.append(event)

    def so_far(self, taken: bool) -> tuple[Event, ...]:
        """For a new client. `taken`: what nobody saw is seen with that; a helper takes nothing from the technician."""
        if self.job is not None:
            events = (*self._events, *((self._progress,) if self._progress is not None else ()))
        else:
            events = tuple(self._unseen)
        if taken:
            self._unseen.clear()
        return events

    def where_the_job_is(self) -> tuple[Event, ...]:
        """For a client that missed events: the step and how far it is."""
        return tuple(event for event in (self._step, self._progress) if event is not None)
