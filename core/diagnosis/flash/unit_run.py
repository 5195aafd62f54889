"""One unit from its extended session to its new software read back, alone or within an order. Touches no other unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, ReadClock, Record, Request
from core.diagnosis.explain import explain_in_place
from core.diagnosis.flash import marks
from core.diagnosis.flash.programming import Programming
from core.diagnosis.idents import UnitReader
from core.diagnosis.security import authenticate_early
from core.errors import JobCancelled, JobInterrupted, ProductError, VciLost, VerificationFailed
from core.protocol.dialect import dialect_of
from core.vocabulary import EcuAddress, FlashResult

if TYPE_CHECKING:
    from core.catalogue.model import FlashPolicy
    from core.diagnosis.flash.frame import Place
    from core.diagnosis.flash.plan import FlashPlan

LONGEST_WAIT = 5.0  # seconds for a unit to come back after a flash that failed


def result_of(
    plan: FlashPlan, result: str, size: int, seconds: float, sha256: str, after: str, retries: int = 0
) -> FlashResult:  # fmt: skip
    rate = size / seconds if seconds > 0 else 0.0
    return FlashResult(
        plan.unit.name, result, plan.session.name, size, seconds, rate, sha256, plan.software_before, after, retries,
        plan.task.pending(plan.unit.name),
    )  # fmt: skip


class UnitRun:
    """The part of a flash that belongs to the unit. The vehicle around it is frame.py's matter."""

    def __init__(self, plan: FlashPlan, address: EcuAddress) -> None:
        self.plan = plan
        self._address = address
        self._programming = Programming(plan, address)
        self._began = 0.0

    @property
    def place(self) -> Place:
        return self.plan.unit.name, self._address

    @property
    def policy(self) -> FlashPolicy:
        return self.plan.session.policy

    @property
    def erased(self) -> bool:
        """From the first erase on: it has no valid software unless the flash ends well."""
        return self._programming.erased

    def begin(self) -> Job[None]:
        """Its seconds count from here; in an order from its own turn on."""
        self._began, _ = yield ReadClock()

    def ready(self) -> Job[None]:
        """Into the extended session, and asked whether it is ready. Changes nothing."""
        yield from self.begin()
        yield Request(*self.place, dialect_of(self._address).session(self.policy.extended_session))
        yield from authenticate_early(self.plan.task.vehicle, *self.place, self.policy)
        yield from self._programming.ask_preconditions()

    def work(self) -> Job[str]:
        """From the programming session to the software that it reports afterwards, which is the answer."""
        yield from self._programming.run()
        software = yield from self._read_back()
        yield marks.ended(self.plan, "flashed", left_in_programming=False)
        return software

    def result(self, software: str) -> Job[FlashResult]:
        end, _ = yield ReadClock()
        done = self._programming
        return result_of(self.plan, "flashed", done.sent, end - self._began, done.sha256, software, done.retries)

    def failed(self, error: BaseException) -> Record:
        """For the journal."""
        return marks.ended(self.plan, "failed", left_in_programming=self.erased, error=error)

    def awaited(self, error: BaseException | None) -> tuple[tuple[Place, float], ...]:
        """After a failure: the unit, where it has to find its way out of its boot loader and can be asked."""
        if not self._programming.entered or isinstance(error, VciLost):
            return ()
        return ((self.place, min(self.policy.reset_time, LONGEST_WAIT)),)

    def judged(self, error: BaseException) -> BaseException:
        """The first error as the technician must read it: after the first erase the unit has no valid software."""
        unit, where, left = self.plan.unit.name, self._programming.step_title, self.plan.task.interrupted
        if not isinstance(error, ProductError):
            return error
        without = self.plan.in_boot or (left is not None and not left.complete)
        step = self._programming.step or "prepare"
        told = explain_in_place(error, step=step, unit=unit, kind="flash", without_software=without)
        if not self.erased or isinstance(error, VerificationFailed):
            return error
        ending: ProductError
        if isinstance(error, JobCancelled):
            again = f"Keep the ignition on and start the flash of {unit} again from the beginning."
            ending = JobCancelled(f"Stopped in the step {where!r}: {unit} has no valid software now.", again)
        else:
            message = f"The flash of {unit} ended in the step {where!r}: {error.message}"
            ending = JobInterrupted(message, told.what_to_do, step=step, safe_to_repeat=True)
        ending.explanation, ending.state_now = error.explanation, error.state_now
        return ending

    def _read_back(self) -> Job[str]:
        """Reads the software back from the new application."""
        yield self._programming.begin("verify", "Read the new software version back", protected=True)
        reader = UnitReader(self.plan.unit, self._address)
        software = yield from reader.of_kind("software")
        variant = yield from reader.variant(self.plan.task.vehicle.surroundings.catalogue)
        wanted = self.plan.session.own_software
        if variant is not None and variant.is_boot:
            raise VerificationFailed(
                f"{self.plan.unit.name} did not start its new software: the boot loader answers.",
                "Keep the ignition on and flash this unit again; if it stays so, the flashware does not fit it.",
            )
        if wanted and software != wanted:
            raise VerificationFailed(
                f"{self.plan.unit.name} reports software {software or 'none'} instead of {wanted}.",
                "Flash this unit again; if it stays so, the flashware is not what it says.",
            )
        return software
