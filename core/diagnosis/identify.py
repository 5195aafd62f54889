"""Which vehicle is connected: VIN from the way, functionally or at known units, then the vehicle by its prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.catalogue.model import IdentItem, UnitInfo, UnitTiming, VehicleInfo
from core.diagnosis.commands import Collect, Job, Request, Step
from core.diagnosis.idents import text_of
from core.diagnosis.security.methods import BUILT_IN, SecurityMethods
from core.errors import DataMissing, EcuError, PreconditionNotMet, RemoteProtocolError
from core.protocol.dialect import dialect_of
from core.vocabulary import (
    KWP2000,
    UDS,
    CanAddress,
    DoipAddress,
    EcuAddress,
    EuroClass,
    Transport,
    VehicleIdentity,
    VehicleUnit,
    Vin,
)

if TYPE_CHECKING:
    from core.catalogue import Catalogue

COLLECT_SECONDS = 0.5  # P2server is 50 ms; the rest is for eight multi-frame answers on one bus
_PROBE_P2 = 0.5

GENERIC_IDENTS = (
    IdentItem("VIN", "Vehicle identification number", 0xF190, "vin"),
    IdentItem("HARDWARE", "Hardware number", 0xF191, "hardware"),
    IdentItem("SUPPLIER_HARDWARE", "Supplier's hardware version", 0xF193, "hardware"),
    IdentItem("SOFTWARE_VERSION", "Software version", 0xF189, "software"),
    IdentItem("SOFTWARE", "Software number", 0xF188, "software"),
    IdentItem("SUPPLIER_SOFTWARE", "Supplier's software version", 0xF195, "software"),
    IdentItem("PART", "Spare part number", 0xF187, "part"),
)
_KWP_IDENTS = (
    IdentItem("VIN", "Vehicle identification number", 0x1A90, "vin"),
    IdentItem("HARDWARE", "Hardware number", 0x1A91, "hardware"),
    IdentItem("SUPPLIER_HARDWARE", "Supplier's hardware number", 0x1A92, "hardware"),
    IdentItem("SUPPLIER_SOFTWARE", "Supplier's software version", 0x1A95, "software"),
    IdentItem("SOFTWARE", "Supplier's software number", 0x1A94, "software"),
)
_LEGISLATED = tuple(CanAddress(0x7E0 + n, 0x7E8 + n) for n in range(8))


def generic_idents(protocol: str) -> tuple[IdentItem, ...]:
    """What a unit can be asked for that no data describe (ISO 14229-1, table C.1; ISO 14230-3, clause 7.1)."""
    return _KWP_IDENTS if protocol == KWP2000 else GENERIC_IDENTS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the jobs of one connection are given: the data, what the device speaks, what the way itself told.

    `own_files` are the PDX files that the technician named: their units count where no vehicle fits the VIN.
    """

    catalogue: Catalogue
    transports: frozenset[Transport]
    vin_hint: Callable[[], str] = lambda: ""
    own_files: frozenset[str] = frozenset()
    can_fd: bool = False
    security: SecurityMethods = BUILT_IN
    power_mode: Callable[[], int | None] = lambda: None

    def reach(self, address: EcuAddress) -> bool:
        """The device speaks what a unit at this address speaks (G5, G6; CAN FD frames where it needs them)."""
        fits = self.can_fd or not (isinstance(address, CanAddress) and address.is_fd)
        return address.transport in self.transports and fits


@dataclass(frozen=True)
class KnownVehicle:
    """The identified vehicle with its units in the order of the quick test. `info` is None for an unknown VIN."""

    vin: str
    info: VehicleInfo | None
    units: tuple[UnitInfo, ...]
    surroundings: Surroundings

    @property
    def euro_class(self) -> EuroClass:
        return self.info.euro_class if self.info else EuroClass.UNKNOWN

    def unit(self, name: str) -> UnitInfo:
        """By short name, case-insensitive. DataMissing with the known names."""
        for unit in self.units:
            if unit.name.casefold() == name.strip().casefold():
                return unit
        names = ", ".join(unit.name for unit in self.units)
        raise DataMissing(f"This vehicle has no unit {name!r}.", f"Its units are: {names}." if names else "")

    def address(self, unit: UnitInfo) -> EcuAddress | None:
        """The first of its addresses that the device can reach, None where there is none (G5, G6)."""
        return next((address for address in unit.addresses if self.surroundings.reach(address)), None)

    def reachable(self, name: str) -> tuple[UnitInfo, EcuAddress]:
        """Unit and address, PreconditionNotMet with the reason where the device cannot reach it."""
        unit = self.unit(name)
        address = self.address(unit)
        if address is None:
            raise PreconditionNotMet(
                f"{unit.name} cannot be reached: {self.reason(unit)}", "Connect with a device that does, then repeat."
            )
        return unit, address

    def reason(self, unit: UnitInfo) -> str:
        """Why no address of the unit can be reached, "" where one can."""
        if self.address(unit) is not None:
            return ""
        if not unit.addresses:
            return "the diagnostic data names no address for it."
        if any(address.transport in self.surroundings.transports for address in unit.addresses):
            return "it speaks CAN FD, and the device was opened without it (add fd=1 to its name)."
        if self.info is not None and self.info.doip_only:
            return "this vehicle speaks DoIP only, and the device does not (a DoIP adapter is needed)."
        wanted = " or ".join(sorted({a.transport.value for a in unit.addresses}))
        return f"it speaks {wanted}, and the device does not."

    def addresses(self) -> tuple[EcuAddress, ...]:
        """Every unit that the device can reach: where functional requests and keep-alives go."""
        return tuple(a for a in map(self.address, self.units) if a is not None)

    def identity(self) -> VehicleIdentity:
        """The face for the roof."""
        catalogue = self.surroundings.catalogue
        units = tuple(
            VehicleUnit(
                unit.name, unit.title, self.address(unit) or unit.address, self.address(unit) is not None,
                self.reason(unit), self.info is not None and bool(catalogue.flash_sessions(unit)), bool(unit.coding),
            )
            for unit in self.units
        )  # fmt: skip
        info = self.info
        return VehicleIdentity(
            self.vin, info.name if info else "", info.title if info else "", self.euro_class, units,
            info.product_group if info else "",
        )  # fmt: skip


def identify(surroundings: Surroundings) -> Job[KnownVehicle]:
    """Reads the VIN and finds the vehicle. Nobody answering is no error: the VIN is "" and the units are what
    the technician's own data files name."""
    yield Step("identify", "Read the vehicle identification number")
    vin = surroundings.vin_hint()
    answered: tuple[EcuAddress, ...] = ()
    if not Vin(vin).valid and Transport.CAN in surroundings.transports:
        vin, answered = yield from _vin_from_can(surroundings)
    if not Vin(vin).valid and Transport.DOIP in surroundings.transports:
        vin = (yield from _vin_from_units(_doip_candidates(surroundings))) or vin
    info = surroundings.catalogue.vehicle_for(vin) if vin else None
    if info is not None:
        units = surroundings.catalogue.units_of(info)
    else:
        units = _units_without_vehicle(surroundings, answered)
    return KnownVehicle(vin, info, units, surroundings)


def _vin_from_can(surroundings: Surroundings) -> Job[tuple[str, tuple[EcuAddress, ...]]]:
    """Functionally first: no unit must be known for that. Then physically at the units that the data names.

    UDS first; KWP2000 where nobody has told a VIN in UDS.
    """
    named = _can_candidates(surroundings)
    heard: list[EcuAddress] = []
    for protocol in (UDS, KWP2000):
        dialect = dialect_of(protocol)
        candidates = _once_each(replace(address, protocol=protocol) for address in named)
        answers = yield Collect(candidates, dialect.read_data(dialect.vin), COLLECT_SECONDS)
        heard += [address for address, pdu in answers if pdu[:1] == bytes((dialect.read_data(dialect.vin)[0] + 0x40,))]
        vins = [vin for vin in (_vin_of(address, pdu) for address, pdu in answers) if vin]
        if vins:
            valid = [vin for vin in vins if Vin(vin).valid] or vins
            return Counter(valid).most_common(1)[0][0], tuple(heard)  # a used part may carry another car's VIN
    return (yield from _vin_from_units(named)), tuple(heard)


def _vin_from_units(candidates: Iterable[EcuAddress]) -> Job[str]:
    for address in candidates:
        dialect = dialect_of(address)
        request = Request(str(address), address, dialect.read_data(dialect.vin), p2=_PROBE_P2, timeout=3.0)
        try:
            vin = _vin_of(address, (yield request))
        except (EcuError, RemoteProtocolError):
            continue
        if vin:
            return vin
    return ""


def _vin_of(address: EcuAddress, pdu: bytes) -> str:
    dialect = dialect_of(address)
    try:
        data = dialect.data_of(pdu, dialect.vin)
    except RemoteProtocolError:
        return ""
    return text_of(data) if data else ""


def _can_candidates(surroundings: Surroundings) -> tuple[CanAddress, ...]:
    """Every way once that the data name, then the legislated ones; two protocols on one identifier are two ways."""
    named = (a for unit in surroundings.catalogue.units for a in unit.addresses if isinstance(a, CanAddress))
    return _once_each(address for address in (*named, *_LEGISLATED) if surroundings.reach(address))


def _once_each(addresses: Iterable[CanAddress]) -> tuple[CanAddress, ...]:
    known: dict[object, CanAddress] = {}
    for address in addresses:
        known.setdefault((address.rx, address.is_extended_id, address.rx_extension, address.protocol), address)
    return tuple(known.values())


def _doip_candidates(surroundings: Surroundings) -> tuple[EcuAddress, ...]:
    """Gateways first: they always listen."""
    catalogue = surroundings.catalogue
    gateways = [DoipAddress(v.doip_gateway) for v in catalogue.vehicles if v.doip_gateway is not None]
    units = [a for unit in catalogue.units for a in unit.addresses if isinstance(a, DoipAddress)]
    return tuple({a.logical: a for a in (*units, *gateways, *units)}[n] for n in dict.fromkeys(
        a.logical for a in (*gateways, *units)))  # fmt: skip


def _units_without_vehicle(surroundings: Surroundings, answered: tuple[EcuAddress, ...]) -> tuple[UnitInfo, ...]:
    """The technician's own units, then whoever else answered, under the number of its identifier."""
    own = [unit for unit in surroundings.catalogue.units if unit.file in surroundings.own_files]
    covered = {str(address) for unit in own for address in unit.addresses}
    others = [
        UnitInfo(
            str(a).replace("/", "-"), f"Unit at {a}", "", (a,), a.protocol, UnitTiming(), (), generic_idents(a.protocol)
        )
        for a in dict.fromkeys(answered)
        if str(a) not in covered
    ]
    return (*own, *others)
