"""Watches the supply voltage while blocks are sent: outside of the limits no new one goes out (page F3 of the plan)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, ReadClock, ReadVoltage, Tell, Wait
from core.diagnosis.preflight import names
from core.errors import PreconditionNotMet
from core.events import Noted
from core.vocabulary import FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import FlashPolicy

CHECK_INTERVAL = 0.5
"""Seconds between two measurements: a block takes less on a quick line, and each one costs the device a call."""
LONGEST_DIP = 120.0
"""Seconds that the job waits for the voltage to come back. The keep-alive holds the session meanwhile."""
STEADY = 2
"""Measurements in a row that must be good again: a starter motor or a charger switching on makes it swing."""


class VoltageWatch:
    """For one unit's flash. A device that cannot measure is not asked again: nothing is watched then."""

    def __init__(self, unit: str, minimum: float, maximum: float, *, blind: bool = False) -> None:
        self._unit, self._minimum, self._maximum = unit, minimum, maximum
        self._next = float("-inf")
        self._blind = blind

    @classmethod
    def of(cls, unit: str, policy: FlashPolicy, checks: Iterable[FlashCheck]) -> VoltageWatch:
        """Watches nothing where the technician has passed a red voltage on purpose: it would never go on."""
        passed = any(check.name == names.VOLTAGE and check.ok is False for check in checks)
        return cls(unit, policy.voltage_minimum, policy.voltage_maximum, blind=passed)

    def hold(self) -> Job[None]:
        """Returns at once while all is well. Else tells, waits and goes on; PreconditionNotMet after LONGEST_DIP."""
        if self._blind:
            return
        now, _ = yield ReadClock()
        if now < self._next:
            return
        self._next = now + CHECK_INTERVAL
        volts = yield ReadVoltage()
        if volts is None:
            self._blind = True
        elif not self._good(volts):
            yield from self._wait(volts, now + LONGEST_DIP)

    def _wait(self, volts: float, end: float) -> Job[None]:
        yield Tell(Noted(0.0, "error", f"{self._problem(volts)} {self._instruction()}"))
        worst, good = volts, 0
        while good < STEADY:
            yield Wait(CHECK_INTERVAL)
            now, _ = yield ReadClock()
            measured = yield ReadVoltage()
            if measured is None or not self._good(measured):
                good = 0
                worst = min(worst, volts if measured is None else measured)
            else:
                good += 1
            if now >= end:
                raise PreconditionNotMet(
                    f"{self._problem(worst)} It did not come back within {LONGEST_DIP:.0f} s.",
                    "Connect or adjust the battery charger and wait until the voltage is steady.",
                )
        yield Tell(Noted(0.0, "info", f"The supply voltage is good again: {self._unit} goes on."))
        now, _ = yield ReadClock()
        self._next = now + CHECK_INTERVAL

    def _good(self, volts: float) -> bool:
        return self._minimum <= volts <= self._maximum

    def _problem(self, volts: float) -> str:
        if volts < self._minimum:
            return f"The supply voltage fell to {volts:.1f} V (at least {self._minimum:.1f} V)."
        return f"The supply voltage rose to {volts:.1f} V (at most {self._maximum:.1f} V)."

    def _instruction(self) -> str:
        return (
            f"No new block is sent to {self._unit}: keep the ignition on and connect or adjust the battery charger; "
            f"the flash goes on by itself within {LONGEST_DIP:.0f} s."
        )
