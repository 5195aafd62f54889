"""A vendor's J2534 library by ctypes: its function table, its API version, and which size `unsigned long` has there."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from core.errors import DriverMissing, ProductError
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.errors import translated

API = "04.04"
# u: unsigned long by value, p: pointer; in the order of the export ordinals (SAE J2534-1, 7.2)
SIGNATURES = {
    "PassThruOpen": "pp", "PassThruClose": "u", "PassThruConnect": "uuuup", "PassThruDisconnect": "u",
    "PassThruReadMsgs": "uppu", "PassThruWriteMsgs": "uppu", "PassThruStartPeriodicMsg": "uppu",
    "PassThruStopPeriodicMsg": "uu", "PassThruStartMsgFilter": "uupppp", "PassThruStopMsgFilter": "uu",
    "PassThruSetProgrammingVoltage": "uuu", "PassThruReadVersion": "uppp", "PassThruGetLastError": "p",
    "PassThruIoctl": "uupp",
}  # fmt: skip
OLD_SIGNATURES = {
    **{name: letters for name, letters in SIGNATURES.items() if name not in ("PassThruOpen", "PassThruClose")},
    "PassThruConnect": "uup", "PassThruSetProgrammingVoltage": "uu", "PassThruReadVersion": "ppp",
}  # fmt: skip
DEFAULT_BITRATE = 500_000
WRONG_ABI_ADVICE = "Ask the device's maker for a driver that is built for this system."
OPTIONAL = frozenset(
    {
        "PassThruStartPeriodicMsg", "PassThruStopPeriodicMsg", "PassThruStopMsgFilter",
        "PassThruSetProgrammingVoltage", "PassThruReadVersion", "PassThruGetLastError",
    }
)  # fmt: skip
TEXT = 80  # bytes of a version or error text (SAE J2534-1, 7.2.12)
_UNTOUCHED = b"\xaa"


class Layouts(NamedTuple):
    """The structures of one ABI; `letter` is what the struct module calls the number.

    `data_offset` and `message_size` in bytes (3.5: 48 and 4176, or 24 and 4152).
    """

    name: str
    letter: str
    ulong: Any
    message: Any
    config: Any
    config_list: Any
    info: Any
    info_list: Any
    data_offset: int
    message_size: int


def _layouts(name: str, letter: str, ulong: Any) -> Layouts:
    words = ("protocol", "rx_status", "tx_flags", "timestamp", "data_size", "extra")

    class Message(ctypes.Structure):
        _fields_ = [*((word, ulong) for word in words), ("data", ctypes.c_ubyte * j.DATA_SIZE)]

    class Config(ctypes.Structure):
        _fields_ = [("parameter", ulong), ("value", ulong)]

    class ConfigList(ctypes.Structure):
        _fields_ = [("count", ulong), ("configs", ctypes.POINTER(Config))]

    class Info(ctypes.Structure):  # SPARAM of J2534-2
        _fields_ = [("parameter", ulong), ("value", ulong), ("supported", ulong)]

    class InfoList(ctypes.Structure):
        _fields_ = [("count", ulong), ("infos", ctypes.POINTER(Info))]

    offset = 6 * ctypes.sizeof(ulong)
    return Layouts(name, letter, ulong, Message, Config, ConfigList, Info, InfoList, offset, ctypes.sizeof(Message))


U32 = _layouts("32 bit", "I", ctypes.c_uint32)
NATIVE = _layouts("unsigned long", "L", ctypes.c_ulong)
_LOADER: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)  # stdcall on Windows
_LONG_IS_WIDE = ctypes.sizeof(ctypes.c_ulong) == 8  # LP64: Linux and macOS on 64 bit


class Library:
    """The functions of one library (API 04.04). `name` stands in every message; `layouts` holds after `open`."""

    api: ClassVar[str] = API
    signatures: ClassVar[dict[str, str]] = SIGNATURES

    def __init__(self, handle: Any, path: Path, name: str) -> None:
        """DriverMissing where it lacks a function. `load` finds out which API it is."""
        self.path, self.name = path, name
        self.layouts = NATIVE if _LONG_IS_WIDE else U32
        self._functions: dict[str, Any] = {}
        for function in self.signatures:
            try:
                self._functions[function] = handle[function]
            except AttributeError:
                pass
        self.missing = frozenset(self.signatures.keys() - self._functions.keys())
        lacking = sorted(self.missing - OPTIONAL)
        if lacking:
            raise DriverMissing(_lacks(name, path, lacking), "Install the device's driver again, for API 04.04.")
        self._declare()

    def open(self, device: str = "") -> int:
        """The device's number: the only one, else the one called `device` (default: as the library). May wait long.

        The ABI is found out here: who writes 8 bytes for the number has the wide `unsigned long`.
        """
        names: list[bytes | None] = [device.encode()] if device else [None, self.name.encode()]
        failure: ProductError | None = None
        for name in names:
            number = untouched()
            result = self._functions["PassThruOpen"](name, number) & 0xFFFF_FFFF
            if result == j.NOERROR:
                return self._learn(number)
            failure = failure or self.error(result, "PassThruOpen")
            if result in (j.DEVICE_IN_USE, j.DEVICE_NOT_CONNECTED):
                break  # a name would not change that
        assert failure is not None
        raise failure

    def connect(self, device: int, protocol: int, flags: int, bitrate: int) -> int:
        """The new channel's number."""
        number = self.layouts.ulong(0)
        self.call("PassThruConnect", device, protocol, flags, bitrate, ctypes.byref(number))
        return int(number.value)

    def read_version(self, device: int, texts: list[Any]) -> int:
        """Firmware, library and API into three buffers; the result code."""
        return self.call("PassThruReadVersion", device, *texts, tolerate=(j.NOT_SUPPORTED, j.FAILED))

    def voltage_handle(self, device: int, channels: list[int]) -> int | None:
        """What READ_VBATT is asked with; None where that is not there yet."""
        return device

    def close(self, device: int) -> None:
        self.call("PassThruClose", device)

    def _learn(self, number: Any) -> int:
        """The number that the library wrote into `untouched()`, and from how much it wrote the ABI."""
        written: bytes = number.raw
        if written[:4] == _UNTOUCHED * 4:
            raise DriverMissing(
                f"{self.name}: the library {self.path} says that it worked and tells no number: its binary interface "
                "(ABI) is unknown.",
                WRONG_ABI_ADVICE,
            )
        if _LONG_IS_WIDE:
            self.layouts = U32 if written[4:] == _UNTOUCHED * 4 else NATIVE
            self._declare()
        return int.from_bytes(written[: ctypes.sizeof(self.layouts.ulong)], sys.byteorder)

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
            function.argtypes = [kinds[letter] for letter in self.signatures[name]]


class OldLibrary(Library):
    """API 02.02: no device that could be opened, no bit rate at Connect, ReadVersion without a device at any time.

    Channels are 11 or 29 bit, never both (CAN_ID_BOTH is 04.04), and READ_VBATT is asked with a channel.
    """

    api = "02.02"
    signatures = OLD_SIGNATURES

    def open(self, device: str = "") -> int:
        """Nothing happens before the first channel; the ABI is learned there."""
        return 0

    def connect(self, device: int, protocol: int, flags: int, bitrate: int) -> int:
        """INVALID_FLAGS for CAN_ID_BOTH, so that the caller tries without."""
        if flags & j.CAN_ID_BOTH:
            raise self.error(j.INVALID_FLAGS, "PassThruConnect")
        number = untouched()
        self.call("PassThruConnect", protocol, flags, number)
        channel = self._learn(number)
        config = self.layouts.config(j.DATA_RATE, bitrate)
        wanted = self.layouts.config_list(1, ctypes.pointer(config))
        result = self.call(
            "PassThruIoctl", channel, j.SET_CONFIG, ctypes.byref(wanted), None, tolerate=tuple(range(1, 0x1B))
        )
        if result and bitrate != DEFAULT_BITRATE:  # the default of CAN needs no setting (02.02, table of defaults)
            self.call("PassThruDisconnect", channel, tolerate=tuple(range(1, 0x1B)))
            raise self.error(j.INVALID_BAUDRATE, "PassThruIoctl")
        return channel

    def read_version(self, device: int, texts: list[Any]) -> int:
        return self.call("PassThruReadVersion", *texts, tolerate=(j.NOT_SUPPORTED, j.FAILED))

    def voltage_handle(self, device: int, channels: list[int]) -> int | None:
        return channels[0] if channels else None

    def close(self, device: int) -> None:
        """Disconnect has let go of everything."""


def load(path: Path, name: str) -> Library:
    """DriverMissing where it is not there, cannot be loaded, lacks a function, or speaks API 05.00."""
    try:
        handle = _LOADER(str(path))
    except OSError as error:
        raise DriverMissing(
            f"{name}: the library {path} cannot be loaded ({error}).", "Install the device's driver again."
        ) from error
    if not _has(handle, "PassThruOpen"):
        if _has(handle, "PassThruScanForDevices"):
            words = f"{name}: {path} speaks API 05.00, which is not supported."
            raise DriverMissing(words, "Install the device's driver for API 04.04.")
        if _has(handle, "PassThruConnect"):
            return OldLibrary(handle, path, name)
    return Library(handle, path, name)


def untouched() -> Any:
    """Room for one number, filled so that one sees how much of it was written."""
    return ctypes.create_string_buffer(_UNTOUCHED * 8, 8)


def text_of(buffer: Any) -> str:
    return bytes(buffer.value).decode("latin-1", "replace").strip()


def _has(handle: Any, function: str) -> bool:
    try:
        return bool(handle[function])
    except AttributeError:
        return False


def _lacks(name: str, path: Path, lacking: list[str]) -> str:
    return f"{name}: the library {path} has no function {', '.join(lacking)}."
