"""Discovery over UDP (ISO 13400-2 vehicle identification): total deadline, several entities, broken answers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from core.errors import UsageError
from core.protocol import doip_messages as dm
from core.vci.doip import finder
from core.vci.doip.finder import discover
from core.vocabulary import DoipEntity
from tests.campaign.rig import free_port
from tests.vci.doip_server import EID, VIN, DoipServer, config


@contextlib.contextmanager
def responder(answers: list[bytes]) -> Iterator[int]:
    """Answers each request with all of `answers`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, peer = sock.recvfrom(100)
                if data == b"end":
                    return
                for answer in answers:
                    sock.sendto(answer, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            sock.sendto(b"end", sock.getsockname())
            thread.join(10)


def said(number: int, vin: bytes = VIN.encode()) -> bytes:
    return dm.encode(0x0004, dm.Identification(vin, 0x1000 + number, bytes([number]) * 6, bytes(6)).pack())


def test_an_entity_is_found_on_its_own_port_over_all_interfaces() -> None:
    with DoipServer(settings=config(further_action=0x10, sync_status=None)) as server:
        found = discover(server.port, 0.5)
    assert found == [DoipEntity("127.0.0.1", server.port, VIN, 0x1000, EID, bytes(6), 0x10, None, 0, 4, 0, 1)]


def test_an_entity_that_waits_its_random_time_is_found_by_its_address() -> None:
    with DoipServer(settings=config(announce_wait=0.5)) as server:
        found = discover(server.port, 1.0, ["127.0.0.1"])
    assert [entity.vin for entity in found] == [VIN]


def test_nobody_there_takes_exactly_the_deadline() -> None:
    with DoipServer(udp=False) as server:
        started = time.monotonic()
        assert discover(server.port, 0.4) == []
        assert discover(server.port, 0.4, ["127.0.0.1", "no-such-host.invalid"]) == []
        assert 0.7 < time.monotonic() - started < 5.0
    assert discover(server.port, 0.3, []) == []


def test_a_vehicle_that_announces_itself_is_heard_unasked() -> None:
    """As a car does when it is plugged in: a broadcast to the discovery port, no answer to anybody."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as car:
        car.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        car.bind(("127.0.0.1", 0))
        ended = threading.Event()

        def announce() -> None:
            while not ended.wait(0.05):
                car.sendto(said(7), ("127.255.255.255", port))

        thread = threading.Thread(target=announce)
        thread.start()
        try:
            found = discover(port, 1.0)
        finally:
            ended.set()
            thread.join(10)
    assert [(entity.logical_address, entity.unasked, entity.power_mode) for entity in found] == [(0x1007, True, None)]
    with DoipServer() as server:
        assert [entity.unasked for entity in discover(server.port, 0.5)] == [False]


def test_many_entities_once_each_and_broken_answers_not_at_all() -> None:
    broken = [b"", b"\x02", b"\xff" * 40, said(3)[:-1], dm.encode(0x4002, bytes(3))]
    with responder([said(1), said(1), said(2), *broken, said(4)]) as port:
        found = discover(port, 0.3, ["127.0.0.1"])
    assert [entity.logical_address for entity in found] == [0x1001, 0x1002, 0x1004]


def test_a_flood_of_entities_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "_MAX_ENTITIES", 5)
    with responder([said(number) for number in range(50)]) as port:
        assert len(discover(port, 0.3, ["127.0.0.1"])) == 5


@pytest.mark.parametrize("vin", [bytes(17), b"\xff" * 17])
def test_a_vin_that_the_entity_does_not_know_is_empty(vin: bytes) -> None:
    with responder([said(1, vin), said(2, b"XPB\x1b[31m\xff00000000")]) as port:
        found = discover(port, 0.3, ["127.0.0.1"])
    assert [entity.vin for entity in found] == ["", "XPB\x1b[31m\ufffd00000000"]  # cleaned at the roof, not here


@pytest.mark.parametrize("port", [-1, 0, 65_536, 99_999])
def test_a_port_that_cannot_be(port: int) -> None:
    with pytest.raises(UsageError, match="port"):
        discover(port, 0.1)
