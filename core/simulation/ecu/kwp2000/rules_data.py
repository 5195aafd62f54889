"""Rules of KWP2000 for data and trouble codes: 14, 17, 18, 1A, 21, 3B (ISO 14230-3, clauses 7 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.protocol.kwp2000.dtc import status_to
from core.protocol.kwp2000.services import ALL_GROUPS
from core.simulation.ecu.kwp2000.rules import exactly
from core.simulation.ecu.rules import (
    NON_DEFAULT,
    REQUEST_OUT_OF_RANGE,
    SUB_FUNCTION_NOT_SUPPORTED,
    Refusal,
    Reply,
    Service,
)
from core.simulation.ecu.rules_data import read_data, write_data
from core.simulation.ecu.rules_faults import AVAILABILITY, clear_codes

if TYPE_CHECKING:
    from core.simulation.ecu.model import DtcMemory
    from core.simulation.ecu.server import UdsServer

_LOCAL = 0x2100
_NEVER_RAN = 0x00
IDENTIFIED = 0x00


def read_identifier(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x1A and 0x21: service and identifier together are what the data call a DID."""
    exactly(pdu, 2)
    value = read_data(server, int.from_bytes(pdu, "big"))
    if value is None:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    return bytes((pdu[0] + 0x40, pdu[1])) + value


def write_local_identifier(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x3B: the fingerprint, which 1A reads, and coding records, which 21 reads."""
    mark = server.model.initial.fingerprint_did
    is_mark = mark is not None and pdu[1] == mark & 0xFF
    write_data(server, mark if is_mark and mark is not None else _LOCAL | pdu[1], pdu[2:])
    return bytes((0x7B, pdu[1]))


def _found(server: UdsServer) -> list[DtcMemory]:
    return [dtc for dtc in server.state.dtcs.values() if status_to(dtc.status & AVAILABILITY) != _NEVER_RAN]


def _entry(dtc: DtcMemory) -> bytes:
    return (dtc.code >> 8).to_bytes(2, "big") + bytes((status_to(dtc.status & AVAILABILITY),))


def read_dtcs_by_status(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x18 00: all codes that are identified; of all groups only."""
    exactly(pdu, 4)
    if pdu[1] != IDENTIFIED:
        raise Refusal(SUB_FUNCTION_NOT_SUPPORTED)
    if int.from_bytes(pdu[2:4], "big") != ALL_GROUPS:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    found = _found(server)
    return bytes((0x58, len(found))) + b"".join(map(_entry, found))


def read_dtc_status(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x17: one code with its freeze frame and counters, without their numbers."""
    exactly(pdu, 3)
    dtc = server.state.dtcs.get(int.from_bytes(pdu[1:3], "big") << 8)
    if dtc is None:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    kept = b"".join(data for records in (dtc.snapshots, dtc.extended) for _, data in sorted(records.items()))
    return b"\x57\x01" + _entry(dtc) + kept


def clear_diagnostic_information(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x14: all groups (FF00) or one code."""
    exactly(pdu, 3)
    group = int.from_bytes(pdu[1:3], "big")
    clear_codes(server, None if group == ALL_GROUPS else group << 8, now)
    return b"\x54" + pdu[1:3]


DATA_SERVICES: dict[int, Service] = {
    0x14: Service(clear_diagnostic_information, 3, in_boot=False),
    0x17: Service(read_dtc_status, 3, in_boot=False),
    0x18: Service(read_dtcs_by_status, 4, in_boot=False),
    0x1A: Service(read_identifier, 2),
    0x21: Service(read_identifier, 2),
    0x3B: Service(write_local_identifier, 3, NON_DEFAULT),
}
