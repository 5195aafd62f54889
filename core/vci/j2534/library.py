"""A vendor's J2534 library by ctypes: its function table, and which size `unsigned long` has there. Keeps no state."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import DriverMissing, ProductError
from core.vci.j2534 import constants as j
from core.vci.j2534.errors import translated

# u: unsigned long by value, p: pointer; in the order of the export ordinals (SAE J2534-1, 7.2)
SIGNATURES = {
    "PassThruOpen": "pp", "PassThruClose": "u", "PassThruConnect": "uuuup", "PassThruDisconnect": "u",
    "PassThruReadMsgs": "uppu", "PassThruWriteMsgs": "uppu", "PassThruStartPeriodicMsg": "uppu",
    "PassThruStopPeriodicMsg": "uu", "PassThruStartMsgFilter": "uupppp", "PassThruStopMsgFilter": "uu",
    "PassThruSetProgrammingVoltage": "uuu", "PassThruReadVersion": "uppp", "PassThruGetLastError": "p",
    "PassThruIoctl": "uupp",
}  # fmt: skip
OPTIONAL = frozenset(
    {
        "PassThruStartPeriodicMsg", "PassThruStopPeriodicMsg", "PassThruStopMsgFilter",
        "PassThruSetProgrammingVoltage", "PassThruReadVersion", "PassThruGetLastError",
    }
)  # fmt: skip
TEXT = 80  # bytes of a version or error text (SAE J2534-1, 7.2.12)
_UNTOUCHED = b"\xaa"


class Layouts(NamedTuple):
    """The structures of one ABI. `data_offset` and `message_size` in bytes (3.5: 48 and 4176, or 24 and 4152)."""

    name: str
    ulong: Any
    message: Any
    config: Any
    config_list: Any
    data_offset: int
    message_size: int


def _layouts(name: str, ulong: Any) -> Layouts:
    words = ("protocol", "rx_status", "tx_flags", "timestamp", "data_size", "extra")

    class Message(ctypes.Structure):
        _fields_ = [*((word, ulong) for word in words), ("data", ctypes.c_ubyte * j.DATA_SIZE)]

    class Config(ctypes.Structure):
        _fields_ = [("parameter", ulong), ("value", ulong)]

    class ConfigList(ctypes.Structure):
        _fields_ = [("count", ulong), ("configs", ctypes.POINTER(Config))]

    offset = 6 * ctypes.sizeof(ulong)
    return Layouts(name, ulong, Message, Config, ConfigList, offset, ctypes.sizeof(Message))


U32 = _layouts("32 bit", ctypes.c_uint32)
NATIVE = _layouts("unsigned long", ctypes.c_ulong)
_LOADER: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)  # stdcall on Windows
_LONG_IS_WIDE = ctypes.sizeof(ctypes.c_ulong) == 8  # LP64: Linux and macOS on 64 bit


class Library:
    """The functions of one library. `name` stands in every message; `layouts` holds after `open`."""

    def __init__(self, path: Path, name: str) -> None:
        """DriverMissing where it is not there, cannot be loaded, or lacks a function."""
        self.path, self.name = path, name
        self.layouts = NATIVE if _LONG_IS_WIDE else U32
        try:
            handle = _LOADER(str(path))
        except OSError as error:
            raise DriverMissing(
                f"{name}: the library {path} cannot be loaded ({error}).", "Install the device's driver again."
            ) from error
        self._functions: dict[str, Any] = {}
        missing = []
        for function in SIGNATURES:
            try:
                self._functions[function] = handle[function]
            except AttributeError:
                missing.append(function)
        self.missing = frozenset(missing)
        lacking = sorted(self.missing - OPTIONAL)
        if lacking:
            raise DriverMissing(_lacks(name, path, lacking, handle), "Install the device's driver for API 04.04.")
        self._declare()

    def open(self, device: str = "") -> int:
        """The device's number: the only one, else the one called `device` (default: as the library). May wait long.

        The ABI is found out here: who writes 8 bytes for the number has the wide `unsigned long`.
        """
        names: list[bytes | None] = [device.encode()] if device else [None, self.name.encode()]
        failure: ProductError | None = None
        for name in names:
            number = ctypes.create_string_buffer(_UNTOUCHED * 8, 8)
            result = self._functions["PassThruOpen"](name, number) & 0xFFFF_FFFF
            if result == j.NOERROR:
                written: bytes = number.raw
                if _LONG_IS_WIDE:
                    self.layouts = U32 if written[4:] == _UNTOUCHED * 4 else NATIVE
                    self._declare()
                return int.from_bytes(written[: ctypes.sizeof(self.layouts.ulong)], sys.byteorder)
            failure = failure or self.error(result, "PassThruOpen")
            if result in (j.DEVICE_IN_USE, j.DEVICE_NOT_CONNECTED):
                break  # a name would not change that
        assert failure is not None
        raise failure

    def call(self, function: str, *arguments: Any, tolerate: tuple[int, ...] = ()) -> int:
        """The result code where it is 0 or one of `tolerate`; the translated error else. A missing one: 0x01."""
        known = self._functions.get(function)
        result = known(*arguments) & 0xFFFF_FFFF if known is not None else j.NOT_SUPPORTED
        if result and result not in tolerate:
            raise self.error(result, function)
        return int(result)

    def error(self, result: int, function: str) -> ProductError:
        said = (ctypes.c_char * (TEXT + 1))()
        known = self._functions.get("PassThruGetLastError")
        if known is None or known(said) & 0xFFFF_FFFF:
            return translated(result, function, self.name)
        return translated(result, function, self.name, text_of(said))

    def _declare(self) -> None:
        kinds = {"u": self.layouts.ulong, "p": ctypes.c_void_p}
        for name, function in self._functions.items():
            function.restype = ctypes.c_int32  # long, but codes are small: the low half is right in both ABIs
            function.argtypes = [kinds[letter] for letter in SIGNATURES[name]]


def text_of(buffer: Any) -> str:
    return bytes(buffer.value).decode("latin-1", "replace").strip()


def _lacks(name: str, path: Path, lacking: list[str], handle: Any) -> str:
    def has(function: str) -> bool:
        try:
            return bool(handle[function])
        except AttributeError:
            return False

    if has("PassThruScanForDevices"):
        return f"{name}: {path} speaks API 05.00, which is not supported."
    if "PassThruOpen" in lacking and has("PassThruConnect"):
        return f"{name}: {path} speaks API 02.02, which is not supported."
    return f"{name}: the library {path} has no function {', '.join(lacking)}."
