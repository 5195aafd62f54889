"""Flashes one unit in the sequence of page 3 section 3.1 (ISO 14229-1 programming sequence). Every ending is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.diagnosis.commands import Command, Functional, Job, KeepAlive, ReadClock, Reconnect, Request, Step, Tell
from core.diagnosis.flash import marks
from core.diagnosis.flash.plan import FlashPlan, FlashTask, prepare
from core.diagnosis.flash.programming import PROBE, Programming
from core.diagnosis.idents import UnitReader
from core.diagnosis.preflight import decide, refuse
from core.errors import JobCancelled, JobInterrupted, ProductError, VciLost, VerificationFailed
from core.events import Noted
from core.protocol import uds
from core.vocabulary import EcuAddress, FlashPreview, FlashResult

if TYPE_CHECKING:
    from core.catalogue.model import FlashSession

DEFAULT, EXTENDED = 0x01, 0x03
LONGEST_WAIT = 5.0  # seconds for a unit to come back after a flash that failed
KEEP_ALIVE_INTERVAL = 2.0  # S3client, ISO 14229-2


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
    if plan.up_to_date and not force:
        refuse(f"{plan.unit.name} cannot be flashed", plan.checks[:1])  # G2 holds for this answer, too
        yield marks.confirmed(plan)
        return _result(plan, "up-to-date", 0, 0.0, "", plan.software_before)
    passed = decide(plan.unit.name, plan.checks, force=force, override=override)
    for check in plan.checks:
        if not check.ok:
            how = "Passed by typing the unit's name: " if override and check in passed else ""
            yield Tell(Noted(0.0, "warning", f"{how}{check.reason}"))
    assert plan.address is not None  # the device check has refused otherwise
    yield from marks.opening(plan, plan.address, force)  # StorageFailed: nothing is changed without a journal
    return (yield from _Flash(plan, plan.address).run())


def _result(
    plan: FlashPlan, result: str, size: int, seconds: float, sha256: str, after: str, retries: int = 0
) -> FlashResult:  # fmt: skip
    rate = size / seconds if seconds > 0 else 0.0
    return FlashResult(
        plan.unit.name, result, plan.session.name, size, seconds, rate, sha256, plan.software_before, after, retries,
        plan.task.pending(),
    )  # fmt: skip


class _Flash:
    """One run: the frame around the programming of the blocks, and what every ending puts back."""

    def __init__(self, plan: FlashPlan, address: EcuAddress) -> None:
        self._plan = plan
        self._address = address
        self._programming = Programming(plan, address)
        self._everyone = plan.task.vehicle.addresses()

    @property
    def _session(self) -> FlashSession:
        return self._plan.session

    def _request(self, pdu: bytes) -> Request:
        return Request(self._plan.unit.name, self._address, pdu)

    def run(self) -> Job[FlashResult]:
        start, _ = yield ReadClock()
        try:
            yield from self._pre_programming()
            yield from self._programming.run()
            software = yield from self._post_programming()
            yield marks.ended(self._plan, "flashed", left_in_programming=False)
        except GeneratorExit:
            raise
        except BaseException as error:
            yield marks.ended(self._plan, "failed", left_in_programming=self._programming.erased, error=error)
            # no Step here: it would say that the one before it has ended well; a cancel waits while an error is handled
            yield from self._restore(clear=False, await_unit=self._programming.entered and not _lost(error))
            raise self._judged(error) from error
        yield Step("restore", "Trouble code storage and normal messages on", protected=True)
        yield from self._restore(clear=True, await_unit=False)
        end, _ = yield ReadClock()
        done = self._programming
        return _result(self._plan, "flashed", done.sent, end - start, done.sha256, software, done.retries)

    def _pre_programming(self) -> Job[None]:
        yield Step("prepare", "Extended session, trouble code storage and normal messages off")
        yield Functional(self._everyone, uds.session(EXTENDED, suppress=True))
        yield KeepAlive(self._everyone, KEEP_ALIVE_INTERVAL)
        yield self._request(uds.session(EXTENDED))
        yield from self._programming.ask_preconditions()
        yield Functional(self._everyone, uds.dtc_setting(2, suppress=True))
        yield Functional(self._everyone, uds.communication_control(1, suppress=True))

    def _post_programming(self) -> Job[str]:
        """Reads the software back from the new application."""
        yield Step("verify", "Read the new software version back", protected=True)
        reader = UnitReader(self._plan.unit, self._address)
        software = yield from reader.of_kind("software")
        variant = yield from reader.variant(self._plan.task.vehicle.surroundings.catalogue)
        wanted = self._session.own_software
        if variant is not None and variant.is_boot:
            raise VerificationFailed(
                f"{self._plan.unit.name} did not start its new software: the boot loader answers.",
                "Keep the ignition on and flash this unit again; if it stays so, the flashware does not fit it.",
            )
        if wanted and software != wanted:
            raise VerificationFailed(
                f"{self._plan.unit.name} reports software {software or 'none'} instead of {wanted}.",
                "Flash this unit again; if it stays so, the flashware is not what it says.",
            )
        return software

    def _restore(self, clear: bool, await_unit: bool) -> Job[None]:
        """On every ending communication and DTC setting are on again; a first error is never replaced.

        `await_unit`: leaving its boot loader is one more reset of the unit; the next job must not fall into it.
        """
        commands: list[Command] = [
            Functional(self._everyone, uds.communication_control(0, suppress=True)),
            Functional(self._everyone, uds.dtc_setting(1, suppress=True)),
            KeepAlive(()),
            Functional(self._everyone, uds.session(DEFAULT, suppress=True)),
        ]
        if await_unit:
            seconds = min(self._session.policy.reset_time, LONGEST_WAIT)
            commands.append(Reconnect(self._plan.unit.name, self._address, PROBE, seconds))
        if clear:  # the reset and the silence of the unit have left codes that are no faults
            commands.append(Request(self._plan.unit.name, self._address, uds.clear_dtcs(), raise_negative=False))
        for command in commands:
            try:
                yield command
            except ProductError as problem:
                yield Tell(Noted(0.0, "warning", f"While putting the vehicle back: {problem.message}"))

    def _judged(self, error: BaseException) -> BaseException:
        """The first error as the technician must read it: after the first erase the unit has no valid software."""
        unit, where = self._plan.unit.name, self._programming.step_title
        if not self._programming.erased or isinstance(error, VerificationFailed):
            return error
        again = f"Keep the ignition on and start the flash of {unit} again from the beginning."
        if isinstance(error, JobCancelled):
            return JobCancelled(f"Stopped in the step {where!r}: {unit} has no valid software now.", again)
        if isinstance(error, ProductError):
            return JobInterrupted(
                f"The flash of {unit} ended in the step {where!r}: {error.message}", f"{error.advice} {again}",
                step=self._programming.step, safe_to_repeat=True,
            )  # fmt: skip
        return error


def _lost(error: BaseException) -> bool:
    """The way to the vehicle is gone: nobody can be waited for."""
    return isinstance(error, VciLost)
