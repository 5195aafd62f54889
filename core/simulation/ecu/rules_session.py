"""Rules of sessions and communication: 0x10, 0x11, 0x28, 0x3E, 0x85 (ISO 14229-1, 9.2 to 9.9). No data, no flash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.simulation.ecu.model import dependency_fault
from core.simulation.ecu.rules import (
    ALL_SESSIONS,
    DEFAULT,
    EXTENDED,
    INCORRECT_LENGTH,
    NON_DEFAULT,
    PROGRAMMING,
    REQUEST_OUT_OF_RANGE,
    LongWork,
    Refusal,
    Reply,
    Service,
    check_voltage,
)

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

SESSION_TIMING = bytes.fromhex("003201F4")  # P2 50 ms, P2* 5000 ms in units of 10 ms
RESET_DELAY = 0.05  # the application says 0x78 within P2, then resets into the boot loader


def _exactly(pdu: bytes, length: int) -> None:
    if len(pdu) != length:
        raise Refusal(INCORRECT_LENGTH)


def _sessions(server: UdsServer) -> Mapping[int, frozenset[int]]:
    """Programming is entered from the extended session; the boot loader takes it from any."""
    from_where = ALL_SESSIONS if server.in_boot else NON_DEFAULT
    return {DEFAULT: ALL_SESSIONS, PROGRAMMING: from_where, EXTENDED: ALL_SESSIONS}


def diagnostic_session_control(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x10. Programming means a real reset into the boot loader, default out of it means one back."""
    _exactly(pdu, 2)
    session = pdu[1] & 0x7F
    answer = bytes((0x50, session)) + SESSION_TIMING
    if session == PROGRAMMING:
        check_voltage(server)
        if not server.in_boot:
            return _enter_boot(server, answer, now)
    server.enter_session(session, now)
    if session == DEFAULT and server.in_boot and dependency_fault(server.model, server.state) == 0:
        server.begin_reset(now)
    return answer


def _enter_boot(server: UdsServer, answer: bytes, now: float) -> Reply:
    if not server.model.answers_from_boot:
        server.begin_reset(now, PROGRAMMING)
        return answer

    def reset(later: float) -> bytes:
        server.begin_reset(later, PROGRAMMING, (server.asking, answer))
        return b""

    return LongWork(RESET_DELAY, reset)


def ecu_reset(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x11: answered first, then the unit is silent for its reset time."""
    _exactly(pdu, 2)
    server.begin_reset(now)
    return bytes((0x51, pdu[1] & 0x7F))


def communication_control(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x28: bit 0 of the sub-function stops sending; communicationType 1 normal, 2 network management, 3 both."""
    _exactly(pdu, 3)
    kind = pdu[2] & 0x03
    if kind == 0 or pdu[2] & 0xFC:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    sends = not pdu[1] & 0x01
    if kind & 1:
        server.transmit_normal = sends
    if kind & 2:
        server.transmit_network = sends
    return bytes((0x68, pdu[1] & 0x7F))


def tester_present(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x3E: S3 starts again, as after every request."""
    _exactly(pdu, 2)
    return b"\x7e\x00"


def control_dtc_setting(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x85: 01 records faults, 02 does not. A DTCSettingControlOptionRecord is not known here."""
    if len(pdu) > 2:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    server.dtc_recording = pdu[1] & 0x7F == 0x01
    return bytes((0xC5, pdu[1] & 0x7F))


SESSION_SERVICES: dict[int, Service] = {
    0x10: Service(diagnostic_session_control, 2, sub_functions=_sessions),
    0x11: Service(ecu_reset, 2, sub_functions=lambda server: {0x01: ALL_SESSIONS, 0x03: ALL_SESSIONS}),
    0x28: Service(
        communication_control, 3, NON_DEFAULT, lambda server: dict.fromkeys((0, 1, 2, 3), NON_DEFAULT)
    ),
    0x3E: Service(tester_present, 2, sub_functions=lambda server: {0x00: ALL_SESSIONS}),
    0x85: Service(control_dtc_setting, 2, NON_DEFAULT, lambda server: dict.fromkeys((1, 2), NON_DEFAULT)),
}
