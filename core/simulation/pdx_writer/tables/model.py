"""The rows of the garage's data tables: measurements, trouble codes, coding, flash layout, units, vehicles.

Frozen data without behaviour, apart from what follows from a row alone (the 3 byte code of "P0301-00"). Addresses and
lengths are bytes, times seconds, voltages volts. Short names obey ODX: letters, digits, underscore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SYSTEM_LETTERS = "PCBU"

UDS, KWP2000 = "UDS", "KWP2000"
# a kind of unit is described by UDS identifiers; in KWP2000 the same is behind a service and one byte (ISO 14230-3, 7)
_KWP_IDENTS = {
    0xF190: 0x1A90, 0xF191: 0x1A91, 0xF189: 0x1A95, 0xF187: 0x1A87, 0xF18C: 0x1A8C, 0xF180: 0x1AB0, 0xF100: 0x1AB1,
    0xF15A: 0x1A9A,
}  # fmt: skip
_LOCAL, _LOCAL_CODING = 0x2100, 0x21E0

# DTC status bytes as a unit of the garage reports them (ISO 14229-1, D.2; bits 4 and 6 are not supported)
ACTIVE, ACTIVE_WITH_LAMP, PENDING, STORED = 0x2F, 0xAF, 0x24, 0x28


@dataclass(frozen=True, slots=True)
class Measurement:
    """A live value behind a DID: physical = raw * factor + offset; `raw` is what the standing car shows."""

    name: str
    title: str
    did: int
    bits: int
    factor: float
    offset: float
    unit: str
    raw: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble code as displayed (SAE J2012-DA style, failure type byte after the dash) and its severity 1..4."""

    display: str
    text: str
    level: int = 2

    @property
    def code(self) -> int:
        """The 3 byte number: two bits system, 14 bits code, failure type byte (ISO 15031-6, 5.3)."""
        letter = _SYSTEM_LETTERS.index(self.display[0])
        return letter << 22 | int(self.display[1:5], 16) << 8 | int(self.display[6:8], 16)


@dataclass(frozen=True, slots=True)
class Option:
    """A coding option of `bits` bits at `byte`.`bit`: choices from raw 0 on, or a number within raw `low`..`high`.

    `factory` and `car` are raw: what the record left the factory with, and what this car holds today.
    """

    name: str
    title: str
    byte: int
    bit: int
    bits: int
    factory: int
    car: int | None = None
    choices: tuple[str, ...] = ()
    factor: float = 1.0
    offset: float = 0.0
    low: int = 0
    high: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A coding record: the DID that carries it, its length in bytes, its options."""

    name: str
    title: str
    did: int
    length: int
    options: tuple[Option, ...]

    def factory_bytes(self) -> bytes:
        return self._pack([option.factory for option in self.options])

    def car_bytes(self) -> bytes:
        return self._pack([option.factory if option.car is None else option.car for option in self.options])

    def _pack(self, raws: list[int]) -> bytes:
        """Big-endian over bytes; bit 0 of an option's last byte is its least significant (ISO 22901-1, 7.3.6.2)."""
        whole = 0
        for option, raw in zip(self.options, raws, strict=True):
            last_byte = option.byte + (option.bit + option.bits - 1) // 8
            whole |= raw << ((self.length - 1 - last_byte) * 8 + option.bit)
        return whole.to_bytes(self.length, "big")


@dataclass(frozen=True, slots=True)
class Kind:
    """What units of one trade share, whichever car they sit in."""

    title: str
    measurements: tuple[Measurement, ...]
    troubles: tuple[Trouble, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One logical block of flash memory."""

    name: str
    title: str
    start: int
    size: int


def program_and_data(start: int, program: int, data: int) -> tuple[Block, Block]:
    """The usual layout: the program, and its data right behind it."""
    return Block("PROGRAM", "Program", start, program), Block("DATA", "Data", start + program, data)


@dataclass(frozen=True, slots=True)
class Can:
    """Identifiers of a unit on CAN; above 0x7FF they have 29 bits.

    `extension`: the address bytes that the tester sends and hears (extended addressing, ISO 15765-2, 10.3.4). `fd`:
    it speaks CAN FD with frames of up to 64 bytes.
    """

    tx: int
    rx: int
    extension: tuple[int, int] | None = None
    fd: bool = False

    @property
    def is_29_bit(self) -> bool:
        return self.tx > 0x7FF


@dataclass(frozen=True, slots=True)
class Doip:
    """Logical address of a unit on DoIP."""

    logical: int


@dataclass(frozen=True, slots=True)
class Present:
    """A trouble code that the car has today. `recurs`: seconds until it is back after a clear, 0 for never."""

    display: str
    status: int
    occurrences: int = 1
    recurs: float = 0.0


@dataclass(frozen=True, slots=True)
class Unit:
    """One control unit of a vehicle.

    `versions` are software versions from the oldest known to the newest; the installed one is the last but one.
    `data_format` selects how its flashware travels: INTEL-HEX or MOTOROLA-S (external file), BINARY (intern).
    `policy` holds FlashPolicy names that differ from the protocol's defaults, `settings` keys of its table in the TOML.
    """

    name: str
    kind: Kind
    address: Can | Doip
    hardware: tuple[str, ...]
    part: str
    serial: str
    boot_software: str
    versions: tuple[str, str, str]
    blocks: tuple[Block, ...]
    data_format: str = "INTEL-HEX"
    policy: Mapping[str, str] = field(default_factory=dict)
    present: tuple[Present, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    title: str = ""
    protocol: str = UDS
    held_back: bool = False  # the data are older than the newest software and do not hold its flashware

    @property
    def flashware(self) -> tuple[str, ...]:
        """The versions whose flashware the data hold, oldest first."""
        return (self.installed,) if self.held_back else (self.installed, self.newest)

    def identifier(self, did: int) -> int:
        """What this unit has in place of a DID: itself in UDS, service and local identifier in KWP2000."""
        if self.protocol == UDS:
            return did
        return _KWP_IDENTS.get(did) or (_LOCAL_CODING | did & 0x0F if did >> 8 == 0x01 else _LOCAL | did & 0xFF)

    @property
    def installed(self) -> str:
        return self.versions[1]

    @property
    def newest(self) -> str:
        return self.versions[2]

    @property
    def series(self) -> str:
        """The software series names the ECU variant: 2063 for 2063.12."""
        return self.installed.partition(".")[0]

    @property
    def older_series(self) -> str:
        return self.versions[0].partition(".")[0]

    @property
    def newer_series(self) -> str | None:
        """The newest software's series where that is a new one."""
        series = self.newest.partition(".")[0]
        return None if series in (self.series, self.older_series) else series


@dataclass(frozen=True, slots=True)
class Frame:
    """A periodic CAN frame: identifier, cycle in seconds, data, counter byte, wave (byte, low, high, period)."""

    unit: str
    identifier: int
    cycle: float
    data: str
    counter: int | None = None
    wave: tuple[int, int, int, float] | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One simulated car. `name` is its file name; its ODX short name is the same in upper case."""

    name: str
    title: str
    vin: str
    vin_prefix: str
    euro_class: str
    product_group: str
    mileage: int  # km
    voltage: float
    units: tuple[Unit, ...]
    doip_only: bool = False
    gateway: int | None = None
    eid: str = ""
    frames: tuple[Frame, ...] = ()

    @property
    def short_name(self) -> str:
        return self.name.upper().replace("-", "_")

    @property
    def is_24_volt(self) -> bool:
        return self.voltage > 18

    @property
    def can_addresses(self) -> tuple[Can, ...]:
        return tuple(unit.address for unit in self.units if isinstance(unit.address, Can))

    @property
    def on_can(self) -> bool:
        return bool(self.can_addresses)

    @property
    def on_doip(self) -> bool:
        return any(isinstance(unit.address, Doip) for unit in self.units)
