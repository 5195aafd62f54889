"""Stock udsoncan on can-isotp reads, codes, flashes units with 29 bit identifiers, extended addressing, CAN FD."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import can
import isotp
import pytest
from udsoncan.client import Client
from udsoncan.connections import PythonIsoTpConnection

from core.simulation.can_side import CanSide
from core.simulation.garage import Garage
from core.vocabulary import Addressing, CanAddress
from tests.simulation.judges import client_for, code, flash, read_text
from tests.simulation.support import CODING_DID, VIN, car

TX, RX = 0x18DA21F1, 0x18DAF121
NORMAL = CanAddress(TX, RX, True, functional=0x18DB33F1)
EXTENDED = CanAddress(TX, RX, True, Addressing.EXTENDED, 0x21, 0xF1, 0x18DB33F1, functional_extension=0xFE)
FD = replace(NORMAL, is_fd=True)
WAYS = {"29 bit": NORMAL, "extended": EXTENDED, "FD": FD}


@contextmanager
def judge(bus: can.BusABC, address: CanAddress) -> Iterator[Client]:
    """can-isotp as it is configured for such units."""
    if address.addressing is Addressing.EXTENDED:
        way: dict[str, Any] = {"target_address": 0x21, "source_address": 0xF1}
        spoken = isotp.Address(isotp.AddressingMode.Extended_29bits, txid=TX, rxid=RX, **way)
    else:
        spoken = isotp.Address(isotp.AddressingMode.Normal_29bits, txid=TX, rxid=RX)
    parameters = {"blocking_send": False, "max_frame_size": 1 << 20, "blocksize": 0, "tx_padding": 0xCC}
    if address.is_fd:
        parameters |= {"can_fd": True, "tx_data_length": 64, "bitrate_switch": True}
    notifier = can.Notifier(bus, [], timeout=0.05)
    stack = isotp.NotifierBasedCanStack(bus, notifier, address=spoken, params=parameters)
    try:
        with client_for(PythonIsoTpConnection(stack)) as client:
            yield client
    finally:
        notifier.stop()


class Road:
    """The test car with BODY at another kind of address, on a bus of its own."""

    def __init__(self, address: CanAddress) -> None:
        channel = secrets.token_hex(8)
        data, initial, self.new = car()
        units = {**data.units, "BODY": replace(data.units["BODY"], addresses=(address,))}
        frames = tuple(replace(frame, identifier=0x18FEF100 + frame.identifier) for frame in initial.broadcast)
        self.garage = Garage(
            "test-truck", replace(data, units=units), replace(initial, broadcast=frames), clock=time.monotonic
        )
        self.side = CanSide(self.garage, can.Bus(interface="virtual", channel=channel), fd=True)
        self.bus = can.Bus(interface="virtual", channel=channel)

    def close(self) -> None:
        self.side.close()
        self.bus.shutdown()


@pytest.fixture(params=WAYS)
def road(request: pytest.FixtureRequest) -> Iterator[Road]:
    road = Road(WAYS[request.param])
    yield road
    road.close()


def test_reads_codes_and_flashes(road: Road) -> None:
    address = road.garage.unit("BODY").can_address
    assert address is not None
    with judge(road.bus, address) as client:
        assert read_text(client, 0xF190) == VIN and read_text(client, 0xF189) == "1.0"
        code(client, CODING_DID, b"\x02\x10")
        assert client.read_data_by_identifier_first([CODING_DID]) == b"\x02\x10"
        flash(client, road.new)
    unit = road.garage.unit("BODY")
    for start, data in road.new.items():
        region = unit.state.memory.holding(start, len(data))
        assert region is not None and bytes(region.data) == data


def test_functional_requests_with_29_bits(road: Road) -> None:
    """One frame for each kind: the extension byte tells who is meant."""
    address = road.garage.unit("BODY").can_address
    assert address is not None
    extended = address.addressing is Addressing.EXTENDED
    request = bytes.fromhex("FE0322F186CCCCCC" if extended else "0322F186CCCCCCCC")
    road.bus.send(can.Message(arbitration_id=0x18DB33F1, data=request, is_extended_id=True))
    end = time.monotonic() + 10.0
    while time.monotonic() < end:
        message = road.bus.recv(1.0)
        if message is not None and message.arbitration_id == RX:
            assert message.is_extended_id and message.is_fd == address.is_fd
            assert bytes(message.data[: 6 if extended else 5]) == bytes.fromhex(
                "F10462F18601" if extended else "0462F18601"
            )
            return
    raise AssertionError("nobody answered")


def test_periodic_frames_have_29_bits(road: Road) -> None:
    end = time.monotonic() + 10.0
    while time.monotonic() < end:
        message = road.bus.recv(1.0)
        if message is not None and message.arbitration_id == 0x18FEF100 + 0x390:
            assert message.is_extended_id
            return
    raise AssertionError("it never came")
