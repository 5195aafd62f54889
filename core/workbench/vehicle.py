"""One connected vehicle: starts jobs on it and shows its traffic. The rules are in core/diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.vocabulary import (
    CodingResult,
    CodingState,
    EcuAddress,
    EuroClass,
    FaultsResult,
    FlashChoice,
    FlashPreview,
    FlashResult,
    SurveyResult,
    Transport,
    UdsResult,
    VehicleIdentity,
    VehicleUnit,
)

if TYPE_CHECKING:
    from core.diagnosis.runner import RunningJob
    from core.diagnosis.traffic import TrafficView


class Vehicle:
    """A connected vehicle. Job methods return at once with a RunningJob; one job at a time (JobError otherwise).

    Every job identifies the vehicle first where that has not been done, so none has to be called before another.
    `ecu` is a unit's short name, case-insensitive; DataMissing with the known names where there is no such unit.
    """

    uri: str
    name: str
    transports: frozenset[Transport]

    # -- what is known; "" / UNKNOWN / () until a job has identified the vehicle

    @property
    def identity(self) -> VehicleIdentity | None:
        raise NotImplementedError

    @property
    def vin(self) -> str:
        raise NotImplementedError

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def euro_class(self) -> EuroClass:
        raise NotImplementedError

    @property
    def units(self) -> tuple[VehicleUnit, ...]:
        raise NotImplementedError

    @property
    def running(self) -> RunningJob[object] | None:
        """The job that runs now."""
        raise NotImplementedError

    def voltage(self) -> float | None:
        """Battery volts now, None where the device cannot measure. Quick; also while a job runs."""
        raise NotImplementedError

    # -- jobs

    def identify(self) -> RunningJob[VehicleIdentity]:
        """VIN, vehicle and units."""
        raise NotImplementedError

    def survey(self) -> RunningJob[SurveyResult]:
        """Quick test of all units; UnitSurveyed after each. A cancel ends it between two units."""
        raise NotImplementedError

    def faults(self, ecu: str, clear: bool = False) -> RunningJob[FaultsResult]:
        """Trouble codes with status words and environment data; `clear` erases them (14 FFFFFF) and reads again."""
        raise NotImplementedError

    def flashware(self, ecu: str) -> tuple[FlashChoice, ...]:
        """Flashware known for this unit of the identified vehicle, newest first. No traffic."""
        raise NotImplementedError

    def flash_preview(self, ecu: str, flashware: str | None = None) -> RunningJob[FlashPreview]:
        """All checks and the steps, nothing changed. `flashware`: FILE.pdx[#SESSION] or a session's name."""
        raise NotImplementedError

    def flash(self, ecu: str, flashware: str | None = None, force: bool = False) -> RunningJob[FlashResult]:
        """Flashes. PreconditionNotMet before anything is changed, JobInterrupted after the first erase."""
        raise NotImplementedError

    def coding_read(self, ecu: str) -> RunningJob[CodingState]:
        raise NotImplementedError

    def coding_write(self, ecu: str, changes: Mapping[str, str]) -> RunningJob[CodingResult]:
        """`changes`: item name -> meaning or number as text. ValueRefused (nothing written), VerificationFailed."""
        raise NotImplementedError

    def coding_restore(self, ecu: str, backup: str | Path | None = None) -> RunningJob[CodingResult]:
        """Writes a before-image back: the newest one of this VIN and unit, or the given file."""
        raise NotImplementedError

    def uds(self, target: str | EcuAddress, pdus: Sequence[bytes]) -> RunningJob[UdsResult]:
        """Raw requests, one after another; negative answers are results here, not errors."""
        raise NotImplementedError

    # -- traffic

    def traffic_view(self) -> TrafficView:
        """A new view on the bus traffic, from now on: one per panel, polled by the roof (4-10 Hz)."""
        raise NotImplementedError

    def close(self) -> None:
        """Cancels a running job (its safe ending runs), waits for it, lets the device go. Idempotent."""

    def __enter__(self) -> Vehicle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
