"""Trouble codes: status byte (ISO 14229-1 D.2), display (SAE J2012 / ISO 15031-6), answers of 0x19. Pure; no texts."""

from __future__ import annotations

from core.errors import RemoteProtocolError

ACTIVE = 0x01  # testFailed
PENDING = 0x04
CONFIRMED = 0x08
NOT_COMPLETED_SINCE_CLEAR = 0x10
WARNING_INDICATOR = 0x80

STATUS_BITS = (
    "testFailed",
    "testFailedThisOperationCycle",
    "pendingDTC",
    "confirmedDTC",
    "testNotCompletedSinceLastClear",
    "testFailedSinceLastClear",
    "testNotCompletedThisOperationCycle",
    "warningIndicatorRequested",
)
"""Bit 0 first."""

ALL_GROUPS = 0xFFFFFF


def is_active(status: int) -> bool:
    return bool(status & ACTIVE)


def is_pending(status: int) -> bool:
    """Bit 2, unless bit 4 says that the test has not run since the last clear."""
    return bool(status & PENDING) and not status & NOT_COMPLETED_SINCE_CLEAR


def is_stored(status: int) -> bool:
    """Confirmed, and not active at the moment."""
    return bool(status & CONFIRMED) and not status & ACTIVE


def status_words(status: int) -> tuple[str, ...]:
    """The workshop's words in the order active, pending, stored, MIL; empty where none holds."""
    words = (
        ("active", is_active(status)),
        ("pending", is_pending(status)),
        ("stored", is_stored(status)),
        ("MIL", bool(status & WARNING_INDICATOR)),
    )
    return tuple(word for word, holds in words if holds)


def status_bits(status: int) -> tuple[str, ...]:
    """The standard's names of the bits that are set, bit 0 first."""
    return tuple(name for bit, name in enumerate(STATUS_BITS) if status >> bit & 1)


def display(code: int) -> str:
    """The 3 byte code as "P0301-00": system letter, four digits, failure type byte."""
    high = code >> 8 & 0xFFFF
    return f"{'PCBU'[high >> 14]}{high >> 12 & 3}{high & 0xFFF:03X}-{code & 0xFF:02X}"


def parse_records(pdu: bytes) -> tuple[tuple[int, int], ...]:
    """(code, status) of a positive answer to 19 02, 19 0A and the like: `59 sub mask {code 3, status 1}`.

    Raises RemoteProtocolError where the length does not fit (ISO 14229-1, clause 12.3: reportDTCByStatusMask).
    """
    if len(pdu) < 3 or pdu[0] != 0x59 or (len(pdu) - 3) % 4:
        raise _malformed(pdu)
    return tuple((int.from_bytes(pdu[i : i + 3], "big"), pdu[i + 3]) for i in range(3, len(pdu), 4))


def parse_count(pdu: bytes) -> int:
    """The count of a positive answer to 19 01: `59 01 mask format count2`."""
    if len(pdu) != 6 or pdu[0] != 0x59:
        raise _malformed(pdu)
    return int.from_bytes(pdu[4:6], "big")


def _malformed(pdu: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(
        f"The list of trouble codes has a wrong length ({len(pdu)} bytes: {pdu[:16].hex(' ').upper()}).",
        standard="ISO 14229-1",
        clause="12.3",
    )
