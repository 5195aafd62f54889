"""The sockets of the DoIP entity rule by rule (ISO 13400-2): activation, alive check, acks and nacks."""

from __future__ import annotations

import pytest

from core.protocol import doip_messages as dm
from core.protocol.doip_entity import Close, Diagnostic, Send
from core.protocol.doip_messages import Activation, DiagnosticNack
from tests.protocol.doip_entity_help import (
    BRAKES,
    ENGINE,
    activate,
    activation,
    closed,
    codes,
    diagnostic,
    entity,
    said,
)

# ---- routing activation


@pytest.mark.parametrize("oem", [b"", b"oem!"])
def test_activation_of_7_and_11_bytes_is_granted(oem: bytes) -> None:
    gateway = entity()
    gateway.connected("A", 0.0)
    gateway.receive("A", activation(oem=oem), 0.0)
    assert said(gateway.outputs()) == [(0x0006, bytes.fromhex("0e0010001000000000"))]
    assert gateway.sources == [0x0E00]


def test_activation_again_with_the_same_source_is_granted_again() -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", activation(), 1.0)
    assert codes(gateway.outputs()) == [Activation.OK]


@pytest.mark.parametrize("source", [0x0000, 0x0DFF, 0x1000, 0xE400])
def test_00_unknown_source_closes(source: int) -> None:
    gateway = entity()
    outputs = activate(gateway, source=source)
    assert codes(outputs) == [Activation.UNKNOWN_SOURCE]
    assert closed(outputs) == ["A"]
    assert isinstance(outputs[-1], Close)  # the answer first, then the end


def test_the_whole_range_of_testers_is_known() -> None:
    assert [codes(activate(entity(), source=source)) for source in (0x0E00, 0x0FFF)] == [[0x10], [0x10]]


def test_01_no_free_socket_when_all_testers_are_alive() -> None:
    gateway = entity(max_sockets=1)
    activate(gateway, "A", 0x0E00)
    outputs = activate(gateway, "B", 0x0E01, now=1.0)
    assert said(outputs, "A") == [(0x0007, b"")]  # the second tester triggers an alive check at the first
    assert said(outputs, "B") == []
    gateway.receive("A", dm.encode(0x0008, b"\x0e\x00"), 1.4)
    outputs = gateway.outputs()
    assert codes(outputs, "B") == [Activation.NO_FREE_SOCKET]
    assert closed(outputs) == ["B"]
    assert gateway.sources == [0x0E00]


def test_silence_over_500_ms_costs_the_socket_and_the_second_tester_gets_it() -> None:
    gateway = entity(max_sockets=1)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01, now=1.0)
    assert gateway.next_deadline() == 1.5
    gateway.handle_timeout(1.49)
    assert gateway.outputs() == []
    gateway.handle_timeout(1.5)
    outputs = gateway.outputs()
    assert closed(outputs) == ["A"]
    assert codes(outputs, "B") == [Activation.OK]
    assert gateway.sources == [0x0E01]


def test_only_the_silent_one_of_several_loses_its_socket() -> None:
    gateway = entity(max_sockets=2)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01)
    outputs = activate(gateway, "C", 0x0E02, now=1.0)
    assert said(outputs, "A") == said(outputs, "B") == [(0x0007, b"")]
    gateway.receive("B", dm.encode(0x0008, b"\x0e\x01"), 1.1)
    assert gateway.outputs() == []  # A may still be dead
    gateway.handle_timeout(1.5)
    outputs = gateway.outputs()
    assert (closed(outputs), codes(outputs, "C")) == (["A"], [Activation.OK])


def test_02_another_source_on_an_active_socket_closes() -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", activation(0x0E01), 1.0)
    outputs = gateway.outputs()
    assert (codes(outputs), closed(outputs)) == ([Activation.SOURCE_DIFFERS], ["A"])


def test_03_a_source_that_is_in_use_and_alive_is_refused() -> None:
    gateway = entity()
    activate(gateway, "A")
    outputs = activate(gateway, "B", now=1.0)
    assert said(outputs, "A") == [(0x0007, b"")]
    gateway.receive("A", dm.encode(0x0008, b"\x0e\x00"), 1.2)
    outputs = gateway.outputs()
    assert (codes(outputs, "B"), closed(outputs)) == ([Activation.SOURCE_IN_USE], ["B"])


def test_a_source_that_is_in_use_but_dead_is_taken_over() -> None:
    gateway = entity()
    activate(gateway, "A")
    activate(gateway, "B", now=1.0)
    gateway.handle_timeout(1.5)
    outputs = gateway.outputs()
    assert (closed(outputs), codes(outputs, "B")) == (["A"], [Activation.OK])


def test_an_alive_answer_with_a_foreign_source_does_not_count() -> None:
    gateway = entity()
    activate(gateway, "A")
    activate(gateway, "B", now=1.0)
    gateway.receive("A", dm.encode(0x0008, b"\x0e\x05"), 1.2)
    gateway.handle_timeout(1.5)
    assert closed(gateway.outputs()) == ["A"]


def test_the_waiting_tester_gets_the_place_of_one_that_leaves() -> None:
    gateway = entity(max_sockets=1)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01, now=1.0)
    gateway.disconnected("A", 1.1)
    assert codes(gateway.outputs(), "B") == [Activation.OK]


def test_a_waiting_tester_that_leaves_is_forgotten() -> None:
    gateway = entity(max_sockets=1)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01, now=1.0)
    gateway.disconnected("B", 1.1)
    gateway.receive("A", dm.encode(0x0008, b"\x0e\x00"), 1.2)
    assert gateway.outputs() == []
    assert gateway.sources == [0x0E00]


def test_two_waiting_testers_and_one_dead_socket_one_gets_in() -> None:
    gateway = entity(max_sockets=1)
    activate(gateway, "A", 0x0E00)
    activate(gateway, "B", 0x0E01, now=1.0)
    activate(gateway, "C", 0x0E02, now=1.1)
    gateway.handle_timeout(1.5)
    outputs = gateway.outputs()
    assert codes(outputs, "B") == [Activation.OK]
    assert codes(outputs, "C") == [Activation.NO_FREE_SOCKET]
    assert closed(outputs) == ["A", "C"]


def test_04_missing_authentication_stays_connected() -> None:
    gateway = entity(needs_authentication=frozenset({0x00}))
    outputs = activate(gateway)
    assert (codes(outputs), closed(outputs)) == ([Activation.MISSING_AUTHENTICATION], [])
    gateway.receive("A", activation(kind=0x01), 1.0)
    assert codes(gateway.outputs()) == [Activation.OK]


@pytest.mark.parametrize(("accepted", "code"), [(True, Activation.OK), (False, Activation.REJECTED_CONFIRMATION)])
def test_11_pending_until_somebody_confirms_then_10_or_05(accepted: bool, code: Activation) -> None:
    gateway = entity(needs_confirmation=frozenset({0x00}))
    outputs = activate(gateway)
    assert (codes(outputs), closed(outputs), gateway.sources) == ([Activation.CONFIRMATION_PENDING], [], [])
    gateway.handle_timeout(30.0)  # the initial inactivity does not hit it
    assert gateway.outputs() == []
    gateway.confirm("A", accepted, 31.0)
    outputs = gateway.outputs()
    assert codes(outputs) == [code]
    assert closed(outputs) == ([] if accepted else ["A"])
    assert gateway.sources == ([0x0E00] if accepted else [])


def test_06_an_unsupported_type_closes() -> None:
    gateway = entity()
    gateway.connected("A", 0.0)
    gateway.receive("A", activation(kind=0xE0), 0.0)
    outputs = gateway.outputs()
    assert (codes(outputs), closed(outputs)) == ([Activation.TYPE_UNSUPPORTED], ["A"])


def test_07_tls_required_closes() -> None:
    outputs = activate(entity(needs_tls=True))
    assert (codes(outputs), closed(outputs)) == ([Activation.TLS_REQUIRED], ["A"])


# ---- diagnostic messages


def test_a_message_is_acknowledged_handed_out_and_answered() -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", diagnostic(), 1.0)
    outputs = gateway.outputs()
    assert said(outputs) == [(0x8002, bytes.fromhex("10010e0000"))]
    assert outputs[-1] == Diagnostic("A", 0x0E00, ENGINE, False, b"\x22\xf1\x90")
    assert gateway.respond("A", ENGINE, b"\x62\xf1\x90", 1.0)
    assert said(gateway.outputs()) == [(0x8001, bytes.fromhex("10010e0062f190"))]


def test_a_functional_message_is_acknowledged_by_the_group() -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", diagnostic(target=0xE400, pdu=b"\x3e\x80"), 1.0)
    outputs = gateway.outputs()
    assert said(outputs) == [(0x8002, bytes.fromhex("e4000e0000"))]
    assert outputs[-1] == Diagnostic("A", 0x0E00, 0xE400, True, b"\x3e\x80")


@pytest.mark.parametrize("source", [0x0E01, 0x1001])
def test_nack_02_a_foreign_source_costs_the_socket(source: int) -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", diagnostic(source=source), 1.0)
    outputs = gateway.outputs()
    assert said(outputs)[0][1][4] == DiagnosticNack.INVALID_SOURCE
    assert closed(outputs) == ["A"]
    assert not [o for o in outputs if isinstance(o, Diagnostic)]


def test_nack_02_before_routing_is_active() -> None:
    gateway = entity()
    gateway.connected("A", 0.0)
    gateway.receive("A", diagnostic() + diagnostic(), 0.1)
    outputs = gateway.outputs()
    assert [(kind, p[4]) for kind, p in said(outputs)] == [(0x8003, DiagnosticNack.INVALID_SOURCE)]
    assert closed(outputs) == ["A"]


@pytest.mark.parametrize("target", [0x1003, 0xE401, 0x0000])
def test_nack_03_unknown_target(target: int) -> None:
    gateway = entity()
    activate(gateway)
    gateway.receive("A", diagnostic(target=target) + diagnostic(), 1.0)
    outputs = gateway.outputs()
    assert said(outputs)[0] == (0x8003, dm.acknowledgement(target, 0x0E00, DiagnosticNack.UNKNOWN_TARGET))
    assert [o.target for o in outputs if isinstance(o, Diagnostic)] == [ENGINE]  # the connection goes on


def test_nack_04_too_large_for_this_unit() -> None:
    gateway = entity(unit_limits={ENGINE: 10})
    activate(gateway)
    gateway.receive("A", diagnostic(pdu=bytes(10)) + diagnostic(pdu=bytes(11)) + diagnostic(target=BRAKES), 1.0)
    outputs = gateway.outputs()
    assert [(kind, p[4]) for kind, p in said(outputs)] == [(0x8002, 0), (0x8003, 4), (0x8002, 0)]
    assert len([o for o in outputs if isinstance(o, Diagnostic)]) == 2


@pytest.mark.parametrize("code", [DiagnosticNack.OUT_OF_MEMORY, DiagnosticNack.TARGET_UNREACHABLE, 0x07, 0x08])
def test_nacks_that_the_vehicle_sets_and_takes_back(code: int) -> None:
    gateway = entity()
    activate(gateway)
    gateway.set_nack(ENGINE, code)
    gateway.receive("A", diagnostic(), 1.0)
    outputs = gateway.outputs()
    assert [(kind, p[4]) for kind, p in said(outputs)] == [(0x8003, code)]
    gateway.set_nack(ENGINE, None)
    gateway.receive("A", diagnostic(), 1.1)
    assert [kind for kind, _p in said(gateway.outputs())] == [0x8002]


def test_an_answer_for_a_tester_that_left_goes_nowhere() -> None:
    gateway = entity()
    activate(gateway)
    gateway.disconnected("A", 1.0)
    assert not gateway.respond("A", ENGINE, b"\x7e\x00", 1.1)
    gateway.receive("A", diagnostic(), 1.2)
    assert gateway.outputs() == []


def test_a_tester_of_version_03_is_answered_in_version_03() -> None:
    gateway = entity()
    gateway.connected("A", 0.0)
    gateway.receive("A", dm.encode(0x0005, dm.RoutingActivationRequest(0x0E00).pack(), 0x03), 0.0)
    (answer,) = gateway.outputs()
    assert isinstance(answer, Send)
    assert answer.data.startswith(b"\x03\xfc\x00\x06")
