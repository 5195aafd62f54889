"""The KWP2000 server of one simulated unit (ISO 14230-3): sessions 81/85/92, its refusals, routines that run on.

What a unit is and holds, S3, resets, 0x78 and recurring faults are those of UdsServer; inside, sessions keep the
numbers of rules.py. Refusals of shared rules become the codes of ISO 14230-3 on their way out.
"""

from __future__ import annotations

from core.protocol.kwp2000.nrc import FROM_UDS, NOT_IN_SESSION, ROUTINE_NOT_COMPLETE
from core.protocol.kwp2000.services import Sid, is_suppressed
from core.simulation.ecu.kwp2000.rules import SERVICES, SESSIONS
from core.simulation.ecu.kwp2000.rules_data import DATA_SERVICES
from core.simulation.ecu.kwp2000.rules_flash import FLASH_SERVICES, RunningRoutine
from core.simulation.ecu.model import Conditions, UnitModel, UnitState
from core.simulation.ecu.rules import (
    BUSY_REPEAT_REQUEST,
    DEFAULT,
    INCORRECT_LENGTH,
    REQUEST_OUT_OF_RANGE,
    SERVICE_NOT_SUPPORTED,
    Refusal,
    Service,
)
from core.simulation.ecu.server import Peer, UdsServer

ALL_SERVICES: dict[int, Service] = {**SERVICES, **DATA_SERVICES, **FLASH_SERVICES}
_MEANWHILE = frozenset({Sid.REQUEST_ROUTINE_RESULTS_BY_LOCAL_IDENTIFIER, Sid.TESTER_PRESENT})


class KwpServer(UdsServer):
    """One unit. Drive it as a UdsServer."""

    def __init__(self, model: UnitModel, state: UnitState, conditions: Conditions, now: float = 0.0) -> None:
        self.running: RunningRoutine | None = None
        super().__init__(model, state, conditions, now)

    def receive(self, pdu: bytes, now: float, functional: bool = False, peer: Peer = None) -> None:
        """While a routine runs on everything but the question for its result is busy (0x21)."""
        busy = self.running is not None and now < self.running.until and not self.silent
        if pdu and busy and pdu[0] not in _MEANWHILE:
            self.handle_timeout(now)
            if not functional:
                self._refuse(pdu[0], BUSY_REPEAT_REQUEST, now, peer)
                self._restart_s3(now)
            return
        super().receive(pdu, now, functional, peer)

    def results(self, number: int, now: float) -> bytes:
        """The status record of a routine that was started. Refuses 0x23 while it runs, 0x31 where none was."""
        running = self.running
        if running is None or running.number != number:
            raise Refusal(REQUEST_OUT_OF_RANGE)
        if now < running.until:
            raise Refusal(ROUTINE_NOT_COMPLETE)
        return running.result(now)

    def enter_session(self, session: int, now: float) -> None:
        self.running = None if session == DEFAULT else self.running
        super().enter_session(session, now)

    def begin_reset(self, now: float, into: int = DEFAULT, answer: tuple[Peer, bytes] | None = None) -> None:
        self.running = None
        super().begin_reset(now, into, answer)

    def session_number(self, wire: int) -> int:
        return SESSIONS.get(wire, wire)

    # -- inside

    def _checked(self, pdu: bytes) -> Service:
        service = ALL_SERVICES.get(pdu[0])
        if service is None or not (service.in_boot if self.in_boot else service.in_application):
            raise Refusal(SERVICE_NOT_SUPPORTED)
        if self.session not in service.sessions:
            raise Refusal(NOT_IN_SESSION)
        if len(pdu) < service.min_length:
            raise Refusal(INCORRECT_LENGTH)
        if service.programming_security:
            self.require_access(self.model.initial.programming_level)
        return service

    def _answer(self, reply: bytes, pdu: bytes, now: float, peer: Peer) -> None:
        if reply and not is_suppressed(pdu):
            self._answers.append((now + self.model.initial.timing.answer_time, peer, reply))

    def _refuse(self, sid: int, nrc: int, now: float, peer: Peer) -> None:
        super()._refuse(sid, FROM_UDS.get(nrc, nrc), now, peer)
