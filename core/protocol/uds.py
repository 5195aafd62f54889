"""UDS by ISO 14229-1 (2020): service names, request builders, readers of answers, `describe`. Pure; keeps no state."""

from __future__ import annotations

from typing import Final

from core.errors import LocalProtocolError, RemoteProtocolError
from core.protocol import nrc
from core.vocabulary.services import SERVICE_NAMES, Sid, service_name

__all__ = ["SERVICE_NAMES", "Sid", "describe", "service_name"]  # re-exported beside what is defined here

NEGATIVE: Final = 0x7F
SUPPRESS: Final = 0x80
"""suppressPosRspMsgIndicationBit of a sub-function (clause 7.2.2)."""
POSITIVE_OFFSET: Final = 0x40


SESSION_NAMES: Final = {1: "default", 2: "programming", 3: "extended", 4: "safety system"}
RESET_NAMES: Final = {
    1: "hard reset", 2: "key off-on reset", 3: "soft reset", 4: "rapid power shutdown on",
    5: "rapid power shutdown off",
}  # fmt: skip
ROUTINE_NAMES: Final = {1: "start", 2: "stop", 3: "results of"}
COMMUNICATION_NAMES: Final = {
    0: "receive and send", 1: "receive, do not send", 2: "do not receive, send", 3: "neither receive nor send",
}  # fmt: skip
AUTHENTICATION_NAMES: Final = {
    0: "end", 1: "verify certificate, one way", 2: "verify certificate, both ways", 3: "proof of ownership",
    4: "transmit certificate", 5: "request challenge", 6: "verify proof, one way", 7: "verify proof, both ways",
    8: "which method",
}  # fmt: skip
AUTHENTICATION_RESULTS: Final = {
    0x00: "accepted", 0x01: "rejected", 0x02: "certificates (APCE)", 0x03: "challenge and response, asymmetric (ACR)",
    0x04: "challenge and response, symmetric (ACR)", 0x10: "authentication ended", 0x11: "prove that it is yours",
    0x12: "authenticated", 0x13: "certificate verified",
}  # fmt: skip
DTC_SETTING_NAMES: Final = {1: "on", 2: "off"}
DTC_REPORT_NAMES: Final = {
    1: "count by status", 2: "list by status", 3: "snapshot list", 4: "snapshot record", 6: "extended data record",
    0x0A: "supported list", 0x14: "fault detection counters",
}  # fmt: skip
ROUTINE_IDENTIFIERS: Final = {
    0x0202: "check memory", 0x0203: "check programming preconditions", 0xFF00: "erase memory",
    0xFF01: "check programming dependencies",
}  # fmt: skip

_SUBFUNCTION_SIDS: Final = frozenset({0x10, 0x11, 0x19, 0x27, 0x28, 0x29, 0x2C, 0x31, 0x3E, 0x83, 0x85, 0x86, 0x87})


def has_sub_function(sid: int) -> bool:
    """Whether the byte after this SID is a sub-function, whose bit 7 suppresses the positive answer."""
    return sid in _SUBFUNCTION_SIDS


def is_suppressed(pdu: bytes) -> bool:
    """Whether this request asks for no positive answer."""
    return len(pdu) > 1 and pdu[0] in _SUBFUNCTION_SIDS and bool(pdu[1] & SUPPRESS)


def is_negative(pdu: bytes) -> bool:
    """Whether this is a whole negative response `7F SID NRC`."""
    return len(pdu) >= 3 and pdu[0] == NEGATIVE


# --- requests


def session(kind: int, *, suppress: bool = False) -> bytes:
    return bytes((Sid.DIAGNOSTIC_SESSION_CONTROL, kind | SUPPRESS * suppress))


def reset(kind: int = 1, *, suppress: bool = False) -> bytes:
    return bytes((Sid.ECU_RESET, kind | SUPPRESS * suppress))


def read_data(*dids: int) -> bytes:
    return bytes((Sid.READ_DATA_BY_IDENTIFIER,)) + b"".join(did.to_bytes(2, "big") for did in dids)


def write_data(did: int, data: bytes) -> bytes:
    return bytes((Sid.WRITE_DATA_BY_IDENTIFIER,)) + did.to_bytes(2, "big") + data


def request_seed(level: int) -> bytes:
    """`level` is odd (clause 10.4.2)."""
    return bytes((Sid.SECURITY_ACCESS, level))


def send_key(level: int, key: bytes) -> bytes:
    """`level` is that of the seed; the key's sub-function is one more."""
    return bytes((Sid.SECURITY_ACCESS, level + 1)) + key


def communication_control(kind: int, communication: int = 0x01, *, suppress: bool = False) -> bytes:
    """`kind` 0 on .. 3 off; `communication` bit 0 normal, bit 1 network management messages."""
    return bytes((Sid.COMMUNICATION_CONTROL, kind | SUPPRESS * suppress, communication))


def dtc_setting(kind: int, *, suppress: bool = False) -> bytes:
    """`kind` 1 on, 2 off."""
    return bytes((Sid.CONTROL_DTC_SETTING, kind | SUPPRESS * suppress))


def clear_dtcs(group: int = 0xFFFFFF) -> bytes:
    return bytes((Sid.CLEAR_DIAGNOSTIC_INFORMATION,)) + group.to_bytes(3, "big")


def read_dtcs(mask: int = 0xFF) -> bytes:
    """19 02 reportDTCByStatusMask."""
    return bytes((Sid.READ_DTC_INFORMATION, 0x02, mask))


def read_dtc_snapshot(code: int, record: int = 0xFF) -> bytes:
    return bytes((Sid.READ_DTC_INFORMATION, 0x04)) + code.to_bytes(3, "big") + bytes((record,))


def read_dtc_extended(code: int, record: int = 0xFF) -> bytes:
    return bytes((Sid.READ_DTC_INFORMATION, 0x06)) + code.to_bytes(3, "big") + bytes((record,))


def routine(routine_id: int, data: bytes = b"", *, kind: int = 1) -> bytes:
    """RoutineControl; `kind` 1 start, 2 stop, 3 request results."""
    return bytes((Sid.ROUTINE_CONTROL, kind)) + routine_id.to_bytes(2, "big") + data


def request_download(
    address: int, size: int, *, data_format: int = 0, address_length: int = 4, size_length: int = 4
) -> bytes:
    """RequestDownload; the ALFID byte holds the length of the size in its high, of the address in its low nibble."""
    try:
        where, much = address.to_bytes(address_length, "big"), size.to_bytes(size_length, "big")
    except OverflowError as error:
        raise LocalProtocolError(f"Address {address:#x} or size {size:#x} does not fit its field.") from error
    return bytes((Sid.REQUEST_DOWNLOAD, data_format, size_length << 4 | address_length)) + where + much


def transfer_data(block_sequence_counter: int, data: bytes) -> bytes:
    """The counter starts at 1, FF is followed by 00 (clause 14.5)."""
    return bytes((Sid.TRANSFER_DATA, block_sequence_counter)) + data


def transfer_exit(data: bytes = b"") -> bytes:
    return bytes((Sid.REQUEST_TRANSFER_EXIT,)) + data


def tester_present(*, suppress: bool = True) -> bytes:
    return bytes((Sid.TESTER_PRESENT, SUPPRESS * suppress))


# --- answers


def max_block_length(answer: bytes) -> int:
    """maxNumberOfBlockLength of a `74`/`75`: counts SID and counter too, so a block carries 2 less (clause 14.2.3).

    RemoteProtocolError where the field is missing or leaves no room for data.
    """
    length = answer[1] >> 4 if len(answer) > 1 else 0
    value = int.from_bytes(answer[2 : 2 + length], "big")
    if len(answer) < 2 + length or value < 3:
        raise RemoteProtocolError(
            f"The unit offered no usable block length ({_hex(answer)}).", standard="ISO 14229-1", clause="14.2.3"
        )
    return value


def session_timing(answer: bytes) -> tuple[float, float] | None:
    """(P2server, P2*server) in seconds of `50 xx PP PP QQ QQ`: units of 1 ms and 10 ms; None where it has none."""
    if len(answer) < 6 or answer[0] != 0x50:
        return None
    return int.from_bytes(answer[2:4], "big") / 1000, int.from_bytes(answer[4:6], "big") / 100


def data_of(answer: bytes, did: int) -> bytes:
    """The data of a `62 DID ...` that answers one DID. RemoteProtocolError where it is another answer."""
    if len(answer) < 3 or answer[0] != 0x62 or int.from_bytes(answer[1:3], "big") != did:
        raise RemoteProtocolError(
            f"The unit answered something else than identifier {did:04X} ({_hex(answer)}).",
            standard="ISO 14229-1",
            clause="11.2",
        )
    return answer[3:]


def routine_status(answer: bytes) -> bytes:
    """The routineStatusRecord of a `71`: pass or fail is in here, not in the `71` itself (clause 13.2)."""
    return answer[4:]


# --- words


def describe(pdu: bytes) -> str:
    """One line in words for any bytes: request, answer or refusal. Only names and hex, never characters of the PDU."""
    if not pdu:
        return "empty message"
    sid = pdu[0]
    if sid == NEGATIVE:
        return _describe_negative(pdu)
    if sid & POSITIVE_OFFSET and sid - POSITIVE_OFFSET in SERVICE_NAMES:
        details = _details(sid - POSITIVE_OFFSET, pdu, is_answer=True)
        return f"ok: {_joined(service_name(sid - POSITIVE_OFFSET), details)}"
    if sid in SERVICE_NAMES:
        quiet = ", no answer wanted" if is_suppressed(pdu) else ""
        return _joined(service_name(sid), _details(sid, pdu, is_answer=False)) + quiet
    return f"unknown service {_hex(pdu)}"


def _describe_negative(pdu: bytes) -> str:
    if len(pdu) < 3:
        return f"! broken negative response {_hex(pdu)}"
    if pdu[2] == nrc.RESPONSE_PENDING:
        return f"! pending: {service_name(pdu[1])} 0x78 needs more time"
    return f"! negative: {service_name(pdu[1])} {nrc.label(pdu[2])}"


def _details(sid: int, pdu: bytes, *, is_answer: bool) -> str:
    """What follows the service name. A PDU too short for its service falls back to its bytes in hex."""
    rest = pdu[1:]
    if sid in _SUBFUNCTION_SIDS and rest:
        return _sub_function(sid, rest[0] & 0x7F, rest[1:], is_answer=is_answer)
    if sid in (0x22, 0x24, 0x2E, 0x2F) and len(rest) >= 2:
        return _identifiers(sid, rest, is_answer=is_answer)
    if sid == Sid.TRANSFER_DATA and rest:
        length = len(rest) - 1
        return f"block {rest[0]}" if is_answer and not length else f"block {rest[0]}, {_count(length)}"
    if sid in (0x34, 0x35) and len(rest) >= 2:
        return _transfer_request(rest, is_answer=is_answer)
    if sid == Sid.CLEAR_DIAGNOSTIC_INFORMATION and len(rest) == 3:
        return "all" if rest == b"\xff\xff\xff" else f"group {rest.hex().upper()}"
    return _hex(rest)


def _sub_function(sid: int, sub: int, data: bytes, *, is_answer: bool) -> str:
    if sid == Sid.DIAGNOSTIC_SESSION_CONTROL:
        return SESSION_NAMES.get(sub, f"session {sub:02X}")
    if sid == Sid.ECU_RESET:
        return RESET_NAMES.get(sub, f"reset {sub:02X}")
    if sid == Sid.SECURITY_ACCESS:
        level = sub if sub & 1 else sub - 1
        return f"level {level:02X} {'seed' if sub & 1 else 'key'} {_hex(data)}".rstrip()
    if sid == Sid.COMMUNICATION_CONTROL:
        return COMMUNICATION_NAMES.get(sub, f"control {sub:02X}")
    if sid == Sid.AUTHENTICATION:
        return _authentication(sub, data, is_answer=is_answer)
    if sid == Sid.CONTROL_DTC_SETTING:
        return DTC_SETTING_NAMES.get(sub, f"setting {sub:02X}")
    if sid == Sid.TESTER_PRESENT and not sub:
        return ""
    if sid == Sid.ROUTINE_CONTROL and len(data) >= 2:
        rid = int.from_bytes(data[:2], "big")
        name = ROUTINE_IDENTIFIERS.get(rid)
        known = f" ({name})" if name else ""
        status = f" status {_hex(data[2:])}" if is_answer else f" {_hex(data[2:])}"
        return f"{ROUTINE_NAMES.get(sub, f'{sub:02X}')} {rid:04X}{known}{status if len(data) > 2 else ''}"
    if sid == Sid.READ_DTC_INFORMATION:
        return f"{DTC_REPORT_NAMES.get(sub, f'report {sub:02X}')} {_hex(data)}".rstrip()
    return f"{sub:02X} {_hex(data)}".rstrip()


def _authentication(task: int, data: bytes, *, is_answer: bool) -> str:
    """Certificates and proofs are long and say nothing to a reader: their size does."""
    name = AUTHENTICATION_NAMES.get(task, f"task {task:02X}")
    if is_answer and data:
        result = AUTHENTICATION_RESULTS.get(data[0], f"result {data[0]:02X}")
        return f"{name}: {result}" + (f", {_count(len(data) - 1)}" if len(data) > 1 else "")
    return f"{name}, {_count(len(data))}" if data else name


def _identifiers(sid: int, rest: bytes, *, is_answer: bool) -> str:
    if sid == 0x22 and not is_answer and len(rest) % 2 == 0:
        shown = " ".join(rest[i : i + 2].hex().upper() for i in range(0, min(len(rest), 16), 2))
        return shown if len(rest) <= 16 else f"{shown} ... ({len(rest) // 2} identifiers)"
    return f"{rest[:2].hex().upper()} {_hex(rest[2:])}".rstrip()


def _transfer_request(rest: bytes, *, is_answer: bool) -> str:
    if is_answer:
        length = rest[0] >> 4
        return f"blocks of {int.from_bytes(rest[1 : 1 + length], 'big')} bytes" if length else _hex(rest)
    much, where = rest[1] >> 4, rest[1] & 0x0F
    if len(rest) != 2 + much + where:
        return _hex(rest)
    size = int.from_bytes(rest[2 + where :], "big")
    return f"to {rest[2 : 2 + where].hex().upper()}, {_count(size)}, format {rest[0]:02X}"


def _joined(name: str, details: str) -> str:
    return f"{name} {details}" if details else name


def _count(length: int) -> str:
    return "1 byte" if length == 1 else f"{length} bytes"


def _hex(data: bytes, limit: int = 16) -> str:
    """Spaced hex, cut to `limit` bytes with the length said."""
    shown = data[:limit].hex(" ").upper()
    return shown if len(data) <= limit else f"{shown} ... ({len(data)} bytes)"
