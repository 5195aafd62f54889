"""Which python-can interfaces this PC has: a child process looks, so that no vendor's library hangs or prints here."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from core.vocabulary import DeviceInfo, DeviceKind, Transport

PATIENCE = 8.0  # seconds for the child; python-can's own limit for one interface is DETECT
DETECT = 3.0
MARK = "passbay-can-interfaces "


class Interface(NamedTuple):
    """What an interface of python-can is called, which driver it needs, and how to see that it is there.

    `module` is an importable Python package, `libraries` are shared libraries of which one suffices. `example` is
    the channel to write by hand where devices cannot be listed.
    """

    title: str
    driver: str = ""
    module: str = ""
    libraries: tuple[str, ...] = ()
    example: str = ""


INTERFACES = {
    "socketcan": Interface("Linux SocketCAN", "a kernel with SocketCAN", example="can0"),
    "pcan": Interface("PEAK PCAN", "PCAN-Basic", libraries=("pcanbasic", "PCANBasic"), example="PCAN_USBBUS1"),
    "kvaser": Interface("Kvaser", "Kvaser CANlib", libraries=("canlib", "canlib32"), example="0"),
    "vector": Interface("Vector", "Vector XL Driver Library", libraries=("vxlapi64", "vxlapi"), example="0"),
    "ixxat": Interface("Ixxat", "Ixxat VCI", libraries=("vcinpl2", "vcinpl"), example="0"),
    "neovi": Interface("Intrepid neoVI", "python-ics", module="ics", example="1"),
    "nican": Interface("National Instruments NI-CAN", "NI-CAN", libraries=("nican",), example="CAN0"),
    "nixnet": Interface("National Instruments NI-XNET", "NI-XNET and nixnet", module="nixnet", example="CAN1"),
    "systec": Interface("Systec", "Systec USB-CAN", libraries=("usbcan64", "usbcan32"), example="0"),
    "usb2can": Interface("8devices USB2CAN", "USB2CAN", libraries=("usb2can",), example="00000000"),
    "gs_usb": Interface("candleLight, gs_usb", "gs_usb and pyusb", module="gs_usb", example="0"),
    "cantact": Interface("CANtact", "cantact", module="cantact", example="0"),
    "canalystii": Interface("CANalyst-II", "canalystii", module="canalystii", example="0"),
    "iscan": Interface("isCAN", "isCAN driver", libraries=("iscandrv",), example="0"),
    "neousys": Interface("Neousys", "Neousys WDT_DIO", libraries=("wdt_dio", "WDT_DIO"), example="0"),
    "etas": Interface("ETAS", "ETAS BOA", libraries=("dll-ocdProxy",), example="ETAS://USB/1/CAN:1"),
    "serial": Interface("CAN over serial", "pyserial", module="serial", example="/dev/ttyUSB0"),
    "slcan": Interface("slcan, LAWICEL", "pyserial", module="serial", example="/dev/ttyACM0"),
    "robotell": Interface("Robotell", "pyserial", module="serial", example="/dev/ttyUSB0"),
    "seeedstudio": Interface("Seeed Studio", "pyserial", module="serial", example="/dev/ttyUSB0"),
    "socketcand": Interface("socketcand over the network", example="can0?host=192.168.0.10&port=29536"),
    "udp_multicast": Interface("UDP multicast", "msgpack", module="msgpack", example="239.74.163.2?port=43113"),
    "virtual": Interface("Virtual, inside one program only", example="test"),
}
_NOT_ASKED = frozenset({"virtual", "socketcand", "udp_multicast"})  # no hardware behind them, or seconds of listening
OURS = frozenset({"j2534"})  # our own plug-in for others' tools: core/vci/j2534/discovery.py lists these devices


def list_can_interfaces() -> list[DeviceInfo]:
    """Every interface of python-can, usable ones first; `verdict` names what is missing. At most PATIENCE seconds."""
    found, verdict = _ask_child()
    devices: list[DeviceInfo] = []
    for name in sorted({*INTERFACES, *found}):
        devices += _devices(name, found.get(name), verdict)
    return sorted(devices, key=lambda device: not device.usable)


def _ask_child() -> tuple[dict[str, list[dict[str, Any]]], str]:
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "core.vci.can_interfaces"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
            env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip
        lines = result.stdout.decode("utf-8", "replace").splitlines()
        answer = next(line for line in reversed(lines) if line.startswith(MARK))
        return json.loads(answer.removeprefix(MARK)), "no device found"
    except subprocess.TimeoutExpired:
        return {}, "a driver did not answer in time"
    except (OSError, StopIteration, ValueError):
        return {}, "the drivers could not be asked"


def _devices(name: str, configs: list[dict[str, Any]] | None, verdict: str) -> list[DeviceInfo]:
    interface = INTERFACES.get(name, Interface(name))
    if configs:
        return [_device(name, interface, config) for config in configs]
    example = f"can:{name}/{interface.example}"
    if name == "udp_multicast" and _driver_is_there(interface):
        return [_info(interface.title, example, True, "ready", "CAN over the local network, for simulations")]
    if not _driver_is_there(interface):
        return [_info(interface.title, example, False, f"driver missing: {interface.driver}", "")]
    return [_info(interface.title, example, False, verdict, f"by hand: {example}")]


def _device(name: str, interface: Interface, config: dict[str, Any]) -> DeviceInfo:
    more = {key: value for key, value in config.items() if key not in ("interface", "channel", "supports_fd")}
    query = urlencode({key: value for key, value in more.items() if isinstance(value, str | int | float)})
    channel = quote(str(config.get("channel", "")), safe=":/@")
    uri = f"can:{name}/{channel}" + (f"?{query}" if query else "")
    return _info(f"{interface.title} {config.get('channel', '')}".strip(), uri, True, "found", "")


def _info(name: str, uri: str, usable: bool, verdict: str, detail: str) -> DeviceInfo:
    return DeviceInfo(DeviceKind.CAN, name, uri, frozenset({Transport.CAN}), usable, verdict, detail)


def missing_driver(name: str) -> str:
    """What has to be installed for this interface of python-can, "" where nothing of it is missing."""
    interface = INTERFACES.get(name)
    return "" if interface is None or _driver_is_there(interface) else interface.driver


def _driver_is_there(interface: Interface) -> bool:
    if interface is INTERFACES["socketcan"]:
        return _kernel_speaks_can()
    if interface.module:
        return importlib.util.find_spec(interface.module) is not None
    return not interface.libraries or any(find_library(library) for library in interface.libraries)


def _kernel_speaks_can() -> bool:
    family, protocol = getattr(socket, "PF_CAN", None), getattr(socket, "CAN_RAW", None)
    if family is None or protocol is None:
        return False
    try:
        socket.socket(family, socket.SOCK_RAW, protocol).close()
    except OSError:
        return False
    return True


def _look() -> dict[str, list[dict[str, Any]]]:
    """In the child: what python-can's drivers find. Values that are no JSON become text."""
    import can

    names = sorted(can.VALID_INTERFACES - _NOT_ASKED - OURS)
    found: dict[str, list[dict[str, Any]]] = {}
    with contextlib.redirect_stdout(sys.stderr):
        for config in can.detect_available_configs(interfaces=names, timeout=DETECT):
            found.setdefault(str(config["interface"]), []).append(dict(config))
    return found


if __name__ == "__main__":
    sys.stdout.write("\n" + MARK + json.dumps(_look(), default=str) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a detection that hangs in a thread of its own must not hold the process
