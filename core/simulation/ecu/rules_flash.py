"""Rules of 0x34, 0x36, 0x37 (ISO 14229-1, clause 14): a download into erased flash. Erase and check are routines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.simulation.ecu.memory import Region
from core.simulation.ecu.rules import (
    GENERAL_PROGRAMMING_FAILURE,
    INCORRECT_LENGTH,
    PROGRAMMING_ONLY,
    REQUEST_OUT_OF_RANGE,
    REQUEST_SEQUENCE_ERROR,
    TRANSFER_DATA_SUSPENDED,
    UPLOAD_DOWNLOAD_NOT_ACCEPTED,
    WRONG_BLOCK_SEQUENCE_COUNTER,
    Refusal,
    Reply,
    Service,
    check_voltage,
)

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer


@dataclass(slots=True)
class Download:
    """One 0x34 to 0x37. `counter` is the blockSequenceCounter that was programmed last, `blocks` how many were.

    `longest` is the maxNumberOfBlockLength that was offered.
    """

    region: Region
    address: int
    remaining: int
    longest: int
    counter: int = 0
    blocks: int = 0


def parse_range(data: bytes) -> tuple[int, int, bytes]:
    """addressAndLengthFormatIdentifier, address, size -> (address, size, what follows). Refuses 0x13 or 0x31."""
    size_length, address_length = data[0] >> 4, data[0] & 0x0F
    end = 1 + address_length + size_length
    if not (1 <= size_length <= 4 and 1 <= address_length <= 5):
        raise Refusal(REQUEST_OUT_OF_RANGE)
    if len(data) < end:
        raise Refusal(INCORRECT_LENGTH)
    address = int.from_bytes(data[1 : 1 + address_length], "big")
    return address, int.from_bytes(data[1 + address_length : end], "big"), data[end:]


def request_download(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x34."""
    address, size, rest = parse_range(pdu[2:])
    if rest:
        raise Refusal(INCORRECT_LENGTH)
    length = begin_download(server, address, size, pdu[1])
    width = max(2, (length.bit_length() + 7) // 8)
    return bytes((0x74, width << 4)) + length.to_bytes(width, "big")


def begin_download(server: UdsServer, address: int, size: int, data_format: int) -> int:
    """Plain data only (format 00), into one region that was erased. -> maxNumberOfBlockLength.

    Most boot loaders forget the erase with a reset and want it anew; one that resumes looks at the cells themselves.
    """
    if data_format != 0x00:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    region = server.state.memory.holding(address, size)
    if region is None:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    check_voltage(server)
    if region.valid or not (server.model.resume or region.start in server.erased):
        raise Refusal(UPLOAD_DOWNLOAD_NOT_ACCEPTED)  # nobody has erased it
    length = server.block_length(size)
    server.download = Download(region, address, size, length)
    return length


def transfer_data(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x36: the same counter again is a repeat after a lost answer: positive, and nothing is programmed twice."""
    download = server.download
    if download is None:
        raise Refusal(REQUEST_SEQUENCE_ERROR)
    if len(pdu) > download.longest:
        raise Refusal(INCORRECT_LENGTH)
    counter = pdu[1]
    if download.blocks and counter == download.counter:
        return bytes((0x76, counter))
    if counter != (download.counter + 1) & 0xFF:
        raise Refusal(WRONG_BLOCK_SEQUENCE_COUNTER)
    if len(pdu) - 2 > download.remaining:
        raise Refusal(TRANSFER_DATA_SUSPENDED)
    check_voltage(server)
    if not download.region.program(download.address, pdu[2:], server.model.resume):
        raise Refusal(GENERAL_PROGRAMMING_FAILURE)
    download.address += len(pdu) - 2
    download.remaining -= len(pdu) - 2
    download.counter = counter
    download.blocks += 1
    return bytes((0x76, counter))


def request_transfer_exit(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x37: only when all announced bytes have come."""
    if len(pdu) != 1:
        raise Refusal(INCORRECT_LENGTH)
    end_download(server)
    return b"\x77"


def end_download(server: UdsServer) -> None:
    if server.download is None or server.download.remaining:
        raise Refusal(REQUEST_SEQUENCE_ERROR)
    server.download = None
    server.state.changed = True


FLASH_SERVICES: dict[int, Service] = {
    0x34: Service(request_download, 5, PROGRAMMING_ONLY, in_application=False, programming_security=True),
    0x36: Service(transfer_data, 3, PROGRAMMING_ONLY, in_application=False, programming_security=True),
    0x37: Service(request_transfer_exit, 1, PROGRAMMING_ONLY, in_application=False, programming_security=True),
}
