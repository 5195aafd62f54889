"""Stock udsoncan on can-isotp reads, codes and flashes garage units over python-can's virtual bus and UDP multicast."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterator

import can
import pytest
from udsoncan.exceptions import (
    InvalidResponseException,
    NegativeResponseException,
    TimeoutException,
    UnexpectedResponseException,
)

from core.simulation.can_side import CanSide
from core.simulation.garage import Garage
from tests.simulation.judges import code, flash, over_can, read_text
from tests.simulation.support import CODING_DID, VIN, car

TX, RX = 0x7E4, 0x7EC
LATE = (TimeoutException, UnexpectedResponseException, InvalidResponseException, NegativeResponseException)
"""What a tester sees of a unit that is still busy with somebody else's nonsense."""


def _settings(interface: str) -> dict:
    if interface == "virtual":
        return {"interface": "virtual", "channel": secrets.token_hex(8)}
    port = 20000 + secrets.randbelow(20000)
    return {"interface": "udp_multicast", "channel": "239.74.163.2", "port": port, "fd": False}


class Wire:
    """A running car and the settings of its bus."""

    def __init__(self, interface: str) -> None:
        self.settings = _settings(interface)
        data, initial, self.new = car()
        self.garage = Garage("test-car", data, initial, clock=time.monotonic)
        self.side = CanSide(self.garage, can.Bus(**self.settings))
        self.bus = can.Bus(**self.settings)

    def close(self) -> None:
        self.side.close()
        self.bus.shutdown()

    def until(self, wanted: object, seconds: float = 20.0) -> can.Message:
        """The next frame that `wanted` accepts."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.bus.recv(1.0)
            if message is not None and wanted(message):  # type: ignore[operator]
                return message
        raise AssertionError("it never came")


@pytest.fixture(params=["virtual", "udp_multicast"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(request.param)
    yield wire
    wire.close()


@pytest.fixture
def quiet() -> Iterator[Wire]:
    wire = Wire("virtual")
    yield wire
    wire.close()


def test_reads_idents_and_trouble_codes(wire: Wire) -> None:
    with over_can(wire.bus, TX, RX) as client:
        assert read_text(client, 0xF190) == VIN and read_text(client, 0xF189) == "1.0"
        codes = client.get_dtc_by_status_mask(0xFF).service_data.dtcs
        assert [(dtc.id, dtc.status.get_byte_as_int()) for dtc in codes] == [(0x9B0100, 0x2F), (0x9B0200, 0x28)]
        assert client.get_number_of_dtc_by_status_mask(0x01).service_data.dtc_count == 1
        client.clear_dtc()
        assert client.get_dtc_by_status_mask(0xFF).service_data.dtcs == []


def test_codes(wire: Wire) -> None:
    with over_can(wire.bus, TX, RX) as client:
        with pytest.raises(NegativeResponseException):
            client.write_data_by_identifier(CODING_DID, b"\x02\x10")
        code(client, CODING_DID, b"\x02\x10")
        assert client.read_data_by_identifier_first([CODING_DID]) == b"\x02\x10"


def test_flashes(wire: Wire) -> None:
    with over_can(wire.bus, TX, RX) as client:
        flash(client, wire.new)
    unit = wire.garage.unit("BODY")
    for address, data in wire.new.items():
        region = unit.state.memory.holding(address, len(data))
        assert region is not None and bytes(region.data) == data
    wire.until(lambda message: message.arbitration_id == 0x390)  # the application runs: its frames are back
    with over_can(wire.bus, TX, RX) as client:
        assert read_text(client, 0xF189) == "2.0"
        assert client.read_data_by_identifier_first([0xF15A]) == b"JUDGE"


def test_functional_requests_reach_all_units(quiet: Wire) -> None:
    quiet.bus.send(can.Message(arbitration_id=0x7DF, data=bytes.fromhex("0222F18600000000")[:8], is_extended_id=False))
    quiet.bus.send(can.Message(arbitration_id=0x7DF, data=bytes.fromhex("0322F186CCCCCCCC"), is_extended_id=False))
    heard = {}
    while heard.keys() != {0x7EC, 0x7ED}:
        message = quiet.until(lambda each: each.arbitration_id in (0x7EC, 0x7ED) and each.data[1] == 0x62)
        heard[message.arbitration_id] = bytes(message.data[:5])
    assert set(heard.values()) == {bytes.fromhex("0462F18601")}


def test_communication_control_stops_the_frames_of_that_unit_only(quiet: Wire) -> None:
    quiet.until(lambda message: message.arbitration_id == 0x390)
    with over_can(quiet.bus, TX, RX) as client:
        client.change_session(3)
        client.communication_control(3, 1)
    while quiet.bus.recv(0) is not None:
        pass
    others = 0
    while others < 5:  # 250 ms of DOOR's frames, and none of BODY's, that come every 20 ms
        message = quiet.until(lambda each: each.arbitration_id in (0x390, 0x470))
        assert message.arbitration_id == 0x470
        others += 1
    quiet.bus.send(can.Message(arbitration_id=TX, data=bytes.fromhex("0328000100000000"), is_extended_id=False))
    quiet.until(lambda message: message.arbitration_id == 0x390)


def test_random_frames_crash_and_hang_nothing(quiet: Wire) -> None:
    generator = random.Random(4711)
    identifiers = (0x7E4, 0x7E5, 0x7DF, 0x390, 0x123, 0x7EC)
    drained, stop = threading.Event(), threading.Event()

    def drain() -> None:
        while not stop.is_set():
            quiet.bus.recv(0.02)
        drained.set()

    reader = threading.Thread(target=drain)
    reader.start()
    for _ in range(30_000):
        data = generator.randbytes(generator.randrange(9))
        quiet.bus.send(can.Message(arbitration_id=generator.choice(identifiers), data=data, is_extended_id=False))
    stop.set()
    assert drained.wait(20)
    reader.join()
    give_up = time.monotonic() + 30  # it may still have thousands of them before it
    while True:
        quiet.garage.unit("BODY").power_on(quiet.garage.clock())
        with over_can(quiet.bus, TX, RX) as client:
            try:
                assert read_text(client, 0xF190) == VIN
                return
            except LATE:
                assert time.monotonic() < give_up
