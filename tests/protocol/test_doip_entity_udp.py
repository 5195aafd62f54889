"""The DoIP entity beside its sockets (ISO 13400-2): header nacks, timers, everything over UDP, and random bytes."""

from __future__ import annotations

import itertools
import random

import pytest

from core.protocol import doip_messages as dm
from core.protocol.doip_entity import Close, Datagram, Diagnostic, DoipEntity, EntityConfig, Output
from core.protocol.doip_messages import HeaderNack, PayloadType
from tests.protocol.doip_entity_help import (
    EID,
    ENGINE,
    GATEWAY,
    VIN,
    activate,
    activation,
    closed,
    diagnostic,
    entity,
    said,
)

# ---- generic header and alive check


@pytest.mark.parametrize(
    ("data", "nack", "closes"),
    [
        (b"\x02\xfc\x00\x05\x00\x00\x00\x07", HeaderNack.INCORRECT_PATTERN, True),
        (b"\xff\x00\x80\x01\x00\x00\x00\x07", HeaderNack.INCORRECT_PATTERN, True),
        (dm.encode(0x4711, b"x"), HeaderNack.UNKNOWN_PAYLOAD_TYPE, False),
        (dm.encode(0x0001), HeaderNack.UNKNOWN_PAYLOAD_TYPE, False),  # UDP only
        (dm.encode(0x4001), HeaderNack.UNKNOWN_PAYLOAD_TYPE, False),
        (dm.encode(0x8001, bytes(2000)), HeaderNack.MESSAGE_TOO_LARGE, False),
        (dm.encode(0x0005, bytes(8)), HeaderNack.INVALID_PAYLOAD_LENGTH, True),
    ],
)
def test_header_nacks_on_tcp(data: bytes, nack: HeaderNack, closes: bool) -> None:
    gateway = entity(max_data_size=1024)
    activate(gateway)
    gateway.receive("A", data + diagnostic(), 1.0)
    outputs = gateway.outputs()
    assert said(outputs)[0] == (0x0000, bytes([nack]))
    assert closed(outputs) == (["A"] if closes else [])
    assert bool([o for o in outputs if isinstance(o, Diagnostic)]) is not closes


def test_a_nack_is_never_answered() -> None:
    gateway = entity()
    activate(gateway)
    for kind, payload in ((0x0000, b"\x01"), (0x8002, bytes(5)), (0x8003, bytes(5))):
        gateway.receive("A", dm.encode(kind, payload), 1.0)
    gateway.datagram(dm.encode(0x0000, b"\x00"), "tester", 1.0)
    gateway.datagram(b"\x02\xfd\x00\x00\x00\x00\x00\x09", "tester", 1.0)
    assert gateway.outputs() == []


def test_the_entity_answers_an_alive_check_too() -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", dm.encode(0x0007), 1.0)
    assert said(gateway.outputs()) == [(0x0008, b"\x10\x00")]


def test_alive_checks_live_on_tcp_only() -> None:
    gateway = entity()
    gateway.datagram(dm.encode(0x0007), "tester", 0.0)
    gateway.datagram(dm.encode(0x0008, b"\x0e\x00"), "tester", 0.0)
    assert gateway.outputs() == []


# ---- inactivity


def test_initial_inactivity_of_2_s_closes_a_socket_without_activation() -> None:
    gateway = entity()
    gateway.connected("A", 10.0)
    gateway.receive("A", dm.encode(0x0007), 11.0)  # other messages do not stop it
    gateway.outputs()
    assert gateway.next_deadline() == 12.0
    gateway.handle_timeout(11.99)
    assert gateway.outputs() == []
    gateway.handle_timeout(12.0)
    assert closed(gateway.outputs()) == ["A"]
    assert gateway.next_deadline() is None


@pytest.mark.parametrize("traffic", ["request", "alive", "response"])
def test_general_inactivity_of_5_min_counts_from_the_last_message(traffic: str) -> None:
    gateway = entity()
    activate(gateway)
    assert gateway.next_deadline() == 300.0
    if traffic == "request":
        gateway.receive("A", diagnostic(), 200.0)
    elif traffic == "alive":
        gateway.receive("A", dm.encode(0x0008, b"\x0e\x00"), 200.0)  # unasked: keeps an idle connection
    else:
        gateway.respond("A", ENGINE, b"\x7f\x22\x78", 200.0)
    gateway.outputs()
    gateway.handle_timeout(499.9)
    assert gateway.outputs() == []
    gateway.handle_timeout(500.0)
    assert closed(gateway.outputs()) == ["A"]


def test_close_all_is_a_reset_of_the_gateway() -> None:
    gateway = entity()
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01)
    gateway.start(1.0)
    gateway.close_all("reset")
    assert closed(gateway.outputs()) == ["A", "B"]
    assert gateway.next_deadline() is None
    assert gateway.sources == []


# ---- UDP


def run_out(gateway: DoipEntity, until: float) -> list[tuple[float, Output]]:
    seen: list[tuple[float, Output]] = []
    while (deadline := gateway.next_deadline()) is not None and deadline <= until:
        gateway.handle_timeout(deadline)
        seen += [(deadline, output) for output in gateway.outputs()]
    return seen


@pytest.mark.parametrize("sync", [None, 0x00])
def test_announcement_three_times_500_ms_apart_after_a_random_wait(sync: int | None) -> None:
    firsts = set()
    for seed in range(50):
        gateway = DoipEntity(EntityConfig(VIN, GATEWAY, EID, frozenset(), sync_status=sync), seed=seed)
        gateway.start(100.0)
        seen = run_out(gateway, 200.0)
        times = [at for at, _output in seen]
        assert len(times) == 3
        assert 100.0 <= times[0] <= 100.5
        assert [round(b - a, 6) for a, b in itertools.pairwise(times)] == [0.5, 0.5]
        firsts.add(times[0])
        for _at, output in seen:
            assert isinstance(output, Datagram)
            assert output.address is None
            assert len(output.data) == 8 + (32 if sync is None else 33)
            assert dm.Identification.unpack(output.data[8:]).vin == VIN.encode()
    assert len(firsts) > 40  # random indeed


@pytest.mark.parametrize(
    ("request_", "answered"),
    [
        (dm.encode(0x0001), True),
        (dm.encode(0x0001, b"", dm.ANY_VERSION), True),
        (dm.encode(0x0001, b"", 0x03), True),
        (dm.encode(0x0002, EID), True),
        (dm.encode(0x0002, EID[::-1]), False),
        (dm.encode(0x0003, VIN.encode()), True),
        (dm.encode(0x0003, VIN.encode(), dm.ANY_VERSION), True),
        (dm.encode(0x0003, VIN.encode()[::-1]), False),
    ],
)
def test_identification_by_nothing_eid_and_vin(request_: bytes, answered: bool) -> None:
    gateway = entity()
    gateway.datagram(request_, "tester", 10.0)
    seen = run_out(gateway, 20.0)
    assert len(seen) == (1 if answered else 0)
    for at, output in seen:
        assert isinstance(output, Datagram)
        assert 10.0 <= at <= 10.5  # A_DoIP_Announce_Wait
        assert output.address == "tester"
        assert output.data[:1] == (b"\x03" if request_[:1] == b"\x03" else b"\x02")
        assert dm.Identification.unpack(output.data[8:]).logical_address == GATEWAY


def test_entity_status_counts_the_active_testers() -> None:
    gateway = entity(max_sockets=3, node_type=0x01, max_data_size=0x2000)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01)
    gateway.connected("C", 0.0)
    gateway.datagram(dm.encode(0x4001), "tester", 0.0)
    (answer,) = gateway.outputs()
    assert isinstance(answer, Datagram)
    assert dm.EntityStatus.unpack(answer.data[8:]) == dm.EntityStatus(0x01, 3, 2, 0x2000)


@pytest.mark.parametrize("mode", [0x00, 0x01, 0x02])
def test_power_mode(mode: int) -> None:
    gateway = entity()
    gateway.power_mode = mode
    gateway.datagram(dm.encode(0x4003), "tester", 0.0)
    assert gateway.outputs() == [Datagram(dm.encode(0x4004, bytes([mode])), "tester")]


@pytest.mark.parametrize(
    ("data", "nack"),
    [
        (b"\x05\xfa\x00\x01\x00\x00\x00\x00", HeaderNack.INCORRECT_PATTERN),
        (dm.encode(0x4711), HeaderNack.UNKNOWN_PAYLOAD_TYPE),
        (activation(), HeaderNack.UNKNOWN_PAYLOAD_TYPE),  # TCP only
        (diagnostic(), HeaderNack.UNKNOWN_PAYLOAD_TYPE),
        (dm.encode(0x0002, EID + EID), HeaderNack.INVALID_PAYLOAD_LENGTH),
        (dm.encode(0x0001) + b"x", HeaderNack.INVALID_PAYLOAD_LENGTH),
    ],
)
def test_header_nacks_on_udp(data: bytes, nack: HeaderNack) -> None:
    gateway = entity()
    gateway.datagram(data, "tester", 0.0)
    assert gateway.outputs() == [Datagram(dm.encode(PayloadType.HEADER_NACK, bytes([nack])), "tester")]


# ---- robustness


def test_a_hundred_thousand_random_chunks_and_datagrams_break_nothing() -> None:
    dice = random.Random(13400)
    gateway = entity(max_sockets=2, max_data_size=512, needs_confirmation=frozenset({0x01}))
    pieces = [
        activation(), activation(0x0E01), activation(0x0E02, 0x01), diagnostic(), diagnostic(0x0E01),
        diagnostic(target=0xE400), dm.encode(0x0007), dm.encode(0x0008, b"\x0e\x00"), dm.encode(0x0001),
        dm.encode(0x4001), dm.encode(0x4003), b"\x02\xfd", b"\x02\xfd\x80\x01\xff\xff",
    ]  # fmt: skip
    now, handed_out, connected = 0.0, 0, set[int]()
    for number in range(100_000):
        now += dice.random() * 0.3
        connection = dice.randrange(6)
        chunk = dice.choice(pieces) if dice.random() < 0.95 else dice.randbytes(dice.randrange(20))
        kind = dice.random()
        if connection not in connected:
            connected.add(connection)
            gateway.connected(connection, now)
            gateway.receive(connection, activation(0x0E00 + connection % 3, connection % 2), now)
        elif kind < 0.03:
            connected.discard(connection)
            gateway.disconnected(connection, now)
        elif kind < 0.15:
            gateway.datagram(chunk, number, now)
        elif kind < 0.2:
            gateway.confirm(connection, dice.random() < 0.5, now)
        else:
            gateway.receive(connection, chunk, now)
        gateway.handle_timeout(now)
        for output in gateway.outputs():
            if isinstance(output, Diagnostic):
                handed_out += 1
                gateway.respond(output.connection, ENGINE, b"\x7f\x22\x78", now)
            elif isinstance(output, Close):
                connected.discard(output.connection)  # type: ignore[arg-type]
        assert len(gateway.sources) <= 2
        assert len(set(gateway.sources)) == len(gateway.sources)
    assert handed_out > 500
