"""Rules of trouble codes: 0x14, 0x19 and when a fault is recorded (ISO 14229-1, clause 12 and D.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.simulation.ecu.model import DtcMemory
from core.simulation.ecu.rules import (
    ALL_SESSIONS,
    INCORRECT_LENGTH,
    REQUEST_OUT_OF_RANGE,
    SECURITY_ACCESS_DENIED,
    Refusal,
    Reply,
    Service,
)

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

AVAILABILITY = 0xAF  # bits 4 and 6 (testNotCompleted...) are not kept by these units
TEST_FAILED, FAILED_THIS_CYCLE = 0x01, 0x02
NEW_FAULT = 0x2F  # failed, this cycle, pending, confirmed, since last clear
FORMAT_ISO_14229 = 0x01
ALL_GROUPS = 0xFFFFFF
ALL_RECORDS = 0xFF


def clear_diagnostic_information(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x14: all codes (FFFFFF) or one; a recurring fault comes back after its time if recording is on."""
    if len(pdu) != 4:
        raise Refusal(INCORRECT_LENGTH)
    group = int.from_bytes(pdu[1:4], "big")
    clear_codes(server, None if group == ALL_GROUPS else group, now)
    return b"\x54"


def clear_codes(server: UdsServer, only: int | None, now: float) -> None:
    """Forget all codes, or only this one."""
    if not server.unlocked(server.model.initial.clear_level):
        raise Refusal(SECURITY_ACCESS_DENIED)
    known = server.state.dtcs
    if only is not None and only not in known:
        raise Refusal(REQUEST_OUT_OF_RANGE)
    recurring = {dtc.code: dtc.recurs for dtc in server.model.initial.dtcs if dtc.recurs > 0}
    for code in known if only is None else [only]:
        if known[code].status and code in recurring:
            server.state.returning[code] = now + recurring[code]
        known[code] = DtcMemory(code)
    server.state.changed = True


def renew_faults(server: UdsServer, now: float) -> None:
    """Recurring faults that are due: recorded again, or looked at later while 85 02 or a reset holds them off."""
    for code, at in list(server.state.returning.items()):
        if now < at:
            continue
        initial = next(dtc for dtc in server.model.initial.dtcs if dtc.code == code)
        if server.silent or server.in_boot or not server.dtc_recording:
            server.state.returning[code] = now + initial.recurs
            continue
        del server.state.returning[code]
        server.state.dtcs[code] = DtcMemory(code, initial.status, dict(initial.snapshots), dict(initial.extended))
        server.state.changed = True


def record_fault(server: UdsServer, code: int) -> bool:
    """The unit sees a fault now. False where 85 02, the boot loader or a reset keeps it from being recorded."""
    if server.silent or server.in_boot or not server.dtc_recording:
        return False
    server.state.dtcs.setdefault(code, DtcMemory(code)).status |= NEW_FAULT
    server.state.changed = True
    return True


def start_operation_cycle(server: UdsServer) -> None:
    """A reset begins a new cycle: testFailedThisOperationCycle stays only where the test fails now."""
    for dtc in server.state.dtcs.values():
        if not dtc.status & TEST_FAILED:
            dtc.status &= ~FAILED_THIS_CYCLE


def _entry(dtc: DtcMemory) -> bytes:
    return dtc.code.to_bytes(3, "big") + bytes([dtc.status & AVAILABILITY])


def _with_mask(server: UdsServer, pdu: bytes) -> list[DtcMemory]:
    if len(pdu) != 3:
        raise Refusal(INCORRECT_LENGTH)
    return [dtc for dtc in server.state.dtcs.values() if dtc.status & pdu[2] & AVAILABILITY]


def _count(server: UdsServer, pdu: bytes) -> bytes:
    return bytes((AVAILABILITY, FORMAT_ISO_14229)) + len(_with_mask(server, pdu)).to_bytes(2, "big")


def _by_mask(server: UdsServer, pdu: bytes) -> bytes:
    return bytes([AVAILABILITY]) + b"".join(map(_entry, _with_mask(server, pdu)))


def _supported(server: UdsServer, pdu: bytes) -> bytes:
    if len(pdu) != 2:
        raise Refusal(INCORRECT_LENGTH)
    return bytes([AVAILABILITY]) + b"".join(map(_entry, server.state.dtcs.values()))


def _records(kind: Callable[[DtcMemory], dict[int, bytes]]) -> Callable[[UdsServer, bytes], bytes]:
    """Records of one code: by number, or all with FF."""

    def read(server: UdsServer, pdu: bytes) -> bytes:
        if len(pdu) != 6:
            raise Refusal(INCORRECT_LENGTH)
        dtc = server.state.dtcs.get(int.from_bytes(pdu[2:5], "big"))
        if dtc is None:
            raise Refusal(REQUEST_OUT_OF_RANGE)
        records = kind(dtc)
        if pdu[5] != ALL_RECORDS and pdu[5] not in records:
            raise Refusal(REQUEST_OUT_OF_RANGE)
        chosen = sorted(records.items()) if pdu[5] == ALL_RECORDS else [(pdu[5], records[pdu[5]])]
        return _entry(dtc) + b"".join(bytes([number]) + data for number, data in chosen)

    return read


REPORTS: dict[int, Callable[[UdsServer, bytes], bytes]] = {
    0x01: _count,
    0x02: _by_mask,
    0x04: _records(lambda dtc: dtc.snapshots),
    0x06: _records(lambda dtc: dtc.extended),
    0x0A: _supported,
}


def read_dtc_information(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x19: count, list by mask, snapshot, extended data, supported codes."""
    return bytes((0x59, pdu[1] & 0x7F)) + REPORTS[pdu[1] & 0x7F](server, pdu)


FAULT_SERVICES: dict[int, Service] = {
    0x14: Service(clear_diagnostic_information, 4, in_boot=False),
    0x19: Service(
        read_dtc_information, 2, sub_functions=lambda server: dict.fromkeys(REPORTS, ALL_SESSIONS), in_boot=False
    ),
}
