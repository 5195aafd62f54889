"""The lines of the pre-flight that need nothing but what is known already: emission class, device, voltage. Pure.

G2 (covered emission class), G5 and G6 (device ability) are rules of the workshop manual. What a red line may be
passed by is `override.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.diagnosis.preflight import names
from core.errors import DataMissing, PreconditionNotMet
from core.vocabulary import CanAddress, EuroClass, FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import FlashSession, UnitInfo
    from core.diagnosis.identify import KnownVehicle

VEHICLE = names.VEHICLE
FULL_KIT = "it needs the full diagnosis kit instead of a pass-thru device"
NOT_COVERED = "Do this work with the full diagnosis kit. Nothing was changed; quick test and faults can be used."
COVERED = "EURO 5, EURO 6 or EURO VI"
CHARGER = "Connect or adjust the battery charger and wait until the voltage is steady."


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
    if euro.covered:
        return FlashCheck(names.VEHICLE, True, euro.value, COVERED)
    if euro is EuroClass.UNKNOWN:
        reason = f"The emission class of {title} is not known, so that it is not covered: {FULL_KIT}."
    else:
        reason = f"{title} was certified {euro.value}, which is not covered: {FULL_KIT}."
    return FlashCheck(names.VEHICLE, False, euro.value, COVERED, reason, advice=NOT_COVERED)


def require_covered(vehicle: KnownVehicle, unit: UnitInfo) -> None:
    """The same rule for coding, as an error: PreconditionNotMet, or DataMissing for an unknown vehicle."""
    require_known(vehicle)
    refuse(f"{unit.name} cannot be coded", (vehicle_check(vehicle),))


def device_check(vehicle: KnownVehicle, unit: UnitInfo) -> FlashCheck:
    """Rules G5 and G6: the device speaks what the unit speaks, CAN FD frames where it needs them."""
    reason = vehicle.reason(unit)
    measured = " and ".join(sorted(t.value for t in vehicle.surroundings.transports)) or "nothing"
    fd = any(isinstance(address, CanAddress) and address.is_fd for address in unit.addresses)
    wanted = " or ".join(sorted({a.transport.value for a in unit.addresses})) or "an address"
    wanted = f"{wanted} with FD frames" if fd else wanted
    if not reason:
        return FlashCheck(names.DEVICE, True, measured, wanted)
    words = f"{unit.name} cannot be reached with this device: {reason}"
    return FlashCheck(names.DEVICE, False, measured, wanted, words, advice="Connect with a device that does.")


def ready_check(power_mode: int | None) -> tuple[FlashCheck, ...]:
    """The vehicle's own word (ISO 13400-2, table 9: 0 not ready, 1 ready); no line where it has none."""
    if power_mode not in (0, 1):
        return ()
    if power_mode:
        return (FlashCheck(names.READY, True, "ready", "ready"),)
    reason = "The vehicle says that it is not ready (DoIP power mode 0)."
    return (FlashCheck(names.READY, False, "not ready", "ready", reason, advice="Switch the ignition on."),)


def link_check(session: FlashSession, limit: int) -> FlashCheck:
    """The largest message that device and transport carry, against the block length that the data asks for."""
    longest = session.policy.max_block
    carried = min(limit, longest) if longest else limit
    measured = f"messages up to {_bytes(carried)}"
    if carried < 3:  # SID, counter and one byte
        reason = f"The device carries messages of {limit} bytes only: no data fits into a block."
        return FlashCheck(names.LINK, False, measured, "3 bytes", reason, advice="Connect with another device.")
    return FlashCheck(names.LINK, True, measured, f"up to {_bytes(longest)}" if longest else "as the unit offers")


def _bytes(count: int) -> str:
    return "any length" if count >= 1 << 31 else f"{count} bytes"


def voltage_check(volts: float | None, minimum: float, maximum: float) -> FlashCheck:
    """Supply voltage; not measurable is a warning, never assumed good."""
    wanted = f"{minimum:.1f} to {maximum:.1f} V"
    if volts is None:
        reason = "The device cannot measure the voltage: check the charger by hand."
        return FlashCheck(names.VOLTAGE, None, "--.- V", wanted, reason, advice="Measure the battery at its poles.")
    measured = f"{volts:.1f} V"
    if volts < minimum:
        reason = f"The supply voltage is too low ({volts:.2f} V, at least {minimum:.1f} V): connect a battery charger."
    elif volts > maximum:
        reason = f"The supply voltage is too high ({volts:.2f} V, at most {maximum:.1f} V): check the charger."
    else:
        return FlashCheck(names.VOLTAGE, True, measured, wanted)
    return FlashCheck(names.VOLTAGE, False, measured, wanted, reason, overridable=True, advice=CHARGER)


def refuse(headline: str, checks: Iterable[FlashCheck]) -> None:
    """PreconditionNotMet with one reason per failed check; nothing where none failed."""
    failed = [check for check in checks if check.ok is False]
    if not failed:
        return
    advice = " ".join(dict.fromkeys(check.advice for check in failed if check.advice))
    if advice and NOT_COVERED not in advice:
        advice += " Then start again. Nothing was changed."
    raise PreconditionNotMet(f"{headline}. {' '.join(check.reason for check in failed)}", advice)
