"""A simulated vehicle: its units with their servers, locks and state, built from compiled data and its TOML. No bus.

The CAN side and the DoIP side put it on the wire; GarageStore keeps it on disk.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue.coding import read_raw
from core.catalogue.model import DataBlock, FlashSession, UnitInfo, VehicleInfo
from core.errors import DataMissing, StorageFailed
from core.protocol.authentication.seed_key import key_for
from core.simulation.ecu.memory import ERASED, FlashMemory, Region
from core.simulation.ecu.model import Conditions, UnitModel, UnitState, factory_state
from core.simulation.ecu.rules_faults import record_fault
from core.simulation.ecu.server import UdsServer
from core.simulation.initial_state import InitialState
from core.simulation.misbehaviour import Misbehaviour, UnitFaults
from core.simulation.misbehaviour.server import faulty_server
from core.vci.channel import Clock
from core.vocabulary import KWP2000, CanAddress, DoipAddress, Transport

if TYPE_CHECKING:
    from core.simulation.certificates import Credentials

LoadBlock = Callable[[FlashSession, DataBlock], Sequence[tuple[int, bytes]]]
"""(start, bytes) of each segment of a data block."""

Issue = Callable[[str, str], "Credentials"]
"""(unit, VIN) -> with what this unit proves itself in service 0x29, where its flashware asks for certificates."""


def issue_from(folder: Path, roots: Sequence[Path] = ()) -> Issue:
    """Certificates of the installation's own root in `folder` (made at the first 0x29); `roots` are trusted, too."""

    def issue(unit: str, vin: str) -> Credentials:
        from core.simulation.certificates import Authority

        return Authority(folder, roots).unit(unit, vin)

    return issue


def _no_certificates(unit: str, vin: str) -> Credentials:
    raise StorageFailed(f"No folder was given for the certificate of {unit}.")


@dataclass(frozen=True, slots=True)
class GarageData:
    """What the diagnostic data say of one vehicle. `sessions` by unit name, newest last; `load_block` is lazy."""

    vehicle: VehicleInfo
    units: Mapping[str, UnitInfo]
    sessions: Mapping[str, Sequence[FlashSession]]
    load_block: LoadBlock


class GarageUnit:
    """One unit of a garage vehicle. Whoever touches `server` holds `lock`."""

    def __init__(
        self, model: UnitModel, state: UnitState, conditions: Conditions, now: float, faults: UnitFaults
    ) -> None:
        self.name = model.name
        self.model, self.state, self.faults = model, state, faults
        self.lock = threading.RLock()
        self._conditions = conditions
        self.server: UdsServer = faulty_server(model, state, conditions, now, faults)

    @property
    def can_address(self) -> CanAddress | None:
        """Where the unit is on CAN; None for one that is on DoIP. The preferred address decides."""
        return self.model.info.address if isinstance(self.model.info.address, CanAddress) else None

    @property
    def needs_fd(self) -> bool:
        """It is on CAN and speaks CAN FD there."""
        return self.can_address is not None and self.can_address.is_fd

    @property
    def doip_address(self) -> DoipAddress | None:
        return self.model.info.address if isinstance(self.model.info.address, DoipAddress) else None

    def power_on(self, now: float) -> None:
        """Start anew with the state as it is now (it was read from disk)."""
        with self.lock:
            self.server = faulty_server(self.model, self.state, self._conditions, now, self.faults)


class Garage:
    """One simulated vehicle. `voltage` may be set at any time; `on_change` is called when something is to be stored.

    `misbehaviour` takes orders at any time.
    """

    def __init__(
        self, name: str, data: GarageData, initial: InitialState, *, clock: Clock, issue: Issue | None = None
    ) -> None:
        self.name, self.data, self.initial, self.clock = name, data, initial, clock
        self._issue = issue or _no_certificates
        self.on_change: Callable[[], None] | None = None
        self._conditions = Conditions(initial.voltage)
        transports = {unit: _transport(data.units[unit]) for unit in data.vehicle.units}
        uncounted = [unit for unit in transports if data.units[unit].protocol == KWP2000]
        self.misbehaviour = Misbehaviour(name, transports, uncounted)
        now = clock()
        self.units = tuple(self._build(data.units[unit], now) for unit in data.vehicle.units)

    @property
    def vin(self) -> str:
        return self.initial.vin

    @property
    def voltage(self) -> float:
        return self._conditions.voltage

    @voltage.setter
    def voltage(self, volts: float) -> None:
        self._conditions.voltage = volts

    def unit(self, name: str) -> GarageUnit:
        """The unit of that name, without regard to case. DataMissing for an unknown one."""
        for unit in self.units:
            if unit.name.casefold() == name.casefold():
                return unit
        raise DataMissing(f"{self.name} has no unit {name!r}.")

    def record_fault(self, unit_name: str, code: int) -> bool:
        """Let a unit see a fault now. False where it does not record it (85 02, boot loader, reset)."""
        unit = self.unit(unit_name)
        with unit.lock:
            recorded = record_fault(unit.server, code)
        self.note_changes(unit)
        return recorded

    def note_changes(self, unit: GarageUnit) -> None:
        """Called after every request that a unit has worked on."""
        if unit.state.changed:
            unit.state.changed = False
            if self.on_change is not None:
                self.on_change()

    def _build(self, info: UnitInfo, now: float) -> GarageUnit:
        address = info.address
        is_gateway = isinstance(address, DoipAddress) and address.logical == self.data.vehicle.doip_gateway
        initial = self.initial.unit(info.name)
        sessions = self.data.sessions.get(info.name, ())
        resume = any(session.policy.resume for session in sessions)
        secured = any(session.policy.authentication for session in sessions)
        model = UnitModel(
            info, initial, self.vin, os.urandom, key_for, answers_from_boot=not is_gateway, resume=resume,
            credentials=cache(partial(self._issue, info.name, self.vin)) if secured else None,
        )  # fmt: skip
        _check_data(model)
        memory = FlashMemory(build_regions(sessions, initial.flashware, self.data.load_block))
        faults = self.misbehaviour.of(info.name)
        return GarageUnit(model, factory_state(model, memory), self._conditions, now, faults)


def _transport(info: UnitInfo) -> Transport:
    return info.address.transport if info.address is not None else Transport.CAN


def _check_data(model: UnitModel) -> None:
    """What a rule would stumble over later is refused now: an unknown security method, an item outside its record."""
    for level, rule in model.initial.security.items():
        key_for(rule.method, bytes(rule.seed_length), level)
    for record in model.info.coding:
        for item in record.items:
            read_raw(item, bytes(record.length))


def build_regions(sessions: Sequence[FlashSession], installed: str, load: LoadBlock) -> list[Region]:
    """The flash layout that the sessions of a unit need, holding the installed one. Blocks that overlap are one region.

    DataMissing where no session is called `installed`; "" means the oldest.
    """
    if not sessions:
        return []
    present = next((session for session in sessions if session.name == installed), None)
    if present is None and installed:
        raise DataMissing(f"{sessions[0].unit} has no flash session {installed!r}.")
    present = present or sessions[0]
    spans: list[tuple[int, int, str]] = []
    for start, end, name in sorted(_span(block) for session in sessions for block in session.blocks if block.segments):
        if spans and start < spans[-1][1]:
            first = spans.pop()
            start, end, name = first[0], max(end, first[1]), first[2]
        spans.append((start, end, name))
    return [Region(name, start, end - start, _loader(present, start, end, load)) for start, end, name in spans]


def _span(block: DataBlock) -> tuple[int, int, str]:
    return (
        min(segment.start for segment in block.segments),
        max(segment.start + segment.length for segment in block.segments),
        block.name,
    )


def _loader(session: FlashSession, start: int, end: int, load: LoadBlock) -> Callable[[], bytes]:
    """Brings the bytes of a region out of the session when they are needed; what it does not cover reads as erased."""

    def bring() -> bytes:
        image = bytearray([ERASED]) * (end - start)
        for block in session.blocks:
            if not block.segments or not start <= block.segments[0].start < end:
                continue
            for at, data in load(session, block):
                image[at - start : at - start + len(data)] = data
        return bytes(image)

    return bring
