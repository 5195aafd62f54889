"""Stock doipclient and udsoncan's connector read, code and flash garage units over TCP; discovery over UDP."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import pytest
from doipclient import DoIPClient

from core.errors import VciBusy, VciNotFound
from core.simulation.doip.side import DoipSide
from core.simulation.garage import Garage
from tests.simulation.judges import code, flash, over_doip, read_text
from tests.simulation.support import CODING_DID, VIN, car

BODY, DOOR = 0x1003, 0x1004
ACTIVATION = bytes.fromhex("02FD0005000000070E820000000000")


class Wire:
    """A running DoIP car. `gateway` names the unit that is the entity itself."""

    def __init__(self, gateway: str = "", discovery: bool = False) -> None:
        data, initial, self.new = car(doip=True, gateway=gateway)
        self.garage = Garage("test-car", data, initial, clock=time.monotonic)
        self.side = DoipSide(self.garage, discovery=discovery)

    def connect(self, unit: int = BODY, source: int = 0x0E80) -> DoIPClient:
        ports = {"tcp_port": self.side.port, "udp_port": self.side.port}
        return DoIPClient(self.side.host, unit, client_logical_address=source, **ports)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.side.close()


def test_reads_codes_and_flashes(wire: Wire) -> None:
    with over_doip(wire.side.host, wire.side.port, BODY) as client:
        assert read_text(client, 0xF190) == VIN and read_text(client, 0xF189) == "1.0"
        assert len(client.get_dtc_by_status_mask(0xFF).service_data.dtcs) == 2
        code(client, CODING_DID, b"\x02\x10")
        assert client.read_data_by_identifier_first([CODING_DID]) == b"\x02\x10"
        flash(client, wire.new)
    with over_doip(wire.side.host, wire.side.port, BODY) as client:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:  # the unit restarts behind a gateway that stays up
            client.conn.send(bytes.fromhex("22F189"))
            answer = client.conn.wait_frame(timeout=0.3)
            if answer is not None:
                break
        assert answer == bytes.fromhex("62F189") + b"2.0"


def test_a_gateway_that_is_flashed_drops_its_connections_and_comes_back() -> None:
    wire = Wire(gateway="BODY")
    try:
        with wire.connect() as tester:
            tester.send_diagnostic(b"\x10\x03")
            assert tester.receive_diagnostic(5)[0] == 0x50
            tester.send_diagnostic(b"\x10\x02")
            assert tester.receive_diagnostic(5)[:2] == b"\x50\x02"
            with pytest.raises((ConnectionError, OSError)):
                for _ in range(100):
                    tester.send_diagnostic(b"\x3e\x00")
                    tester.receive_diagnostic(5)
        client = _again(wire)
        with client:
            client.send_diagnostic(bytes.fromhex("22F100"))
            assert client.receive_diagnostic(5) == bytes.fromhex("62F10002")
    finally:
        wire.side.close()


def _again(wire: Wire) -> DoIPClient:
    """A new connection, as soon as the entity activates routing again."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:  # doipclient leaks its socket when it is refused, so look first
        with socket.create_connection((wire.side.host, wire.side.port), timeout=20) as probe:
            try:
                probe.sendall(ACTIVATION)
                answer = probe.recv(100)
                if answer[2:4] == b"\x00\x06" and answer[12] == 0x10:
                    return wire.connect()
            except ConnectionError:
                continue
    raise AssertionError("the gateway did not come back")


def test_two_testers_get_their_own_answers(wire: Wire) -> None:
    with wire.connect(BODY, 0x0E80) as first, wire.connect(DOOR, 0x0E81) as second:
        first.send_diagnostic(bytes.fromhex("22F18C"))
        second.send_diagnostic(bytes.fromhex("22F191"))
        assert second.receive_diagnostic(5) == bytes.fromhex("62F191") + b"HW-2"
        assert first.receive_diagnostic(5) == bytes.fromhex("62F18C") + b"SN-BODY"


def test_functional_group(wire: Wire) -> None:
    with wire.connect() as tester:
        tester.send_diagnostic_to_address(0xE400, bytes.fromhex("22F186"))
        # doipclient hands out answers of its own unit only; the ack names the group
        assert tester.receive_diagnostic(5) == bytes.fromhex("62F18601")
        tester.send_diagnostic_to_address(0xE400, bytes.fromhex("3E80"))
        tester.send_diagnostic(bytes.fromhex("22F186"))
        assert tester.receive_diagnostic(5) == bytes.fromhex("62F18601")


def test_discovery_status_and_power_mode() -> None:
    wire = Wire(discovery=True)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(20)
            asker.sendto(bytes.fromhex("02FD000100000000"), (wire.side.host, wire.side.port))
            answer = asker.recv(1000)
        assert answer[2:4] == b"\x00\x04" and answer[8:25] == VIN.encode() and answer[25:27] == b"\x10\x00"
        with wire.connect() as tester:
            assert tester.request_diagnostic_power_mode().diagnostic_power_mode == 1
            status = tester.request_entity_status()
            assert (status.node_type, status.currently_open_sockets) == (0, 1)
    finally:
        wire.side.close()


def test_a_port_in_use_and_a_foreign_address_are_named(wire: Wire) -> None:
    with pytest.raises(VciBusy, match=str(wire.side.port)):
        DoipSide(wire.garage, wire.side.host, wire.side.port)
    with pytest.raises(VciNotFound):
        DoipSide(wire.garage, "203.0.113.7", 0)
    with pytest.raises(VciNotFound):
        DoipSide(wire.garage, "no such host.invalid", 0)


def test_random_bytes_crash_and_hang_nothing(wire: Wire) -> None:
    generator = random.Random(13400)
    for number in range(400):
        with socket.create_connection((wire.side.host, wire.side.port), timeout=20) as sock:
            try:
                if number % 2:
                    sock.sendall(ACTIVATION)
                for _ in range(generator.randrange(1, 8)):
                    payload = generator.randbytes(generator.randrange(60))
                    if generator.random() < 0.6:
                        kind = generator.choice((0x8001, 0x8001, 0x0005, 0x0007, 0x0008, 0x4001, 0x8002))
                        head = generator.choice((b"", b"\x0e\x82\x10\x03"))
                        payload = head + payload
                        payload = b"\x02\xfd" + kind.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload
                    sock.sendall(payload)
            except OSError:
                pass  # the gateway has closed it: that is its right
    wire.garage.unit("BODY").power_on(wire.garage.clock())
    tester = _again(wire)
    with tester:
        tester.send_diagnostic(bytes.fromhex("22F18C"))
        assert tester.receive_diagnostic(5) == bytes.fromhex("62F18C") + b"SN-BODY"
