"""Reads a garage vehicle's TOML: what the simulated car holds when it leaves the factory. Structure comes from the PDX.

The PDX beside it (compiled by core/catalogue) says what exists: units and addresses, DIDs and what they are, DTC
names, coding records with their factory bytes, flash sessions with their blocks. This file says only what is in the
car today. All bytes are hex text (blanks allowed), DIDs and DTC codes are 4 and 6 hex digits, times are seconds.

    title = "Mixed car, CAN and DoIP"            # shown by `garage list`
    vin = "XPBMX..."                             # 17 characters; answers every ident of kind "vin" and DoIP
    voltage = 12.6                               # volts; what a unit programs at, see voltage_minimum

    [doip]                                       # only where units answer on DoIP
    eid = "02 50 42 00 00 01"                    # 6 bytes
    gid = "02 50 42 00 00 00"                    # 6 bytes

    [timing]                                     # defaults of all units; a unit may overrule in [units.X.timing]
    reset_time = 0.3                             # how long a unit is silent after a reset
    erase_per_kib = 0.0005                       # erase time per KiB of flash; 0x78 goes out meanwhile
    erase_minimum = 0.15
    checksum_per_kib = 0.0001                    # CRC time per KiB
    answer_time = 0.0                            # pause before an ordinary answer (P2 is 0.05)
    pending_interval = 0.1                       # a 0x78 every so often during erase and checksum
    slow_boot = 10.0                             # reset_time where the fault "slow-boot" is ordered

    [units.ENGINE]                               # the unit's short name in the PDX, every unit has its table
    hardware = "PB-ENG-HW-04"                    # at most 16 characters: answers idents of kind "hardware", and must
                                                 # stand in the image header or the dependency check (FF01) fails
    flashware = "ENGINE_0110"                    # name of the installed flash session; default: the oldest one
    software = "01.10"                           # answers idents of kind "software" only if the unit has no flashware
    boot_software = "B02"                        # answers idents of kind "software" while in boot; default "BOOT"
    max_block_length = 4095                      # maxNumberOfBlockLength in 0x74, SID and counter included
    fingerprint_did = "F15A"                     # must be written before the first erase; "" for none
    programming_level = 0x11                     # security level (requestSeed) for erase and download
    coding_level = 0x01                          # for 2E of a coding record; 0: free in the extended session
    clear_level = 0x00                           # 0: 14 is free
    variant_follows = "F100"                     # the variant DID that tells the series of the running software: 2063
                                                 # for 2063.12; "" (default): always what [units.X.variant] says
    voltage_minimum = 11.5                       # volts; outside of this window the unit does not program (0x93, 0x92)
    voltage_maximum = 16.0

    [units.ENGINE.variant]                       # DID -> hex: what the running software says it is (variant pattern)
    F100 = "00 01"
    [units.ENGINE.boot_variant]                  # the same DIDs while the boot loader runs
    F100 = "00 02"

    [units.ENGINE.idents]                        # DID -> text (ASCII, as the unit sends it), in boot and application
    F18C = "SN0004711"
    [units.ENGINE.data]                          # DID -> hex, application only (measured values)
    F40C = "0C 80"
    [units.ENGINE.coding]                        # DID -> hex; a record missing here holds the PDX's factory bytes
    "0100" = "01 22 00 4B"

    [[units.ENGINE.dtcs]]
    code = "030100"                              # 3 bytes
    status = 0x2F
    snapshots = { "01" = "02 F40C 0C80 F405 5A" }  # record number -> bytes as in 19 04: count, then DID and value
    extended = { "01" = "03" }                   # record number -> bytes as in 19 06
    recurs = 0.0                                 # seconds after a clear until the fault is there again; 0: never

    [units.ENGINE.security.11]                   # level (hex) -> how it is unlocked; 01 and 11 exist by default
    method = "passbay-garage"                    # name in core/protocol/authentication/seed_key.py
    delay = 2.0                                  # after too many wrong keys, and after power-on with failures
    attempts = 3
    seed_length = 8

    [units.ENGINE.timing]
    reset_time = 0.5

    [[broadcast]]                                # CAN frames that a unit sends by itself while it may communicate
    unit = "ENGINE"
    id = 0x0C0                                   # above 0x7FF it is sent as a 29 bit identifier
    cycle = 0.01
    data = "00 00 0C 80 00 00 00 00"
    counter = 7                                  # byte whose low nibble counts up each frame; leave out for none
    wave = { byte = 2, low = 3000, high = 9000, period = 8.0 }  # 16 bit big-endian value that moves; leave out for none

Flash images: a block whose first bytes are an image header (core/simulation/ecu/memory.py) tells the software version;
the other blocks of a unit need none. Errors: DataInvalid with file and key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from core.errors import DataInvalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SimTiming:
    """How long the simulated work takes, seconds."""

    reset_time: float = 0.3
    erase_per_kib: float = 0.0005
    erase_minimum: float = 0.15
    checksum_per_kib: float = 0.0001
    answer_time: float = 0.0
    pending_interval: float = 0.1
    slow_boot: float = 10.0


@dataclass(frozen=True, slots=True)
class SecurityLevel:
    """How one level of 0x27 is unlocked: method, delay timer in seconds, attempts before it starts."""

    method: str = "passbay-garage"
    delay: float = 2.0
    attempts: int = 3
    seed_length: int = 8


@dataclass(frozen=True, slots=True)
class InitialDtc:
    """A trouble code that the car has on leaving the factory."""

    code: int
    status: int
    snapshots: dict[int, bytes] = field(default_factory=dict)
    extended: dict[int, bytes] = field(default_factory=dict)
    recurs: float = 0.0


@dataclass(frozen=True, slots=True)
class Wave:
    """A 16 bit value that moves between two bounds, there and back once a period."""

    byte: int
    low: int
    high: int
    period: float


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One periodic frame of a unit."""

    unit: str
    identifier: int
    cycle: float
    data: bytes
    counter: int | None = None
    wave: Wave | None = None


DEFAULT_SECURITY = {0x01: SecurityLevel(), 0x11: SecurityLevel()}


@dataclass(frozen=True, slots=True)
class InitialUnit:
    """What one unit holds at first. See the module's docstring for the meaning of each field."""

    name: str
    hardware: str = ""
    flashware: str = ""
    software: str = ""
    boot_software: str = "BOOT"
    max_block_length: int = 4095
    fingerprint_did: int | None = 0xF15A
    programming_level: int = 0x11
    coding_level: int = 0x01
    clear_level: int = 0x00
    variant: dict[int, bytes] = field(default_factory=dict)
    boot_variant: dict[int, bytes] = field(default_factory=dict)
    idents: dict[int, bytes] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    coding: dict[int, bytes] = field(default_factory=dict)
    dtcs: tuple[InitialDtc, ...] = ()
    security: dict[int, SecurityLevel] = field(default_factory=lambda: dict(DEFAULT_SECURITY))
    timing: SimTiming = field(default_factory=SimTiming)
    variant_follows: int | None = None
    voltage_minimum: float = 11.5
    voltage_maximum: float = 16.0


@dataclass(frozen=True, slots=True)
class InitialState:
    """A whole car at first."""

    title: str
    vin: str
    voltage: float
    eid: bytes
    gid: bytes
    units: dict[str, InitialUnit]
    broadcast: tuple[Broadcast, ...]

    def unit(self, name: str) -> InitialUnit:
        """The unit's table, or defaults for a unit that the TOML does not name."""
        return self.units.get(name) or InitialUnit(name)


class _Table:
    """One TOML table that is read key by key; every complaint names the file and the full key."""

    def __init__(self, file: str, place: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise DataInvalid(f"{file}: {place or 'the file'} is not a table.", file=file, place=place)
        self._file, self._place, self._values = file, place, dict(values)

    def _key(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def refuse(self, key: str, why: str) -> DataInvalid:
        place = self._key(key)
        return DataInvalid(f"{self._file}: {place} {why}.", file=self._file, place=place)

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self._values.pop(key, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(key, f"should be a {kind.__name__}")
        return value

    def bytes_of(self, key: str, default: bytes = b"") -> bytes:
        text = self.take(key, str, default.hex())
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise self.refuse(key, f"is not hex text ({error})") from error

    def number(self, key: str, text: str, digits: int) -> int:
        try:
            if len(text) != digits:
                raise ValueError(f"{len(text)} digits")
            return int(text, 16)
        except ValueError as error:
            raise self.refuse(key, f"should be {digits} hex digits") from error

    def numbered(self, key: str, digits: int, make: Callable[[_Table, str], T]) -> dict[int, T]:
        """A sub-table with hex numbers as keys; `make(sub-table, its key)` reads each value."""
        sub = self.sub(key)
        return {sub.number(name, name, digits): make(sub, name) for name in list(sub._values)}

    def sub(self, key: str) -> _Table:
        return _Table(self._file, self._key(key), self._values.pop(key, {}))

    def rows(self, key: str) -> list[_Table]:
        rows = self._values.pop(key, [])
        if not isinstance(rows, list):
            raise self.refuse(key, "should be a list of tables")
        return [_Table(self._file, f"{self._key(key)}[{index}]", row) for index, row in enumerate(rows)]

    def names(self) -> list[str]:
        return list(self._values)

    def end(self) -> None:
        """Every key was known: a misspelt one must not be passed over in silence."""
        for key in self._values:
            raise self.refuse(key, "is not known")


def _hex(table: _Table, key: str) -> bytes:
    return table.bytes_of(key)


def _text(table: _Table, key: str) -> bytes:
    return table.take(key, str, "").encode("latin-1", "replace")


def _timing(table: _Table, base: SimTiming) -> SimTiming:
    timing = replace(base, **{f.name: table.take(f.name, float, getattr(base, f.name)) for f in fields(SimTiming)})
    table.end()
    return timing


def _security(table: _Table, key: str) -> SecurityLevel:
    sub, base = table.sub(key), SecurityLevel()
    level = SecurityLevel(
        sub.take("method", str, base.method),
        sub.take("delay", float, base.delay),
        sub.take("attempts", int, base.attempts),
        sub.take("seed_length", int, base.seed_length),
    )
    sub.end()
    return level


def _dtc(table: _Table) -> InitialDtc:
    dtc = InitialDtc(
        table.number("code", table.take("code", str, ""), 6),
        table.take("status", int, 0x2F) & 0xFF,
        table.numbered("snapshots", 2, _hex),
        table.numbered("extended", 2, _hex),
        table.take("recurs", float, 0.0),
    )
    table.end()
    return dtc


def _broadcast(table: _Table) -> Broadcast:
    counter = table.take("counter", int, -1)
    wave = None
    if "wave" in table.names():
        sub = table.sub("wave")
        byte, low, high = (sub.take(key, int, 0) for key in ("byte", "low", "high"))
        wave = Wave(byte, low, high, sub.take("period", float, 1.0))
        sub.end()
    frame = Broadcast(
        table.take("unit", str, ""),
        table.take("id", int, 0),
        table.take("cycle", float, 1.0),
        table.bytes_of("data"),
        None if counter < 0 else counter,
        wave,
    )
    table.end()
    length = len(frame.data)
    if not 0 <= frame.identifier < 1 << 29 or length > 8 or frame.cycle < 0.001:
        raise table.refuse("id", "does not fit a classic CAN frame (29 bit, 8 bytes, cycle of 1 ms or more)")
    if (counter >= length) or (wave is not None and (not 0 <= wave.byte < length - 1 or wave.period <= 0)):
        raise table.refuse("counter", "or wave lies outside the data")
    return frame


def _unit(table: _Table, name: str, timing: SimTiming) -> InitialUnit:
    base = InitialUnit(name)
    fingerprint, follows = table.take("fingerprint_did", str, "F15A"), table.take("variant_follows", str, "")
    unit = InitialUnit(
        name=name,
        hardware=table.take("hardware", str, ""),
        flashware=table.take("flashware", str, ""),
        software=table.take("software", str, ""),
        boot_software=table.take("boot_software", str, base.boot_software),
        max_block_length=table.take("max_block_length", int, base.max_block_length),
        fingerprint_did=table.number("fingerprint_did", fingerprint, 4) if fingerprint else None,
        programming_level=table.take("programming_level", int, base.programming_level),
        coding_level=table.take("coding_level", int, base.coding_level),
        clear_level=table.take("clear_level", int, base.clear_level),
        variant=table.numbered("variant", 4, _hex),
        boot_variant=table.numbered("boot_variant", 4, _hex),
        idents=table.numbered("idents", 4, _text),
        data=table.numbered("data", 4, _hex),
        coding=table.numbered("coding", 4, _hex),
        dtcs=tuple(_dtc(row) for row in table.rows("dtcs")),
        security=DEFAULT_SECURITY | table.numbered("security", 2, _security),
        timing=_timing(table.sub("timing"), timing),
        variant_follows=table.number("variant_follows", follows, 4) if follows else None,
        voltage_minimum=table.take("voltage_minimum", float, base.voltage_minimum),
        voltage_maximum=table.take("voltage_maximum", float, base.voltage_maximum),
    )
    table.end()
    if len(unit.hardware) > 16 or unit.max_block_length < 3:
        raise table.refuse("hardware", "is longer than 16 characters, or max_block_length is below 3")
    return unit


def parse_initial_state(text: str, file: str) -> InitialState:
    """Read the TOML text of a vehicle; `file` is only for the words of DataInvalid."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataInvalid(f"{file} is not valid TOML: {error}", file=file, place=str(error)) from error
    table = _Table(file, "", values)
    timing = _timing(table.sub("timing"), SimTiming())
    doip = table.sub("doip")
    units = table.sub("units")
    state = InitialState(
        title=table.take("title", str, ""),
        vin=table.take("vin", str, ""),
        voltage=table.take("voltage", float, 12.6),
        eid=doip.bytes_of("eid", bytes.fromhex("025042000001")),
        gid=doip.bytes_of("gid", bytes.fromhex("025042000000")),
        units={name: _unit(units.sub(name), name, timing) for name in units.names()},
        broadcast=tuple(_broadcast(row) for row in table.rows("broadcast")),
    )
    doip.end()
    table.end()
    if len(state.vin) != 17 or len(state.eid) != 6 or len(state.gid) != 6:
        raise table.refuse("vin", "is not 17 characters, or eid or gid are not 6 bytes")
    return state


def read_initial_state(path: Path) -> InitialState:
    """Read a vehicle's TOML file. DataInvalid with file and key where it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path.name} cannot be read: {error}", file=str(path)) from error
    return parse_initial_state(text, path.name)
