"""Diagnostic services by their names (ISO 14229-1, clause 8.2). The nouns only: what they carry is protocol/uds.py."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Sid(IntEnum):
    """Service identifiers (clause 8.2)."""

    DIAGNOSTIC_SESSION_CONTROL = 0x10
    ECU_RESET = 0x11
    CLEAR_DIAGNOSTIC_INFORMATION = 0x14
    READ_DTC_INFORMATION = 0x19
    READ_DATA_BY_IDENTIFIER = 0x22
    READ_MEMORY_BY_ADDRESS = 0x23
    READ_SCALING_DATA_BY_IDENTIFIER = 0x24
    SECURITY_ACCESS = 0x27
    COMMUNICATION_CONTROL = 0x28
    AUTHENTICATION = 0x29
    READ_DATA_BY_PERIODIC_IDENTIFIER = 0x2A
    DYNAMICALLY_DEFINE_DATA_IDENTIFIER = 0x2C
    WRITE_DATA_BY_IDENTIFIER = 0x2E
    INPUT_OUTPUT_CONTROL_BY_IDENTIFIER = 0x2F
    ROUTINE_CONTROL = 0x31
    REQUEST_DOWNLOAD = 0x34
    REQUEST_UPLOAD = 0x35
    TRANSFER_DATA = 0x36
    REQUEST_TRANSFER_EXIT = 0x37
    REQUEST_FILE_TRANSFER = 0x38
    WRITE_MEMORY_BY_ADDRESS = 0x3D
    TESTER_PRESENT = 0x3E
    ACCESS_TIMING_PARAMETER = 0x83
    SECURED_DATA_TRANSMISSION = 0x84
    CONTROL_DTC_SETTING = 0x85
    RESPONSE_ON_EVENT = 0x86
    LINK_CONTROL = 0x87


SERVICE_NAMES: Final[dict[int, str]] = {
    sid.value: "".join({"ECU": "ECU", "DTC": "DTC"}.get(word, word.capitalize()) for word in sid.name.split("_"))
    for sid in Sid
}


def service_name(sid: int) -> str:
    """The standard's name of a request SID, "service 0xBA" where it names none."""
    return SERVICE_NAMES.get(sid) or f"service 0x{sid:02X}"
