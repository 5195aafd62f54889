"""Which units should have their new software before this one (depends_on of its plan), and whether they have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job
from core.diagnosis.idents import UnitReader
from core.errors import EcuError, RemoteProtocolError
from core.vocabulary import FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import UnitInfo
    from core.diagnosis.identify import KnownVehicle

_NAME = "needs "


def needs_checks(vehicle: KnownVehicle, unit: str, depends_on: Iterable[str]) -> Job[tuple[FlashCheck, ...]]:
    """One line a unit that is needed. Never red: the other one may be flashed right afterwards (`without`)."""
    checks = []
    for name in depends_on:
        other = next((known for known in vehicle.units if known.name.casefold() == name.casefold()), None)
        software = (yield from _software(vehicle, other)) if other is not None else ""
        sessions = vehicle.surroundings.catalogue.flash_sessions(other) if other is not None else ()
        newest = sessions[-1].own_software if sessions else ""
        done = bool(software) and software == newest
        reason = (
            f"{unit} needs the new software of {name} ({newest or 'not known'}), which has {software or 'not told'}."
        )
        advice = f"Flash {name} before, or both in one order."
        checks.append(
            FlashCheck(
                f"{_NAME}{name}", True if done else None, software or "not told", newest or "its newest",
                "" if done else reason, advice="" if done else advice,
            )
        )  # fmt: skip
    return tuple(checks)


def without(checks: Iterable[FlashCheck], units: Iterable[str]) -> tuple[FlashCheck, ...]:
    """The lines but for those about `units`: they are flashed in the same order."""
    names = {f"{_NAME}{unit}".casefold() for unit in units}
    return tuple(check for check in checks if check.name.casefold() not in names)


def lacking(checks: Iterable[FlashCheck]) -> tuple[str, ...]:
    """In words what is needed and not there."""
    return tuple(check.reason for check in checks if check.name.startswith(_NAME) and not check.ok)


def _software(vehicle: KnownVehicle, unit: UnitInfo) -> Job[str]:
    address = vehicle.address(unit)
    if address is None:
        return ""
    try:
        return (yield from UnitReader(unit, address).of_kind("software"))
    except (EcuError, RemoteProtocolError):
        return ""
