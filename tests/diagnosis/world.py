"""A small vehicle for tests of jobs: catalogue, scripted units, a driver that answers commands by hand. No thread."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.catalogue.images import FlashImage, ImageSegment
from core.catalogue.model import (
    Checksum,
    CodingRecord,
    DataBlock,
    DtcText,
    ExpectedIdent,
    FlashPolicy,
    FlashSession,
    IdentItem,
    OptionChoice,
    OptionItem,
    Segment,
    UnitInfo,
    UnitTiming,
    VariantInfo,
    VariantPattern,
    VehicleInfo,
)
from core.diagnosis.commands import (
    Collect,
    Command,
    Functional,
    Job,
    KeepAlive,
    LinkLimit,
    ReadClock,
    ReadVoltage,
    Reconnect,
    Request,
    SideBySide,
    Step,
)
from core.diagnosis.identify import KnownVehicle, Surroundings
from core.errors import DataMissing, NegativeResponse, NoResponse, ProductError
from core.protocol.authentication import seed_key
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, EuroClass, Transport

VIN = "XPBTS000000000001"
ENGINE_ADDRESS = CanAddress(0x7E0, 0x7E8)
HEAD_ADDRESS = DoipAddress(0x1010)
IMAGE = bytes(range(256)) * 2 + b"tail"

IDENTS = (
    IdentItem("VIN", "VIN", 0xF190, "vin"),
    IdentItem("Hardware", "Hardware number", 0xF191, "hardware"),
    IdentItem("Software", "Software version", 0xF195, "software"),
)
VARIANTS = (
    VariantInfo("APPL", "Application", (VariantPattern(((0xF100, "1"),)),)),
    VariantInfo("BOOT", "Boot loader", (VariantPattern(((0xF100, "2"),)),), is_boot=True),
)
RECORD = CodingRecord(
    "Lights",
    "Lights",
    0x0100,
    2,
    (
        OptionItem("DAYLIGHT", "Daytime light", 0, 0, 1, (OptionChoice("off", 0), OptionChoice("on", 1)), factory=1),
        OptionItem("LIMIT", "Speed warning", 1, 0, 8, minimum=0, maximum=250, unit="km/h", factory=120),
    ),
    b"\x01\x78",
)


def session(
    name: str = "ENGINE_2", software: str = "02.00", before: str = "01.00", data: bytes = IMAGE, **more: Any
) -> FlashSession:
    """One block in two segments with its checksum."""
    middle = len(data) // 2
    block = DataBlock(
        "CODE",
        (Segment(0x1000, middle), Segment(0x1000 + middle, len(data) - middle)),
        (Checksum("CRC32", 0x1000, 0x1000 + len(data) - 1, zlib.crc32(data)),),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    values: dict[str, Any] = {
        "title": name, "unit": "ENGINE", "file": "car.pdx", "own_software": software, "blocks": (block,),
        "expected_idents": (ExpectedIdent("Software", 0xF195, (before,)),), "hardware": ("HW-1",),
        "policy": FlashPolicy(reset_time=1.0),
    }  # fmt: skip
    return FlashSession(name=name, **(values | more))


def unit(name: str = "ENGINE", *addresses: EcuAddress, **more: Any) -> UnitInfo:
    values: dict[str, Any] = {
        "title": name.title(), "file": "car.pdx", "addresses": addresses or (ENGINE_ADDRESS,), "protocol": "UDS",
        "timing": UnitTiming(), "variants": VARIANTS, "idents": IDENTS, "coding": (RECORD,),
        "dtcs": (DtcText(0x030100, "P0301-00", "Cylinder 1 misfire"),),
    }  # fmt: skip
    return UnitInfo(name=name, **(values | more))


@dataclass
class FakeCatalogue:
    """The face of core.catalogue.Catalogue that jobs use, over plain data."""

    units: tuple[UnitInfo, ...] = ()
    sessions: tuple[FlashSession, ...] = ()
    vehicles: tuple[VehicleInfo, ...] = ()
    images: dict[str, bytes] = field(default_factory=dict)  # session name -> bytes, IMAGE by default

    def vehicle_for(self, vin: str) -> VehicleInfo | None:
        return next((v for v in self.vehicles if any(vin.startswith(p) for p in v.vin_patterns)), None)

    def units_of(self, vehicle: VehicleInfo) -> tuple[UnitInfo, ...]:
        return tuple(u for u in self.units if u.name in vehicle.units)

    def flash_sessions(self, of: UnitInfo) -> tuple[FlashSession, ...]:
        return tuple(s for s in self.sessions if s.unit == of.name)

    def image(self, of: FlashSession, block: DataBlock) -> FlashImage:
        data, segments, at = self.images.get(of.name, IMAGE), [], 0
        for segment in block.segments:
            segments.append(ImageSegment(segment.start, data[at : at + segment.length]))
            at += segment.length
        return FlashImage(block.name, tuple(segments))

    def match_variant(self, of: UnitInfo, answers: dict[int, bytes]) -> VariantInfo | None:
        for variant in of.variants:
            for pattern in variant.patterns:
                if all(did in answers and int.from_bytes(answers[did], "big") == int(v) for did, v in pattern.matches):
                    return variant
        return None

    def variant(self, of: UnitInfo, name: str = "") -> Any:
        raise DataMissing(f"{of.name} has no codec here")


def vehicle_info(**more: Any) -> VehicleInfo:
    values: dict[str, Any] = {
        "title": "Test car", "file": "car.pdx", "vin_patterns": ("XPBTS",), "euro_class": EuroClass.EURO_6,
        "product_group": "cars", "units": ("ENGINE", "HEADUNIT"),
    }  # fmt: skip
    return VehicleInfo(name="test-car", **(values | more))


def known_vehicle(
    *, transports: frozenset[Transport] = frozenset({Transport.CAN}), sessions: tuple[FlashSession, ...] | None = None,
    images: dict[str, bytes] | None = None, units: tuple[UnitInfo, ...] | None = None, **more: Any,
) -> KnownVehicle:  # fmt: skip
    info = vehicle_info(**more)
    units = units if units is not None else (unit(), unit("HEADUNIT", HEAD_ADDRESS))
    catalogue = FakeCatalogue(units, sessions if sessions is not None else (session(),), (info,), images or {})
    return KnownVehicle(VIN, info, units, Surroundings(catalogue, transports))  # type: ignore[arg-type]


def no_file(path: Path) -> Any:
    raise DataMissing(f"{path} was not expected to be opened")


Answer = bytes | ProductError | None


class Unit:
    """A scripted ENGINE with just enough sense for flash and coding. `intercept` may answer anything before it does.

    `intercept(pdu)` gives bytes (a 7F becomes NegativeResponse as the tester would raise it), an error to raise, or
    None to go on.
    """

    def __init__(self) -> None:
        self.dids = {0xF190: VIN.encode(), 0xF191: b"HW-1", 0xF195: b"01.00", 0xF100: b"\x01", 0x0100: b"\x00\x64"}
        self.flash: dict[int, bytes] = {}
        self.new_software = b"02.00"
        self.block_length = 66
        self.dtcs = bytes.fromhex("030100 2F")
        self.intercept: Callable[[bytes], Answer] = lambda pdu: None
        self.seen: list[bytes] = []
        self._address = self._next = 0

    def answer(self, pdu: bytes) -> bytes:
        self.seen.append(pdu)
        special = self.intercept(pdu)
        if isinstance(special, ProductError):
            raise special
        return special if special is not None else self._ordinary(pdu)

    def _ordinary(self, pdu: bytes) -> bytes:
        sid = pdu[0]
        if sid == 0x22:
            value = self.dids.get(int.from_bytes(pdu[1:3], "big"))
            return b"\x7f\x22\x31" if value is None else b"\x62" + pdu[1:3] + value
        if sid == 0x2E:
            self.dids[int.from_bytes(pdu[1:3], "big")] = pdu[3:]
            return b"\x6e" + pdu[1:3]
        if sid == 0x10:
            if pdu[1] == 2:
                self.dids[0xF100] = b"\x02"
            return bytes((0x50, pdu[1])) + bytes.fromhex("003201F4")
        if sid == 0x27:
            if pdu[1] & 1:
                return bytes((0x67, pdu[1])) + b"SEEDSEED"
            right = pdu[2:] == seed_key.key_for("passbay-garage", b"SEEDSEED", pdu[1] - 1)
            return bytes((0x67, pdu[1])) if right else b"\x7f\x27\x35"
        if sid in (0x31, 0x34, 0x36, 0x37, 0x11):
            return self._programming(pdu)
        if sid == 0x19:
            return b"\x59\x02\xff" + self.dtcs if pdu[1] == 2 else b"\x7f\x19\x31"
        if sid == 0x14:
            self.dtcs = b""
        return bytes((sid + 0x40,)) + pdu[1:2]

    def _programming(self, pdu: bytes) -> bytes:
        if pdu[0] == 0x34:
            self._address, self._next = int.from_bytes(pdu[3:7], "big"), 1
            return b"\x74\x20" + self.block_length.to_bytes(2, "big")
        if pdu[0] == 0x36:
            if pdu[1] == self._next:
                self.flash[self._address] = self.flash.get(self._address, b"") + pdu[2:]
                self._next = (self._next + 1) & 0xFF
            return bytes((0x76, pdu[1]))
        if pdu[0] == 0x11:
            self.dids[0xF100], self.dids[0xF195] = b"\x01", self.new_software
            return b"\x51\x01"
        return b"\x77" if pdu[0] == 0x37 else b"\x71\x01" + pdu[2:4] + b"\x00"

    @property
    def written(self) -> bytes:
        return b"".join(self.flash[at] for at in sorted(self.flash))


@dataclass
class Drive:
    """Runs a job by hand. `commands` keeps everything it asked for; `volts` and `limit` are what it is told."""

    units: dict[EcuAddress, Unit]
    volts: float | None = 13.0
    limit: int = 4095
    collected: tuple[tuple[EcuAddress, bytes], ...] = ()
    commands: list[Command] = field(default_factory=list)
    before: Callable[[Command], ProductError | None] = lambda command: None
    now: float = 1000.0

    def run(self, job: Job[Any]) -> Any:
        answer: Any = None
        error: ProductError | None = None
        while True:
            try:
                command = job.throw(error) if error else job.send(answer)
            except StopIteration as stop:
                return stop.value
            self.commands.append(command)
            answer, error = None, self.before(command)
            if error is None:
                try:
                    answer = self._perform(command)
                except ProductError as problem:
                    error = problem

    def _perform(self, command: Command) -> Any:
        if isinstance(command, Request):
            return self._request(command)
        if isinstance(command, Reconnect):
            return self._request(Request(command.unit, command.address, command.probe))
        if isinstance(command, ReadVoltage):
            return self.volts
        if isinstance(command, LinkLimit):
            return self.limit
        if isinstance(command, ReadClock):
            self.now += 1.0
            return self.now, 1_700_000_000.0 + self.now
        if isinstance(command, Collect):
            return list(self.collected)
        if isinstance(command, SideBySide):
            return [self._branch(branch.job) for branch in command.branches]
        return None

    def _branch(self, job: Job[Any]) -> Any:
        """One after another here: side by side is for the runner's tests and those on the garage."""
        try:
            return self.run(job)
        except ProductError as error:
            return error

    def _request(self, command: Request) -> bytes:
        unit_there = self.units.get(command.address)
        if unit_there is None:
            raise NoResponse(f"{command.unit} did not answer.", timer="P2")
        answer = unit_there.answer(command.pdu)
        if answer[:1] == b"\x7f" and len(answer) >= 3 and command.raise_negative:
            raise NegativeResponse(f"{command.unit} refused.", sid=answer[1], nrc=answer[2])
        return answer

    # -- what tests look at

    @property
    def steps(self) -> list[str]:
        return [command.name for command in self.commands if isinstance(command, Step)]

    @property
    def functional(self) -> list[str]:
        return [command.pdu.hex() for command in self.commands if isinstance(command, Functional)]

    @property
    def keeps_alive(self) -> bool:
        """Whether the last word on the keep-alive was "on"."""
        last = [bool(command.addresses) for command in self.commands if isinstance(command, KeepAlive)]
        return bool(last) and last[-1]


def renamed(info: UnitInfo, **more: Any) -> UnitInfo:
    return replace(info, **more)
