"""Rules of KWP2000 for programming: routines 31 and 33, the download 34, 36, 37 (ISO 14230-3, clauses 10 and 11).

Routines: E0 preconditions, E1 erase, E2 checksum, E3 dependencies; their records are those of UDS (rules_routines.py).
The erase answers its start at once and runs on: its verdict comes by 33, 0x23 until then. The others answer with their
verdict, after 0x78. Blocks have no counter: a block that comes twice is programmed twice, so it must not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.simulation.ecu.kwp2000.rules import exactly
from core.simulation.ecu.rules import (
    GENERAL_PROGRAMMING_FAILURE,
    INCORRECT_LENGTH,
    NON_DEFAULT,
    PROGRAMMING_ONLY,
    REQUEST_OUT_OF_RANGE,
    REQUEST_SEQUENCE_ERROR,
    TRANSFER_DATA_SUSPENDED,
    LongWork,
    Refusal,
    Reply,
    Service,
    check_voltage,
)
from core.simulation.ecu.rules_flash import begin_download, end_download
from core.simulation.ecu.rules_routines import check_dependencies, check_memory, check_preconditions, erase

if TYPE_CHECKING:
    from core.simulation.ecu.kwp2000.server import KwpServer
    from core.simulation.ecu.server import UdsServer

PRECONDITIONS, ERASE, CHECK, DEPENDENCIES = 0xE0, 0xE1, 0xE2, 0xE3
FIELD = 3  # bytes of an address and of a size

_IN_PROGRAMMING: Mapping[int, Callable[[UdsServer, bytes, bytes], Reply]] = {
    ERASE: erase, CHECK: check_memory, DEPENDENCIES: check_dependencies,
}  # fmt: skip


@dataclass(slots=True)
class RunningRoutine:
    """A routine that was started and answered at once; `result(now)` is its status record once it is done."""

    number: int
    until: float
    result: Callable[[float], bytes]


def start_routine(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x31: what the session does not know is out of range."""
    number, record, answer = pdu[1], pdu[2:], b"\x71" + pdu[1:2]
    if number == PRECONDITIONS:
        return check_preconditions(server, record, answer)
    start = _IN_PROGRAMMING.get(number)
    if start is None or server.session not in PROGRAMMING_ONLY:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    server.require_access(server.model.initial.programming_level)
    reply = start(server, record, answer)
    if number == ERASE and isinstance(reply, LongWork):
        return _left_running(cast("KwpServer", server), number, reply, now)
    return reply


def _left_running(server: KwpServer, number: int, work: LongWork, now: float) -> bytes:
    server.running = RunningRoutine(number, now + work.seconds, lambda later: work.finish(later)[2:])
    return bytes((0x71, number))


def routine_results(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x33: the verdict of the erase."""
    exactly(pdu, 2)
    return bytes((0x73, pdu[1])) + cast("KwpServer", server).results(pdu[1], now)


def request_download(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x34: address, format (00 only), size."""
    exactly(pdu, 2 + 2 * FIELD)
    address, size = int.from_bytes(pdu[1 : 1 + FIELD], "big"), int.from_bytes(pdu[2 + FIELD :], "big")
    length = begin_download(server, address, size, pdu[1 + FIELD])
    return b"\x74" + length.to_bytes(max(2, (length.bit_length() + 7) // 8), "big")


def transfer_data(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x36: programmed behind the block before it."""
    download = server.download
    if download is None:
        raise Refusal(REQUEST_SEQUENCE_ERROR)
    if len(pdu) > download.longest:
        raise Refusal(INCORRECT_LENGTH)
    if len(pdu) - 1 > download.remaining:
        raise Refusal(TRANSFER_DATA_SUSPENDED)
    check_voltage(server)
    if not download.region.program(download.address, pdu[1:], server.model.resume):
        raise Refusal(GENERAL_PROGRAMMING_FAILURE)
    download.address += len(pdu) - 1
    download.remaining -= len(pdu) - 1
    download.blocks += 1
    return b"\x76"


def request_transfer_exit(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x37: only when all announced bytes have come."""
    exactly(pdu, 1)
    end_download(server)
    return b"\x77"


FLASH_SERVICES: dict[int, Service] = {
    0x31: Service(start_routine, 2, NON_DEFAULT),
    0x33: Service(routine_results, 2, NON_DEFAULT),
    0x34: Service(request_download, 2, PROGRAMMING_ONLY, in_application=False, programming_security=True),
    0x36: Service(transfer_data, 2, PROGRAMMING_ONLY, in_application=False, programming_security=True),
    0x37: Service(request_transfer_exit, 1, PROGRAMMING_ONLY, in_application=False, programming_security=True),
}
