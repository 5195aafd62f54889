"""Every result code of SAE J2534-1 (API 04.04) in words, with what to do; and which error of ours it is."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import NoResponse, ProductError, VciBusy, VciError, VciLost, VciNotFound
from core.vci.j2534.driver import constants as j
from core.vocabulary.cleaning import clean

_DRIVER = "Update the device's driver, or ask its maker; the call and the code are named here."
_RECONNECT = "Check the cable and the device's power, then connect again."


class Meaning(NamedTuple):
    """The name in the standard, a sentence's end, an advice."""

    name: str
    words: str
    advice: str


MEANINGS = {
    0x01: Meaning("ERR_NOT_SUPPORTED", "the device does not support this", "Use another device for this work."),
    0x02: Meaning("ERR_INVALID_CHANNEL_ID", "the channel is not open any more", _RECONNECT),
    0x03: Meaning("ERR_INVALID_PROTOCOL_ID", "the device does not speak this protocol", "Try mode=can in the VCI."),
    0x04: Meaning("ERR_NULL_PARAMETER", "the driver missed a parameter", _DRIVER),
    0x05: Meaning("ERR_INVALID_IOCTL_VALUE", "the driver refuses a setting's value", _DRIVER),
    0x06: Meaning("ERR_INVALID_FLAGS", "the driver refuses the flags", _DRIVER),
    0x07: Meaning("ERR_FAILED", "the driver failed", "Unplug the device, plug it in again, then connect again."),
    0x08: Meaning("ERR_DEVICE_NOT_CONNECTED", "the device is not connected", _RECONNECT),
    0x09: Meaning(
        "ERR_TIMEOUT",
        "the device could not send or receive in time",
        "Check the plug in the vehicle, ignition and supply voltage: nobody may be on the bus.",
    ),
    0x0A: Meaning("ERR_INVALID_MSG", "the driver refuses the message", _DRIVER),
    0x0B: Meaning("ERR_INVALID_TIME_INTERVAL", "the driver refuses the interval of a periodic message", _DRIVER),
    0x0C: Meaning(
        "ERR_EXCEEDED_LIMIT",
        "the device has no room for another filter or periodic message",
        "Close other connections to the vehicle, then repeat.",
    ),
    0x0D: Meaning("ERR_INVALID_MSG_ID", "the driver does not know the message", _DRIVER),
    0x0E: Meaning(
        "ERR_DEVICE_IN_USE", "another program uses the device", "Close the other diagnostic program, then try again."
    ),
    0x0F: Meaning("ERR_INVALID_IOCTL_ID", "the driver does not know this setting", _DRIVER),
    0x10: Meaning("ERR_BUFFER_EMPTY", "nothing was received", "Check the plug in the vehicle and the ignition."),
    0x11: Meaning("ERR_BUFFER_FULL", "the device's transmit buffer stays full", "Check the plug and the bit rate."),
    0x12: Meaning("ERR_BUFFER_OVERFLOW", "messages were lost in the device", "Close other programs on this PC."),
    0x13: Meaning("ERR_PIN_INVALID", "the device cannot use this pin of the plug", "Use another device."),
    0x14: Meaning(
        "ERR_CHANNEL_IN_USE", "another channel uses the same pins", "Close the other program that uses the device."
    ),
    0x15: Meaning("ERR_MSG_PROTOCOL_ID", "the message does not suit the channel", _DRIVER),
    0x16: Meaning("ERR_INVALID_FILTER_ID", "the driver does not know the filter", _DRIVER),
    0x17: Meaning("ERR_NO_FLOW_CONTROL", "no flow control filter fits the message", _DRIVER),
    0x18: Meaning("ERR_NOT_UNIQUE", "another filter has the same identifiers", "Close other connections first."),
    0x19: Meaning("ERR_INVALID_BAUDRATE", "the device cannot do this bit rate", "Correct bitrate= in the VCI."),
    0x1A: Meaning("ERR_INVALID_DEVICE_ID", "the device is not open any more", _RECONNECT),
}
_LOST = frozenset({j.DEVICE_NOT_CONNECTED, j.INVALID_DEVICE_ID, j.INVALID_CHANNEL_ID})


class J2534Error(VciError):
    """A refusal of the driver that is no loss: `result` is the code of the standard."""

    code = "PB-204"
    default_advice = _DRIVER

    def __init__(self, message: str, advice: str = "", *, result: int = 0) -> None:
        super().__init__(message, advice)
        self.result = result


def meaning(result: int) -> Meaning:
    return MEANINGS.get(result, Meaning(f"0x{result:X}", "the driver gives a code that no standard knows", _DRIVER))


def translated(result: int, function: str, device: str, said: str = "") -> ProductError:
    """The error for a result code of `function`; `said` is what PassThruGetLastError gave."""
    name, words, advice = meaning(result)
    more = f": “{clean(said, 80)}”" if said else ""
    message = f"{device}: {words} ({function}, {name}{more})."
    if function == "PassThruOpen" and result in (j.DEVICE_NOT_CONNECTED, j.FAILED):
        return VciNotFound(message, advice)
    if result in _LOST:
        return VciLost(message, advice, lost_code=name)
    if result == j.DEVICE_IN_USE:
        return VciBusy(message, advice, holder="another program")
    if result == j.TIMEOUT:
        return NoResponse(message, advice, timer="N_As")
    return J2534Error(message, advice, result=result)
