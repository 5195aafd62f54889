"""A unit of KWP2000 made by hand for the garage's tests, and a tester of its own: no code of the product's client."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import can
import isotp

from core.catalogue.model import (
    CodingRecord,
    DataBlock,
    DtcText,
    FlashSession,
    IdentItem,
    Segment,
    UnitInfo,
    VehicleInfo,
)
from core.protocol.authentication.seed_key import key_for
from core.simulation.ecu.kwp2000 import KwpServer
from core.simulation.ecu.memory import FlashMemory
from core.simulation.ecu.model import Conditions, UnitModel, factory_state
from core.simulation.garage import GarageData, build_regions
from core.simulation.initial_state import InitialState, InitialUnit, parse_initial_state
from core.vocabulary import KWP2000, CanAddress, EcuAddress, EuroClass
from tests.simulation.support import ITEMS, VIN, Bench, image, unit_info

START, SIZE, DATA_SIZE = 0x004000, 0x1800, 0x800
DATA_START = START + SIZE
BLOCK = 257  # bytes of a TransferData message, SID included

TOML = f"""
title = "Older test car"
vin = "{VIN}"
voltage = 12.6
[timing]
reset_time = 0.05
erase_minimum = 0.12
pending_interval = 0.04
checksum_per_kib = 0.02
[units.BODY]
hardware = "HW-1"
boot_software = "B-01"
max_block_length = {BLOCK}
fingerprint_did = "1A9A"
[units.BODY.variant]
1AB1 = "01"
[units.BODY.boot_variant]
1AB1 = "02"
[units.BODY.idents]
1A8C = "SN-BODY"
[units.BODY.data]
2105 = "0C80"
[units.BODY.coding]
"21E0" = "01 05"
[[units.BODY.dtcs]]
code = "9B0100"
status = 0xAF
snapshots = {{ "01" = "0C80" }}
extended = {{ "01" = "03" }}
recurs = 2.0
[[units.BODY.dtcs]]
code = "9B0200"
status = 0x28
"""


def _session(software: str) -> tuple[FlashSession, dict[int, bytes]]:
    data = {START: image("BODY", software), DATA_START: (software.encode() * DATA_SIZE)[:DATA_SIZE]}
    blocks = tuple(DataBlock(f"B{at:X}", (Segment(at, len(content)),)) for at, content in data.items())
    return FlashSession(f"BODY_{software}", "", "BODY", "", (), software, blocks), data


def kwp_unit(address: EcuAddress) -> UnitInfo:
    idents = (
        IdentItem("Vin", "VIN", 0x1A90, "vin"),
        IdentItem("Hardware", "Hardware", 0x1A91, "hardware"),
        IdentItem("Software", "Software", 0x1A95, "software"),
        IdentItem("Serial", "Serial number", 0x1A8C, "serial"),
    )
    codes = tuple(DtcText(0x9B0000 | number << 8, f"B1B0{number}", "Lamp") for number in (1, 2, 3))
    record = CodingRecord("Main", "Main", 0x21E0, 2, ITEMS, b"\x00\x0a", session=0x92)
    return replace(unit_info("BODY", address), protocol=KWP2000, idents=idents, dtcs=codes, coding=(record,))


def kwp_car() -> tuple[GarageData, InitialState, dict[int, bytes]]:
    """The car's data, its initial state, and the bytes of BODY's newer software."""
    vehicle = VehicleInfo("OLD_CAR", "Older test car", "", ("XPBTEST",), EuroClass.EURO_5, "cars", ("BODY",))
    (old, old_bytes), (new, new_bytes) = _session("1.0"), _session("2.0")
    contents = {old.name: old_bytes, new.name: new_bytes}

    def load(which: FlashSession, block: DataBlock) -> Sequence[tuple[int, bytes]]:
        return [(segment.start, contents[which.name][segment.start]) for segment in block.segments]

    unit = kwp_unit(CanAddress(0x7E4, 0x7EC, protocol=KWP2000))
    return GarageData(vehicle, {"BODY": unit}, {"BODY": (old, new)}, load), parse_initial_state(TOML, "t"), new_bytes


class KwpBench(Bench):
    """One KWP2000 server with a clock in the hand."""

    def __init__(self, change: Callable[[InitialUnit], InitialUnit] = lambda unit: unit) -> None:
        data, initial, self.new = kwp_car()
        self.now = 100.0
        self.seed = 0
        model = UnitModel(data.units["BODY"], change(initial.unit("BODY")), VIN, self._entropy, key_for)
        self.conditions = Conditions(initial.voltage)
        self.memory = FlashMemory(build_regions(data.sessions["BODY"], "", data.load_block))
        self.state = factory_state(model, self.memory)
        self.server: KwpServer = KwpServer(model, self.state, self.conditions, self.now)

    def unlock(self, level: int) -> None:
        seed = bytes.fromhex(self.ask(bytes((0x27, level)))[0])[2:]
        key = key_for("passbay-garage", seed, level)
        assert self.ask(bytes((0x27, level + 1)) + key) == [bytes((0x67, level + 1, 0x34)).hex()]

    def enter_boot(self) -> None:
        assert self.ask("1092") == ["5092"]
        assert self.ask("1085") == []
        assert self.wait(1.0) == ["7f1078", "5085"]

    def ready_to_erase(self) -> None:
        self.enter_boot()
        self.unlock(0x11)
        assert self.ask("3b9a01020304") == ["7b9a"]

    def erase(self, block: int) -> None:
        assert self.ask(bytes((0x31, 0xE1, 0x01, block))) == ["71e1"]
        self.wait(1.0)
        assert self.ask("33e1") == ["73e100"]

    def download(self, address: int, data: bytes) -> None:
        span = address.to_bytes(3, "big") + b"\0" + len(data).to_bytes(3, "big")
        assert self.ask(b"\x34" + span) == ["740101"]
        for at in range(0, len(data), BLOCK - 1):
            assert self.ask(b"\x36" + data[at : at + BLOCK - 1]) == ["76"]
        assert self.ask("37") == ["77"]

    def check(self, block: int, data: bytes) -> str:
        request = bytes((0x31, 0xE2, 0x01, block)) + b"\x00\x04" + zlib.crc32(data).to_bytes(4, "big")
        return (self.ask(request) + self.wait(1.0))[-1]


class Judge:
    """A tester on stock can-isotp that writes its KWP2000 by hand; 0x78 is waited out, 0x23 asked again."""

    def __init__(self, bus: can.BusABC, tx: int, rx: int) -> None:
        self._notifier = can.Notifier(bus, [], timeout=0.05)
        address = isotp.Address(isotp.AddressingMode.Normal_11bits, txid=tx, rxid=rx)
        parameters: dict[str, Any] = {"blocksize": 0, "tx_padding": 0xCC, "max_frame_size": 4095}
        self._stack = isotp.NotifierBasedCanStack(bus, self._notifier, address=address, params=parameters)
        self._stack.start()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.stop()
        self._notifier.stop()

    def ask(self, request: str | bytes, seconds: float = 10.0) -> bytes:
        pdu = bytes.fromhex(request) if isinstance(request, str) else request
        end = time.monotonic() + seconds
        self._stack.send(pdu)
        while time.monotonic() < end:
            answer = self._stack.recv(block=True, timeout=0.5)
            if answer is None or bytes(answer)[:3] == bytes((0x7F, pdu[0], 0x78)):
                continue
            if bytes(answer) == bytes((0x7F, pdu[0], 0x23)):
                self._stack.send(pdu)
                continue
            return bytes(answer)
        raise AssertionError(f"no answer to {pdu.hex()}")

    def until(self, request: str, answer: bytes, seconds: float = 10.0) -> None:
        """Asked again where nobody answers: a unit that resets hears nothing."""
        end = time.monotonic() + seconds
        while True:
            self._stack.send(bytes.fromhex(request))
            if self._stack.recv(block=True, timeout=0.3) == answer:
                return
            assert time.monotonic() < end, request

    def unlock(self, level: int) -> None:
        seed = self.ask(bytes((0x27, level)))[2:]
        key = key_for("passbay-garage", seed, level)
        assert self.ask(bytes((0x27, level + 1)) + key) == bytes((0x67, level + 1, 0x34))

    def flash(self, blocks: dict[int, bytes]) -> None:
        assert self.ask("1092") == b"\x50\x92" and self.ask("31E0") == b"\x71\xe0\x00"
        assert self.ask("1085") == b"\x50\x85"
        self.unlock(0x11)
        assert self.ask(b"\x3b\x9aJUDGE") == b"\x7b\x9a"
        for number, (address, data) in enumerate(sorted(blocks.items()), start=1):
            assert self.ask(bytes((0x31, 0xE1, 1, number))) == b"\x71\xe1" and self.ask("33E1") == b"\x73\xe1\x00"
            offer = self.ask(b"\x34" + address.to_bytes(3, "big") + b"\0" + len(data).to_bytes(3, "big"))
            payload = int.from_bytes(offer[1:], "big") - 1
            for at in range(0, len(data), payload):
                assert self.ask(b"\x36" + data[at : at + payload]) == b"\x76"
            assert self.ask("37") == b"\x77"
            crc = b"\x00\x04" + zlib.crc32(data).to_bytes(4, "big")
            assert self.ask(bytes((0x31, 0xE2, 1, number)) + crc) == b"\x71\xe2\x00"
        assert self.ask("31E3") == b"\x71\xe3\x00" and self.ask("1101") == b"\x51"
