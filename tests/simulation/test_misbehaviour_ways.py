"""Misbehaviour on the way: frames between a unit and its bus, messages of a DoIP entity. No bus, no socket."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.protocol import doip_messages as dm
from core.protocol.doip_entity import Diagnostic, EntityConfig
from core.simulation.misbehaviour import FAULTS, Misbehaviour
from core.simulation.misbehaviour.entity import DENIALS, NACKS, FaultyEntity
from core.simulation.misbehaviour.frames import WAIT_PAUSE, FaultyLine
from core.vocabulary import Addressing, CanAddress, Transport
from tests.protocol.doip_entity_help import EID, ENGINE, GATEWAY, VIN, activate, codes, diagnostic, said

NORMAL = CanAddress(0x7E0, 0x7E8)
EXTENDED = CanAddress(0x18DA21F1, 0x18DAF121, True, Addressing.EXTENDED, 0x21, 0xF1)
CF = [bytes((0x20 | number,)) + bytes(7) for number in range(1, 5)]
CTS, LAST = bytes.fromhex("300000cccccccccc"), bytes.fromhex("2500")


def line(*orders: str, address: CanAddress = NORMAL) -> FaultyLine:
    car = Misbehaviour("car", {"ENGINE": Transport.CAN})
    car.order(orders)
    return FaultyLine(address, car.of("ENGINE"))


def heard(way: FaultyLine, frames: Sequence[bytes]) -> list[bytes]:
    return [got for frame in frames for got in way.heard(frame)]


# -- frames to the unit


def test_frames_of_a_request() -> None:
    assert heard(line("lost-cf@2"), CF) == [CF[0], CF[2], CF[3]]
    assert heard(line("duplicate-cf@2"), CF) == [CF[0], CF[1], CF[1], CF[2], CF[3]]
    assert heard(line("reordered-cf@2"), CF) == [CF[0], CF[2], CF[1], CF[3]]
    single = bytes.fromhex("023e00")
    assert heard(line("lost-cf"), [single]) == [single]  # only consecutive frames are counted


def test_a_held_frame_does_not_outlive_its_message() -> None:
    first = bytes.fromhex("1014")
    assert heard(line("reordered-cf@4"), [*CF, first, CF[0]]) == [*CF[:3], first, CF[0]]


def test_the_tester_s_flow_control() -> None:
    asks = bytes.fromhex("30080a")
    assert line("stmin-ignored").heard(asks) == [bytes.fromhex("300800")]
    assert line("stmin-wrong").heard(asks) == [bytes.fromhex("30087f")]
    wrong = line("stmin-wrong")
    assert [wrong.heard(asks)[0][2] for _ in range(3)] == [0x7F] * 3  # as long as it is ordered
    assert line("stmin-wrong").heard(b"\x30") == [b"\x30"]


# -- frames of the unit


def test_frames_of_an_answer() -> None:
    assert line("lost-answer-cf@2").said(CF, 0.0) == [CF[0], CF[2], CF[3]]
    assert line("duplicate-answer-cf@2").said(CF, 0.0) == [CF[0], CF[1], CF[1], CF[2], CF[3]]
    assert line("reordered-answer-cf@2").said(CF, 0.0) == [CF[0], CF[2], CF[1], CF[3]]


def test_flow_control_of_the_unit() -> None:
    assert line("lost-fc").said([CTS], 0.0) == []
    assert line("fc-overflow").said([CTS], 0.0) == [bytes.fromhex("320000cccccccccc")]
    assert line("stmin-reserved").said([CTS], 0.0) == [bytes.fromhex("300080cccccccccc")]
    second = line("fc-overflow@2")
    assert second.said([CTS], 0.0) == [CTS] and second.said([CTS], 0.0)[0][0] == 0x32


@pytest.mark.parametrize(("name", "times"), [("fc-wait-3", 3), ("fc-wait-100", 100)])
def test_waits_then_go_ahead(name: str, times: int) -> None:
    way, wait = line(name), bytes.fromhex("310000cccccccccc")
    assert way.said([CTS], 5.0) == [wait]
    frames, now = [], 5.0
    while (deadline := way.next_deadline()) is not None:
        assert deadline == pytest.approx(now + WAIT_PAUSE)
        now = deadline
        frames += way.due(now)
    assert frames == [wait] * (times - 1) + [CTS] and way.due(now) == []


def test_extended_addressing_has_its_byte_first() -> None:
    way = line("lost-cf", "fc-overflow", address=EXTENDED)
    assert way.heard(b"\x21" + CF[0][:7]) == []
    assert way.said([b"\xf1" + CTS[:7]], 0.0) == [bytes.fromhex("f1320000cccccccc")]


# -- the gateway


def gateway(*orders: str) -> FaultyEntity:
    car = Misbehaviour("car", {"ENGINE": Transport.DOIP})
    car.order(orders)
    config = EntityConfig(VIN, GATEWAY, EID, frozenset({GATEWAY, ENGINE}))
    return FaultyEntity(config, car.entity, {ENGINE: car.of("ENGINE")})


@pytest.mark.parametrize("name", DENIALS)
def test_activation_is_denied_once(name: str) -> None:
    entity = gateway(name)
    assert codes(activate(entity, "A")) == [DENIALS[name]]
    assert codes(activate(entity, "B"), "B") == [dm.Activation.OK]


@pytest.mark.parametrize("name", NACKS)
def test_a_block_is_nacked_once(name: str) -> None:
    entity = gateway(f"{name}@2")
    activate(entity)
    results = []
    for pdu in (b"\x22\xf1\x90", b"\x36\x01\x00", b"\x36\x02\x00", b"\x36\x02\x00"):
        entity.receive("A", diagnostic(pdu=pdu), 1.0)
        outputs = entity.outputs()
        passed = any(isinstance(output, Diagnostic) for output in outputs)
        ((kind, payload),) = said(outputs)
        results.append((kind, payload[4], passed))
    ack, nack = (dm.PayloadType.DIAGNOSTIC_ACK, 0, True), (dm.PayloadType.DIAGNOSTIC_NACK, NACKS[name], False)
    assert results == [ack, ack, nack, ack]


def test_a_second_tester_makes_the_gateway_ask_the_first() -> None:
    entity = gateway()
    activate(entity)
    entity.appear(0x0E00, 1.0)
    assert [kind for kind, _ in said(entity.outputs())] == [dm.PayloadType.ALIVE_CHECK_REQUEST]
    entity.receive("A", dm.encode(dm.PayloadType.ALIVE_CHECK_RESPONSE, b"\x0e\x00"), 1.0)
    assert entity.sources == [0x0E00] and not said(entity.outputs())


def test_power_mode_follows_the_order() -> None:
    request = dm.encode(dm.PayloadType.POWER_MODE_REQUEST)
    for orders, mode in (((), 1), (("power-mode-0",), 0)):
        entity = gateway(*orders)
        entity.datagram(request, "tester", 0.0)
        (answer,) = [output.data for output in entity.outputs() if hasattr(output, "address")]
        assert answer[8:] == bytes([mode])


def test_every_fault_is_somebody_s_work() -> None:
    """A name in the table that nobody asks for would be ordered in vain."""
    from pathlib import Path

    import core.simulation as simulation

    folder = Path(simulation.__file__).parent
    sources = [path for path in folder.rglob("*.py") if path.name != "catalog.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [name for name in FAULTS if f'"{name}"' not in text and name not in {*NACKS, *DENIALS}] == []
