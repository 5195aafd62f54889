"""Rules of 0x27 securityAccess (ISO 14229-1, 9.4): seed, key, attempt counter, delay timer. The method is data."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.simulation.ecu.model import UnitModel, UnitState
from core.simulation.ecu.rules import (
    EXCEEDED_ATTEMPTS,
    INCORRECT_LENGTH,
    INVALID_KEY,
    NON_DEFAULT,
    PROGRAMMING_ONLY,
    REQUEST_SEQUENCE_ERROR,
    TIME_DELAY_NOT_EXPIRED,
    Refusal,
    Reply,
    Service,
)

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer


class SecurityAccess:
    """Which level is open (0 none), the seed that waits for its key, and until when nobody may try."""

    def __init__(self) -> None:
        self.unlocked = 0
        self.waiting: tuple[int, bytes] | None = None
        self.delay_until: float | None = None

    def lock(self) -> None:
        self.unlocked = 0
        self.waiting = None

    def restart(self, model: UnitModel, state: UnitState, now: float) -> None:
        """After a reset the delay timer runs again where too many wrong keys came before it."""
        self.lock()
        self.delay_until = None
        for level, rule in model.initial.security.items():
            if state.wrong_keys.get(level, 0) >= rule.attempts:
                self.delay_until = now + rule.delay


def security_levels(server: UdsServer) -> Mapping[int, frozenset[int]]:
    """requestSeed is odd, its sendKey one more; the programming level opens in the programming session only."""
    levels: dict[int, frozenset[int]] = {}
    for level in server.model.initial.security:
        sessions = PROGRAMMING_ONLY if level == server.model.initial.programming_level else NON_DEFAULT
        levels[level] = levels[level + 1] = sessions
    return levels


def security_access(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x27: odd sub-function asks for a seed, even one sends the key."""
    sub_function = pdu[1] & 0x7F
    if sub_function % 2:
        return _request_seed(server, pdu, sub_function, now)
    return _send_key(server, pdu, sub_function - 1, now)


def _check_delay(server: UdsServer, level: int, now: float) -> None:
    security = server.security
    if security.delay_until is None:
        return
    if now < security.delay_until:
        raise Refusal(TIME_DELAY_NOT_EXPIRED)
    security.delay_until = None  # one more try, then the delay again (ISO 14229-1, I.2)
    server.state.wrong_keys[level] = server.model.initial.security[level].attempts - 1


def _request_seed(server: UdsServer, pdu: bytes, level: int, now: float) -> Reply:
    if len(pdu) != 2:
        raise Refusal(INCORRECT_LENGTH)
    _check_delay(server, level, now)
    length = server.model.initial.security[level].seed_length
    if server.security.unlocked == level:
        return bytes((0x67, level)) + bytes(length)  # all zero: already open
    seed = server.model.entropy(length)
    server.security.waiting = (level, seed)
    return bytes((0x67, level)) + seed


def _send_key(server: UdsServer, pdu: bytes, level: int, now: float) -> Reply:
    if len(pdu) < 3:
        raise Refusal(INCORRECT_LENGTH)
    security, state = server.security, server.state
    if security.waiting is None or security.waiting[0] != level:
        raise Refusal(REQUEST_SEQUENCE_ERROR)
    _check_delay(server, level, now)
    seed = security.waiting[1]
    security.waiting = None
    rule = server.model.initial.security[level]
    if hmac.compare_digest(server.model.unlock_key(rule.method, seed, level), pdu[2:]):
        state.wrong_keys[level] = 0
        security.unlocked = level
        return bytes((0x67, level + 1))
    state.wrong_keys[level] = state.wrong_keys.get(level, 0) + 1
    state.changed = True
    if state.wrong_keys[level] >= rule.attempts:
        security.delay_until = now + rule.delay
        raise Refusal(EXCEEDED_ATTEMPTS)
    raise Refusal(INVALID_KEY)


SECURITY_SERVICES: dict[int, Service] = {
    0x27: Service(security_access, 2, NON_DEFAULT, security_levels),
}
