"""A tester on stock can-isotp that writes KWP2000 by hand reads, codes and flashes a simulated unit."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import can
import pytest

from core.simulation.can_side import CanSide
from core.simulation.garage import Garage
from tests.simulation.kwp2000_support import Judge, kwp_car
from tests.simulation.support import VIN

TX, RX = 0x7E4, 0x7EC


class Wire:
    """The running car and a bus for the judge."""

    def __init__(self, settings: dict) -> None:
        data, initial, self.new = kwp_car()
        self.garage = Garage("older", data, initial, clock=time.monotonic)
        self.side = CanSide(self.garage, can.Bus(**settings))
        self.bus = can.Bus(**settings)

    def close(self) -> None:
        self.side.close()
        self.bus.shutdown()


@pytest.fixture(params=["virtual", "udp_multicast"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    if request.param == "virtual":
        settings = {"interface": "virtual", "channel": secrets.token_hex(8)}
    else:
        port = 20000 + secrets.randbelow(20000)
        settings = {"interface": "udp_multicast", "channel": "239.74.163.2", "port": port, "fd": False}
    wire = Wire(settings)
    yield wire
    wire.close()


def test_reads_idents_and_trouble_codes(wire: Wire) -> None:
    with Judge(wire.bus, TX, RX) as judge:
        assert judge.ask("1A90") == b"\x5a\x90" + VIN.encode() and judge.ask("1A95") == b"\x5a\x951.0"
        assert judge.ask("1800FF00") == bytes.fromhex("58029B01E09B0220")
        assert judge.ask("14FF00") == bytes.fromhex("54FF00") and judge.ask("1800FF00") == b"\x58\x00"


def test_codes(wire: Wire) -> None:
    with Judge(wire.bus, TX, RX) as judge:
        assert judge.ask("3BE00210") == bytes.fromhex("7F3B80")
        assert judge.ask("1092") == b"\x50\x92"
        judge.unlock(0x01)
        assert judge.ask("3BE00210") == b"\x7b\xe0" and judge.ask("21E0") == bytes.fromhex("61E00210")
        assert judge.ask("1081") == b"\x50\x81"


def test_flashes(wire: Wire) -> None:
    with Judge(wire.bus, TX, RX) as judge:
        judge.flash(wire.new)
        judge.until("1AB1", b"\x5a\xb1\x01")  # the application runs
        assert judge.ask("1A95") == b"\x5a\x952.0" and judge.ask("1A9A") == b"\x5a\x9aJUDGE"
    unit = wire.garage.unit("BODY")
    for address, data in wire.new.items():
        region = unit.state.memory.holding(address, len(data))
        assert region is not None and bytes(region.data) == data
