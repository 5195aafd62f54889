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
    """What one vehicle identification response or announcement said (ISO 13400-2, table 5).

    `node_type` (0 gateway, 1 node), the sockets and `power_mode` (0 not ready, 1 ready) are what it told when asked;
    None: not told. `unasked`: it announced itself before anybody had asked.
    """

    host: str
    port: int
    vin: str
    logical_address: int
    eid: bytes
    gid: bytes
    further_action: int
    sync_status: int | None = None
    node_type: int | None = None
    max_sockets: int | None = None
    open_sockets: int | None = None
    power_mode: int | None = None
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class DeviceTrial:
    """What a test of one device has found. `problem` is "" where it works, with `advice` else.

    `serial` is "" where the device tells none; `abilities` are (what, "yes" or what it is); `limits` are sentences with
    their consequence. `loopback` is "yes" or why its own frames did not come back; the figures are None where they were
    not measured. `wire_share` is of what the bit rate allows.
    """

    uri: str
    name: str
    serial: str = ""
    at: float = 0.0
    problem: str = ""
    advice: str = ""
    firmware: str = ""
    library_version: str = ""
    api: str = ""
    abi: str = ""
    vin: str = ""
    voltage: float | None = None
    abilities: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    loopback: str = ""
    latency_ms: float | None = None
    frames_per_second: int | None = None
    wire_share: float | None = None
    seconds: float = 0.0


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
