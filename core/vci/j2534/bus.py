"""A pass-thru device as a python-can bus (plug-in `j2534`): raw CAN frames. No ISO-TP, no CAN FD."""

from __future__ import annotations

import errno
import time
from collections import deque
from pathlib import Path
from typing import Any

import can

from core.errors import DriverMissing, NoResponse, ProductError, VciLost
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.face import OpenDevice

BATCH = 64
SLICE = 50  # milliseconds in one call of the driver, so that a close is not held up
SEND = 1000  # milliseconds
PAUSE = 0.002  # seconds, where a library returns at once instead of waiting


class J2534Bus(can.BusABC):
    """`can.Bus(interface="j2534", channel=NAME, bitrate=500000)`.

    `channel` is the device's registered name; `library` a path instead of it, `device` the name for PassThruOpen where
    one library serves several, `helper` True a process of its own for the library. `j2534_device` is a device that is
    open already; the bus closes it. Errors are python-can's: CanInterfaceNotImplementedError without a driver,
    CanInitializationError, CanOperationError.
    """

    def __init__(
        self,
        channel: Any = "",
        bitrate: int = 500_000,
        library: str = "",
        device: str = "",
        helper: bool | str = "auto",
        receive_own_messages: bool = False,
        j2534_device: OpenDevice | None = None,
        **more: Any,
    ) -> None:
        name = str(channel or device or library)
        try:
            self.device = j2534_device or _open(str(channel), library, device, helper)
        except DriverMissing as error:
            raise can.CanInterfaceNotImplementedError(f"{error.message} {error.advice}") from error
        except ProductError as error:
            raise can.CanInitializationError(f"{error.message} {error.advice}") from error
        try:
            self._channel = self.device.connect(j.CAN, bitrate)
            if receive_own_messages:
                self._channel.set(j.LOOPBACK, 1)
            for flags in (0, j.CAN_29BIT_ID):
                self._channel.start_filter(j.PASS_FILTER, bytes(4), bytes(4), None, flags)
        except ProductError as error:
            self.device.close()
            raise can.CanInitializationError(f"{error.message} {error.advice}") from error
        self.channel_info = f"J2534 {name}"
        self._received: deque[Message] = deque()
        self._own, self._ended = receive_own_messages, False
        self._started: tuple[float, int] | None = None
        super().__init__(channel=channel, **more)

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        if msg.is_fd or msg.is_remote_frame or msg.is_error_frame:
            raise can.CanOperationError("A pass-thru device sends classic data frames only")
        flags = j.CAN_29BIT_ID if msg.is_extended_id else 0
        wait = SEND if timeout is None else int(timeout * 1000)
        try:
            self._channel.write(msg.arbitration_id.to_bytes(4, "big") + bytes(msg.data), flags, wait)
        except NoResponse as error:
            raise can.CanTimeoutError(error.message) from None
        except ProductError as error:
            raise _failed(error) from None

    def shutdown(self) -> None:
        super().shutdown()
        self._ended = True
        self.device.close()

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        give_up = None if timeout is None else time.monotonic() + timeout
        while True:
            while self._received:
                frame = self._received.popleft()
                if len(frame.data) >= 4 and (self._own or not frame.rx_status & j.TX_MSG_TYPE):
                    return self._as_message(frame), False
            began = time.monotonic()
            left = SLICE / 1000 if give_up is None else max(0.0, give_up - began)
            try:
                self._received.extend(self._channel.read(BATCH, min(SLICE, int(left * 1000))))
            except ProductError as error:
                if self._ended:
                    return None, False  # a notifier that is still reading while its bus is shut down
                raise _failed(error) from None
            if self._received:
                continue
            now = time.monotonic()
            if give_up is not None and now >= give_up:
                return None, False
            if now - began < PAUSE:
                time.sleep(PAUSE)

    def _as_message(self, frame: Message) -> can.Message:
        return can.Message(
            timestamp=self._time_of(frame.timestamp),
            arbitration_id=int.from_bytes(frame.data[:4], "big"),
            is_extended_id=bool(frame.rx_status & j.CAN_29BIT_ID),
            is_rx=not frame.rx_status & j.TX_MSG_TYPE,
            data=frame.data[4:12],
            channel=self.channel_info,
            check=False,
        )

    def _time_of(self, microseconds: int) -> float:
        """The device counts 32 bits of µs from anywhere; set anew where the two clocks have drifted by a second."""
        now = time.time()
        if self._started is not None:
            begun, at = self._started
            stamp = begun + ((microseconds - at) & 0xFFFF_FFFF) / 1e6
            if abs(stamp - now) < 1.0:
                return stamp
        self._started = now, microseconds
        return now


def _failed(error: ProductError) -> can.CanOperationError:
    gone = errno.ENODEV if isinstance(error, VciLost) else None
    return can.CanOperationError(f"{error.message} {error.advice}", gone)


def _open(name: str, library: str, device: str, helper: bool | str) -> OpenDevice:
    """Without the product's lock: two programs on one device are the driver's matter here."""
    from core.vci.j2534.opening import open_named

    return open_named(name or Path(library).name, library, device, helper=helper)
