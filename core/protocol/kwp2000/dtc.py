"""Trouble codes of KWP2000: answers of 0x18, the status byte as ISO 14229 has it, display. Pure; no texts."""

from __future__ import annotations

from core.errors import RemoteProtocolError
from core.protocol import dtc

STATE_MASK = 0x60
STORED, MATURING, PRESENT = 0x20, 0x40, 0x60
"""dtcStorageState (ISO 14230-3, statusOfDTC, bits 5 and 6): 00 is "no DTC detected"."""
NOT_READY = 0x10
LAMP = 0x80

_STATES = {PRESENT: dtc.ACTIVE | dtc.CONFIRMED, MATURING: dtc.PENDING, STORED: dtc.CONFIRMED}


def status_from(status: int) -> int:
    """The bits of ISO 14229-1, D.2 that say the same; the fault symptom (bits 0 to 3) has no place there."""
    state = _STATES.get(status & STATE_MASK, dtc.NOT_COMPLETED_SINCE_CLEAR if status & NOT_READY else 0)
    return state | (dtc.WARNING_INDICATOR if status & LAMP else 0)


def status_to(status: int) -> int:
    """What a unit with this status (ISO 14229-1) says in KWP2000."""
    lamp = LAMP if status & dtc.WARNING_INDICATOR else 0
    if status & dtc.ACTIVE:
        return PRESENT | lamp
    if status & dtc.CONFIRMED:
        return STORED | lamp
    return (MATURING if status & dtc.PENDING else 0) | lamp


def display(code: int) -> str:
    """The 2 byte code as "P0301"."""
    return dtc.display(code << 8).partition("-")[0]


def parse_records(pdu: bytes) -> tuple[tuple[int, int], ...]:
    """(code of 2 bytes, status as sent) of a positive answer to 0x18: `58 count {code 2, status 1}`.

    Raises RemoteProtocolError where the length does not fit.
    """
    if len(pdu) < 2 or pdu[0] != 0x58 or (len(pdu) - 2) % 3 or (len(pdu) - 2) // 3 != pdu[1]:
        raise RemoteProtocolError(
            f"The list of trouble codes has a wrong length ({len(pdu)} bytes: {pdu[:16].hex(' ').upper()}).",
            standard="ISO 14230-3",
            clause="8.3",
        )
    return tuple((int.from_bytes(pdu[at : at + 2], "big"), pdu[at + 2]) for at in range(2, len(pdu), 3))
