"""KWP2000 (ISO 14230-3, on CAN): service names, request builders, readers of answers. Pure; keeps no state.

What UDS calls a DID is here a service and one byte: 0x1A90 is ReadEcuIdentification 90 (written by
WriteDataByLocalIdentifier 90), 0x2110 ReadDataByLocalIdentifier 10. Every other number is a common identifier of two
bytes (0x22, 0x2E). 28, 29 and 85 are not in ISO 14230-3: they are what makers of vehicles with CAN have agreed on.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from core.errors import DataInvalid, RemoteProtocolError


class Sid(IntEnum):
    """Service identifiers (ISO 14230-3, clause 4.5)."""

    START_DIAGNOSTIC_SESSION = 0x10
    ECU_RESET = 0x11
    READ_FREEZE_FRAME_DATA = 0x12
    READ_DIAGNOSTIC_TROUBLE_CODES = 0x13
    CLEAR_DIAGNOSTIC_INFORMATION = 0x14
    READ_STATUS_OF_DIAGNOSTIC_TROUBLE_CODES = 0x17
    READ_DIAGNOSTIC_TROUBLE_CODES_BY_STATUS = 0x18
    READ_ECU_IDENTIFICATION = 0x1A
    STOP_DIAGNOSTIC_SESSION = 0x20
    READ_DATA_BY_LOCAL_IDENTIFIER = 0x21
    READ_DATA_BY_COMMON_IDENTIFIER = 0x22
    READ_MEMORY_BY_ADDRESS = 0x23
    SET_DATA_RATES = 0x26
    SECURITY_ACCESS = 0x27
    DISABLE_NORMAL_MESSAGE_TRANSMISSION = 0x28
    ENABLE_NORMAL_MESSAGE_TRANSMISSION = 0x29
    DYNAMICALLY_DEFINE_LOCAL_IDENTIFIER = 0x2C
    WRITE_DATA_BY_COMMON_IDENTIFIER = 0x2E
    INPUT_OUTPUT_CONTROL_BY_COMMON_IDENTIFIER = 0x2F
    INPUT_OUTPUT_CONTROL_BY_LOCAL_IDENTIFIER = 0x30
    START_ROUTINE_BY_LOCAL_IDENTIFIER = 0x31
    STOP_ROUTINE_BY_LOCAL_IDENTIFIER = 0x32
    REQUEST_ROUTINE_RESULTS_BY_LOCAL_IDENTIFIER = 0x33
    REQUEST_DOWNLOAD = 0x34
    REQUEST_UPLOAD = 0x35
    TRANSFER_DATA = 0x36
    REQUEST_TRANSFER_EXIT = 0x37
    START_ROUTINE_BY_ADDRESS = 0x38
    STOP_ROUTINE_BY_ADDRESS = 0x39
    REQUEST_ROUTINE_RESULTS_BY_ADDRESS = 0x3A
    WRITE_DATA_BY_LOCAL_IDENTIFIER = 0x3B
    WRITE_MEMORY_BY_ADDRESS = 0x3D
    TESTER_PRESENT = 0x3E
    START_COMMUNICATION = 0x81
    STOP_COMMUNICATION = 0x82
    ACCESS_TIMING_PARAMETERS = 0x83
    CONTROL_DTC_SETTING = 0x85


SERVICE_NAMES: Final[dict[int, str]] = {
    sid.value: "".join({"DTC": "DTC"}.get(word, word.capitalize()) for word in sid.name.split("_")) for sid in Sid
} | {Sid.ECU_RESET: "ECUReset"}

DEFAULT_SESSION: Final = 0x81
PROGRAMMING_SESSION: Final = 0x85
EXTENDED_SESSION: Final = 0x92
RESPONSE_REQUIRED: Final = 0x01
NO_RESPONSE: Final = 0x02
"""responseRequired: the byte after 3E, 28, 29 and 85 (ISO 14230-3, clause 6.4)."""
ALL_GROUPS: Final = 0xFF00
KEY_ACCEPTED: Final = 0x34
"""securityAccessStatus "security access allowed" at the end of the answer to a key (clause 6.5)."""

_SUPPRESSIBLE: Final = frozenset(
    {
        Sid.TESTER_PRESENT,
        Sid.DISABLE_NORMAL_MESSAGE_TRANSMISSION,
        Sid.ENABLE_NORMAL_MESSAGE_TRANSMISSION,
        Sid.CONTROL_DTC_SETTING,
    }
)
_LOCAL: Final = frozenset({Sid.READ_ECU_IDENTIFICATION, Sid.READ_DATA_BY_LOCAL_IDENTIFIER})


def service_name(sid: int) -> str:
    """The standard's name of a request SID, "service 0xBA" where it names none."""
    return SERVICE_NAMES.get(sid) or f"service 0x{sid:02X}"


def is_suppressed(pdu: bytes) -> bool:
    """Whether this request asks for no positive answer."""
    return len(pdu) > 1 and pdu[0] in _SUPPRESSIBLE and pdu[1] == NO_RESPONSE


# --- requests


def session(kind: int) -> bytes:
    return bytes((Sid.START_DIAGNOSTIC_SESSION, kind))


def reset() -> bytes:
    """powerOn."""
    return bytes((Sid.ECU_RESET, 0x01))


def tester_present(*, suppress: bool = True) -> bytes:
    return bytes((Sid.TESTER_PRESENT, NO_RESPONSE if suppress else RESPONSE_REQUIRED))


def normal_messages(on: bool, *, suppress: bool = False) -> bytes:
    sid = Sid.ENABLE_NORMAL_MESSAGE_TRANSMISSION if on else Sid.DISABLE_NORMAL_MESSAGE_TRANSMISSION
    return bytes((sid, NO_RESPONSE if suppress else RESPONSE_REQUIRED))


def dtc_setting(on: bool, *, suppress: bool = False) -> bytes:
    """responseRequired, group, DTCSettingMode 1 on or 2 off."""
    answer = NO_RESPONSE if suppress else RESPONSE_REQUIRED
    return bytes((Sid.CONTROL_DTC_SETTING, answer)) + ALL_GROUPS.to_bytes(2, "big") + bytes((1 if on else 2,))


def identifier(did: int) -> bytes:
    """What reads this "DID": `1A xx`, `21 xx` or `22 xxxx`."""
    if did >> 8 in _LOCAL:
        return did.to_bytes(2, "big")
    return bytes((Sid.READ_DATA_BY_COMMON_IDENTIFIER,)) + did.to_bytes(2, "big")


def read_data(did: int) -> bytes:
    return identifier(did)


def write_data(did: int, data: bytes) -> bytes:
    if did >> 8 in _LOCAL:
        return bytes((Sid.WRITE_DATA_BY_LOCAL_IDENTIFIER, did & 0xFF)) + data
    return bytes((Sid.WRITE_DATA_BY_COMMON_IDENTIFIER,)) + did.to_bytes(2, "big") + data


def read_dtcs() -> bytes:
    """18 00 FF00: identified codes of all groups with their status, in the format of SAE J2012."""
    return bytes((Sid.READ_DIAGNOSTIC_TROUBLE_CODES_BY_STATUS, 0x00)) + ALL_GROUPS.to_bytes(2, "big")


def read_dtc_status(code: int) -> bytes:
    """17 and the code: its status and what the unit has kept with it. `code` has 2 bytes."""
    return bytes((Sid.READ_STATUS_OF_DIAGNOSTIC_TROUBLE_CODES,)) + code.to_bytes(2, "big")


def clear_dtcs(group: int = ALL_GROUPS) -> bytes:
    return bytes((Sid.CLEAR_DIAGNOSTIC_INFORMATION,)) + group.to_bytes(2, "big")


def routine(number: int, data: bytes = b"") -> bytes:
    return bytes((Sid.START_ROUTINE_BY_LOCAL_IDENTIFIER,)) + _byte(number) + data


def routine_results(number: int) -> bytes:
    return bytes((Sid.REQUEST_ROUTINE_RESULTS_BY_LOCAL_IDENTIFIER,)) + _byte(number)


def request_download(data_format: int, address: bytes, size: bytes) -> bytes:
    """Address, dataFormatIdentifier, uncompressed size (clause 11.1); how long the fields are is the unit's data."""
    return bytes((Sid.REQUEST_DOWNLOAD,)) + address + bytes((data_format,)) + size


def transfer_data(data: bytes) -> bytes:
    """No counter: a block whose answer was lost must never be sent again, the unit would program it behind itself."""
    return bytes((Sid.TRANSFER_DATA,)) + data


def transfer_exit() -> bytes:
    return bytes((Sid.REQUEST_TRANSFER_EXIT,))


def _byte(number: int) -> bytes:
    if not 0 <= number <= 0xFF:
        raise DataInvalid(f"Routine {number:04X} is no local identifier of KWP2000: that is one byte.")
    return bytes((number,))


# --- answers


def data_of(answer: bytes, did: int) -> bytes:
    """The data of an answer to `read_data(did)`. RemoteProtocolError where it is another answer."""
    asked = identifier(did)
    start = bytes((asked[0] + 0x40,)) + asked[1:]
    if not answer.startswith(start):
        raise RemoteProtocolError(
            f"The unit answered something else than identifier {did:04X} ({answer[:16].hex(' ').upper()}).",
            standard="ISO 14230-3",
            clause="7.1",
        )
    return answer[len(start) :]


def max_block_length(answer: bytes) -> int:
    """maxNumberOfBlockLength of a `74`: counts the SID, so a block carries 1 less (clause 11.1.2)."""
    value = int.from_bytes(answer[1:], "big")
    if value < 2:
        raise RemoteProtocolError(
            f"The unit offered no usable block length ({answer[:16].hex(' ').upper()}).",
            standard="ISO 14230-3",
            clause="11.1.2",
        )
    return value


def routine_status(answer: bytes) -> bytes:
    """What follows `71 id` or `73 id`."""
    return answer[2:]
