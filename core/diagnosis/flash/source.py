"""Where flashware comes from: the catalogue, FILE.pdx[#SESSION], or PLAN.toml[#IMAGE]. Reads files, sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue.model import UnitInfo, UnitTiming, VehicleInfo
from core.diagnosis.flash.records import try_all
from core.diagnosis.identify import generic_idents
from core.diagnosis.preflight.rules import require_known, vehicle_check
from core.errors import DataInvalid, DataMissing, UsageError
from core.vocabulary import CanAddress, EcuAddress, EuroClass, FlashCheck

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.images import FlashImage
    from core.catalogue.model import DataBlock, FlashSession
    from core.catalogue.plans import FlashPackage, FlashPlanFile
    from core.diagnosis.identify import KnownVehicle

PLAN_SUFFIX = ".toml"
NO_COVER = "Name the class that the vehicle was certified for under [vehicle] euro_class in the plan."


@dataclass(frozen=True)
class Flashware:
    """What a technician asked for, once it is read: sessions (newest last) and, with a plan file, the plan.

    `vehicle` is the one that was identified, with the emission class of the plan where the vehicle data say nothing
    of it. `image` brings the bytes of a session's block. `elsewhere` is what the vehicle data call the unit at the
    address that was named, where the plan calls it something else.
    """

    vehicle: KnownVehicle
    unit: UnitInfo
    sessions: tuple[FlashSession, ...]
    image: Callable[[FlashSession, DataBlock], FlashImage]
    package: FlashPackage | None = None
    elsewhere: str = ""


def split_flashware(text: str) -> tuple[Path, str]:
    """FILE#SESSION -> (FILE, SESSION), PLAN#IMAGE -> (PLAN, IMAGE); a file whose own name has a # is found first."""
    if Path(text).is_file() or "#" not in text:
        return Path(text), ""
    plan, _, image = text.partition("#")
    if plan.endswith(PLAN_SUFFIX):
        return Path(plan), image
    file, _, session = text.rpartition("#")
    return Path(file), session


def plan_of(flashware: str | None) -> FlashPackage | None:
    """The plan (and image) that a wish names, None where it names something else. DataInvalid, UsageError."""
    file, image = split_flashware((flashware or "").strip())
    if file.suffix != PLAN_SUFFIX:
        return None
    from core.catalogue.plans import package, plan_from_toml

    made = package(plan_from_toml(file.absolute()), Path(image) if image else None)
    if made.session is None:
        return made
    return replace(made, session=replace(made.session, file=f"{file.absolute()}#{Path(image).absolute()}"))


def flashware_for(
    vehicle: KnownVehicle, ecu: str | EcuAddress, wanted: str | None, open_data: Callable[[Path], Catalogue]
) -> Flashware:
    """Unit and flashware of a wish. DataMissing for what is not known, DataInvalid for a plan or image that is broken.

    An unknown vehicle is refused unless the plan says what it was certified for.
    """
    package = plan_of(wanted)
    vehicle = _covered(vehicle, package)
    unit, elsewhere = _unit(vehicle, ecu, package.plan if package is not None else None)
    catalogue = vehicle.surroundings.catalogue
    if package is not None and package.session is not None:
        sessions = (replace(package.session, unit=unit.name),) if elsewhere else package.sessions
        return Flashware(vehicle, unit, sessions, package.image, package, elsewhere)
    known = catalogue.flash_sessions(unit)
    if package is not None:
        policy = package.plan.policy
        ours = tuple(replace(session, policy=policy) for session in known)
        return Flashware(vehicle, unit, _some(ours, unit), catalogue.image, package, elsewhere)
    text = (wanted or "").strip()
    named = tuple(s for s in known if s.name.casefold() == text.casefold()) if text else known
    if named or not text:
        return Flashware(vehicle, unit, _some(named, unit), catalogue.image)
    source, sessions = _from_file(vehicle, unit, text, open_data)
    return Flashware(vehicle, unit, sessions, source.image)


def unit_name(vehicle: KnownVehicle, ecu: str | EcuAddress, wanted: str | None) -> str:
    """Which unit is meant, as the journal calls it. No image is read for that."""
    if isinstance(ecu, str) and ecu.strip():
        return ecu.strip()
    from core.catalogue.plans import plan_from_toml

    file, _ = split_flashware((wanted or "").strip())
    plan = plan_from_toml(file) if file.suffix == PLAN_SUFFIX else None
    return _unit(vehicle, ecu, plan)[0].name


def _some(sessions: tuple[FlashSession, ...], unit: UnitInfo) -> tuple[FlashSession, ...]:
    if not sessions:
        raise DataMissing(f"There is no flashware for {unit.name}.", "Give a flashware file, or load newer data.")
    return sessions


def _from_file(
    vehicle: KnownVehicle, unit: UnitInfo, wanted: str, open_data: Callable[[Path], Catalogue]
) -> tuple[Catalogue, tuple[FlashSession, ...]]:
    """FILE[#SESSION]. A session of another unit is offered too where it is all there is: its check then says no."""
    path, name = split_flashware(wanted)
    if not path.is_file():
        names = ", ".join(s.name for s in vehicle.surroundings.catalogue.flash_sessions(unit))
        raise DataMissing(
            f"There is neither a file nor a flashware {wanted!r} for {unit.name}.",
            f"Known flashware: {names or 'none'}. A file is given as FILE.pdx or FILE.pdx#SESSION.",
        )
    catalogue = open_data(path)
    every = catalogue.sessions
    if name:
        every = tuple(s for s in every if s.name.casefold() == name.casefold())
        if not every:
            raise DataMissing(f"{path.name} holds no flashware {name!r}.", "`passbay data check` lists what it holds.")
    own = tuple(s for s in every if s.unit.casefold() == unit.name.casefold())
    if not (own or every):
        raise DataMissing(f"{path.name} holds no flashware.", "`passbay data check` lists what it holds.")
    return catalogue, own or every[-1:]


# -- the unit


def _unit(vehicle: KnownVehicle, ecu: str | EcuAddress, plan: FlashPlanFile | None) -> tuple[UnitInfo, str]:
    """The unit that is meant, from the vehicle data where they know it, else from the plan."""
    if not isinstance(ecu, str):
        return _unit_at(vehicle, ecu, plan)
    name = ecu.strip() or (plan.unit if plan is not None else "")
    if not name:
        raise UsageError(
            "No unit is named.", "Use --ecu NAME, or --tx and --rx, or --address, or a plan that names it."
        )
    known = [unit for unit in vehicle.units if unit.name.casefold() == name.casefold()]
    if plan is None:
        return vehicle.unit(name), ""
    if known:
        return replace(known[0], idents=plan.idents(known[0].idents)), ""
    if plan.unit.casefold() != name.casefold():
        return vehicle.unit(name), ""  # its error names the units that are there
    if plan.address is None:
        raise DataMissing(
            f"The vehicle data know no unit {plan.unit!r}, and the plan does not say where it is.",
            "Give --tx and --rx, or --address, or write it under [unit] in the plan.",
        )
    return _unit_at(vehicle, plan.address, plan)


def _unit_at(vehicle: KnownVehicle, address: EcuAddress, plan: FlashPlanFile | None) -> tuple[UnitInfo, str]:
    if plan is None:
        raise DataMissing(
            f"For the unit at {address} there is no flashware without a plan.",
            "Give --image and --plan, or --ecu NAME.",
        )
    for known in vehicle.units:
        if known.file and any(_same_place(address, other) for other in known.addresses):
            elsewhere = "" if known.name.casefold() == plan.unit.casefold() else known.name
            return replace(known, idents=plan.idents(known.idents)), elsewhere
    return (
        UnitInfo(
            plan.unit, plan.unit, plan.file, (_spoken(address, plan.protocol),), plan.protocol, UnitTiming(), (),
            plan.idents(generic_idents(plan.protocol)),
        ), "",
    )  # fmt: skip


def _spoken(address: EcuAddress, protocol: str) -> EcuAddress:
    return replace(address, protocol=protocol) if isinstance(address, CanAddress) else address


def _same_place(one: EcuAddress, other: EcuAddress) -> bool:
    if isinstance(one, CanAddress):
        return isinstance(other, CanAddress) and (one.tx, one.rx, one.tx_extension) == (
            other.tx, other.rx, other.tx_extension,
        )  # fmt: skip
    return not isinstance(other, CanAddress) and one.logical == other.logical


# -- what the plan allows


def _covered(vehicle: KnownVehicle, package: FlashPackage | None) -> KnownVehicle:
    """Rule G2: what the vehicle data say of the emission class counts; where they say nothing, what the plan says."""
    says = package.plan.euro_class if package is not None else EuroClass.UNKNOWN
    if vehicle.euro_class is EuroClass.UNKNOWN and says is not EuroClass.UNKNOWN:
        info = vehicle.info or VehicleInfo("", "This vehicle", "", (), says, "", ())
        return replace(vehicle, info=replace(info, euro_class=says))
    try:
        require_known(vehicle)
    except DataMissing as missing:
        if package is None:
            raise
        raise DataMissing(missing.message, NO_COVER) from missing
    return vehicle


def cover_checks(flashware: Flashware, session: FlashSession) -> tuple[FlashCheck, ...]:
    """Rule G2 first, then what only a plan can be wrong in: the vehicle that it is for, its gaps, its records."""
    checks = [vehicle_check(flashware.vehicle), *_layout_check(session, flashware.unit.protocol)]
    if flashware.package is None:
        return tuple(checks)
    plan, vehicle = flashware.package.plan, flashware.vehicle
    if plan.euro_class not in (EuroClass.UNKNOWN, vehicle.euro_class):
        says, known = plan.euro_class.value, vehicle.euro_class.value
        no = f"The plan is for vehicles certified {says}, this one was certified {known}."
        checks.append(FlashCheck("plan", False, known, says, no))
    if plan.vin_prefixes:
        fits = vehicle.vin.startswith(plan.vin_prefixes) if vehicle.vin else None
        wanted = " or ".join(f"{prefix}..." for prefix in plan.vin_prefixes)
        no = f"The plan is for VINs {wanted}, this one is {vehicle.vin}." if vehicle.vin else "No VIN was told."
        checks.append(FlashCheck("VIN", fits, vehicle.vin or "not told", wanted, "" if fits else no))
    if flashware.elsewhere:
        no = f"The vehicle data call the unit there {flashware.elsewhere}, the plan calls it {plan.unit}."
        checks.append(FlashCheck("address", None, flashware.elsewhere, plan.unit, no))
    if plan.protocol != flashware.unit.protocol:
        no = f"{plan.unit} speaks {flashware.unit.protocol}, the plan is written for {plan.protocol}."
        checks.append(FlashCheck("protocol", False, flashware.unit.protocol, plan.protocol, no))
    if not plan.is_proven:
        no = "The plan names neither a checksum routine nor the software afterwards: nothing will prove the result."
        checks.append(FlashCheck("proof", None, "none", "checksum or software", no))
    return tuple(checks)


def _layout_check(session: FlashSession, protocol: str) -> list[FlashCheck]:
    """A record that cannot be made is found here and not after the erase."""
    try:
        try_all(session.policy, session.blocks, protocol)
    except DataInvalid as problem:
        return [FlashCheck("layout", False, "does not fit", "addresses and sizes fit", problem.message)]
    return []
