"""Opens the device that a `j2534:` URI names, on its own ISO-TP or on ours over raw CAN. Takes no lock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import DriverMissing, ProductError
from core.vci.channel import Clock, Tap, Vci
from core.vci.j2534.binary import read_binary
from core.vci.j2534.discovery import find, loading_problem
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.device import J2534Device
from core.vci.j2534.driver.errors import J2534Error
from core.vci.j2534.driver.face import OpenDevice
from core.vci.j2534.driver.library import load
from core.vci.j2534.helper.client import RemoteDevice
from core.vci.j2534.helper.interpreter import interpreter_for
from core.vci.j2534.vci import J2534Vci
from core.vci.uri import VciUri

OUR_ISO_TP = "The device has no ISO-TP of its own: this PC does it, and a busy PC can make a flash slower."
_NO_ISO15765 = (j.INVALID_PROTOCOL_ID, j.NOT_SUPPORTED)


def open_j2534(
    uri: VciUri, *, tap: Tap, clock: Clock, python32: str = ""
) -> tuple[Vci, Callable[[], float | None], tuple[str, ...]]:
    """The way, what measures the supply voltage, and what the device lacks, in sentences.

    VciNotFound, VciBusy, DriverMissing, J2534Error. Waits as long as the vendor's library does.
    """
    options = uri.options
    device = open_named(
        uri.device, str(options.get("library", "")), str(options.get("device", "")),
        helper=options.get("helper", "auto"), python32=python32,
    )  # fmt: skip
    mode = options.get("mode", "auto")
    try:
        if mode != "can":
            try:
                vci = J2534Vci(device, uri=uri.text, name=uri.device, tap=tap, bitrate=uri.bitrate, clock=clock)
                return vci, vci.voltage, tuple(device.limits)
            except J2534Error as error:
                if mode == "iso15765" or error.result not in _NO_ISO15765:
                    raise
                device.lacks(OUR_ISO_TP)
        return _over_frames(device, uri, tap, clock), device.voltage, tuple(device.limits)
    except ProductError:
        device.close()
        raise


def open_named(
    name: str, library: str = "", device: str = "", *, helper: object = "auto", python32: str = ""
) -> OpenDevice:
    """The installed device `name`, or the one behind the file `library`; `device` is the name for PassThruOpen.

    `helper` True: the library runs in a process of its own, so that a crash ends only that; "auto": where this Python
    cannot load it; False: never. DriverMissing where it cannot be loaded at all.
    """
    path = Path(library).expanduser() if library else find(name, python32=python32).usable_library()
    binary = read_binary(path)
    problem, advice = loading_problem(path, python32)
    if helper is False and binary.foreign:
        problem, advice = f"the library is {binary.bits} bit and its helper is switched off", "Leave out helper=no."
    if problem:
        raise DriverMissing(f"{name}: {problem}.", advice)
    if helper is True or binary.foreign:
        return RemoteDevice(interpreter_for(binary.bits, python32).command, path, name, device)
    return J2534Device(load(path, name), device)


def _over_frames(device: OpenDevice, uri: VciUri, tap: Tap, clock: Clock) -> Vci:
    import can

    from core.vci.j2534.bus import J2534Bus
    from core.vci.python_can import CanVci

    try:
        bus = J2534Bus(uri.device, uri.bitrate, j2534_device=device)
    except can.CanInitializationError as error:
        if isinstance(error.__cause__, ProductError):
            raise error.__cause__ from None
        raise
    return CanVci(bus, uri=uri.text, name=uri.device, tap=tap, clock=clock, channel=uri.device)
