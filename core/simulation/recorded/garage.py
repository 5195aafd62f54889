"""The recorded vehicle in the shape that the CAN side and the DoIP side put on a wire. No bus, no file."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from core.simulation.initial_state import Broadcast
from core.simulation.misbehaviour import Misbehaviour, UnitFaults
from core.simulation.recorded.script import UnitScript
from core.vci.channel import Clock
from core.vocabulary import CanAddress, DoipAddress, EcuAddress

VOLTS = 12.6  # a trace tells none


@dataclass(frozen=True, slots=True)
class Recording:
    """What a trace tells of its vehicle. `scripts` by (unit, address); `broadcast`: frames that nobody asked for."""

    name: str
    vin: str
    scripts: Mapping[tuple[str, EcuAddress], UnitScript]
    broadcast: tuple[Broadcast, ...] = ()
    gateway: int | None = None
    eid: bytes = bytes(6)
    gid: bytes = bytes(6)


class RecordedServer:
    """The face of a garage unit's server, played from a script."""

    broadcasts = True
    silent = False
    resets = 0
    in_boot = False

    def __init__(self, script: UnitScript) -> None:
        self._script = script
        self._due: list[tuple[float, Any, bytes]] = []

    def receive(self, pdu: bytes, now: float, functional: bool = False, peer: Any = None) -> None:
        if pdu:
            self._due += [(now + after, peer, answer) for after, answer in self._script.answers(pdu, functional)]

    def answers(self, now: float) -> list[tuple[Any, bytes]]:
        due = [(peer, pdu) for at, peer, pdu in self._due if at <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        return due

    def next_deadline(self) -> float | None:
        return min((at for at, _, _ in self._due), default=None)

    def handle_timeout(self, now: float) -> None:
        """Nothing happens in a recording that was not asked for."""


class RecordedUnit:
    """One unit. Whoever touches `server` holds `lock`."""

    def __init__(self, name: str, address: EcuAddress, script: UnitScript, faults: UnitFaults) -> None:
        self.name, self.faults = name, faults
        self.can_address = address if isinstance(address, CanAddress) else None
        self.doip_address = address if isinstance(address, DoipAddress) else None
        self.needs_fd = self.can_address is not None and self.can_address.is_fd
        self.lock = threading.RLock()
        self.server = RecordedServer(script)


class RecordedGarage:
    """What CanSide, DoipSide and SimulationVci use of a Garage."""

    def __init__(self, recording: Recording, *, clock: Clock) -> None:
        self.name, self.vin, self.clock, self.voltage = recording.name, recording.vin, clock, VOLTS
        self.misbehaviour = Misbehaviour(
            recording.name, {name: address.transport for name, address in recording.scripts}
        )
        self.units: Sequence[RecordedUnit] = tuple(
            RecordedUnit(name, address, script, self.misbehaviour.of(name))
            for (name, address), script in recording.scripts.items()
        )
        self.initial = SimpleNamespace(broadcast=recording.broadcast, eid=recording.eid, gid=recording.gid)
        self.data = SimpleNamespace(vehicle=SimpleNamespace(doip_gateway=recording.gateway))

    def note_changes(self, unit: RecordedUnit) -> None:
        """A recording has no state to keep."""
