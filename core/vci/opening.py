"""Opens what a VciUri names: device lock first, then the way or ways. Simulations are opened a floor higher."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DriverMissing, LocalProtocolError, UsageError, VciNotFound
from core.pc.locks import DeviceLock
from core.vci.bit_timing import with_timing
from core.vci.can_interfaces import INTERFACES, list_can_interfaces, missing_driver
from core.vci.channel import Clock, Tap, Vci
from core.vci.combined import CombinedVci
from core.vci.uri import VciUri
from core.vocabulary import DeviceKind

if TYPE_CHECKING:
    import can

    from core.vci.doip.tls import TlsTrust
    from core.vci.python_can import CanVci

__all__ = ["list_can_interfaces", "lock_names", "locked_bus", "open_bus", "open_vci"]

# a logger without a handler writes warnings to stderr, which is the screen
logging.getLogger("can").addHandler(logging.NullHandler())

UNVERIFIED = "The vehicle's certificate is not checked (verify=no): somebody else may answer in its place."
MULTICAST_BLOCK = 16  # a socket buffer holds some 270 datagrams: a long answer in one go would lose frames
_OVER_THE_NETWORK = frozenset({"udp_multicast", "socketcand"})
_TEXT_CHANNELS = frozenset({"socketcan", "socketcand", "virtual", "udp_multicast", "pcan", "slcan", "serial"})


def open_vci(
    uri: VciUri, *, tap: Tap, lock_directory: Path, clock: Clock = time.monotonic, python32: str = "",
    trust: Callable[[], TlsTrust] | None = None,
) -> CombinedVci:
    """Open a `can:`, `j2534:` or `doip:` URI (or both ways of `...&doip=HOST:PORT`, rule G5) under its lock (G7).

    VciBusy with the holder, DriverMissing, VciNotFound, UsageError for an unknown interface, RoutingDenied.
    """
    if uri.kind not in (DeviceKind.CAN, DeviceKind.DOIP, DeviceKind.J2534):
        raise LocalProtocolError(f"{uri} is no device")
    with ExitStack() as stack:
        for name in lock_names(uri):
            stack.enter_context(DeviceLock(name, lock_directory))
        can_way: Vci | None = None
        doip_way: Vci | None = None
        voltage: Callable[[], float | None] | None = None
        notices: tuple[str, ...] = ()
        if uri.device:
            from core.vci.j2534.opening import open_j2534

            can_way, voltage, notices = open_j2534(uri, tap=tap, clock=clock, python32=python32)
            stack.callback(can_way.close)
        names = channel_names(uri)
        if uri.interface:
            can_way = _open_can(uri, tap, clock, names[0])
            stack.callback(can_way.close)
        for other, channel in zip(uri.beside, names[1:], strict=True):
            stack.callback(_open_can(other, tap, clock, channel).close)
        if uri.doip_host:
            doip_way = _open_doip(uri, tap, clock, trust)
            stack.callback(doip_way.close)
            if not uri.verify:
                notices += (UNVERIFIED,)
        name = " and ".join(way.name for way in (can_way, doip_way) if way is not None)
        return CombinedVci(
            can_way, doip_way, uri=uri.text, name=name, voltage=voltage, on_close=stack.pop_all().close, notices=notices
        )


def lock_names(uri: VciUri) -> list[str]:
    """What DeviceLock calls the devices that the URI takes hold of."""
    names = []
    if uri.device:
        names.append(f"j2534:{uri.device.casefold()} {uri.options.get('device', '')}".rstrip())
    if uri.interface:
        port = uri.options.get("port")
        names.append(f"can:{uri.interface}/{uri.channel}" + (f" port {port}" if port is not None else ""))
    if uri.doip_host:
        names.append(f"doip:{uri.doip_host}:{uri.doip_port}")
    return [*names, *(name for other in uri.beside for name in lock_names(other))]


def channel_names(uri: VciUri) -> tuple[str, ...]:
    """What the frames of each bus are marked with: the channel, and what tells two of the same name apart."""
    names: list[str] = []
    for bus in (uri, *uri.beside):
        name = bus.channel
        if uri.beside and (not name or name in names):
            port = bus.options.get("port")
            name = f"{name} port {port}" if port is not None else f"{bus.interface} {name}".strip()
        names.append(name)
    return tuple(names)


def bitrates(uri: VciUri) -> dict[str, int]:
    """The bit rate of each bus by its channel name; empty where there is one bus at most."""
    rates = (each.bitrate for each in (uri, *uri.beside))
    return dict(zip(channel_names(uri), rates, strict=True)) if uri.beside else {}


def _open_doip(uri: VciUri, tap: Tap, clock: Clock, trust: Callable[[], TlsTrust] | None) -> Vci:
    from core.vci.doip.tcp import DoipVci

    def of_uri() -> TlsTrust:
        from core.vci.doip.tls import TlsTrust

        return replace(trust() if trust is not None else TlsTrust(), verify=uri.verify, port=uri.tls_port)

    return DoipVci(
        uri.doip_host, uri.doip_port, source=uri.source, tap=tap, clock=clock, trust=of_uri, secure=bool(uri.tls)
    )


def _is_multicast(uri: VciUri) -> bool:
    return uri.interface == "udp_multicast"


def _open_can(uri: VciUri, tap: Tap, clock: Clock, channel: str) -> CanVci:
    from core.vci.python_can import CanVci

    is_multicast = _is_multicast(uri)
    return CanVci(
        open_bus(uri),
        uri=uri.text,
        name=f"{uri.interface} {uri.channel}".strip(),
        tap=tap,
        clock=clock,
        channel=channel,
        fd=uri.fd,
        echoes=is_multicast,
        block_size=MULTICAST_BLOCK if is_multicast else 0,
    )


@contextmanager
def locked_bus(uri: VciUri, lock_directory: Path) -> Iterator[can.BusABC]:
    """`open_bus` under the device's lock (G7), shut down at the end."""
    with ExitStack() as stack:
        for name in lock_names(uri):
            stack.enter_context(DeviceLock(name, lock_directory))
        bus = open_bus(uri)
        stack.callback(bus.shutdown)
        yield bus


def open_bus(uri: VciUri) -> can.BusABC:
    """The bare python-can bus of a `can:` URI, without lock or reader: what a garage vehicle sits on.

    DriverMissing, VciNotFound, UsageError for an unknown interface.
    """
    import can

    settings = with_timing(uri)
    port = uri.options.get("port", 1)
    if uri.interface in _OVER_THE_NETWORK and not (type(port) is int and 0 < port <= 0xFFFF):
        raise UsageError(f"Port {port} of {uri.interface} cannot be.", "A port is a number from 1 to 65535.")
    if uri.channel:
        is_number = uri.channel.isdecimal() and uri.interface not in _TEXT_CHANNELS
        settings["channel"] = int(uri.channel) if is_number else uri.channel
    if uri.fd or _is_multicast(uri):  # the one driver whose default is FD
        settings["fd"] = uri.fd
    try:
        return can.Bus(interface=uri.interface, ignore_config=True, **settings)
    except can.CanInterfaceNotImplementedError as error:
        driver = INTERFACES[uri.interface].driver if uri.interface in INTERFACES else uri.interface
        raise DriverMissing(f"The driver for {uri.interface} is not installed: {driver} ({error}).") from error
    except NotImplementedError as error:
        known = ", ".join(sorted(can.VALID_INTERFACES))
        raise UsageError(f"python-can knows no interface {uri.interface!r}.", f"It knows {known}.") from error
    except (can.CanError, OSError, ValueError, TypeError, AttributeError, ImportError, NameError) as error:
        missing = missing_driver(uri.interface)  # some drivers' wrappers fail with a NameError of their own
        if missing:
            raise DriverMissing(f"The driver for {uri.interface} is not installed: {missing}.") from error
        raise VciNotFound(f"{uri.text} cannot be opened: {str(error).rstrip('.')}.") from error
