"""One connected vehicle: starts jobs on it and shows its traffic. The rules are in core/diagnosis."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import JobError, ProductError
from core.events import DtcSeen, Event, Noted, ResponsePendingReceived, UnitSurveyed, VciClosed
from core.pc.files import os_user
from core.vocabulary import (
    DtcReading,
    EcuAddress,
    EuroClass,
    FaultsResult,
    SurveyResult,
    UdsResult,
    VehicleIdentity,
    VehicleUnit,
)
from core.workbench.coding import CodingJobs
from core.workbench.flash import FlashJobs
from core.workbench.paper.permits import JobPermits, NoPaperNeeded, PaperOfJob, kind_of_requests
from core.workbench.recorder import RECORDED, Recorder
from core.workbench.traces import KeptTraffic, Watching
from core.workbench.training import Training

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.diagnosis.commands import Job, JobJournal
    from core.diagnosis.identify import KnownVehicle
    from core.diagnosis.preflight import Bench
    from core.diagnosis.runner import RunningJob
    from core.diagnosis.security import SecurityMethods
    from core.reports.history import HistoryStore
    from core.stream import EventStream
    from core.vci.channel import Vci
    from core.workbench.flash.twin import Twins

T = TypeVar("T")


class _DtcWatch:
    """Tells each trouble code that is new or has another status than when it was last read."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._known: dict[tuple[str, int], int] = {}

    def tell(self, unit: str, codes: Sequence[DtcReading]) -> None:
        for code in codes:
            if self._known.get((unit, code.code)) != code.status:
                self._known[(unit, code.code)] = code.status
                self._stream.publish(DtcSeen(time.time(), unit, code))


class Vehicle(FlashJobs, CodingJobs, Training, KeptTraffic):
    """A connected vehicle. Job methods return at once with a RunningJob; one job at a time (JobError otherwise).

    Every job identifies the vehicle first where that has not been done, so none has to be called before another.
    `ecu` is a unit's short name, case-insensitive; DataMissing with the known names where there is no such unit.
    """

    def __init__(
        self,
        vci: Vci,
        catalogue: Catalogue,
        *,
        stream: EventStream,
        own_files: frozenset[str],
        open_data: Callable[[Path], Catalogue],
        coding_folder: Path,
        bitrate: int | None,
        journal_folder: Path,
        security: SecurityMethods,
        history: HistoryStore,
        twins: Twins,
        permits: JobPermits,
        newer_data: Callable[[], Catalogue | None] = lambda: None,
        released_plans: Callable[[], list[Path]] = list,
        watching: Watching | None = None,
    ) -> None:
        from core.diagnosis.coding import BackupStore
        from core.diagnosis.identify import Surroundings
        from core.diagnosis.journal import JournalFolder
        from core.diagnosis.tester import Tester

        self.uri, self.name, self.transports = vci.uri, vci.name, vci.transports
        self._vci = vci
        self._stream = stream
        self._catalogue = catalogue
        self._open_data = open_data
        self._newer_data = newer_data
        self._released_plans = released_plans
        self._twins = twins
        self._permits = permits
        self._paper: PaperOfJob = NoPaperNeeded()  # of the job that runs
        self._bitrate = bitrate
        self._backups = BackupStore(coding_folder, os_user())
        self._recorder = Recorder(history, f"{vci.name} ({vci.uri})", self._warn)
        self._journals = JournalFolder(journal_folder)
        self._kept_in = (journal_folder, coding_folder)
        self._surroundings = Surroundings(
            catalogue, vci.transports, vci.vin_hint, own_files, vci.can_fd, security, vci.power_mode
        )
        self._tester = Tester(vci, publish=self._publish)
        self._known: KnownVehicle | None = None
        self._identity: VehicleIdentity | None = None
        self._speakers: tuple[tuple[str, EcuAddress], ...] = ()
        self._running: RunningJob[Any] | None = None
        self._pending: Counter[str] = Counter()
        self._watch = _DtcWatch(stream)
        self._lock = threading.Lock()
        self._closed = False
        self._watch_traffic(stream, watching or Watching())

    # -- what is known; "" / UNKNOWN / () until a job has identified the vehicle

    @property
    def identity(self) -> VehicleIdentity | None:
        return self._identity

    @property
    def vin(self) -> str:
        return self._identity.vin if self._identity else ""

    @property
    def title(self) -> str:
        return self._identity.title if self._identity else ""

    @property
    def euro_class(self) -> EuroClass:
        return self._identity.euro_class if self._identity else EuroClass.UNKNOWN

    @property
    def units(self) -> tuple[VehicleUnit, ...]:
        return self._identity.units if self._identity else ()

    @property
    def running(self) -> RunningJob[Any] | None:
        """The job that runs now."""
        job = self._running
        return job if job is not None and not job.done else None

    def voltage(self) -> float | None:
        """Battery volts now, None where the device cannot measure. Quick; also while a job runs."""
        return None if self._closed else self._tester.voltage()

    @property
    def order(self) -> str:
        """The order number that the next jobs belong to, "" for the one of the vehicle and day."""
        return self._recorder.order

    def use_order(self, text: str) -> None:
        """From now on jobs belong to this order ("" for the automatic one). UsageError."""
        self._recorder.use_order(text)

    def driven_by(self, helper: str) -> None:
        """For the vehicle host: the helper who drives from now on, "" for the technician. The history names him."""
        self._recorder.driven_by(helper)

    def report(self, form: str = "text") -> str:
        """The protocol of the order of now as text, html or json. DataMissing before anything was done for it."""
        return self._recorder.report(self.vin, form)

    # -- jobs

    def identify(self) -> RunningJob[VehicleIdentity]:
        """VIN, vehicle and units, read anew."""
        self._known = None

        def job(vehicle: KnownVehicle) -> Job[VehicleIdentity]:
            yield from ()
            return vehicle.identity()

        return self._start("identify", "", job, lambda r: f"VIN {r.vin or 'not told'}, {r.title or 'vehicle unknown'}")

    def survey(self) -> RunningJob[SurveyResult]:
        """Quick test of all units; UnitSurveyed after each. A cancel ends it between two requests."""
        from core.diagnosis.journal import left_in_programming
        from core.diagnosis.survey import survey

        def job(vehicle: KnownVehicle) -> Job[SurveyResult]:
            return survey(vehicle, left_in_programming(self._journals, vehicle.vin))

        return self._start("survey", "", job, _survey_words)

    def faults(self, ecu: str, clear: bool = False) -> RunningJob[FaultsResult]:
        """Trouble codes with status words and environment data; `clear` erases them (14 FFFFFF) and reads again."""
        from core.diagnosis.faults import faults

        def job(vehicle: KnownVehicle) -> Job[FaultsResult]:
            result = yield from faults(vehicle, ecu, clear)
            self._watch.tell(result.unit, result.dtcs)
            return result

        cleared, measure = ("cleared, ", "clear") if clear else ("", "")
        return self._start("faults", ecu, job, lambda r: f"{cleared}{len(r.dtcs)} trouble codes", measure)

    def _bench(self) -> Bench:
        from core.diagnosis.preflight import Bench, Wire
        from core.pc.laptop import read_pc

        return Bench(lambda: read_pc(self._kept_in), Wire(self._bitrate), self.uri.startswith("sim:"))

    def uds(self, target: str | EcuAddress, pdus: Sequence[bytes]) -> RunningJob[UdsResult]:
        """Raw requests, one after another; negative answers are results here, not errors.

        An address is spoken to without identifying the vehicle first.
        """
        from core.diagnosis.raw import raw

        def named(vehicle: KnownVehicle) -> Job[UdsResult]:
            unit, address = vehicle.reachable(str(target))
            return raw(unit.name, address, tuple(pdus), self._catalogue, unit)

        def addressed() -> Job[UdsResult]:
            self._paper.vehicle_known(self._group, self.vin)
            return (yield from raw(str(target), target, tuple(pdus)))  # type: ignore[arg-type]  # no text, see below

        right = kind_of_requests(pdus)
        if not isinstance(target, str):
            return self._launch("uds", str(target), addressed(), _uds_words, right=right)
        return self._start("uds", target, named, _uds_words, right=right)

    def _start(
        self, kind: str, unit: str, job: Callable[[KnownVehicle], Job[T]], words: Callable[[T], str],
        measure: str = "", right: str = "", asks: bool = False,
    ) -> RunningJob[T]:  # fmt: skip
        """`asks`: the job asks for its permit by itself, once it has read what it will flash."""

        def whole() -> Job[T]:
            vehicle = yield from self._identified()
            if not asks:
                self._ask_permit(vehicle.vin)
            return (yield from job(vehicle))

        self._take_newer_data()
        return self._launch(kind, unit, whole(), words, measure, right)

    def _ask_permit(self, vin: str, images: Mapping[str, str] | None = None) -> None:
        group = self._group
        self._paper.vehicle_known(group, vin, announce=self._permits.opens(group), images=images)

    @property
    def _group(self) -> str:
        return self._identity.product_group if self._identity else ""

    def _permitted(self, right: str, unit: str, job: Job[T]) -> Job[T]:
        """The one permit: before the first byte, and settled whatever becomes of the job."""
        self._paper = paper = self._permits.admit(right, unit)
        try:
            return (yield from job)
        finally:
            self._paper = NoPaperNeeded()
            paper.ended()

    def _take_newer_data(self) -> None:
        """A release that was switched counts from the next job on; a running one keeps what it began with."""
        if self.running is not None:
            return
        catalogue = self._newer_data()
        if catalogue is not None and catalogue is not self._catalogue:
            self._catalogue = catalogue
            self._surroundings = replace(self._surroundings, catalogue=catalogue)
            self._known = None

    def _launch(
        self, kind: str, unit: str, job: Job[T], words: Callable[[T], str], measure: str = "", right: str = ""
    ) -> RunningJob[T]:
        """`measure`: what the vehicle's history calls it, where it is not a kind that always goes there. `right`: what
        is asked a permit for, where the kind does not tell."""
        from core.diagnosis.journal import Journal
        from core.diagnosis.runner import start

        with self._lock:
            busy = self.running
            if busy is not None or self._closed:
                job.close()
                if busy is None:
                    raise JobError("The vehicle is disconnected.", "Connect again.")
                what = f"{busy.kind} {busy.unit}".strip()
                raise JobError(f"{what} is still running.", "Wait for its end or stop it first.")
            self._pending.clear()
            job = self._permitted(right or measure or kind, unit, job)
            journal: JobJournal = Journal(self._journals, kind=kind, vci=self.uri, warn=self._warn)
            if measure or kind in RECORDED:
                witness = self._recorder.begin(measure or kind, unit)
                words, journal = witness.watch(words), witness.journal(journal)
            else:
                self._recorder.skip()
            running = start(
                job, tester=self._tester, publish=self._publish, kind=kind, unit=unit, summary=words, journal=journal
            )
            self._running = running
            return running

    def _identified(self) -> Job[KnownVehicle]:
        from core.diagnosis.identify import identify
        from core.diagnosis.journal import left_in_programming

        if self._known is None:
            known = yield from identify(self._surroundings)
            for unit in known.units:
                for address in unit.addresses:
                    self._tester.set_timing(address, unit.timing.p2, unit.timing.p2_star)
            self._identity = known.identity()
            self._speakers = tuple((unit.name, address) for unit in known.units for address in unit.addresses)
            self._known = known if known.vin else None  # nobody told a VIN: the next job asks again
            for left in left_in_programming(self._journals, known.vin).values():
                self._warn(f"{left.sentence} {left.advice}")
            return known
        return self._known

    # -- events

    def _publish(self, event: Event) -> None:
        if isinstance(event, ResponsePendingReceived):
            self._pending[event.unit] += 1
        self._recorder.hear(event, self._identity)
        self._stream.publish(event)
        if isinstance(event, UnitSurveyed):
            self._watch.tell(event.unit.name, event.unit.dtc_list)

    def _warn(self, text: str) -> None:
        self._stream.publish(Noted(time.time(), "warning", text))

    def close(self) -> None:
        """Cancels a running job (its safe ending runs), waits for it, lets the device go. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        job = self.running
        if job is not None:
            job.cancel()
            try:
                job.wait()
            except ProductError:
                pass  # it is in the stream as JobFailed
        try:
            self._tester.close()
        finally:
            self._minutes.close()
            self._vci.close()
            self._stream.publish(VciClosed(time.time(), self.uri))

    def __enter__(self) -> Vehicle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _survey_words(result: SurveyResult) -> str:
    answered = sum(bool(unit.idents or unit.software) for unit in result.units)
    codes = sum(unit.dtcs for unit in result.units)
    return f"{answered} of {len(result.units)} units answered, {codes} trouble codes"


def _uds_words(result: UdsResult) -> str:
    refused = sum(exchange.negative for exchange in result.exchanges)
    return f"{len(result.exchanges)} answers" + (f", {refused} negative" if refused else "")
