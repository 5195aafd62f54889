"""A small car made by hand for the garage's tests: no PDX, no TOML, two units on CAN or DoIP, 8 KiB of flash each."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.catalogue.model import (
    CodingRecord,
    DataBlock,
    DtcText,
    FlashSession,
    IdentItem,
    OptionChoice,
    OptionItem,
    Segment,
    UnitInfo,
    UnitTiming,
    VariantInfo,
    VehicleInfo,
)
from core.protocol.authentication.seed_key import key_for
from core.simulation.ecu.memory import FlashMemory, ImageHeader
from core.simulation.ecu.model import Conditions, UnitModel, factory_state
from core.simulation.ecu.server import UdsServer
from core.simulation.garage import GarageData, build_regions
from core.simulation.initial_state import InitialState, InitialUnit, parse_initial_state
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, EuroClass

VIN = "XPBTESTAXR1000001"
START, SIZE = 0x08004000, 0x1800
DATA_START, DATA_SIZE = START + SIZE, 0x800
CODING_DID, PROGRAMMING, CODING = 0x0100, 0x11, 0x01

TOML = f"""
title = "Test car"
vin = "{VIN}"
voltage = 12.6
[timing]
reset_time = 0.05
erase_minimum = 0.12
pending_interval = 0.04
[units.BODY]
hardware = "HW-1"
boot_software = "B-01"
max_block_length = 258
[units.BODY.variant]
F100 = "01"
[units.BODY.boot_variant]
F100 = "02"
[units.BODY.idents]
F18C = "SN-BODY"
[units.BODY.data]
F40C = "0C80"
[units.BODY.coding]
"0100" = "01 05"
[[units.BODY.dtcs]]
code = "9B0100"
status = 0x2F
snapshots = {{ "01" = "01 F40C 0C80" }}
extended = {{ "01" = "03", "02" = "07" }}
recurs = 2.0
[[units.BODY.dtcs]]
code = "9B0200"
status = 0x28
[units.DOOR]
hardware = "HW-2"
fingerprint_did = ""
[[broadcast]]
unit = "BODY"
id = 0x390
cycle = 0.02
data = "20 40 00 00 00 00 00 00"
counter = 7
[[broadcast]]
unit = "DOOR"
id = 0x470
cycle = 0.05
data = "01 02"
"""


def image(unit: str, software: str, size: int = SIZE, hardware: str = "HW-1") -> bytes:
    """A structured image with its header."""
    header = ImageHeader(unit, hardware, software).encode()
    body = bytes(range(256)) * (size // 256)
    return (header + software.encode() + body)[:size]


def session(unit: str, software: str, hardware: str = "HW-1") -> tuple[FlashSession, dict[int, bytes]]:
    """A flash session with a program and a data block, and its bytes by address."""
    tables = (software.encode() * DATA_SIZE)[:DATA_SIZE]
    data = {START: image(unit, software, hardware=hardware), DATA_START: tables}
    blocks = tuple(DataBlock(f"B{at:X}", (Segment(at, len(content)),)) for at, content in data.items())
    return FlashSession(f"{unit}_{software}", "", unit, "", (), software, blocks), data


ITEMS = (
    OptionItem("Lights", "Lights", 0, 0, 2, (OptionChoice("off", 0), OptionChoice("on", 1), OptionChoice("auto", 2))),
    OptionItem("Delay", "Delay", 1, 0, 8, (), 1.0, 0.0, 0, 60, "s"),
)


def unit_info(name: str, address: EcuAddress) -> UnitInfo:
    return UnitInfo(
        name=name,
        title=name.title(),
        file="",
        addresses=(address,),
        protocol="UDS",
        timing=UnitTiming(),
        variants=(VariantInfo("APPL", "Application"), VariantInfo("BOOT", "Boot loader", is_boot=True)),
        idents=(
            IdentItem("Vin", "VIN", 0xF190, "vin"),
            IdentItem("Hardware", "Hardware", 0xF191, "hardware"),
            IdentItem("Software", "Software", 0xF189, "software"),
            IdentItem("Serial", "Serial number", 0xF18C, "serial"),
            IdentItem("Boot", "Boot loader", 0xF180, "boot"),
        ),
        dtcs=(
            DtcText(0x9B0100, "B1B01-00", "Lamp"),
            DtcText(0x9B0200, "B1B02-00", "Switch"),
            DtcText(0x9B0300, "B1B03-00", "Door"),
        ),
        coding=(CodingRecord("Main", "Main", CODING_DID, 2, ITEMS, b"\x00\x0a"),) if name == "BODY" else (),
    )


def car(doip: bool = False, gateway: str = "", toml: str = TOML) -> tuple[GarageData, InitialState, dict[int, bytes]]:
    """The car's data, its initial state, and the bytes of BODY's newer software."""
    addresses: dict[str, EcuAddress] = (
        {"BODY": DoipAddress(0x1003), "DOOR": DoipAddress(0x1004)}
        if doip
        else {"BODY": CanAddress(0x7E4, 0x7EC), "DOOR": CanAddress(0x7E5, 0x7ED)}
    )
    logical = {"": 0x1000, "BODY": 0x1003}[gateway]
    vehicle = VehicleInfo(
        "TEST_CAR", "Test car", "", ("XPBTEST",), EuroClass.EURO_6, "cars", ("BODY", "DOOR"),
        doip_gateway=logical if doip else None,
    )  # fmt: skip
    old, old_bytes = session("BODY", "1.0")
    new, new_bytes = session("BODY", "2.0")
    contents = {old.name: old_bytes, new.name: new_bytes}

    def load(which: FlashSession, block: DataBlock) -> Sequence[tuple[int, bytes]]:
        return [(segment.start, contents[which.name][segment.start]) for segment in block.segments]

    units = {name: unit_info(name, address) for name, address in addresses.items()}
    data = GarageData(vehicle, units, {"BODY": (old, new)}, load)
    return data, parse_initial_state(toml, "test.toml"), new_bytes


class Bench:
    """One UDS server with a clock in the hand."""

    def __init__(
        self, change: Callable[[InitialUnit], InitialUnit] = lambda unit: unit, boot_first: bool = True
    ) -> None:
        data, initial, self.new = car()
        self.now = 100.0
        self.seed = 0
        model = UnitModel(data.units["BODY"], change(initial.unit("BODY")), VIN, self._entropy, key_for, boot_first)
        self.conditions = Conditions(initial.voltage)
        self.memory = FlashMemory(build_regions(data.sessions["BODY"], "", data.load_block))
        self.state = factory_state(model, self.memory)
        self.server = UdsServer(model, self.state, self.conditions, self.now)

    def _entropy(self, count: int) -> bytes:
        self.seed += 1
        return self.seed.to_bytes(4, "big") * (count // 4)

    def ask(self, request: str | bytes, functional: bool = False) -> list[str]:
        """Send a request and gather what is answered at once, as hex."""
        pdu = bytes.fromhex(request) if isinstance(request, str) else request
        self.server.receive(pdu, self.now, functional)
        return self.heard()

    def heard(self) -> list[str]:
        return [pdu.hex() for _, pdu in self.server.answers(self.now)]

    def wait(self, seconds: float) -> list[str]:
        """Let time pass, deadline by deadline, and gather what is said meanwhile."""
        end, said = self.now + seconds, list[str]()
        while (deadline := self.server.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.server.handle_timeout(self.now)
            said += self.heard()
        self.now = end
        return said

    def unlock(self, level: int) -> None:
        seed = bytes.fromhex(self.ask(bytes((0x27, level)))[0])[2:]
        key = key_for("passbay-garage", seed, level)
        assert self.ask(bytes((0x27, level + 1)) + key) == [bytes((0x67, level + 1)).hex()]

    def enter_boot(self) -> None:
        """Extended session, then programming with its reset."""
        assert self.ask("1003") == ["5003003201f4"]
        assert self.ask("1002") == []
        assert self.wait(1.0) == ["7f1078", "5002003201f4"]

    def ready_to_erase(self) -> None:
        self.enter_boot()
        self.unlock(PROGRAMMING)
        assert self.ask("2ef15a01020304") == ["6ef15a"]

    def flash_block(self, address: int, data: bytes) -> None:
        """Erase, download and check one block by address."""
        span = address.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        assert self.ask(b"\x31\x01\xff\x00\x44" + span) == []
        assert self.wait(1.0)[-1] == "7101ff0000"
        self.download(address, data)
        checked = self.ask(b"\x31\x01\x02\x02\x44" + span + zlib.crc32(data).to_bytes(4, "big")) + self.wait(0.2)
        assert checked[-1] == "7101020200"

    def download(self, address: int, data: bytes) -> None:
        span = address.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        assert self.ask(b"\x34\x00\x44" + span) == ["74200102"]
        for number, at in enumerate(range(0, len(data), 256), start=1):
            counter = number & 0xFF
            assert self.ask(bytes((0x36, counter)) + data[at : at + 256]) == [bytes((0x76, counter)).hex()]
        assert self.ask("37") == ["77"]


def with_timing(**values: float) -> Callable[[InitialUnit], InitialUnit]:
    return lambda unit: replace(unit, timing=replace(unit.timing, **values))
