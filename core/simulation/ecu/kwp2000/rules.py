"""Rules of KWP2000 for sessions, access and switches: 10, 11, 20, 27, 28, 29, 3E, 85 (ISO 14230-3, clause 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.protocol.kwp2000.services import (
    ALL_GROUPS,
    DEFAULT_SESSION,
    EXTENDED_SESSION,
    KEY_ACCEPTED,
    NO_RESPONSE,
    PROGRAMMING_SESSION,
    RESPONSE_REQUIRED,
)
from core.simulation.ecu.model import dependency_fault
from core.simulation.ecu.rules import (
    DEFAULT,
    EXTENDED,
    INCORRECT_LENGTH,
    NON_DEFAULT,
    PROGRAMMING,
    REQUEST_OUT_OF_RANGE,
    SUB_FUNCTION_NOT_IN_SESSION,
    SUB_FUNCTION_NOT_SUPPORTED,
    LongWork,
    Refusal,
    Reply,
    Service,
    check_voltage,
)
from core.simulation.ecu.rules_security import security_access, security_levels
from core.simulation.ecu.rules_session import RESET_DELAY

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

SESSIONS = {DEFAULT_SESSION: DEFAULT, PROGRAMMING_SESSION: PROGRAMMING, EXTENDED_SESSION: EXTENDED}


def exactly(pdu: bytes, length: int) -> None:
    if len(pdu) != length:
        raise Refusal(INCORRECT_LENGTH)


def start_diagnostic_session(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x10: programming only from the extended session (the boot loader takes it from any), by a real reset."""
    exactly(pdu, 2)
    session = SESSIONS.get(pdu[1])
    if session is None:
        raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)
    answer = bytes((0x50, pdu[1]))
    if session == PROGRAMMING:
        if server.session == DEFAULT and not server.in_boot:
            raise Refusal(SUB_FUNCTION_NOT_IN_SESSION)
        check_voltage(server)
        if not server.in_boot:
            return _enter_boot(answer, server)
    _enter(server, session, now)
    return answer


def _enter_boot(answer: bytes, server: UdsServer) -> Reply:
    def reset(later: float) -> bytes:
        server.begin_reset(later, PROGRAMMING, (server.asking, answer))
        return b""

    return LongWork(RESET_DELAY, reset)


def _enter(server: UdsServer, session: int, now: float) -> None:
    server.enter_session(session, now)
    if session == DEFAULT and server.in_boot and dependency_fault(server.model, server.state) == 0:
        server.begin_reset(now)


def stop_diagnostic_session(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x20: the default session again."""
    exactly(pdu, 1)
    _enter(server, DEFAULT, now)
    return b"\x60"


def ecu_reset(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x11 01 powerOn: answered first, then the unit is silent for its reset time."""
    exactly(pdu, 2)
    if pdu[1] != 0x01:
        raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)
    server.begin_reset(now)
    return b"\x51"


def access(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x27: seed, key, attempts and delay are the shared ones; a key is answered with the status "allowed"."""
    sessions = security_levels(server).get(pdu[1])
    if sessions is None:
        raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)
    if server.session not in sessions:
        raise Refusal(SUB_FUNCTION_NOT_IN_SESSION)
    answer = security_access(server, pdu, now)
    return answer + bytes((KEY_ACCEPTED,)) if pdu[1] % 2 == 0 and isinstance(answer, bytes) else answer


def _response_required(pdu: bytes) -> None:
    if pdu[1] not in (RESPONSE_REQUIRED, NO_RESPONSE):
        raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)


def normal_messages(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x28 stops and 0x29 allows the unit's own messages."""
    exactly(pdu, 2)
    _response_required(pdu)
    server.transmit_normal = server.transmit_network = pdu[0] == 0x29
    return bytes((pdu[0] + 0x40,))


def tester_present(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x3E: S3 starts again, as after every request."""
    exactly(pdu, 2)
    _response_required(pdu)
    return b"\x7e"


def control_dtc_setting(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x85: responseRequired, group FF00, mode 1 on or 2 off."""
    exactly(pdu, 5)
    _response_required(pdu)
    if int.from_bytes(pdu[2:4], "big") != ALL_GROUPS or pdu[4] not in (1, 2):
        raise Refusal(REQUEST_OUT_OF_RANGE)
    server.dtc_recording = pdu[4] == 1
    return b"\xc5"


SERVICES: dict[int, Service] = {
    0x10: Service(start_diagnostic_session, 2),
    0x11: Service(ecu_reset, 2),
    0x20: Service(stop_diagnostic_session, 1),
    0x27: Service(access, 2, NON_DEFAULT),
    0x28: Service(normal_messages, 2, NON_DEFAULT),
    0x29: Service(normal_messages, 2, NON_DEFAULT),
    0x3E: Service(tester_present, 2),
    0x85: Service(control_dtc_setting, 2, NON_DEFAULT),
}
