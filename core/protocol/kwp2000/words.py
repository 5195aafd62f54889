"""KWP2000 messages in words: one line for any bytes. Only names and hex, never characters of the message. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.protocol.kwp2000 import nrc
from core.protocol.kwp2000.services import SERVICE_NAMES, Sid, is_suppressed, service_name

SESSION_NAMES: Final = {
    0x81: "default", 0x83: "end of line", 0x84: "passive", 0x85: "programming", 0x86: "development", 0x87: "adjustment",
    0x90: "maker's own 90", 0x92: "extended",
}  # fmt: skip
IDENTIFICATIONS: Final = {
    0x80: "identification table", 0x90: "VIN", 0x91: "hardware number", 0x92: "supplier's hardware number",
    0x93: "supplier's hardware version", 0x94: "supplier's software number", 0x95: "supplier's software version",
    0x96: "type approval number", 0x97: "system name", 0x98: "repair shop code", 0x99: "programming date",
    0x9A: "fingerprint",
}  # fmt: skip


def describe(pdu: bytes) -> str:
    """Request, answer or refusal in one line."""
    if not pdu:
        return "empty message"
    sid = pdu[0]
    if sid == 0x7F:
        return _refusal(pdu)
    if sid - 0x40 in SERVICE_NAMES and sid not in SERVICE_NAMES:
        return f"ok: {_joined(service_name(sid - 0x40), _details(sid - 0x40, pdu[1:], is_answer=True))}"
    if sid in SERVICE_NAMES:
        quiet = ", no answer wanted" if is_suppressed(pdu) else ""
        return _joined(service_name(sid), _details(sid, pdu[1:], is_answer=False)) + quiet
    return f"unknown service {_hex(pdu)}"


def _refusal(pdu: bytes) -> str:
    if len(pdu) < 3:
        return f"! broken negative response {_hex(pdu)}"
    if pdu[2] == 0x78:
        return f"! pending: {service_name(pdu[1])} 0x78 needs more time"
    return f"! negative: {service_name(pdu[1])} {nrc.label(pdu[2])}"


def _session(rest: bytes, is_answer: bool) -> str:
    return SESSION_NAMES.get(rest[0], f"session {rest[0]:02X}")


def _identification(rest: bytes, is_answer: bool) -> str:
    name = IDENTIFICATIONS.get(rest[0])
    known = f" ({name})" if name else ""
    return f"{rest[0]:02X}{known} {_hex(rest[1:])}".rstrip()


def _local(rest: bytes, is_answer: bool) -> str:
    return f"{rest[0]:02X} {_hex(rest[1:])}".rstrip()


def _security(rest: bytes, is_answer: bool) -> str:
    mode = rest[0]
    level = mode if mode & 1 else mode - 1
    return f"level {level:02X} {'seed' if mode & 1 else 'key'} {_hex(rest[1:])}".rstrip()


def _routine(rest: bytes, is_answer: bool) -> str:
    status = " status" if is_answer and len(rest) > 1 else ""
    return f"{rest[0]:02X}{status} {_hex(rest[1:])}".rstrip()


def _blocks(rest: bytes, is_answer: bool) -> str:
    return f"blocks of {int.from_bytes(rest, 'big')} bytes" if is_answer and len(rest) <= 4 else _hex(rest)


def _block(rest: bytes, is_answer: bool) -> str:
    return "1 byte" if len(rest) == 1 else f"{len(rest)} bytes"


def _clear(rest: bytes, is_answer: bool) -> str:
    return "all" if rest == b"\xff\x00" else f"group {_hex(rest)}"


def _codes(rest: bytes, is_answer: bool) -> str:
    return f"{rest[0]} codes {_hex(rest[1:])}".rstrip() if is_answer else _hex(rest)


def _setting(rest: bytes, is_answer: bool) -> str:
    if is_answer or len(rest) < 4:
        return _hex(rest)
    return {1: "on", 2: "off"}.get(rest[3], f"mode {rest[3]:02X}")


def _nothing(rest: bytes, is_answer: bool) -> str:
    return ""


_DETAILS: Final[dict[int, Callable[[bytes, bool], str]]] = {
    Sid.START_DIAGNOSTIC_SESSION: _session,
    Sid.READ_ECU_IDENTIFICATION: _identification,
    Sid.READ_DATA_BY_LOCAL_IDENTIFIER: _local,
    Sid.WRITE_DATA_BY_LOCAL_IDENTIFIER: _local,
    Sid.SECURITY_ACCESS: _security,
    Sid.START_ROUTINE_BY_LOCAL_IDENTIFIER: _routine,
    Sid.STOP_ROUTINE_BY_LOCAL_IDENTIFIER: _routine,
    Sid.REQUEST_ROUTINE_RESULTS_BY_LOCAL_IDENTIFIER: _routine,
    Sid.REQUEST_DOWNLOAD: _blocks,
    Sid.TRANSFER_DATA: _block,
    Sid.CLEAR_DIAGNOSTIC_INFORMATION: _clear,
    Sid.READ_DIAGNOSTIC_TROUBLE_CODES_BY_STATUS: _codes,
    Sid.CONTROL_DTC_SETTING: _setting,
    Sid.TESTER_PRESENT: _nothing,
    Sid.DISABLE_NORMAL_MESSAGE_TRANSMISSION: _nothing,
    Sid.ENABLE_NORMAL_MESSAGE_TRANSMISSION: _nothing,
}


def _details(sid: int, rest: bytes, *, is_answer: bool) -> str:
    words = _DETAILS.get(sid)
    return words(rest, is_answer) if rest and words is not None else _hex(rest)


def _joined(name: str, details: str) -> str:
    return f"{name} {details}" if details else name


def _hex(data: bytes, limit: int = 16) -> str:
    shown = data[:limit].hex(" ").upper()
    return shown if len(data) <= limit else f"{shown} ... ({len(data)} bytes)"
