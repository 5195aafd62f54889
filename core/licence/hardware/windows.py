"""Machine traits on Windows by registry and firmware table: no shell, no WMI, no administrator rights.

MachineGuid, the SMBIOS UUID with the board's serial number (GetSystemFirmwareTable), the first permanent MAC address
that GetAdaptersAddresses has for a PCI card, and the serial number of the system volume's disk.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_RSMB = 0x52534D42
_SYSTEM_INFORMATION, _BASEBOARD, _END_OF_TABLE = 1, 2, 127
_STORAGE_QUERY_PROPERTY = 0x002D1400
_ETHERNET, _WIFI = 6, 71


def traits() -> tuple[str, str, str, str]:
    return _installation(), board_of(_firmware_table()), _network(), _disk()


def _installation() -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    try:
        # the 64-bit view, so that a 32-bit Python reads the same value
        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography", 0, access) as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    except OSError:
        return ""


def _library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name, use_last_error=True)  # noqa: B009 - not there elsewhere


def _firmware_table() -> bytes:
    kernel = _library("kernel32")
    size = kernel.GetSystemFirmwareTable(_RSMB, 0, None, 0)
    if size <= 0:
        return b""
    buffer = ctypes.create_string_buffer(size)
    got = kernel.GetSystemFirmwareTable(_RSMB, 0, buffer, size)
    return buffer.raw[:got] if 0 < got <= size else b""


def board_of(table: bytes) -> str:
    """SMBIOS UUID and serial number of the board from a raw SMBIOS table (DSP0134) behind its 8 bytes of header."""
    found: dict[int, str] = {}
    at = 8
    while at + 4 <= len(table):
        kind, length = table[at], table[at + 1]
        if length < 4 or at + length > len(table) or kind == _END_OF_TABLE:
            break
        strings, following = _strings(table, at + length)
        body = table[at : at + length]
        if kind == _SYSTEM_INFORMATION and length >= 24:
            found.setdefault(kind, body[8:24].hex() if body[8:24].strip(b"\xff").strip(b"\0") else "")
        elif kind == _BASEBOARD and length >= 8:
            number = body[7]
            found.setdefault(kind, strings[number - 1] if 0 < number <= len(strings) else "")
        at = following
    return " ".join(filter(None, (found.get(_SYSTEM_INFORMATION, ""), found.get(_BASEBOARD, ""))))


def _strings(table: bytes, at: int) -> tuple[list[str], int]:
    """The strings behind a structure, and where the next structure begins."""
    end = table.find(b"\0\0", at)
    if end < 0:
        return [], len(table)
    return [text.decode("latin-1").strip() for text in table[at:end].split(b"\0")], end + 2


def _network() -> str:
    """The lowest address among the Ethernet and WLAN cards that are no tunnel and were not renamed by a user."""
    helper = _library("iphlpapi")
    size = ctypes.c_ulong(16_384)
    for _ in range(4):
        buffer = ctypes.create_string_buffer(size.value)
        code = helper.GetAdaptersInfo(buffer, ctypes.byref(size))
        if code == 0:
            return _lowest_mac(buffer)
        if code != 111:  # ERROR_BUFFER_OVERFLOW: once more with the size that it told
            return ""
    return ""


class _AdapterInfo(ctypes.Structure):
    """The head of IP_ADAPTER_INFO, as far as it is read here."""

    _fields_ = (
        ("next", ctypes.c_void_p),
        ("combo_index", ctypes.c_uint32),
        ("name", ctypes.c_char * 260),
        ("description", ctypes.c_char * 132),
        ("address_length", ctypes.c_uint32),
        ("address", ctypes.c_ubyte * 8),
        ("index", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
    )


def _lowest_mac(buffer: Any) -> str:
    found = []
    place: int | None = ctypes.addressof(buffer)
    while place:
        adapter = _AdapterInfo.from_address(place)
        address = bytes(adapter.address[: adapter.address_length])
        locally_set = bool(address and address[0] & 0x02)
        if adapter.kind in (_ETHERNET, _WIFI) and len(address) == 6 and not locally_set:
            found.append(address.hex(":"))
        place = adapter.next
    return min(found, default="")


def _disk() -> str:
    """STORAGE_DEVICE_DESCRIPTOR.SerialNumber of the first physical disk; reading it needs no rights on the disk."""
    kernel = _library("kernel32")
    kernel.CreateFileW.restype = ctypes.c_void_p
    handle = kernel.CreateFileW(r"\\.\PhysicalDrive0", 0, 3, None, 3, 0, None)
    if handle in (None, ctypes.c_void_p(-1).value):
        return ""
    try:
        question = (ctypes.c_uint32 * 3)(0, 0, 0)  # StorageDeviceProperty, PropertyStandardQuery
        answer = ctypes.create_string_buffer(1024)
        got = ctypes.c_ulong(0)
        done = kernel.DeviceIoControl(
            ctypes.c_void_p(handle), _STORAGE_QUERY_PROPERTY, question, 12, answer, 1024, ctypes.byref(got), None
        )
        return serial_of(answer.raw[: got.value]) if done else ""
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))


def serial_of(descriptor: bytes) -> str:
    """The serial number in a STORAGE_DEVICE_DESCRIPTOR, whose offset lies at byte 24."""
    offset = int.from_bytes(descriptor[24:28], "little")
    if not 28 <= offset < len(descriptor):
        return ""
    return descriptor[offset:].split(b"\0", 1)[0].decode("latin-1").strip()
