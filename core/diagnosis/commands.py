"""What a job may ask for: a job is a generator that yields these and gets the answer back (page 2 of the plan).

    answer = yield Request(unit_name, address, b"\x22\xf1\x90")      -> bytes (positive response; negative ones raise)
    volts = yield ReadVoltage()                                      -> float | None
    yield Step("erase", "Erase block 1")                             -> None; ends the step before it

The runner (runner.py) is the only one that performs them. Jobs never see a socket, a clock or a thread.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from core.errors import ProductError
from core.events import Event
from core.vocabulary import EcuAddress, UnitSurvey

if TYPE_CHECKING:
    from core.diagnosis.tester import Tester


@dataclass(frozen=True, slots=True)
class Request:
    """One UDS request to one unit. `raise_negative` False returns the 7F PDU instead of raising NegativeResponse.

    `attempts` > 1 repeats after silence (never for 0x34/0x36/0x37/0x2E unless the job says so itself).
    `suppressed` True: suppressPosRsp is set, silence within P2 is success and b"" comes back.
    `timeout` overrides the total limit in seconds for this request (0x78 included).
    """

    unit: str
    address: EcuAddress
    pdu: bytes
    raise_negative: bool = True
    attempts: int = 1
    suppressed: bool = False
    timeout: float | None = None
    p2: float | None = None


@dataclass(frozen=True, slots=True)
class Functional:
    """Send to all units without waiting for answers (85, 28, 3E with suppressPosRsp), on every transport in use."""

    addresses: tuple[EcuAddress, ...]
    pdu: bytes


@dataclass(frozen=True, slots=True)
class Collect:
    """Send functionally and gather answers for `seconds`. -> list[tuple[EcuAddress, bytes]]"""

    addresses: tuple[EcuAddress, ...]
    pdu: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """3E 80 to these units' functional addresses every `interval` s from now on; empty `addresses` stops it."""

    addresses: tuple[EcuAddress, ...]
    interval: float = 2.0


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The unit was reset: drop its link, and try until it answers `probe` or `seconds` have passed (NoResponse)."""

    unit: str
    address: EcuAddress
    probe: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class ReadVoltage:
    """-> volts or None."""


@dataclass(frozen=True, slots=True)
class LinkLimit:
    """-> the largest PDU in bytes that the link to this unit carries."""

    address: EcuAddress


@dataclass(frozen=True, slots=True)
class ReadClock:
    """-> (monotonic seconds, seconds since the epoch)."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait (delay timers); a cancel ends it early with JobCancelled."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """A named step begins; the one before it has ended well.

    In a `protected` step a cancel waits: what restores the vehicle in a `finally` begins with one, so that it is not
    cut short when the technician cancels just then.
    """

    name: str
    title: str
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Done of total in this step."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Publish an event (the runner fills in the time where `at` is 0)."""

    event: Event


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One unit of the quick test is done."""

    unit: UnitSurvey


@dataclass(frozen=True, slots=True)
class Record:
    """A line in the journal; it is on the disk when the job goes on. Nothing happens where no journal is kept.

    The events and their fields stand in journal/journal.py. Before the first "erasing" a journal that cannot be
    written raises StorageFailed; from then on it is a warning, because a half-written unit is worse than a gap.
    """

    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Branch:
    """One unit's part of a job. With a `tester` of its own it works on another vehicle (a simulated twin): nothing is
    journaled then, and of its events only steps and progress are told."""

    unit: str
    job: Generator[Any, Any, Any]
    tester: Tester | None = None


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Works on several units at the same time, each in a thread of its own; their steps are named UNIT/STEP.

    -> list: each branch's result, or the ProductError that it ended with. A cancel of the job reaches every branch.
    """

    branches: tuple[Branch, ...]


class JobJournal(Protocol):
    """What the runner needs of a journal (journal/journal.py is one)."""

    def record(self, job: str, event: str, fields: Mapping[str, Any]) -> None:
        """One line on the disk. StorageFailed, see Record. Lines before "started" are left out."""

    def progress(self, done: int, total: int) -> None:
        """Bytes of the block under way that the unit has acknowledged; marked on the disk now and then."""

    def ended(self, job: str, error: ProductError | None) -> None:
        """The job is over, however. Never raises."""

    def branch(self) -> JobJournal:
        """A journal of its own for one unit of several."""


class NoJournal:
    """The journal of jobs that keep none."""

    def record(self, job: str, event: str, fields: Mapping[str, Any]) -> None: ...

    def progress(self, done: int, total: int) -> None: ...

    def ended(self, job: str, error: ProductError | None) -> None: ...

    def branch(self) -> JobJournal:
        return self


NO_JOURNAL: JobJournal = NoJournal()


Command = (
    Request | Functional | Collect | KeepAlive | Reconnect | ReadVoltage | LinkLimit | ReadClock
    | Wait | Step | Progress | Tell | Surveyed | Record | SideBySide
)

ResultT = TypeVar("ResultT")
Job = Generator[Command, Any, ResultT]
