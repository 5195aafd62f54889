"""The tester's side of DoIP rule by rule (ISO 13400-2): activation, acks and nacks, alive check, broken streams."""

from __future__ import annotations

import random

import pytest

from core.errors import (
    LocalProtocolError,
    NoResponse,
    ProductError,
    RemoteProtocolError,
    RoutingDenied,
    VciLost,
)  # fmt: skip
from core.protocol import doip
from core.protocol import doip_messages as dm
from core.protocol.doip import ClientState, DoipClientMachine
from core.protocol.doip_messages import Activation

ENGINE, BRAKES = 0x1001, 0x1002


def granted(code: int = Activation.OK, tester: int = 0x0E00) -> bytes:
    return dm.encode(0x0006, dm.RoutingActivationResponse(tester, 0x1000, code).pack())


def active(now: float = 0.0) -> DoipClientMachine:
    machine = DoipClientMachine()
    machine.activate(now)
    machine.bytes_to_send(now)
    machine.receive(granted(), now)
    assert machine.state is ClientState.ACTIVE
    return machine


def ack(unit: int = ENGINE, tester: int = 0x0E00) -> bytes:
    return dm.encode(0x8002, dm.acknowledgement(unit, tester, 0x00))


def nack(code: int, unit: int = ENGINE) -> bytes:
    return dm.encode(0x8003, dm.acknowledgement(unit, 0x0E00, code))


def answer(pdu: bytes, unit: int = ENGINE, tester: int = 0x0E00) -> bytes:
    return dm.encode(0x8001, dm.diagnostic(unit, tester, pdu))


# ---- activation


@pytest.mark.parametrize(("oem", "length"), [(b"", 7), (b"oem!", 11)])
def test_the_activation_request_has_7_or_11_bytes(oem: bytes, length: int) -> None:
    machine = DoipClientMachine(0x0E80, activation_type=0xE0, oem=oem)
    machine.activate(0.0)
    sent = machine.bytes_to_send(0.0)
    assert sent == dm.encode(0x0005, b"\x0e\x80\xe0\x00\x00\x00\x00" + oem)
    assert len(sent) == 8 + length


def test_10_activates_and_tells_the_entity() -> None:
    machine = active()
    assert machine.entity == 0x1000
    assert machine.error is None


@pytest.mark.parametrize("code", sorted(dm.CLOSING_ACTIVATIONS | {Activation.MISSING_AUTHENTICATION}))
def test_every_refusal_is_a_routing_denied_with_its_code_and_words(code: Activation) -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(code), 0.1)
    assert machine.state is ClientState.ENDED
    assert isinstance(machine.error, RoutingDenied)
    assert machine.error.denial_code == code
    assert dm.ACTIVATION_WORDS[code] in machine.error.message


def test_07_says_that_tls_is_needed() -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(Activation.TLS_REQUIRED), 0.1)
    assert machine.error is not None
    assert "TLS" in machine.error.message
    assert "3496" in machine.error.advice


def test_a_reserved_code_is_a_refusal_too() -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(0xE5), 0.1)
    assert isinstance(machine.error, RoutingDenied)


def test_11_keeps_waiting_far_beyond_the_2_s() -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(Activation.CONFIRMATION_PENDING), 1.9)
    machine.handle_timeout(30.0)
    assert machine.state is ClientState.ACTIVATING
    machine.receive(granted(), 31.0)
    assert machine.state is ClientState.ACTIVE


def test_11_does_not_wait_for_ever() -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(Activation.CONFIRMATION_PENDING), 1.0)
    assert machine.next_deadline() == 1.0 + doip.CONFIRMATION_LIMIT
    machine.handle_timeout(1.0 + doip.CONFIRMATION_LIMIT)
    assert isinstance(machine.error, NoResponse)
    assert "not confirmed in the vehicle" in machine.error.message


def test_silence_of_2_s_ends_the_activation() -> None:
    machine = DoipClientMachine()
    machine.activate(5.0)
    assert machine.next_deadline() == 7.0
    machine.handle_timeout(6.99)
    assert machine.error is None
    machine.handle_timeout(7.0)
    assert isinstance(machine.error, NoResponse)
    assert machine.error.timer == "A_DoIP_Ctrl"
    assert machine.next_deadline() is None


def test_an_activation_of_another_tester_is_not_ours() -> None:
    machine = DoipClientMachine()
    machine.activate(0.0)
    machine.receive(granted(tester=0x0E01), 0.1)
    assert machine.state is ClientState.ACTIVATING


def test_no_diagnostics_before_activation_and_none_after_the_end() -> None:
    machine = DoipClientMachine()
    with pytest.raises(LocalProtocolError):
        machine.send(ENGINE, b"\x3e\x00", 0.0)
    machine = active()
    machine.connection_lost(VciLost("gone"))
    with pytest.raises(VciLost):
        machine.send(ENGINE, b"\x3e\x00", 1.0)
    with pytest.raises(LocalProtocolError):
        machine.activate(1.0)


# ---- diagnostic messages


def test_a_message_its_ack_and_its_answer() -> None:
    machine = active()
    inbox = machine.open(ENGINE)
    sent = machine.send(ENGINE, b"\x22\xf1\x90", 1.0)
    assert machine.bytes_to_send(1.0) == dm.encode(0x8001, b"\x0e\x00\x10\x01\x22\xf1\x90")
    assert machine.bytes_to_send(1.0) == b""
    machine.receive(ack(), 1.01)
    assert sent.ready  # routed ...
    assert sent.error is None
    assert machine.next_pdu(ENGINE) is None  # ... is not answered
    machine.receive(answer(b"\x62\xf1\x90X"), 1.5)
    assert inbox.take() == b"\x62\xf1\x90X"
    assert inbox.take() is None


def test_head_and_sent_are_the_same_message_as_send() -> None:
    machine = active()
    head = machine.head(ENGINE, 3)
    transmission = machine.sent(ENGINE, b"\x22\xf1\x90", 1.0)
    other = active()
    other.send(ENGINE, b"\x22\xf1\x90", 1.0)
    assert head + b"\x22\xf1\x90" == other.bytes_to_send(1.0)
    assert transmission.payload == b"\x0e\x00\x10\x01\x22\xf1\x90"
    assert machine.bytes_to_send(1.0) == b""


def test_answers_of_other_units_and_to_other_testers_go_elsewhere() -> None:
    machine = active()
    engine, brakes = machine.open(ENGINE), machine.open(BRAKES)
    machine.receive(answer(b"\x01", BRAKES) + answer(b"\x02", ENGINE, tester=0x0E01) + answer(b"\x03", 0x1003), 1.0)
    assert (engine.take(), brakes.take()) == (None, b"\x01")


def test_every_inbox_of_a_unit_gets_the_answer_until_it_is_closed() -> None:
    machine = active()
    first, second = machine.open(ENGINE), machine.open(ENGINE)
    machine.receive(answer(b"\x01"), 1.0)
    machine.close(ENGINE, first)
    machine.close(ENGINE, first)
    machine.receive(answer(b"\x02"), 1.0)
    assert (list(first.pdus), list(second.pdus)) == ([b"\x01"], [b"\x01", b"\x02"])


def test_acks_belong_to_the_unit_that_they_name_and_to_the_oldest_message() -> None:
    machine = active()
    first, second = machine.send(ENGINE, b"\x01", 1.0), machine.send(ENGINE, b"\x02", 1.0)
    brakes = machine.send(BRAKES, b"\x03", 1.0)
    machine.receive(ack(BRAKES), 1.0)
    assert (first.ready, second.ready, brakes.ready) == (False, False, True)
    machine.receive(ack(tester=0x0E01), 1.0)
    assert not first.ready
    machine.receive(ack(), 1.0)
    assert (first.ready, second.ready) == (True, False)
    machine.receive(ack() + ack(), 1.0)  # one too many is nobody's
    assert second.ready


def test_no_ack_within_2_s_is_no_response() -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x3e\x00", 10.0)
    assert machine.next_deadline() == 12.0
    machine.handle_timeout(11.99)
    assert not sent.ready
    machine.handle_timeout(12.0)
    assert isinstance(sent.error, NoResponse)
    assert sent.error.timer == "A_DoIP_Diagnostic_Message"
    assert machine.state is ClientState.ACTIVE


def test_a_gateway_that_forgets_the_ack_but_routes_is_believed() -> None:
    machine = active()
    machine.open(ENGINE)
    sent = machine.send(ENGINE, b"\x3e\x00", 10.0)
    machine.receive(answer(b"\x7e\x00"), 10.1)
    machine.handle_timeout(12.0)
    assert sent.ready
    assert sent.error is None


def test_a_functional_message_waits_for_no_ack() -> None:
    machine = active()
    sent = machine.send(0xE400, b"\x3e\x80", 1.0, wants_ack=False)
    assert sent.ready
    machine.receive(ack(0xE400) + nack(0x03, 0xE400), 1.0)
    machine.handle_timeout(10.0)
    assert sent.error is None


@pytest.mark.parametrize("code", [0x02, 0x03, 0x04, 0x42])
def test_nacks_02_03_04_are_routing_denied(code: int) -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x3e\x00", 1.0)
    machine.receive(nack(code), 1.0)
    assert isinstance(sent.error, RoutingDenied)
    assert sent.error.denial_code == code
    assert dm.DIAGNOSTIC_NACK_WORDS.get(code, "reserved") in sent.error.message


@pytest.mark.parametrize("code", [0x06, 0x07, 0x08])
def test_nacks_06_07_08_are_a_unit_that_does_not_answer(code: int) -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x3e\x00", 1.0)
    machine.receive(nack(code), 1.0)
    assert isinstance(sent.error, NoResponse)
    assert sent.error.timer == f"DoIP nack {code:02X}"
    assert dm.DIAGNOSTIC_NACK_WORDS[code] in sent.error.message


def test_nack_05_sends_again_three_times_200_ms_apart() -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x36\x01data", 1.0)
    first = machine.bytes_to_send(1.0)
    now = 1.0
    for _ in range(3):
        machine.receive(nack(0x05), now)
        assert machine.next_deadline() == pytest.approx(now + 0.2)
        machine.handle_timeout(now + 0.19)
        assert machine.bytes_to_send(now + 0.19) == b""
        now += 0.2
        machine.handle_timeout(now + 1e-9)
        assert machine.bytes_to_send(now) == first
    assert not sent.ready
    machine.receive(nack(0x05), now)
    assert isinstance(sent.error, RoutingDenied)
    assert sent.error.denial_code == 0x05
    machine.handle_timeout(now + 10)
    assert machine.bytes_to_send(now + 10) == b""


def test_nack_05_once_then_taken() -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x36\x01data", 1.0)
    machine.receive(nack(0x05), 1.0)
    machine.handle_timeout(1.2)
    machine.receive(ack(), 1.3)
    assert sent.ready
    assert sent.error is None


def test_after_a_loss_nothing_is_sent_again() -> None:
    machine = active()
    sent = machine.send(ENGINE, b"\x36\x01data", 1.0)
    machine.receive(nack(0x05), 1.0)
    machine.connection_lost(VciLost("RST"))
    machine.handle_timeout(5.0)
    assert machine.bytes_to_send(5.0) == b""
    assert isinstance(sent.error, VciLost)
    machine.connection_lost(VciLost("again"))
    assert machine.error is sent.error  # the first reason stays


def test_an_inbox_that_nobody_reads_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doip, "MAX_UNREAD", 1000)
    machine = active()
    inbox = machine.open(ENGINE)
    for number in range(20):
        machine.receive(answer(bytes([number]) * 100), 1.0)
    assert inbox.dropped == 10
    assert [inbox.take() for _ in range(10)] == [bytes([n]) * 100 for n in range(10, 20)]
    machine.receive(answer(b"\x01") + answer(b"\x02"), 1.0)
    inbox.clear()
    assert not inbox.ready


# ---- alive check and idle connections


def test_an_alive_check_is_answered_at_once() -> None:
    machine = active()
    machine.receive(dm.encode(0x0007), 1.0)
    assert machine.bytes_to_send(1.0) == dm.encode(0x0008, b"\x0e\x00")


def test_an_idle_connection_is_kept_by_an_unasked_alive_answer() -> None:
    machine = active(0.0)
    assert machine.next_deadline() == doip.IDLE_ALIVE
    machine.handle_timeout(doip.IDLE_ALIVE - 1)
    assert machine.bytes_to_send(doip.IDLE_ALIVE - 1) == b""
    machine.handle_timeout(doip.IDLE_ALIVE)
    assert machine.bytes_to_send(doip.IDLE_ALIVE) == dm.encode(0x0008, b"\x0e\x00")
    assert machine.next_deadline() == 2 * doip.IDLE_ALIVE
    assert doip.IDLE_ALIVE < dm.T_TCP_GENERAL_INACTIVITY


# ---- what breaks


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n", dm.encode(0x0007, b"x"), b"\x02\xfd\x80\x01\xff\xff\xff\xff"])
def test_a_broken_stream_ends_the_connection_for_everybody(data: bytes) -> None:
    machine = active()
    sent = [machine.send(ENGINE, b"\x01", 1.0), machine.send(BRAKES, b"\x01", 1.0)]
    machine.receive(data, 1.0)
    assert isinstance(machine.error, RemoteProtocolError)
    assert machine.error.standard == "ISO 13400-2"
    assert all(t.ready and t.error is machine.error for t in sent)
    assert machine.receive(ack(), 1.1) == []


def test_an_unknown_payload_type_is_skipped() -> None:
    machine = active()
    inbox = machine.open(ENGINE)
    machine.receive(dm.encode(0xF001, b"maker's own") + answer(b"\x7e\x00"), 1.0)
    assert inbox.take() == b"\x7e\x00"


@pytest.mark.parametrize("code", [0x00, 0x04])
def test_a_closing_header_nack_ends_the_connection(code: int) -> None:
    machine = active()
    machine.receive(dm.encode(0x0000, bytes([code])), 1.0)
    assert isinstance(machine.error, RoutingDenied)
    assert machine.header_nack == code


@pytest.mark.parametrize("code", [0x01, 0x02, 0x03])
def test_another_header_nack_fails_the_message_that_waits_longest(code: int) -> None:
    machine = active()
    first, second = machine.send(ENGINE, b"\x01", 1.0), machine.send(BRAKES, b"\x01", 1.1)
    machine.receive(dm.encode(0x0000, bytes([code])), 1.2)
    assert isinstance(first.error, RoutingDenied)
    assert not second.ready
    assert machine.error is None


def test_a_message_that_has_begun_is_known_by_its_unit() -> None:
    machine = active()
    whole = answer(b"\x36" * 100)
    machine.receive(whole[:20], 3.0)
    assert machine.receiving_since(ENGINE) == 3.0
    assert machine.receiving_since(BRAKES) is None
    machine.receive(whole[20:50], 4.0)
    assert (machine.receiving_since(ENGINE), machine.last_receive) == (3.0, 4.0)
    machine.receive(whole[50:] + whole[:12], 5.0)
    assert machine.receiving_since(ENGINE) == 5.0
    machine.receive(whole[12:], 6.0)
    assert machine.receiving_since(ENGINE) is None


def test_a_hundred_thousand_random_chunks_break_nothing() -> None:
    dice = random.Random(13400)
    pieces = [
        granted(), ack(), answer(b"\x7e\x00"), answer(b"\x62" * 40, BRAKES), nack(5), nack(3), dm.encode(0x0007),
        dm.encode(0x0000, b"\x02"), b"\x02\xfd", b"\x02\xfd\x80\x01\x00\x00", dm.encode(0x4711, b"?"),
    ]  # fmt: skip
    machine, now, broken = active(), 0.0, 0
    inbox = machine.open(ENGINE)
    for number in range(100_000):
        now += dice.random() * 0.2
        machine.receive(dice.choice(pieces) if dice.random() < 0.9 else dice.randbytes(dice.randrange(20)), now)
        machine.handle_timeout(now)
        machine.messages_to_send(now)
        if machine.error is not None or number % 200 == 0:  # a header of 4 GB is waited for, by rule
            assert machine.error is None or isinstance(machine.error, ProductError)
            broken += machine.error is not None
            machine = active(now)
            inbox = machine.open(ENGINE)
        elif dice.random() < 0.3:
            assert machine.send(dice.choice([ENGINE, BRAKES]), b"\x3e\x00", now).target in (ENGINE, BRAKES)
        if dice.random() < 0.5:
            inbox.take()
    assert broken > 100
