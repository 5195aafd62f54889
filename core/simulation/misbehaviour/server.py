"""A unit's UDS server that misbehaves to order; without an order it is the plain server. The bus is not in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from core.protocol.kwp2000.services import PROGRAMMING_SESSION
from core.simulation.ecu.kwp2000 import KwpServer
from core.simulation.ecu.model import Conditions, UnitModel, UnitState
from core.simulation.ecu.rules import (
    BUSY_REPEAT_REQUEST,
    CONDITIONS_NOT_CORRECT,
    DEFAULT,
    EXCEEDED_ATTEMPTS,
    GENERAL_PROGRAMMING_FAILURE,
    INVALID_KEY,
    PROGRAMMING,
    REQUEST_OUT_OF_RANGE,
    REQUEST_SEQUENCE_ERROR,
    RESPONSE_PENDING,
    SECURITY_ACCESS_DENIED,
    SERVICE_NOT_IN_SESSION,
    SUB_FUNCTION_NOT_IN_SESSION,
    TRANSFER_DATA_SUSPENDED,
    UPLOAD_DOWNLOAD_NOT_ACCEPTED,
    VOLTAGE_TOO_HIGH,
    VOLTAGE_TOO_LOW,
    WRONG_BLOCK_SEQUENCE_COUNTER,
)
from core.simulation.ecu.server import S3_SERVER, Peer, UdsServer
from core.simulation.misbehaviour.orders import UnitFaults
from core.vocabulary import KWP2000, CanAddress

SEED, WRITE, WRITE_LOCAL, ROUTINE, DOWNLOAD, BLOCK, EXIT = 0x27, 0x2E, 0x3B, 0x31, 0x34, 0x36, 0x37
WORK = frozenset({WRITE, WRITE_LOCAL, ROUTINE, DOWNLOAD, BLOCK, EXIT})
LONGEST_OFFER = 0xFFFFFFFF


def is_work(pdu: bytes) -> bool:
    return pdu[0] in WORK


def is_block(pdu: bytes) -> bool:
    return pdu[0] == BLOCK


def _is_download(pdu: bytes) -> bool:
    return pdu[0] == DOWNLOAD


def _is_seed_request(pdu: bytes) -> bool:
    return pdu[0] == SEED and len(pdu) > 1 and pdu[1] % 2 == 1


def _is_key(pdu: bytes) -> bool:
    return pdu[0] == SEED and len(pdu) > 1 and pdu[1] % 2 == 0


_PROGRAMMING_REQUESTS = (bytes((0x10, PROGRAMMING)), bytes((0x10, PROGRAMMING_SESSION)))  # UDS, KWP2000


class _No(NamedTuple):
    """A refusal: at which requests, with which code."""

    concerns: Callable[[bytes], bool]
    nrc: int


REFUSALS: Mapping[str, _No] = {
    "nrc-21": _No(is_work, BUSY_REPEAT_REQUEST),
    "nrc-21-endless": _No(is_work, BUSY_REPEAT_REQUEST),
    "nrc-22": _No(lambda pdu: pdu[0] == ROUTINE, CONDITIONS_NOT_CORRECT),
    "nrc-24": _No(is_block, REQUEST_SEQUENCE_ERROR),
    "nrc-31": _No(_is_download, REQUEST_OUT_OF_RANGE),
    "nrc-33": _No(_is_download, SECURITY_ACCESS_DENIED),
    "nrc-35": _No(_is_key, INVALID_KEY),
    "nrc-36": _No(_is_key, EXCEEDED_ATTEMPTS),
    "nrc-70": _No(_is_download, UPLOAD_DOWNLOAD_NOT_ACCEPTED),
    "nrc-71": _No(is_block, TRANSFER_DATA_SUSPENDED),
    "nrc-72": _No(is_block, GENERAL_PROGRAMMING_FAILURE),
    "nrc-73": _No(is_block, WRONG_BLOCK_SEQUENCE_COUNTER),
    "nrc-7e": _No(lambda pdu: pdu in _PROGRAMMING_REQUESTS, SUB_FUNCTION_NOT_IN_SESSION),
    "nrc-7f": _No(_is_download, SERVICE_NOT_IN_SESSION),
    "nrc-92": _No(_is_download, VOLTAGE_TOO_HIGH),
    "nrc-93": _No(is_block, VOLTAGE_TOO_LOW),
}

PENDING = {"pending-1": 1, "pending-3": 3, "pending-50": 50}
OFFERS = {"max-block-3": 3, "max-block-4095": 4095, "max-block-ffffffff": LONGEST_OFFER}


class FaultyServer(UdsServer):
    """UdsServer with the orders for its unit. Every rule of the plain one holds where none of them strikes."""

    def __init__(
        self, model: UnitModel, state: UnitState, conditions: Conditions, now: float, faults: UnitFaults
    ) -> None:
        self._faults = faults
        self._refused_repeat: int | None = None
        super().__init__(model, state, conditions, now)

    def receive(self, pdu: bytes, now: float, functional: bool = False, peer: Peer = None) -> None:
        if not self._faults.any or functional or not pdu or self.silent:
            if not self._mute:
                super().receive(pdu, now, functional, peer)
            return
        self.handle_timeout(now)
        if is_block(pdu):
            self._before_a_block(now)
        if self._mute or self.silent or self._refuses(pdu, now, peer):
            return
        coding = dict(self.state.coding)
        answered = len(self._answers)
        super().receive(pdu, now, functional, peer)
        self._after(pdu, now, peer, answered)
        if pdu[0] in (WRITE, WRITE_LOCAL) and self.state.coding != coding and self._faults.strikes("swallowed-write"):
            self.state.coding = coding

    def answers(self, now: float) -> list[tuple[Peer, bytes]]:
        if self._mute:
            self._answers.clear()
        return super().answers(now)

    @property
    def broadcasts(self) -> bool:
        return super().broadcasts and not self._mute

    def begin_reset(self, now: float, into: int = DEFAULT, answer: tuple[Peer, bytes] | None = None) -> None:
        super().begin_reset(now, into, answer)
        if self._faults.strikes("slow-boot"):
            self._silent_until = now + self.model.initial.timing.slow_boot

    def block_length(self, size: int) -> int:
        length = super().block_length(size)
        wanted = self._faults.first(("short-last-block", *OFFERS))
        if wanted == "short-last-block":
            return shortest_last(size, length)
        return OFFERS.get(wanted, length)

    @property
    def _mute(self) -> bool:
        return self._faults.any and self._faults.struck("silence")

    def _before_a_block(self, now: float) -> None:
        faults = self._faults
        faults.strikes("silence")
        if faults.strikes("reset-in-transfer"):
            self.begin_reset(now)
        if faults.strikes("s3-expiry"):
            self.enter_session(DEFAULT, now)

    def _refuses(self, pdu: bytes, now: float, peer: Peer) -> bool:
        """Say no in place of the rules where that is ordered."""
        if is_block(pdu):
            repeat, self._refused_repeat = self._refused_repeat, None
            if repeat is not None and pdu[1:2] == bytes([repeat]):
                self._refuse(BLOCK, WRONG_BLOCK_SEQUENCE_COUNTER, now, peer)
                return True
        if _is_seed_request(pdu) and self._faults.strikes("nrc-37"):
            self._start_delay(pdu[1], now)  # the plain rule says 0x37 until it is over
        name = self._faults.first(name for name, no in REFUSALS.items() if no.concerns(pdu))
        if not name:
            return False
        if _is_key(pdu):
            self.security.waiting = None
            if name == "nrc-36":
                self._start_delay(pdu[1] - 1, now)
        self._refuse(pdu[0], REFUSALS[name].nrc, now, peer)
        self._restart_s3(now)
        return True

    def _start_delay(self, level: int, now: float) -> None:
        """Too many wrong keys at this level, as the unit believes."""
        rule = self.model.initial.security.get(level)
        if rule is not None:
            self.state.wrong_keys[level] = rule.attempts
            self.security.delay_until = now + rule.delay

    def _after(self, pdu: bytes, now: float, peer: Peer, answered: int) -> None:
        """Change what the request was answered: the answers from number `answered` on."""
        fresh = self._answers[answered:]
        if is_block(pdu) and fresh and fresh[0][2][0] == BLOCK + 0x40:
            fresh = self._acknowledged(pdu, fresh[0])
            if isinstance(self.model.info.address, CanAddress) and self._faults.strikes("second-tester"):
                # what the other one asked is answered to everybody: CAN has one pair of identifiers a unit
                fresh = [(now, peer, b"\x62\xf1\x90" + self.model.vin.encode()), *fresh]
        times = PENDING.get(self._faults.first(PENDING), 0) if is_work(pdu) else 0
        if times:
            fresh = self._postponed(pdu[0], now, peer, times, fresh)
        self._answers[answered:] = fresh

    def _acknowledged(self, pdu: bytes, answer: tuple[float, Peer, bytes]) -> list[tuple[float, Peer, bytes]]:
        name = self._faults.first(("lost-76", "lost-76-73", "wrong-block-echo", "duplicate-76"))
        if name == "lost-76-73":
            self._refused_repeat = pdu[1]
        if name.startswith("lost-76"):
            return []
        if name == "wrong-block-echo":
            at, peer, _ = answer
            return [(at, peer, bytes((BLOCK + 0x40, (pdu[1] + 1) & 0xFF)))]
        return [answer, answer] if name == "duplicate-76" else [answer]

    def _postponed(
        self, sid: int, now: float, peer: Peer, times: int, fresh: list[tuple[float, Peer, bytes]]
    ) -> list[tuple[float, Peer, bytes]]:
        """0x78 `times` times, then the answers. Long work says 0x78 by itself and takes so much longer."""
        interval = self.model.initial.timing.pending_interval
        delay = times * interval
        if self._work is not None:
            self._work.until += delay
            return fresh
        if self._s3_deadline is not None:
            self._s3_deadline = now + delay + S3_SERVER
        waiting = bytes((0x7F, sid, RESPONSE_PENDING))
        storm: list[tuple[float, Peer, bytes]] = [(now + number * interval, peer, waiting) for number in range(times)]
        return [*storm, *((at + delay, to, answer) for at, to, answer in fresh)]


class FaultyKwpServer(FaultyServer, KwpServer):
    """The same around a unit of KWP2000. Faults of block counters cannot be ordered there (catalog.COUNTERS)."""


def faulty_server(
    model: UnitModel, state: UnitState, conditions: Conditions, now: float, faults: UnitFaults
) -> UdsServer:
    """The server of a unit by its protocol."""
    kind = FaultyKwpServer if model.info.protocol == KWP2000 else FaultyServer
    return kind(model, state, conditions, now, faults)


def shortest_last(size: int, longest: int) -> int:
    """The maxNumberOfBlockLength up to `longest` with which the last block of `size` bytes is as short as can be."""
    payloads = range(max(1, (longest - 2) // 2), longest - 1)
    return 2 + min(payloads, key=lambda payload: size % payload or payload)
