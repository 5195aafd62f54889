"""One open channel of a J2534 device: messages, filters, periodic messages and settings. Starts no thread."""

from __future__ import annotations

import ctypes
import struct
import threading
from typing import Any, NamedTuple

from core.errors import DriverMissing
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.library import WRONG_ABI_ADVICE, Library

_new = tuple.__new__  # of a NamedTuple: half the cost, and every frame pays it
_REFUSED = (j.NOT_SUPPORTED, j.INVALID_IOCTL_ID, j.INVALID_IOCTL_VALUE, j.FAILED)


class Message(NamedTuple):
    """One PASSTHRU_MSG. `timestamp` in µs of the device's own clock; `data` begins with the CAN identifier."""

    data: bytes
    tx_flags: int = 0
    rx_status: int = 0
    timestamp: int = 0


class Channel:
    """Reading belongs to one thread, everything else may come from others. Errors as `Library.call` raises them."""

    def __init__(self, library: Library, number: int, protocol: int) -> None:
        self.library, self.number, self.protocol = library, number, protocol
        self._layouts = library.layouts
        self._room: Any = None  # read buffer, made once
        self._view = memoryview(b"")
        self._head = struct.Struct("@6" + self._layouts.letter)
        self._count = self._layouts.ulong(0)
        self._sending = threading.Lock()
        self._out = self._layouts.message()

    def read(self, most: int, milliseconds: int) -> list[Message]:
        """Up to `most` messages; waits for the first one. Empty where nothing came."""
        if self._room is None or len(self._room) < most:
            self._room = (self._layouts.message * most)()
            self._view = memoryview(self._room).cast("B")
        room, count = self._room, self._count
        count.value = most
        result = self.library.call(
            "PassThruReadMsgs", self.number, room, ctypes.byref(count), milliseconds,
            tolerate=(j.BUFFER_EMPTY, j.TIMEOUT, j.BUFFER_OVERFLOW),
        )  # fmt: skip
        if result == j.BUFFER_EMPTY:
            return []
        return self._messages(min(count.value, most))

    def _messages(self, count: int) -> list[Message]:
        """Out of the buffer, field by field through ctypes takes twice as long: a full bus feels that."""
        layouts, view, unpack = self._layouts, self._view, self._head.unpack_from
        size, offset = layouts.message_size, layouts.data_offset
        found = []
        for at in range(0, count * size, size):
            _, rx_status, tx_flags, timestamp, length, _ = unpack(view, at)
            begin = at + offset
            data = bytes(view[begin : begin + min(length, j.DATA_SIZE)])
            found.append(_new(Message, (data, tx_flags, rx_status, timestamp)))
        return found

    def write(self, data: bytes, tx_flags: int, milliseconds: int, tolerate: tuple[int, ...] = ()) -> int:
        """One message; waits at most `milliseconds` for it to be sent where the driver does so at all."""
        with self._sending:
            count = self._layouts.ulong(1)
            self._fill(self._out, data, tx_flags)
            return self.library.call(
                "PassThruWriteMsgs", self.number, ctypes.byref(self._out), ctypes.byref(count), milliseconds,
                tolerate=tolerate,
            )  # fmt: skip

    def start_filter(self, kind: int, mask: bytes, pattern: bytes, flow: bytes | None, tx_flags: int) -> int:
        """The filter's number. J2534Error with ERR_EXCEEDED_LIMIT where the device has no more room."""
        parts = [self._made(part, tx_flags) if part is not None else None for part in (mask, pattern, flow)]
        number = self._layouts.ulong(0)
        self.library.call(
            "PassThruStartMsgFilter", self.number, kind,
            *(ctypes.byref(part) if part is not None else None for part in parts), ctypes.byref(number),
        )  # fmt: skip
        return int(number.value)

    def stop_filter(self, number: int) -> None:
        self.library.call("PassThruStopMsgFilter", self.number, number)

    def start_periodic(self, data: bytes, tx_flags: int, milliseconds: int) -> int:
        """The device itself sends `data` from now on; the number stops it."""
        number = self._layouts.ulong(0)
        message = self._made(data, tx_flags)
        self.library.call(
            "PassThruStartPeriodicMsg", self.number, ctypes.byref(message), ctypes.byref(number), milliseconds
        )
        return int(number.value)

    def stop_periodic(self, number: int) -> None:
        self.library.call("PassThruStopPeriodicMsg", self.number, number)

    def get(self, parameter: int) -> int | None:
        """A setting's value, None where the device does not tell."""
        return self._configure(j.GET_CONFIG, parameter, 0)

    def set(self, parameter: int, value: int) -> bool:
        """Whether the device took it."""
        return self._configure(j.SET_CONFIG, parameter, value) is not None

    def clear(self, ioctl: int) -> bool:
        """CLEAR_TX_BUFFER and its like; whether the device can."""
        return not self.library.call("PassThruIoctl", self.number, ioctl, None, None, tolerate=_REFUSED)

    def check_abi(self) -> None:
        """DriverMissing where the library has written the bit rate to where another ABI has its place."""
        room = (self._layouts.config * 4)()  # a wider structure than ours must not write over other memory
        room[0].parameter = j.DATA_RATE
        wanted = self._layouts.config_list(1, ctypes.cast(room, ctypes.POINTER(self._layouts.config)))
        refused = self.library.call(
            "PassThruIoctl", self.number, j.GET_CONFIG, ctypes.byref(wanted), None, tolerate=_REFUSED
        )
        beside = (room[1].parameter, room[1].value)
        if not refused and (room[0].parameter != j.DATA_RATE or any(beside)):
            raise DriverMissing(
                f"{self.library.name}: the library {self.library.path} mixes two binary interfaces (ABI): its numbers "
                f"are “{self._layouts.name}”, its structures are not.",
                WRONG_ABI_ADVICE,
            )

    def close(self) -> None:
        self.library.call("PassThruDisconnect", self.number)

    def _configure(self, ioctl: int, parameter: int, value: int) -> int | None:
        config = self._layouts.config(parameter, value)
        wanted = self._layouts.config_list(1, ctypes.pointer(config))
        refused = self.library.call("PassThruIoctl", self.number, ioctl, ctypes.byref(wanted), None, tolerate=_REFUSED)
        return None if refused else int(config.value)

    def _made(self, data: bytes, tx_flags: int) -> Any:
        message = self._layouts.message()
        self._fill(message, data, tx_flags)
        return message

    def _fill(self, message: Any, data: bytes, tx_flags: int) -> None:
        message.protocol, message.tx_flags, message.data_size = self.protocol, tx_flags, len(data)
        message.rx_status = message.timestamp = 0
        message.extra = 0
        ctypes.memmove(ctypes.addressof(message) + self._layouts.data_offset, data, len(data))
