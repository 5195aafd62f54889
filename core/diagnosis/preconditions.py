"""What must hold before a vehicle is changed: covered emission class (G2), device ability (G5, G6), voltage. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.errors import DataMissing, PreconditionNotMet
from core.vocabulary import EuroClass, FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import UnitInfo
    from core.diagnosis.identify import KnownVehicle

FULL_KIT = "it needs the full diagnosis kit instead of a pass-thru device"
NOT_COVERED = "Do this work with the full diagnosis kit. Nothing was changed; quick test and faults can be used."
VEHICLE = "vehicle"
"""Name of the check of rule G2."""
COVERED = "EURO 5, EURO 6 or EURO VI"


def require_known(vehicle: KnownVehicle) -> None:
    """DataMissing where no vehicle data covers the VIN: nothing is changed in a vehicle that is not known."""
    if vehicle.info is None:
        raise DataMissing(
            f"No vehicle data covers the VIN {vehicle.vin}." if vehicle.vin else "The vehicle did not tell its VIN.",
            "Load the diagnostic data (PDX) of this vehicle; flash and coding are refused without it.",
        )


def vehicle_check(vehicle: KnownVehicle) -> FlashCheck:
    """Rule G2: only vehicles certified EURO 5, EURO 6 or EURO VI."""
    euro = vehicle.euro_class
    title = vehicle.info.title if vehicle.info else "This vehicle"
    if euro is EuroClass.UNKNOWN:
        reason = f"The emission class of {title} is not known, so that it is not covered: {FULL_KIT}."
    else:
        reason = f"{title} was certified {euro.value}, which is not covered: {FULL_KIT}."
    return FlashCheck(VEHICLE, euro.covered, euro.value, COVERED, "" if euro.covered else reason)


def require_covered(vehicle: KnownVehicle, unit: UnitInfo) -> None:
    """The same rule for coding, as an error: PreconditionNotMet, or DataMissing for an unknown vehicle."""
    require_known(vehicle)
    refuse(f"{unit.name} cannot be coded", (vehicle_check(vehicle),))


def device_check(vehicle: KnownVehicle, unit: UnitInfo) -> FlashCheck:
    """Rules G5 and G6: the device speaks what the unit speaks."""
    reason = vehicle.reason(unit)
    measured = " and ".join(sorted(t.value for t in vehicle.surroundings.transports)) or "nothing"
    wanted = " or ".join(sorted({a.transport.value for a in unit.addresses})) or "an address"
    words = f"{unit.name} cannot be reached with this device: {reason}" if reason else ""
    return FlashCheck("device", not reason, measured, wanted, words)


def voltage_check(volts: float | None, minimum: float, maximum: float) -> FlashCheck:
    """Supply voltage; not measurable is a warning, never assumed good."""
    wanted = f"{minimum:.1f} to {maximum:.1f} V"
    if volts is None:
        reason = "The device cannot measure the voltage: check the charger by hand."
        return FlashCheck("voltage", None, "--.- V", wanted, reason)
    measured = f"{volts:.1f} V"
    if volts < minimum:
        reason = f"The supply voltage is too low ({volts:.2f} V, at least {minimum:.1f} V): connect a battery charger."
    elif volts > maximum:
        reason = f"The supply voltage is too high ({volts:.2f} V, at most {maximum:.1f} V): check the charger."
    else:
        reason = ""
    return FlashCheck("voltage", not reason, measured, wanted, reason)


def refuse(headline: str, checks: Iterable[FlashCheck]) -> None:
    """PreconditionNotMet with one reason per failed check; nothing where none failed."""
    failed = [check for check in checks if check.ok is False]
    if failed:
        advice = NOT_COVERED if any(check.name == VEHICLE for check in failed) else ""
        raise PreconditionNotMet(f"{headline}. {' '.join(check.reason for check in failed)}", advice)
