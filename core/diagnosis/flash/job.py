"""Flashes one unit in the sequence of page 3 section 3.1 (ISO 14229-1 programming sequence). Every ending is safe."""

from __future__ import annotations

from core.diagnosis.commands import Job, Step, Tell
from core.diagnosis.flash import marks
from core.diagnosis.flash.frame import Frame
from core.diagnosis.flash.plan import FlashPlan, FlashTask, ask_permit, prepare
from core.diagnosis.flash.unit_run import UnitRun, result_of
from core.diagnosis.preflight import decide, refuse
from core.events import Noted
from core.vocabulary import FlashPreview, FlashResult


def flash_preview(task: FlashTask) -> Job[FlashPreview]:
    """The choice, its checks and its steps; nothing is changed, failed checks are no error here."""
    plan = yield from prepare(task)
    return plan.preview()


def flash(task: FlashTask, force: bool = False, override: str = "") -> Job[FlashResult]:
    """Flashes the unit. A unit that has the software already is "up-to-date" unless `force`, which also allows older.

    `override` is the unit's name, typed: red lines that the flash plan lets pass are warnings then.
    PreconditionNotMet with one reason per failed check before anything is changed; JobInterrupted (with the step)
    or JobCancelled when it ends after the first erase; VerificationFailed when the new software does not read back.
    """
    plan = yield from prepare(task)
    ask_permit([plan], force)
    if plan.up_to_date and not force:
        return (yield from up_to_date(plan))
    unit = yield from allowed(plan, force, override)
    yield from marks.opening(plan, unit.place[1], force)  # StorageFailed: nothing is changed without a journal
    return (yield from _flash(unit))


def up_to_date(plan: FlashPlan) -> Job[FlashResult]:
    """Nothing is to be done. G2 holds for this answer, too."""
    refuse(f"{plan.unit.name} cannot be flashed", plan.checks[:1])
    yield marks.confirmed(plan)
    return result_of(plan, "up-to-date", 0, 0.0, "", plan.software_before)


def allowed(plan: FlashPlan, force: bool, override: str = "") -> Job[UnitRun]:
    """PreconditionNotMet for red lines; what may be passed is told as a warning."""
    passed = decide(plan.unit.name, plan.checks, force=force, override=override)
    for check in plan.checks:
        if not check.ok:
            how = "Passed by typing the unit's name: " if override and check in passed else ""
            yield Tell(Noted(0.0, "warning", f"{how}{check.reason}"))
    assert plan.address is not None  # the device check has refused otherwise
    return UnitRun(plan, plan.address)


def _flash(unit: UnitRun) -> Job[FlashResult]:
    """The vehicle around one unit: every ending puts it back."""
    frame = Frame((*unit.plan.task.vehicle.addresses(), unit.place[1]), [unit.policy])
    try:
        yield Step("prepare", "Extended session, trouble code storage and normal messages off")
        yield from frame.open()
        yield from unit.ready()
        yield from frame.quiet()
        software = yield from unit.work()
    except GeneratorExit:
        raise
    except BaseException as error:
        yield unit.failed(error)
        # no Step here: it would say that the one before it has ended well; a cancel waits while an error is handled
        yield from frame.close(awaited=unit.awaited(error))
        raise unit.judged(error) from error
    yield Step("restore", "Trouble code storage and normal messages on", protected=True)
    yield from frame.close(cleared=[unit.place] if unit.policy.clear_dtcs else [])
    return (yield from unit.result(software))
