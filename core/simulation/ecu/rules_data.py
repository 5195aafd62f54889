"""Rules of 0x22 and 0x2E (ISO 14229-1, 11.2 and 11.7): idents, measured values, coding, fingerprint. No routines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.catalogue.coding import read_raw
from core.catalogue.model import OptionItem
from core.simulation.ecu.rules import (
    INCORRECT_LENGTH,
    NON_DEFAULT,
    PROGRAMMING,
    REQUEST_OUT_OF_RANGE,
    Refusal,
    Reply,
    Service,
)

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

ACTIVE_SESSION_DID = 0xF186
FINGERPRINT_LENGTH = 32  # bytes at most
DIDS_AT_ONCE = 16


def read_data(server: UdsServer, did: int) -> bytes | None:
    """The value of one DID as the running software knows it, None where it does not."""
    model, state, initial = server.model, server.state, server.model.initial
    if did == ACTIVE_SESSION_DID:
        return bytes([server.session])
    variant = initial.boot_variant if server.in_boot else initial.variant
    if did in variant:
        follows = did == initial.variant_follows and not server.in_boot
        return (_series(server, len(variant[did])) if follows else None) or variant[did]
    if did == initial.fingerprint_did:
        return state.fingerprint
    kind = next((ident.kind for ident in model.info.idents if ident.did == did), "")
    computed = {
        "vin": model.vin.encode(),
        "hardware": initial.hardware.encode("ascii", "replace"),
        "boot": initial.boot_software.encode("ascii", "replace"),
    }.get(kind)
    if computed:
        return computed
    if kind == "software":
        return software_version(server).encode("ascii", "replace")
    if did in initial.idents:
        return initial.idents[did]
    if server.in_boot:
        return None
    return state.coding.get(did, initial.data.get(did))


def _series(server: UdsServer, length: int) -> bytes | None:
    """The series of the running software as `length` bytes, 2063 for 2063.12; None where it names none."""
    digits = software_version(server).partition(".")[0]
    try:
        return bytes.fromhex(digits) if len(digits) == 2 * length else None
    except ValueError:
        return None


def software_version(server: UdsServer) -> str:
    """What the flash memory says it holds; the boot loader's own version where the application is not valid."""
    memory = server.state.memory
    if not memory.regions:
        return server.model.initial.software
    header = memory.header() if memory.valid else None
    if header is not None:
        return header.software
    return server.model.initial.boot_software


def read_data_by_identifier(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x22: several DIDs at once; those that are unknown are left out, 0x31 where none is known."""
    if len(pdu) % 2 == 0 or len(pdu) > 1 + 2 * DIDS_AT_ONCE:
        raise Refusal(INCORRECT_LENGTH)
    answer = bytearray(b"\x62")
    for at in range(1, len(pdu), 2):
        value = read_data(server, int.from_bytes(pdu[at : at + 2], "big"))
        if value is not None:
            answer += pdu[at : at + 2] + value
    if len(answer) == 1:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    return bytes(answer)


def write_data_by_identifier(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x2E: coding records in their session, the fingerprint there and in the programming session."""
    write_data(server, int.from_bytes(pdu[1:3], "big"), pdu[3:])
    return b"\x6e" + pdu[1:3]


def write_data(server: UdsServer, did: int, value: bytes) -> None:
    """The fingerprint or a coding record, refused where session, access, length or meaning are wrong."""
    if did == server.model.initial.fingerprint_did:
        _write_fingerprint(server, value)
    else:
        _write_coding(server, did, value)


def _write_fingerprint(server: UdsServer, value: bytes) -> None:
    programming, coding = server.session == PROGRAMMING, _coding_sessions(server)
    if not programming and (server.in_boot or server.session not in coding):
        raise Refusal(REQUEST_OUT_OF_RANGE)
    initial = server.model.initial
    server.require_access(initial.programming_level if programming else initial.coding_level)
    if len(value) > FINGERPRINT_LENGTH:
        raise Refusal(INCORRECT_LENGTH)
    server.state.fingerprint = value
    server.state.changed = True
    server.fingerprint_written = programming  # who codes has not yet said that it will erase


def _coding_sessions(server: UdsServer) -> set[int]:
    return {server.session_number(record.session) for record in server.model.info.coding}


def _write_coding(server: UdsServer, did: int, value: bytes) -> None:
    record = server.model.record(did)
    if record is None or server.in_boot or server.session != server.session_number(record.session):
        raise Refusal(REQUEST_OUT_OF_RANGE)
    server.require_access(server.model.initial.coding_level)
    if len(value) != record.length:
        raise Refusal(INCORRECT_LENGTH)
    if not all(plausible(item, value) for item in record.items):
        raise Refusal(REQUEST_OUT_OF_RANGE)
    server.state.coding[did] = value
    server.state.changed = True


def plausible(item: OptionItem, value: bytes) -> bool:
    """Whether the bits of one option item mean something: a known choice, or a number within its bounds."""
    raw = read_raw(item, value)
    if item.choices:
        return any(choice.raw == raw for choice in item.choices)
    physical = raw * item.factor + item.offset
    tolerance = abs(item.factor) / 2  # rounding of the factor, never a whole step
    low_enough = item.maximum is None or physical <= item.maximum + tolerance
    return low_enough and (item.minimum is None or physical >= item.minimum - tolerance)


DATA_SERVICES: dict[int, Service] = {
    0x22: Service(read_data_by_identifier, 3),
    0x2E: Service(write_data_by_identifier, 4, NON_DEFAULT),
}
