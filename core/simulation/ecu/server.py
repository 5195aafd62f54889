"""The UDS server of one simulated unit (ISO 14229-1 and -2): order of checks, sessions, S3, 0x78, reset. Time is given.

Requests go in by `receive`, due answers come out of `answers`; `next_deadline` and `handle_timeout` drive S3, long
work, resets and recurring faults. What each service does stands in the rules_*.py beside it. No transport here.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from core.simulation.ecu.model import Conditions, UnitModel, UnitState, dependency_fault
from core.simulation.ecu.rules import (
    AUTHENTICATION_REQUIRED,
    BUSY_REPEAT_REQUEST,
    DEFAULT,
    INCORRECT_LENGTH,
    PROGRAMMING,
    REQUEST_OUT_OF_RANGE,
    RESPONSE_PENDING,
    SECURITY_ACCESS_DENIED,
    SERVICE_NOT_IN_SESSION,
    SERVICE_NOT_SUPPORTED,
    SUB_FUNCTION_NOT_IN_SESSION,
    SUB_FUNCTION_NOT_SUPPORTED,
    LongWork,
    Refusal,
    Service,
)
from core.simulation.ecu.rules_authentication import AUTHENTICATION_SERVICES, Authentication
from core.simulation.ecu.rules_data import DATA_SERVICES
from core.simulation.ecu.rules_faults import FAULT_SERVICES, renew_faults, start_operation_cycle
from core.simulation.ecu.rules_flash import FLASH_SERVICES, Download
from core.simulation.ecu.rules_routines import ROUTINE_SERVICES
from core.simulation.ecu.rules_security import SECURITY_SERVICES, SecurityAccess
from core.simulation.ecu.rules_session import SESSION_SERVICES

S3_SERVER = 5.0  # ISO 14229-2, table 5
P2_SERVER = 0.05
P2_STAR_SERVER = 5.0
FIRST_PENDING = 0.03  # the first 0x78 leaves before P2_SERVER runs out

SERVICES: dict[int, Service] = {
    **SESSION_SERVICES,
    **SECURITY_SERVICES,
    **AUTHENTICATION_SERVICES,
    **DATA_SERVICES,
    **FAULT_SERVICES,
    **ROUTINE_SERVICES,
    **FLASH_SERVICES,
}

# ISO 14229-1, table 5: to a functional request a server stays silent with these
SILENT_WHEN_FUNCTIONAL = frozenset(
    {
        SERVICE_NOT_SUPPORTED,
        SUB_FUNCTION_NOT_SUPPORTED,
        REQUEST_OUT_OF_RANGE,
        SUB_FUNCTION_NOT_IN_SESSION,
        SERVICE_NOT_IN_SESSION,
    }
)

Peer = Hashable
"""Whoever asked: the transport's own token, handed back with the answer."""


@dataclass(slots=True)
class _Work:
    """A long request under way."""

    sid: int
    peer: Peer
    functional: bool
    until: float
    next_pending: float
    work: LongWork


class UdsServer:
    """One unit. `now` is the garage's monotonic clock in seconds. Not thread-safe: the garage holds a lock per unit."""

    def __init__(self, model: UnitModel, state: UnitState, conditions: Conditions, now: float = 0.0) -> None:
        self.model, self.state, self.conditions = model, state, conditions
        self.session = DEFAULT
        self.security = SecurityAccess()
        self.authentication = Authentication()
        self.dtc_recording = True
        self.transmit_normal = True
        self.transmit_network = True
        self.download: Download | None = None
        self.fingerprint_written = False
        self.erased: set[int] = set()  # start of each region that was erased since the last reset
        self.asking: Peer = None
        self.resets = 0
        self.in_boot = False
        self._answers: list[tuple[float, Peer, bytes]] = []
        self._work: _Work | None = None
        self._silent_until: float | None = None
        self._after_reset: tuple[int, Peer, bytes] | None = None
        self._s3_deadline: float | None = None
        self._start(DEFAULT, now)

    # -- face ------------------------------------------------------------------------------------------------------

    def receive(self, pdu: bytes, now: float, functional: bool = False, peer: Peer = None) -> None:
        """One request. A unit that resets hears nothing; one that works answers 0x21 (but functional 3E is heard)."""
        self.handle_timeout(now)
        if self._silent_until is not None or not pdu:
            return
        if self._work is not None:
            if not functional:
                self._refuse(pdu[0], BUSY_REPEAT_REQUEST, now, peer)
            return
        self._s3_deadline = None
        self.asking = peer
        try:
            reply = self._checked(pdu).handler(self, pdu, now)
        except Refusal as refusal:
            if not (functional and refusal.nrc in SILENT_WHEN_FUNCTIONAL):
                self._refuse(pdu[0], refusal.nrc, now, peer)
        else:
            if isinstance(reply, LongWork):
                self._begin(reply, pdu, now, peer, functional)
                return
            self._answer(reply, pdu, now, peer)
        self._restart_s3(now)

    def answers(self, now: float) -> list[tuple[Peer, bytes]]:
        """Every answer that is due, in order; each comes once."""
        if not self._answers:
            return []
        due = [(peer, pdu) for at, peer, pdu in self._answers if at <= now]
        self._answers = [entry for entry in self._answers if entry[0] > now]
        return due

    def next_deadline(self) -> float | None:
        """When `handle_timeout` and `answers` want to be called next."""
        times = [at for at, _, _ in self._answers]
        times += self.state.returning.values()
        if self._work is not None:
            times.append(min(self._work.until, self._work.next_pending))
        times += [at for at in (self._silent_until, self._s3_deadline) if at is not None]
        return min(times) if times else None

    def handle_timeout(self, now: float) -> None:
        """Everything that `now` brings about: end of a reset, 0x78, end of long work, S3, recurring faults."""
        if self._silent_until is not None and now >= self._silent_until:
            self._wake(now)
        if self._work is not None:
            self._continue_work(self._work, now)
        if self._s3_deadline is not None and now >= self._s3_deadline:
            self.enter_session(DEFAULT, now)
            if self.in_boot and dependency_fault(self.model, self.state) == 0:
                self.begin_reset(now)
        if self.state.returning:
            renew_faults(self, now)

    @property
    def silent(self) -> bool:
        """True while the unit resets."""
        return self._silent_until is not None

    @property
    def broadcasts(self) -> bool:
        """Whether the unit's own application frames are on the bus (0x28, reset and boot loader stop them)."""
        return self.transmit_normal and not self.in_boot and self._silent_until is None

    # -- what the rules call ---------------------------------------------------------------------------------------

    def enter_session(self, session: int, now: float) -> None:
        """A session transition: security is locked, a download ends; default undoes 85 and 28 (ISO 14229-1, 9.2)."""
        self.session = session
        self.security.lock()
        self.download = None
        if session == DEFAULT:
            self.authentication.end()
            self.dtc_recording = self.transmit_normal = self.transmit_network = True
        self._restart_s3(now)

    def begin_reset(self, now: float, into: int = DEFAULT, answer: tuple[Peer, bytes] | None = None) -> None:
        """Silence for reset_time, then start anew in session `into`; `answer` is sent by the restarted unit."""
        self._silent_until = now + self.model.initial.timing.reset_time
        peer, pdu = answer or (None, b"")
        self._after_reset = (into, peer, pdu)
        self._work = None
        self._s3_deadline = None
        self.resets += 1

    def block_length(self, size: int) -> int:
        """The maxNumberOfBlockLength that a download of `size` bytes is offered."""
        return self.model.initial.max_block_length

    def session_number(self, wire: int) -> int:
        """The number in rules.py of a session as the data and the bus name it."""
        return wire

    def unlocked(self, level: int) -> bool:
        """Whether a level of 0x27 is open; level 0 needs none."""
        return level == 0 or self.security.unlocked == level

    def require_access(self, level: int) -> None:
        """What erase, download and coding demand: certificates (0x34) where the unit has them, else 0x27 (0x33)."""
        if level and self.model.credentials is not None:
            if not self.authentication.granted:
                raise Refusal(AUTHENTICATION_REQUIRED)
        elif not self.unlocked(level):
            raise Refusal(SECURITY_ACCESS_DENIED)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _checked(self, pdu: bytes) -> Service:
        """The service, or the refusal that ISO 14229-1 puts first."""
        service = SERVICES.get(pdu[0])
        if service is None or not (service.in_boot if self.in_boot else service.in_application):
            raise Refusal(SERVICE_NOT_SUPPORTED)
        if self.session not in service.sessions:
            raise Refusal(SERVICE_NOT_IN_SESSION)
        if service.programming_security:
            self.require_access(self.model.initial.programming_level)
        if service.sub_functions is not None:
            if len(pdu) < 2:
                raise Refusal(INCORRECT_LENGTH)
            allowed = service.sub_functions(self).get(pdu[1] & 0x7F)
            if allowed is None:
                raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)
            if self.session not in allowed:
                raise Refusal(SUB_FUNCTION_NOT_IN_SESSION)
        if len(pdu) < service.min_length:
            raise Refusal(INCORRECT_LENGTH)
        return service

    def _answer(self, reply: bytes, pdu: bytes, now: float, peer: Peer) -> None:
        suppressed = SERVICES[pdu[0]].sub_functions is not None and bool(pdu[1] & 0x80)
        if reply and not suppressed:
            self._answers.append((now + self.model.initial.timing.answer_time, peer, reply))

    def _refuse(self, sid: int, nrc: int, now: float, peer: Peer) -> None:
        self._answers.append((now, peer, bytes((0x7F, sid, nrc))))

    def _restart_s3(self, now: float) -> None:
        running = self.session != DEFAULT and self._silent_until is None and self._work is None
        self._s3_deadline = now + S3_SERVER if running else None

    def _begin(self, work: LongWork, pdu: bytes, now: float, peer: Peer, functional: bool) -> None:
        self._work = _Work(pdu[0], peer, functional, now + work.seconds, now + FIRST_PENDING, work)
        self._continue_work(self._work, now)

    def _continue_work(self, work: _Work, now: float) -> None:
        """0x78 until done. After one of them the answer comes even where it was suppressed (ISO 14229-1, A.1)."""
        if now >= work.until:
            self._work = None
            self.asking = work.peer
            try:
                reply = work.work.finish(now)
            except Refusal as refusal:
                self._refuse(work.sid, refusal.nrc, now, work.peer)
            else:
                if reply:
                    self._answers.append((now, work.peer, reply))
            self._restart_s3(now)
        elif now >= work.next_pending:
            self._refuse(work.sid, RESPONSE_PENDING, now, work.peer)
            work.next_pending = now + self.model.initial.timing.pending_interval

    def _start(self, session: int, now: float) -> None:
        """The boot loader decides: into the application only when all blocks are valid and nobody asked to stay."""
        self.fingerprint_written = False
        self.erased.clear()
        self.in_boot = session == PROGRAMMING or dependency_fault(self.model, self.state) != 0
        self.enter_session(session, now)
        self.authentication.end()
        self.security.restart(self.model, self.state, now)

    def _wake(self, now: float) -> None:
        self._silent_until = None
        session, peer, pdu = self._after_reset or (DEFAULT, None, b"")
        self._after_reset = None
        start_operation_cycle(self)
        self._start(session, now)
        if pdu:
            self._answers.append((now, peer, pdu))
