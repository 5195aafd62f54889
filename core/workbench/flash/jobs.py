"""The flash part of a vehicle's face: one unit, several in one order, plans, the twin. Rules: core/diagnosis/flash."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import ProductError
from core.vocabulary import (
    EcuAddress,
    FlashChoice,
    FlashOrderPreview,
    FlashOrderResult,
    FlashPreview,
    FlashResult,
    FlashWish,
    TwinReport,
)
from core.workbench.flash.plans import plan_choices, released_plans

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.diagnosis.commands import Job
    from core.diagnosis.flash import FlashTask
    from core.diagnosis.identify import KnownVehicle, Surroundings
    from core.diagnosis.journal import JournalFolder
    from core.diagnosis.preflight import Bench
    from core.diagnosis.runner import RunningJob
    from core.vci.channel import Vci
    from core.workbench.flash.twin import Twins
    from core.workbench.paper.permits import PaperOfJob

T = TypeVar("T")

NO_TWIN = "There is no simulated twin of this vehicle: the checks are all that could be tried."
RED = "Not tried on the simulated twin: a red line would refuse it."


class FlashJobs(ABC):
    """What Vehicle inherits. `ecu` is a unit's name or address, "" where a plan names it.

    `flashware` is None (the newest that fits), a session's name, FILE.pdx[#SESSION], or PLAN.toml[#IMAGE].
    """

    _catalogue: Catalogue
    _paper: PaperOfJob
    _known: KnownVehicle | None
    _journals: JournalFolder
    _surroundings: Surroundings
    _open_data: Callable[[Path], Catalogue]
    _pending: Counter[str]
    _released_plans: Callable[[], list[Path]]
    _twins: Twins
    _vci: Vci

    @abstractmethod
    def _start(
        self, kind: str, unit: str, job: Callable[[KnownVehicle], Job[T]], words: Callable[[T], str],
        measure: str = "", right: str = "", asks: bool = False,
    ) -> RunningJob[T]: ...  # fmt: skip

    @abstractmethod
    def _ask_permit(self, vin: str, images: Mapping[str, str] | None = None) -> None: ...

    @abstractmethod
    def _bench(self) -> Bench: ...

    @abstractmethod
    def _warn(self, text: str) -> None: ...

    # -- one unit

    def flashware(self, ecu: str) -> tuple[FlashChoice, ...]:
        """Flashware known for this unit of the identified vehicle, newest first, then the active release's plans for
        it. No traffic."""
        if self._known is None:
            return ()
        unit = self._known.unit(ecu)
        sessions = self._catalogue.flash_sessions(unit)[::-1]
        if not sessions:
            return ()
        choices = tuple(
            FlashChoice(s.name, s.title, s.file, s.own_software, s.size, newest=s is sessions[0]) for s in sessions
        )
        plans = released_plans(self._released_plans(), self._warn)
        return choices + plan_choices(plans, unit.name, self._known.vin, sessions[0])

    def flash_preview(
        self, ecu: str | EcuAddress = "", flashware: str | None = None, twin: bool = False
    ) -> RunningJob[FlashPreview]:
        """All checks, the plan and the steps, nothing changed. `twin`: the same flash is run on the simulated twin."""
        from core.diagnosis.flash import flash_preview, with_journal

        def job(vehicle: KnownVehicle) -> Job[FlashPreview]:
            task = with_journal(self._task(vehicle, ecu, flashware), self._journals)
            preview = yield from flash_preview(task)
            if not twin:
                return preview
            to_do = () if preview.up_to_date else (FlashWish(ecu, flashware),)
            red = any(check.ok is False for check in preview.checks)
            return replace(preview, twin=(yield from self._rehearsed(vehicle, to_do, red)))

        words: Callable[[FlashPreview], str] = lambda r: _checks_words([r])  # noqa: E731
        return self._start("preview", str(ecu), job, words)

    def flash(
        self, ecu: str | EcuAddress = "", flashware: str | None = None, force: bool = False, override: str = ""
    ) -> RunningJob[FlashResult]:
        """Flashes. PreconditionNotMet before anything is changed, JobInterrupted after the first erase.

        `override` is the unit's name, typed: goes on past the red lines whose `overridable` says so.
        """
        from core.diagnosis.flash import flash, with_journal

        def job(vehicle: KnownVehicle) -> Job[FlashResult]:
            return flash(with_journal(self._task(vehicle, ecu, flashware), self._journals), force, override)

        return self._start("flash", str(ecu), job, _flash_words, asks=True)

    def recover(self, ecu: str) -> RunningJob[FlashResult]:
        """The right recovery of a unit that was left in programming (`Workbench.unfinished`), with the same flashware:
        read back, gone on with where its boot loader can, or repeated from the erase. DataMissing where nothing was."""
        from core.diagnosis.flash import recover

        def job(vehicle: KnownVehicle) -> Job[FlashResult]:
            return recover(vehicle, ecu, self._journals, self._task)

        return self._start("flash", ecu, job, _flash_words, asks=True)

    def flash_plan(self, ecu: str, flashware: str | None = None) -> RunningJob[str]:
        """The TOML of the plan that a session compiles to. DataMissing for an unknown unit or flashware."""
        from core.catalogue.plans import plan_of_session, plan_to_toml
        from core.diagnosis.flash import flashware_for

        def job(vehicle: KnownVehicle) -> Job[str]:
            yield from ()
            found = flashware_for(vehicle, ecu, flashware, self._open_data)
            if found.package is not None and found.package.session is None:
                return plan_to_toml(found.package.plan)
            return plan_to_toml(plan_of_session(found.sessions[-1], found.unit, vehicle.info))

        return self._start("plan", ecu, job, lambda text: f"{text.count(chr(10))} lines")

    # -- several units

    def flash_order_preview(
        self, wishes: Sequence[FlashWish] = (), twin: bool = False
    ) -> RunningJob[FlashOrderPreview]:
        """The whole order: sequence, groups, every unit's checks. No wish: all units that there is flashware for."""
        from core.diagnosis.flash import flash_order_preview

        def job(vehicle: KnownVehicle) -> Job[FlashOrderPreview]:
            preview = yield from flash_order_preview(self._tasks(vehicle, wishes))
            if not twin:
                return preview
            to_do = {unit for group in preview.groups for unit in group}
            left = [w for w, t in self._wished(vehicle, wishes) if t in to_do]
            red = any(check.ok is False for unit in preview.units for check in unit.checks)
            return replace(preview, twin=(yield from self._rehearsed(vehicle, left, red)))

        words: Callable[[FlashOrderPreview], str] = lambda r: _checks_words(r.units)  # noqa: E731
        return self._start("preview", _names(wishes), job, words)

    def flash_order(
        self, wishes: Sequence[FlashWish] = (), force: bool = False, override: Sequence[str] = ()
    ) -> RunningJob[FlashOrderResult]:
        """Flashes several units, dependencies first; units on DoIP side by side where their plans allow it.

        One red line refuses the whole order (PreconditionNotMet); `override` holds the typed names of units that may
        go on past those that their plans let pass. After a unit that fails later those that need it are
        not begun, the others go on: OrderIncomplete, whose `result` tells of each.
        """
        from core.diagnosis.flash import flash_order

        def job(vehicle: KnownVehicle) -> Job[FlashOrderResult]:
            return flash_order(self._tasks(vehicle, wishes), force, override)

        return self._start("flash", _names(wishes), job, _order_words, asks=True)

    # -- inside

    def _task(self, vehicle: KnownVehicle, ecu: str | EcuAddress, flashware: str | None) -> FlashTask:
        from core.diagnosis.flash import FlashTask

        return FlashTask(
            vehicle, ecu, flashware, self._open_data, lambda unit: self._pending[unit], bench=self._bench(),
            permit=_PermitOfJob(self, vehicle.vin),
        )  # fmt: skip

    def _tasks(self, vehicle: KnownVehicle, wishes: Sequence[FlashWish]) -> list[FlashTask]:
        from core.diagnosis.flash import with_journal

        tasks = [self._task(vehicle, wish.ecu, wish.flashware) for wish, _ in self._wished(vehicle, wishes)]
        return [with_journal(task, self._journals) for task in tasks]

    def _wished(self, vehicle: KnownVehicle, wishes: Sequence[FlashWish]) -> list[tuple[FlashWish, str]]:
        """Each wish with the unit's name. No wish means every unit that can be reached and has flashware."""
        from core.diagnosis.flash import unit_name

        if not wishes:
            known = [u.name for u in vehicle.units if self._catalogue.flash_sessions(u) and vehicle.address(u)]
            return [(FlashWish(name), name) for name in known]
        names = [unit_name(vehicle, wish.ecu, wish.flashware) for wish in wishes]
        by_fold = {unit.name.casefold(): unit.name for unit in vehicle.units}
        return [(wish, by_fold.get(name.casefold(), name)) for wish, name in zip(wishes, names, strict=True)]

    def _rehearsed(self, vehicle: KnownVehicle, wishes: Sequence[FlashWish], red: bool) -> Job[TwinReport]:
        """The real flash job on a copy of the simulated car, in its state of now."""
        from core.diagnosis.commands import Branch, ReadClock, SideBySide
        from core.diagnosis.tester import Tester

        name = self._twins.name_of(vehicle.info)
        if not name:
            return TwinReport(False, True, NO_TWIN)
        if red or not wishes:
            return TwinReport(True, not red, RED if red else "Nothing is to be done.")
        start, _ = yield ReadClock()
        with self._twins.opened(name, getattr(self._vci, "garage", None)) as twin:
            tester = Tester(twin)
            try:
                around = replace(
                    self._surroundings, transports=twin.transports, vin_hint=twin.vin_hint, can_fd=twin.can_fd
                )
                (outcome,) = yield SideBySide((Branch("twin", self._on_twin(around, wishes, tester), tester),))
            finally:
                tester.close()
        end, _ = yield ReadClock()
        return _twin_report(outcome, end - start)

    def _on_twin(self, around: Surroundings, wishes: Sequence[FlashWish], tester: object) -> Job[FlashOrderResult]:
        from core.diagnosis.flash import FlashTask, flash_order
        from core.diagnosis.identify import identify

        vehicle = yield from identify(around)
        tasks = [FlashTask(vehicle, wish.ecu, wish.flashware, self._open_data) for wish in wishes]
        return (yield from flash_order(tasks, force=True))


class _PermitOfJob:
    """The permit of the job that runs, as the flash sees it."""

    def __init__(self, jobs: FlashJobs, vin: str) -> None:
        self._jobs, self._vin = jobs, vin

    def ask(self, images: Mapping[str, str]) -> None:
        self._jobs._ask_permit(self._vin, images)

    def confirm(self, unit: str, image: str) -> None:
        self._jobs._paper.confirm(unit, image)


def _twin_report(outcome: FlashOrderResult | ProductError, seconds: float) -> TwinReport:
    if isinstance(outcome, ProductError):
        return TwinReport(True, False, f"On the simulated twin it failed: {outcome.message}", seconds)
    done = ", ".join(
        f"{u.unit} {u.flash.software_before} -> {u.flash.software_after}" for u in outcome.units if u.flash
    )
    return TwinReport(True, True, f"The simulated twin took it in {seconds:.1f} s: {done}.", seconds)


def _names(wishes: Sequence[FlashWish]) -> str:
    return ", ".join(str(wish.ecu) or Path((wish.flashware or "").partition("#")[0]).name for wish in wishes)


def _checks_words(previews: Sequence[FlashPreview]) -> str:
    checks = [check for preview in previews for check in preview.checks]
    return f"{sum(check.ok is False for check in checks)} of {len(checks)} checks failed"


def _flash_words(result: FlashResult) -> str:
    if result.result != "flashed":
        return f"software {result.software_after} is up to date"
    return f"software {result.software_before} -> {result.software_after}, {result.bytes} bytes"


def _order_words(result: FlashOrderResult) -> str:
    counts = Counter(unit.result for unit in result.units)
    return ", ".join(f"{counts[kind]} {kind}" for kind in ("flashed", "up-to-date") if counts[kind])
