"""What a simulated unit is (UnitModel, never changes) and what it holds (UnitState, kept on disk). No UDS in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.catalogue.model import CodingRecord, UnitInfo
from core.simulation.ecu.memory import FlashMemory, ImageHeader
from core.simulation.initial_state import InitialUnit

if TYPE_CHECKING:
    from core.simulation.certificates import Credentials

NEVER_PROGRAMMED = b"\xff" * 9  # what a fingerprint reads as before the first one: erased cells


class Conditions:
    """What all units of a car share: the supply voltage in volts."""

    def __init__(self, voltage: float) -> None:
        self.voltage = voltage


@dataclass(frozen=True, slots=True)
class UnitModel:
    """The facts of one unit: its diagnostic data, its TOML table, the car's VIN.

    `entropy(n)` gives n random bytes for seeds. `unlock_key(method, seed, level)` is the key that opens 0x27.
    `answers_from_boot`: 10 02 is answered by the boot loader after the reset (0x78 before it); False answers first,
    for a gateway whose own reset cuts the connection. `resume`: the boot loader takes a download without a new erase
    where an earlier one was interrupted. `credentials`: with what a unit proves itself that is opened by 0x29 only
    (certificates.py); None for one that 0x27 opens.
    """

    info: UnitInfo
    initial: InitialUnit
    vin: str
    entropy: Callable[[int], bytes]
    unlock_key: Callable[[str, bytes, int], bytes]
    answers_from_boot: bool = True
    resume: bool = False
    credentials: Callable[[], Credentials] | None = None

    @property
    def name(self) -> str:
        return self.info.name

    def record(self, did: int) -> CodingRecord | None:
        return next((record for record in self.info.coding if record.did == did), None)


@dataclass(slots=True)
class DtcMemory:
    """One trouble code of the unit: status (ISO 14229-1, D.2), snapshot and extended records by number."""

    code: int
    status: int = 0
    snapshots: dict[int, bytes] = field(default_factory=dict)
    extended: dict[int, bytes] = field(default_factory=dict)


class UnitState:
    """Everything that survives a reset and a restart of the program. `changed` asks the garage to store it.

    `returning` says when a cleared but recurring fault is there again (code -> the garage's clock); not stored.
    """

    def __init__(self, memory: FlashMemory) -> None:
        self.memory = memory
        self.coding: dict[int, bytes] = {}
        self.dtcs: dict[int, DtcMemory] = {}
        self.fingerprint = NEVER_PROGRAMMED
        self.returning: dict[int, float] = {}
        self.wrong_keys: dict[int, int] = {}
        self.changed = False


def factory_state(model: UnitModel, memory: FlashMemory) -> UnitState:
    """The unit as the TOML and the PDX describe it."""
    state = UnitState(memory)
    for record in model.info.coding:
        state.coding[record.did] = model.initial.coding.get(record.did, record.factory).ljust(record.length, b"\0")
    for text in model.info.dtcs:
        state.dtcs[text.code] = DtcMemory(text.code)
    for dtc in model.initial.dtcs:
        state.dtcs[dtc.code] = DtcMemory(dtc.code, dtc.status, dict(dtc.snapshots), dict(dtc.extended))
    return state


def dependency_fault(model: UnitModel, state: UnitState) -> int:
    """routineStatus of 0xFF01: 0 the software fits, 1 it is for another unit or hardware, 4 a block is not valid."""
    if not state.memory.valid:
        return 4
    header: ImageHeader | None = state.memory.header()
    if header is None:
        return 0 if not state.memory.regions else 1
    fits = header.unit.upper() == model.name.upper() and model.initial.hardware in ("", header.hardware)
    return 0 if fits else 1
