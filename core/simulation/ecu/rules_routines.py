"""Rules of 0x31 (ISO 14229-1, clause 13): preconditions, erase, checksum, programming dependencies.

The option records: a block by number is `01 <number>`, by address `<ALFID> <address> <size>`. The checksum routine
takes `01 <number> 00 04 <crc>` or `<ALFID> <address> <size> <crc>`, CRC-32 big-endian. The answer's last byte is the
routine's verdict: 00 good, anything else not (a 71 alone is no success).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.simulation.ecu.memory import Region
from core.simulation.ecu.model import dependency_fault
from core.simulation.ecu.rules import (
    ALL_SESSIONS,
    CONDITIONS_NOT_CORRECT,
    INCORRECT_LENGTH,
    NON_DEFAULT,
    PROGRAMMING_ONLY,
    REQUEST_OUT_OF_RANGE,
    LongWork,
    Refusal,
    Reply,
    Service,
    check_voltage,
)
from core.simulation.ecu.rules_flash import parse_range

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

GOOD, BAD = b"\x00", b"\x01"
BY_NUMBER = 0x01


@dataclass(frozen=True, slots=True)
class Routine:
    """One routine identifier: where it may run, whether 0x27 or 0x29 comes first, what it does with its record."""

    sessions: frozenset[int]
    secured: bool
    start: Callable[[UdsServer, bytes, bytes], Reply]


def routine_control(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x31 01: an identifier that the session does not know is out of range (ISO 14229-1, table 431)."""
    routine = ROUTINES.get(int.from_bytes(pdu[2:4], "big"))
    if routine is None or server.session not in routine.sessions:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    if routine.secured:
        server.require_access(server.model.initial.programming_level)
    return routine.start(server, pdu[4:], b"\x71\x01" + pdu[2:4])


def check_preconditions(server: UdsServer, record: bytes, answer: bytes) -> Reply:
    if record:
        raise Refusal(INCORRECT_LENGTH)
    check_voltage(server)
    return answer + GOOD


def _region(server: UdsServer, record: bytes) -> tuple[Region, int, int, bytes]:
    """Which region an option record means, the range in it, and the rest of the record."""
    if len(record) < 2:
        raise Refusal(INCORRECT_LENGTH)
    memory = server.state.memory
    if record[0] == BY_NUMBER:
        region = memory.number(record[1])
        if region is None:
            raise Refusal(REQUEST_OUT_OF_RANGE)
        return region, region.start, region.size, record[2:]
    address, size, rest = parse_range(record)
    region = memory.holding(address, size)
    if region is None:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    return region, address, size, rest


def erase(server: UdsServer, record: bytes, answer: bytes) -> Reply:
    """0xFF00: the whole region that holds the range, after the fingerprint; 0x78 while it lasts."""
    region, _, _, rest = _region(server, record)
    if rest:
        raise Refusal(INCORRECT_LENGTH)
    check_voltage(server)
    if server.model.initial.fingerprint_did is not None and not server.fingerprint_written:
        raise Refusal(CONDITIONS_NOT_CORRECT)
    server.download = None
    server.erased.add(region.start)
    region.erase()  # at once: whoever cuts the power now has no application any more
    server.state.changed = True
    timing = server.model.initial.timing
    seconds = max(timing.erase_minimum, region.size / 1024 * timing.erase_per_kib)
    return LongWork(seconds, lambda now: answer + GOOD)


def check_memory(server: UdsServer, record: bytes, answer: bytes) -> Reply:
    """0x0202: the right CRC over everything that was programmed makes the block valid."""
    region, address, size, rest = _region(server, record)
    if record[0] == BY_NUMBER:
        if rest[:2] != b"\x00\x04":
            raise Refusal(REQUEST_OUT_OF_RANGE)
        rest = rest[2:]
        address, size = region.used_start, region.used_end - region.used_start
    if len(rest) != 4:
        raise Refusal(INCORRECT_LENGTH)

    def finish(now: float) -> bytes:
        if region.crc32(address, size) != int.from_bytes(rest, "big"):
            return answer + BAD
        if address <= region.used_start and region.used_end <= address + size and region.used_end > region.start:
            region.valid = True
            server.state.changed = True
        return answer + GOOD

    return LongWork(size / 1024 * server.model.initial.timing.checksum_per_kib, finish)


def check_dependencies(server: UdsServer, record: bytes, answer: bytes) -> Reply:
    """0xFF01: all blocks valid and made for this unit and hardware."""
    if record:
        raise Refusal(INCORRECT_LENGTH)
    return answer + bytes([dependency_fault(server.model, server.state)])


ROUTINES: dict[int, Routine] = {
    0x0203: Routine(NON_DEFAULT, False, check_preconditions),
    0xFF00: Routine(PROGRAMMING_ONLY, True, erase),
    0x0202: Routine(PROGRAMMING_ONLY, True, check_memory),
    0xFF01: Routine(PROGRAMMING_ONLY, True, check_dependencies),
}

ROUTINE_SERVICES: dict[int, Service] = {
    0x31: Service(routine_control, 4, NON_DEFAULT, lambda server: {0x01: ALL_SESSIONS}),
}
