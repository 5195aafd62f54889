"""What SelectPTDevice lists (C13): devices, interfaces, DoIP entities heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from core.vocabulary.bus import Transport
from core.vocabulary.vehicle import EuroClass


class DeviceKind(Enum):
    """The four ways of connecting (G4)."""

    SIMULATION = "simulation"
    CAN = "can"
    DOIP = "doip"
    J2534 = "j2534"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One line of SelectPTDevice. `uri` is what `--vci` takes; `usable` is False with `verdict` saying why."""

    kind: DeviceKind
    name: str
    uri: str
    transports: frozenset[Transport]
    usable: bool
    verdict: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DoipEntity:
    """What one vehicle identification response or announcement said (ISO 13400-2, table 5)."""

    host: str
    port: int
    vin: str
    logical_address: int
    eid: bytes
    gid: bytes
    further_action: int
    sync_status: int | None = None


@dataclass(frozen=True, slots=True)
class GarageVehicle:
    """One simulated vehicle that comes with the product. `uri` connects to it, `units` are names in test order."""

    name: str
    title: str
    vin: str
    euro_class: EuroClass
    transports: frozenset[Transport]
    units: tuple[str, ...]
    uri: str


@dataclass(frozen=True, slots=True)
class SimulatedFault:
    """A way in which a simulated vehicle misbehaves to order. `title` is a sentence.

    `occasion` is what is counted for `name@N`; a `lasting` one goes on from then, the others happen once.
    """

    name: str
    title: str
    occasion: str
    transports: frozenset[Transport]
    lasting: bool = False
