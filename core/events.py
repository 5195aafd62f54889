"""Every fact that the core announces, past tense, frozen. Wishes are method calls, never events. Pure.

`publish` is `Callable[[Event], None]`, handed down by the workbench; it may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.vocabulary import UDS, DtcReading, UnitSurvey


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts. `at` is seconds since the epoch."""

    at: float


@dataclass(frozen=True, slots=True)
class VciOpened(Event):
    """A device was connected and its lock taken."""

    uri: str
    name: str


@dataclass(frozen=True, slots=True)
class VciClosed(Event):
    """The device was let go; `reason` is empty when the technician wished it, else why it was lost."""

    uri: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VoltageRead(Event):
    """Battery voltage in volts; None where the device cannot measure it."""

    volts: float | None


@dataclass(frozen=True, slots=True)
class JobStarted(Event):
    """A job began. `kind` is survey, faults, flash, coding, uds; `unit` is empty for the whole vehicle."""

    job: str
    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A named step began, e.g. "erase"; `title` is the sentence for the screen."""

    job: str
    step: str
    title: str


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """The step ended well; `seconds` is how long it took."""

    job: str
    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ProgressMade(Event):
    """Bytes or units done of a total in this step; `rate` in bytes/s over the last 30 s, 0 where unknown."""

    job: str
    step: str
    done: int
    total: int
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class UnitSurveyed(Event):
    """The quick test finished one unit."""

    job: str
    unit: UnitSurvey


@dataclass(frozen=True, slots=True)
class NegativeResponseReceived(Event):
    """A unit said no (other than 0x78 and a repeated 0x21), by the codes of `protocol`."""

    unit: str
    sid: int
    nrc: int
    text: str
    protocol: str = UDS


@dataclass(frozen=True, slots=True)
class ResponsePendingReceived(Event):
    """0x78: the unit asked for more time; `count` since the request."""

    unit: str
    sid: int
    count: int


@dataclass(frozen=True, slots=True)
class ForeignAnswerSkipped(Event):
    """A stale or foreign answer was seen and skipped."""

    unit: str
    pdu: bytes


@dataclass(frozen=True, slots=True)
class DtcSeen(Event):
    """A trouble code was read that was not known before, or whose status changed."""

    unit: str
    dtc: DtcReading


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """A fact for the message list that has no event of its own. `severity`: info, warning, error."""

    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class NumberedMessageRaised(Event):
    """A numbered message that is no error of a job: 2221-54, 2173-43, credit warnings, ... `severity` as in Noted."""

    code: str
    severity: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class PaperChanged(Event):
    """StartKey, log-in, roles or credit are not what they were: who shows them asks anew."""


@dataclass(frozen=True, slots=True)
class ReleasesChanged(Event):
    """A release or AddOn was found, downloaded, installed, switched or removed: who shows them asks anew."""


@dataclass(frozen=True, slots=True)
class ComponentFetched(Event):
    """Bytes of one component of a release or AddOn are here. `rate` in bytes/s, `seconds_left` None where unknown.

    `component` "" speaks for the whole download; `state` is a ReleaseState's value.
    """

    version: str
    component: str
    done: int
    total: int
    rate: float = 0.0
    seconds_left: float | None = None
    state: str = "downloading"


@dataclass(frozen=True, slots=True)
class JobFinished(Event):
    """The job ended well; `summary` is one sentence. The result itself is with the job's handle."""

    job: str
    kind: str
    unit: str
    summary: str


@dataclass(frozen=True, slots=True)
class JobFailed(Event):
    """The job ended badly or was stopped; error class, code, message and advice as the error gave them.

    `explanation` says what it means in the step where it happened, `state_now` how the unit is left, `page` which help
    page says more; "" where unknown.
    """

    job: str
    kind: str
    unit: str
    error: str
    code: str
    message: str
    advice: str
    explanation: str = ""
    state_now: str = ""
    page: str = ""
