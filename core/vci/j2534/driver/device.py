"""One open J2534 device: versions, supply voltage, its channels, and what it lacks, in words. Starts no thread."""

from __future__ import annotations

import ctypes
import threading
from typing import NamedTuple

from core.errors import DriverMissing, ProductError
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.channel import Channel
from core.vci.j2534.driver.errors import J2534Error
from core.vci.j2534.driver.library import TEXT, Library, text_of
from core.vocabulary.cleaning import clean

APIS = ("04.04", "05.00", "02.02")
NO_VOLTAGE = "The device cannot measure the supply voltage: check it with a meter before flashing."
NO_SETTINGS = "The device's settings cannot be changed: block size and separation time are its own."
NO_CLEARING = "The device cannot empty its buffers: old messages are read and left out."
NO_29_BIT = "The device takes either 11 or 29 bit identifiers: units with 29 bit are out of reach."


class Versions(NamedTuple):
    """As PassThruReadVersion told them, "" where it did not."""

    firmware: str
    library: str
    api: str


class J2534Device:
    """Opens at once. `limits` grows with what is found missing, each a sentence with its consequence."""

    def __init__(self, library: Library, device: str = "") -> None:
        """VciNotFound, VciBusy, DriverMissing for API 05.00, J2534Error; waits as long as the library does."""
        self.library = library
        self.number = library.open(device)
        self.limits: list[str] = []
        self._channels: list[Channel] = []
        self._closing = threading.Lock()
        self._closed = False
        try:
            self.versions = self._read_versions()
            if self.versions.api.startswith("05"):
                raise DriverMissing(
                    f"{library.name} speaks API {self.versions.api}, which is not supported.",
                    "Install the device's driver for API 04.04.",
                )
            self._has_voltage = True
            self.voltage()
        except ProductError:
            self.close()
            raise

    def voltage(self) -> float | None:
        """Volts at pin 16 of the plug (READ_VBATT), None where the device cannot measure."""
        if not self._has_voltage:
            return None
        handle = self.library.voltage_handle(self.number, [channel.number for channel in self._channels])
        if handle is None:
            return None
        volts = self.library.layouts.ulong(0)
        tolerate = (j.NOT_SUPPORTED, j.INVALID_IOCTL_ID, j.INVALID_IOCTL_VALUE, j.FAILED)
        refused = self.library.call("PassThruIoctl", handle, j.READ_VBATT, None, ctypes.byref(volts), tolerate=tolerate)
        if refused:
            if refused != j.FAILED:  # which may be better the next time
                self._has_voltage = False
            self.lacks(NO_VOLTAGE)
            return None
        return int(volts.value) / 1000

    def serial(self) -> str:
        """The serial number where the device tells one (GET_DEVICE_INFO of J2534-2), else ""."""
        layouts = self.library.layouts
        info = (layouts.info * 4)()  # room for a wider structure than ours
        info[0].parameter = j.SERIAL_NUMBER
        wanted = layouts.info_list(1, ctypes.cast(info, ctypes.POINTER(layouts.info)))
        handle = self.library.voltage_handle(self.number, [channel.number for channel in self._channels])
        if handle is None:
            return ""
        refused = self.library.call(
            "PassThruIoctl", handle, j.GET_DEVICE_INFO, ctypes.byref(wanted), None, tolerate=tuple(range(1, 0x1B))
        )
        return f"{info[0].value:08X}" if not refused and info[0].supported and info[0].value else ""

    def connect(self, protocol: int, bitrate: int) -> Channel:
        """A channel with empty buffers, loop-back off, for 11 and 29 bit where the device can do both."""
        try:
            number = self.library.connect(self.number, protocol, j.CAN_ID_BOTH, bitrate)
        except J2534Error as error:
            if error.result not in (j.INVALID_FLAGS, j.NOT_SUPPORTED):
                raise
            number = self.library.connect(self.number, protocol, 0, bitrate)
            self.lacks(NO_29_BIT)
        channel = Channel(self.library, number, protocol)
        self._channels.append(channel)
        channel.check_abi()
        if not channel.set(j.LOOPBACK, 0):
            self.lacks(NO_SETTINGS)
        if not channel.clear(j.CLEAR_RX_BUFFER):
            self.lacks(NO_CLEARING)
        if len(self._channels) == 1:
            self.voltage()  # API 02.02 can measure from now on
        return channel

    @property
    def name(self) -> str:
        return self.library.name

    @property
    def abi(self) -> str:
        return self.library.layouts.name

    @property
    def api(self) -> str:
        """Of the functions that are called, whatever the library says in its versions."""
        return self.library.api

    @property
    def missing(self) -> frozenset[str]:
        """Optional functions that the library does not export."""
        return self.library.missing

    def lacks(self, limit: str) -> None:
        if limit not in self.limits:
            self.limits.append(limit)

    def close(self) -> None:
        """Channels first. A device that is gone cannot be let go properly: that is no error. Idempotent."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        for channel in self._channels:
            try:
                channel.close()
            except ProductError:
                pass
        try:
            self.library.close(self.number)
        except ProductError:
            pass

    def _read_versions(self) -> Versions:
        texts = [(ctypes.c_char * (TEXT + 1))() for _ in range(3)]
        if self.library.read_version(self.number, texts):
            return Versions("", "", "")
        firmware, library, api = (clean(text_of(text), TEXT) for text in texts)
        if firmware in APIS and api not in APIS:
            firmware, api = api, firmware  # some headers name them in reverse
        return Versions(firmware, library, api)
