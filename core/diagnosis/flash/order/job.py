"""Flashes several units of one vehicle in one order: all checks first, dependencies, side by side where plans allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.diagnosis.commands import Branch, Job, ReadClock, SideBySide, Step, Tell
from core.diagnosis.flash import marks
from core.diagnosis.flash.frame import Frame, Place
from core.diagnosis.flash.job import allowed, up_to_date
from core.diagnosis.flash.needs import lacking, without
from core.diagnosis.flash.order.sequence import Turn, groups, held_up, in_order, next_group, not_drivable
from core.diagnosis.flash.plan import FlashPlan, FlashTask, ask_permit, prepare
from core.diagnosis.flash.unit_run import UnitRun
from core.diagnosis.preflight import typed_names
from core.errors import JobCancelled, OrderIncomplete, PreconditionNotMet, ProductError, UsageError, VciLost
from core.events import Noted
from core.vocabulary import DoipAddress, FlashOrderPreview, FlashOrderResult, FlashResult, FlashUnitResult

AGAIN = "Keep the ignition on and give the same order again: what is done is left alone."


def flash_order_preview(tasks: Sequence[FlashTask]) -> Job[FlashOrderPreview]:
    """Every unit's choice, checks and steps in the order of the work; nothing is changed, red lines are no error."""
    plans = yield from _prepared(tasks)
    turns = in_order(map(_turn, plans.values()))
    to_do = [turn for turn in turns if not plans[turn.unit].up_to_date]
    warnings = tuple(text for turn in to_do for text in lacking(plans[turn.unit].checks))
    return FlashOrderPreview(
        tuple(plans[turn.unit].preview() for turn in turns), groups(to_do), warnings,
    )  # fmt: skip


def flash_order(
    tasks: Sequence[FlashTask], force: bool = False, override: Sequence[str] = ()
) -> Job[FlashOrderResult]:  # fmt: skip
    """Flashes all of them. One red line refuses the whole order (PreconditionNotMet) before anything is changed.

    `override` holds the typed names of units whose red lines may be passed where their flash plan allows it.
    A unit that fails stops those that need it; the others go on, and OrderIncomplete tells at the end what has come of
    each of them. JobCancelled says what is done and what is not.
    """
    plans = yield from _prepared(tasks)
    ask_permit(plans.values(), force)
    order = _Order(plans, force, typed_names(override, plans))
    yield from order.decide()
    return (yield from order.run())


def _prepared(tasks: Sequence[FlashTask]) -> Job[dict[str, FlashPlan]]:
    """Unit -> its plan. UsageError for an empty order or a unit that is named twice."""
    plans: dict[str, FlashPlan] = {}
    for task in tasks:
        plan = yield from prepare(task)
        if plan.unit.name in plans:
            raise UsageError(f"{plan.unit.name} is named twice.", "Name each unit once.")
        plans[plan.unit.name] = plan
    if not plans:
        raise UsageError("There is no unit to flash.", "Name units, or load data with flashware for this vehicle.")
    return {unit: replace(plan, checks=without(plan.checks, plans)) for unit, plan in plans.items()}


def _turn(plan: FlashPlan) -> Turn:
    """A gateway's own reset takes the connection of the others with it: it goes alone, whatever its plan says."""
    policy, info = plan.session.policy, plan.task.vehicle.info
    address = plan.address
    gateway = info.doip_gateway if info is not None else None
    beside = policy.parallel and isinstance(address, DoipAddress) and address.logical != gateway
    return Turn(plan.unit.name, policy.depends_on, policy.unit_order, beside)


class _Order:
    """One order under way."""

    def __init__(self, plans: dict[str, FlashPlan], force: bool, override: frozenset[str]) -> None:
        self.turns = in_order(map(_turn, plans.values()))
        self._plans = plans
        self._force, self._override = force, override
        self._runs: dict[str, UnitRun] = {}
        self._results: dict[str, FlashUnitResult] = {}
        self._errors: dict[str, ProductError] = {}

    def decide(self) -> Job[None]:
        """Every unit's lines are judged, so that all reasons are told at once."""
        refusals = []
        for turn in self.turns:
            plan = self._plans[turn.unit]
            try:
                if plan.up_to_date and not self._force:
                    self._done(turn.unit, (yield from up_to_date(plan)))
                else:
                    typed = turn.unit if turn.unit in self._override else ""
                    self._runs[turn.unit] = yield from allowed(plan, self._force, typed)
            except PreconditionNotMet as refusal:
                refusals.append(refusal)
        if refusals:
            advice = " ".join(dict.fromkeys(refusal.advice for refusal in refusals))
            raise PreconditionNotMet(" ".join(refusal.message for refusal in refusals), advice)

    def run(self) -> Job[FlashOrderResult]:
        start, _ = yield ReadClock()
        if self._runs:
            yield from self._within_frame()
        end, _ = yield ReadClock()
        results = tuple(self._results[turn.unit] for turn in self.turns)
        kinds = {result.result for result in results}
        kind = "failed" if kinds & {"failed", "not-done"} else "flashed" if "flashed" in kinds else "up-to-date"
        result = FlashOrderResult(kind, results, end - start, not_drivable(self.turns, self._results))
        if kind == "failed":
            raise OrderIncomplete(_in_words(result), AGAIN, result=result)
        return result

    def _within_frame(self) -> Job[None]:
        """Quieted once for all units, and put back once on every ending."""
        vehicle = next(iter(self._plans.values())).task.vehicle
        runs = self._runs
        places = [run.place for run in runs.values()]
        frame = Frame((*vehicle.addresses(), *(a for _, a in places)), [run.policy for run in runs.values()])
        try:
            yield Step("prepare", "Extended session, trouble code storage and normal messages off")
            yield from frame.open()
            for run in runs.values():
                yield from run.ready()
            yield from frame.quiet()
            yield from self._work(frame)
        except GeneratorExit:
            raise
        except BaseException as error:
            yield from frame.close(awaited=self._awaited())
            yield from self._tell_state()
            raise self._judged(error) from error
        yield Step("restore", "Trouble code storage and normal messages on", protected=True)
        flashed = [unit for unit in runs if self._results[unit].result == "flashed" and runs[unit].policy.clear_dtcs]
        yield from frame.close(awaited=self._awaited(), cleared=[runs[unit].place for unit in flashed])
        yield from self._tell_state()
        cancelled = next((e for e in self._errors.values() if isinstance(e, JobCancelled)), None)
        if cancelled is not None:
            raise self._judged(cancelled)

    def _work(self, frame: Frame) -> Job[None]:
        waiting = [turn for turn in self.turns if turn.unit in self._runs]
        while waiting:
            for turn in waiting:
                reason = self._lost() or held_up(turn, self._results)
                if reason:
                    self._results[turn.unit] = FlashUnitResult(turn.unit, "not-done", reason=reason)
            waiting = [turn for turn in waiting if turn.unit not in self._results]
            group = next_group(waiting)
            if not group:
                continue
            branches = tuple(Branch(turn.unit, self._branch(self._runs[turn.unit])) for turn in group)
            for turn, outcome in zip(group, (yield SideBySide(branches)), strict=True):
                if isinstance(outcome, ProductError):
                    self._failed(turn.unit, outcome)
                else:
                    self._done(turn.unit, outcome)
            waiting = [turn for turn in waiting if turn not in group]
            if waiting:
                for turn in group:
                    if self._results[turn.unit].result == "flashed":
                        yield from frame.rejoin(self._runs[turn.unit].place)

    def _branch(self, run: UnitRun) -> Job[FlashResult]:
        """One unit, in a journal of its own."""
        yield from run.begin()
        yield from marks.opening(run.plan, run.place[1], self._force)
        try:
            software = yield from run.work()
        except GeneratorExit:
            raise
        except BaseException as error:
            yield run.failed(error)
            raise run.judged(error) from error
        return (yield from run.result(software))

    # -- what has come of it

    def _done(self, unit: str, result: FlashResult) -> None:
        self._results[unit] = FlashUnitResult(unit, result.result, result)

    def _failed(self, unit: str, error: ProductError) -> None:
        self._errors[unit] = error
        self._results[unit] = FlashUnitResult(
            unit, "failed", None, error.message, error.name, error.code, error.advice, self._runs[unit].erased,
            error.explanation, error.state_now, error.page,
        )

    def _lost(self) -> str:
        """After the connection is gone nobody else is begun."""
        lost = any(isinstance(error.__cause__ or error, VciLost) for error in self._errors.values())
        return "The connection to the vehicle was lost." if lost else ""

    def _awaited(self) -> list[tuple[Place, float]]:
        return [place for unit, error in self._errors.items() for place in self._runs[unit].awaited(error.__cause__)]

    def _tell_state(self) -> Job[None]:
        """One line for each unit that is not done, and what that means for the vehicle."""
        for turn in self.turns:
            result = self._results.get(turn.unit)
            if result is None:
                yield Tell(Noted(0.0, "warning", f"{turn.unit} was not begun."))
            elif result.result in ("failed", "not-done"):
                how = "failed" if result.result == "failed" else "was not flashed"
                yield Tell(Noted(0.0, "error", f"{turn.unit} {how}: {result.reason}"))
        for text in not_drivable(self.turns, self._results):
            yield Tell(Noted(0.0, "error", text))

    def _judged(self, error: BaseException) -> BaseException:
        """A cancel in words: what is done and what is not."""
        if not isinstance(error, JobCancelled):
            return error
        done = [unit for unit, result in self._results.items() if result.result == "flashed"]
        left = [turn.unit for turn in self.turns if turn.unit not in self._results or self._left(turn.unit)]
        words = f"Stopped: {', '.join(done) or 'no unit'} flashed, {', '.join(left) or 'none'} not done."
        return JobCancelled(" ".join((words, *not_drivable(self.turns, self._results))), AGAIN)

    def _left(self, unit: str) -> bool:
        return self._results[unit].result in ("failed", "not-done")


def _in_words(result: FlashOrderResult) -> str:
    done = sum(unit.result in ("flashed", "up-to-date") for unit in result.units)
    left = [f"{unit.unit}: {unit.reason}" for unit in result.units if unit.flash is None]
    return " ".join((f"{done} of {len(result.units)} units have their new software.", *left, *result.not_drivable))
