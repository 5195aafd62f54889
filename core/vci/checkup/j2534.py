"""One pass-thru device under examination: versions, binary interface, what it can and cannot, voltage, loop-back."""

from __future__ import annotations

from typing import Any

from core.errors import ProductError
from core.vci.checkup.loop import IDENTIFIER, measure
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.errors import meaning
from core.vci.j2534.driver.face import OpenChannel, OpenDevice
from core.vci.j2534.driver.library import OPTIONAL
from core.vci.j2534.opening import open_named
from core.vci.uri import VciUri
from core.vocabulary.cleaning import clean

NO_LOOPBACK = "The device does not return its own frames: latency and throughput cannot be measured."
NO_BLOCK_SIZE = "Block size and separation time cannot be set: the device uses its own, which may be slow."
ONE_BY_ONE = "no: each is ended by its number"
FEW_FILTERS = "Only {count} units can be listened to at a time: a quick test asks in more turns."
KEEP_ALIVE = b"\x00\x00\x07\xdf\x3e\x80"
_SETTINGS = (
    ("SET_CONFIG BS", j.ISO15765_BS, NO_BLOCK_SIZE), ("SET_CONFIG STMIN", j.ISO15765_STMIN, NO_BLOCK_SIZE),
)  # fmt: skip


def examine_j2534(uri: VciUri, python32: str, measured: bool) -> dict[str, Any]:
    """ProductError where it cannot be opened."""
    options = uri.options
    device = open_named(
        uri.device, str(options.get("library", "")), str(options.get("device", "")),
        helper=options.get("helper", "auto"), python32=python32,
    )  # fmt: skip
    try:
        return _found(device, uri.bitrate, measured)
    finally:
        device.close()


def _found(device: OpenDevice, bitrate: int, measured: bool) -> dict[str, Any]:
    abilities: dict[str, str] = {}
    channels: dict[str, OpenChannel] = {}
    for title, protocol in (("ISO15765", j.ISO15765), ("CAN", j.CAN)):
        try:
            channels[title] = device.connect(protocol, bitrate)
            abilities[title] = "yes"
        except ProductError as error:
            result = getattr(error, "result", None)
            if result is None:
                raise
            abilities[title] = f"no ({meaning(result).name})"
    for function in sorted(OPTIONAL):
        abilities[function] = "missing" if function in device.missing else "exported"
    if "ISO15765" in channels:
        abilities |= _iso15765(channels["ISO15765"], device)
    bus: dict[str, Any] = {}
    if "CAN" in channels:
        abilities |= _raw(channels["CAN"], device)
        if measured:
            bus = _loop(channels["CAN"], bitrate)
    return {
        "problem": "" if channels else f"{device.name} opens no CAN channel: {abilities['CAN']}.",
        "advice": "" if channels else "Unplug the device, plug it in again; close other diagnostic programs.",
        "firmware": device.versions.firmware,
        "library_version": device.versions.library,
        "api": device.versions.api,
        "called_api": device.api,
        "abi": device.abi,
        "serial": clean(device.serial(), 40),
        "voltage": device.voltage(),
        "abilities": abilities,
        "limits": list(device.limits),
        **bus,
    }


def _iso15765(channel: OpenChannel, device: OpenDevice) -> dict[str, str]:
    told = {}
    for title, parameter, consequence in _SETTINGS:
        told[title] = _yes(channel.set(parameter, 0), device, consequence)
    try:
        channel.stop_periodic(channel.start_periodic(KEEP_ALIVE, j.ISO15765_FRAME_PAD, 2000))
        told["periodic messages"] = "yes"
    except ProductError as error:
        from core.vci.j2534.vci import NO_PERIODIC

        told["periodic messages"] = f"no ({meaning(getattr(error, 'result', 0)).name})"
        device.lacks(NO_PERIODIC)
    told["CLEAR_PERIODIC_MSGS"] = "yes" if channel.clear(j.CLEAR_PERIODIC_MSGS) else ONE_BY_ONE
    told["flow control filters"] = _filters(channel, device)
    told["CLEAR_MSG_FILTERS"] = "yes" if channel.clear(j.CLEAR_MSG_FILTERS) else ONE_BY_ONE
    return told


def _filters(channel: OpenChannel, device: OpenDevice) -> str:
    """How many there is room for, up to the ten of the standard (7.2.7)."""
    numbers = []
    try:
        for number in range(j.FILTERS_A_CHANNEL):
            pattern = (0x700 + number).to_bytes(4, "big")
            flow = (0x600 + number).to_bytes(4, "big")
            numbers.append(channel.start_filter(j.FLOW_CONTROL_FILTER, b"\xff" * 4, pattern, flow, 0))
    except ProductError:
        device.lacks(FEW_FILTERS.format(count=len(numbers)))
    for number in numbers:
        channel.stop_filter(number)
    return str(len(numbers))


def _raw(channel: OpenChannel, device: OpenDevice) -> dict[str, str]:
    rate = channel.get(j.DATA_RATE)
    return {
        "GET_CONFIG DATA_RATE": "no" if rate is None else str(rate),
        "SET_CONFIG LOOPBACK": _yes(channel.set(j.LOOPBACK, 1), device, NO_LOOPBACK),
        "CLEAR_TX_BUFFER": "yes" if channel.clear(j.CLEAR_TX_BUFFER) else "no",
        "CLEAR_RX_BUFFER": "yes" if channel.clear(j.CLEAR_RX_BUFFER) else "no",
    }


def _loop(channel: OpenChannel, bitrate: int) -> dict[str, Any]:
    channel.start_filter(j.PASS_FILTER, bytes(4), bytes(4), None, 0)

    def send(data: bytes) -> None:
        channel.write(IDENTIFIER.to_bytes(4, "big") + data, 0, 200)

    def echoes(seconds: float) -> int:
        found = channel.read(64, max(1, int(seconds * 1000)))
        return sum(bool(each.rx_status & j.TX_MSG_TYPE) for each in found)

    if not channel.set(j.LOOPBACK, 1):
        return {"loopback": NO_LOOPBACK}
    return measure(send, echoes, bitrate)


def _yes(works: bool, device: OpenDevice, consequence: str) -> str:
    if not works:
        device.lacks(consequence)
    return "yes" if works else "no"
