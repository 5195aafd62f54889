"""The one way to name a VCI: `sim:VEHICLE`, `can:INTERFACE/CHANNEL?...`, `j2534:NAME?...`, `doip://HOST:PORT?...`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from core.errors import UsageError
from core.vocabulary import DeviceKind

Option = int | float | bool | str
DOIP_PORT = 13400  # ISO 13400-2, table 48
TLS_PORT = 3496
TESTER = 0x0E00  # first logical address of external test equipment (ISO 13400-2, table 13)
DEFAULT_BITRATE = 500_000
MOST_BESIDE = 7
EXAMPLES = "sim:car-mixed, can:socketcan/can0?bitrate=500000, j2534:NAME, doip://192.168.10.2:13400?source=0x0e00"
J2534_MODES = frozenset({"auto", "iso15765", "can"})

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}|0[xX][0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[+-]?[0-9]{1,18}\.[0-9]{1,18}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]{1,32})?")
_BESIDE = re.compile(r",(?=can:)")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class VciUri:
    """A parsed URI. `text` is as it was written.

    sim: `vehicle`, the `faults` that are ordered there (`?fault=NAME@N&fault=...`), and `tls` ("yes", "client"). can:
    `interface`, `channel` ("" where the driver has a default), `bitrate` in bit/s, `fd`, and `options` for python-can;
    `doip_host` is "" unless the device speaks DoIP too (`&doip=HOST:PORT`, rule G5). doip: `doip_host`, `doip_port`,
    `source` (the tester's logical address), `tls` ("yes": at once; else when the entity asks for it), `tls_port`,
    `verify`. j2534: `device` is the registered name; `options` may hold `mode` (whose ISO-TP: "iso15765" the device's,
    "can" ours, "auto" the device's where it has one), `library` (a path instead of the registered one), `device` (the
    name for PassThruOpen) and `helper` (yes: the library in a process of its own; auto: where needed); `bitrate` and
    `doip` as with can.

    `beside`: further CAN buses behind commas (`can:...,can:...`): they are listened to, nothing is sent there.
    """

    kind: DeviceKind
    text: str
    vehicle: str = ""
    interface: str = ""
    channel: str = ""
    bitrate: int = DEFAULT_BITRATE
    fd: bool = False
    options: dict[str, Option] = field(default_factory=dict)
    doip_host: str = ""
    doip_port: int = DOIP_PORT
    source: int = TESTER
    tls: str = ""
    tls_port: int = TLS_PORT
    verify: bool = True
    faults: tuple[str, ...] = ()
    device: str = ""
    beside: tuple[VciUri, ...] = ()

    @classmethod
    def parse(cls, text: str) -> VciUri:
        """UsageError with an example for anything that is not one of the four forms."""
        first, *others = _BESIDE.split(text.strip())
        if others:
            return _with_others(text.strip(), first, others)
        scheme, colon, rest = text.strip().partition(":")
        reader = {"sim": _simulation, "can": _can, "j2534": _j2534, "doip": _doip}.get(scheme.lower())
        if not colon or reader is None:
            raise _refused(text, "it must begin with sim:, can:, j2534: or doip://")
        return reader(text.strip(), rest)

    def __str__(self) -> str:
        return self.text


def _refused(text: str, why: str) -> UsageError:
    shown = text if len(text) <= 120 else f"{text[:117]}..."
    return UsageError(f"{shown!r} is not a VCI: {why}.", f"Write it like one of these: {EXAMPLES}.")


def _with_others(text: str, first: str, others: list[str]) -> VciUri:
    """Buses that are only listened to, beside the way to the vehicle."""
    main = VciUri.parse(first)
    beside = tuple(VciUri.parse(each) for each in others)
    if main.kind is DeviceKind.SIMULATION or any(each.doip_host for each in beside):
        raise _refused(text, "behind a comma comes one more CAN bus to listen to")
    places = [(each.interface, each.channel, each.options.get("port")) for each in (main, *beside)]
    if len(beside) > MOST_BESIDE or len(set(places)) < len(places):
        raise _refused(text, f"it names a bus twice, or more than {MOST_BESIDE + 1}")
    return replace(main, text=text, beside=beside)


def _simulation(text: str, rest: str) -> VciUri:
    vehicle, _, query = rest.partition("?")
    recorded = vehicle.startswith("trace/") and len(vehicle) > len("trace/") and vehicle.isprintable()
    if not recorded and not _NAME.fullmatch(vehicle):
        raise _refused(text, "after sim: comes the name of a vehicle, or trace/FILE")
    pairs = _pairs(text, query)
    for key, value in pairs:
        if key not in ("fault", "tls"):
            raise _refused(text, f"sim: has no parameter {key!r}")
        if key == "tls" and value not in ("yes", "client"):
            raise _refused(text, "tls is yes or client")
    faults = tuple(value for key, value in pairs if key == "fault")
    return VciUri(DeviceKind.SIMULATION, text, vehicle=vehicle, faults=faults, tls=dict(pairs).get("tls", ""))


def _can(text: str, rest: str) -> VciUri:
    place, _, query = rest.partition("?")
    interface, _, channel = place.partition("/")
    if not _NAME.fullmatch(interface):
        raise _refused(text, "after can: comes INTERFACE/CHANNEL")
    options = _options(text, query)
    beside = _doip_beside(text, options)
    bitrate, fd = _bitrate(text, options), options.pop("fd", False)
    if not isinstance(fd, bool) and fd not in (0, 1):
        raise _refused(text, "fd is 0 or 1")
    return VciUri(
        DeviceKind.CAN, text, interface=interface, channel=unquote(channel), bitrate=bitrate, fd=bool(fd),
        options=options, source=_source(text, options), **beside,
    )  # fmt: skip


def _j2534(text: str, rest: str) -> VciUri:
    place, _, query = rest.partition("?")
    device = unquote(place)
    if not device or len(device) > 80 or not device.isprintable() or device != device.strip():
        raise _refused(text, "after j2534: comes the name of an installed device")
    options = _options(text, query)
    beside = _doip_beside(text, options)
    bitrate, source = _bitrate(text, options), _source(text, options)
    unknown = sorted(set(options) - {"mode", "library", "device", "helper"})
    if unknown:
        raise _refused(text, f"j2534: has no parameter {unknown[0]!r}")
    if options.get("helper", "auto") not in (True, False, "auto"):
        raise _refused(text, "helper is auto, yes or no")
    if options.get("mode", "auto") not in J2534_MODES:
        raise _refused(text, "mode is auto, iso15765 or can")
    return VciUri(
        DeviceKind.J2534, text, device=device, bitrate=bitrate, options=options, source=source, **beside,
    )  # fmt: skip


def _doip_beside(text: str, options: dict[str, Option]) -> dict[str, Any]:
    """The fields of the DoIP way beside a CAN way."""
    if "doip" not in options:
        return {}
    host, port = _host_and_port(text, str(options.pop("doip")))
    return {"doip_host": host, "doip_port": port, **_security(text, options)}


def _security(text: str, options: dict[str, Option]) -> dict[str, Any]:
    """tls, tls_port and verify, taken out of `options`."""
    tls, verify, port = options.pop("tls", False), options.pop("verify", True), options.pop("tls_port", TLS_PORT)
    if tls not in (True, False) or verify not in (True, False):
        raise _refused(text, "tls and verify are yes or no")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port <= 0xFFFF:
        raise _refused(text, "tls_port is a number from 1 to 65535")
    return {"tls": "yes" if tls else "", "tls_port": port, "verify": bool(verify)}


def _bitrate(text: str, options: dict[str, Option]) -> int:
    bitrate = options.pop("bitrate", DEFAULT_BITRATE)
    if isinstance(bitrate, bool) or not isinstance(bitrate, int) or not 0 < bitrate <= 10_000_000:
        raise _refused(text, "bitrate is a number of bits per second")
    return bitrate


def _doip(text: str, rest: str) -> VciUri:
    if not rest.startswith("//"):
        raise _refused(text, "after doip: comes //HOST")
    place, _, query = rest[2:].partition("?")
    host, port = _host_and_port(text, place.rstrip("/"))
    options = _options(text, query)
    source, security = _source(text, options), _security(text, options)
    if options:
        raise _refused(text, f"doip:// has no parameter {sorted(options)[0]!r}")
    return VciUri(DeviceKind.DOIP, text, doip_host=host, doip_port=port, source=source, **security)


def _pairs(text: str, query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise _refused(text, "after ? come NAME=VALUE parameters joined by &") from None


def _options(text: str, query: str) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for key, value in _pairs(text, query):
        if not _KEY.fullmatch(key) or key in options or key in ("interface", "channel"):
            raise _refused(text, f"parameter {key!r} is not allowed here or stands there twice")
        options[key] = _typed(value)
    return options


def _typed(value: str) -> Option:
    """Numbers and yes/no words as such, for python-can; everything else stays text."""
    if _INTEGER.fullmatch(value):
        return int(value, 16 if value[:2].lower() == "0x" else 10)
    if _FLOAT.fullmatch(value):
        return float(value)
    return _WORDS.get(value.lower(), value)


def _source(text: str, options: dict[str, Option]) -> int:
    source = options.pop("source", TESTER)
    if isinstance(source, bool) or not isinstance(source, int) or not 0 < source <= 0xFFFF:
        raise _refused(text, "source is a logical address, 0x0001 to 0xFFFF")
    return source


def _host_and_port(text: str, place: str) -> tuple[str, int]:
    try:
        parts: SplitResult = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(text, "HOST:PORT is garbled (an IPv6 address stands in brackets)") from None
    if not _HOST.fullmatch(host) or parts.netloc != place or "@" in place or port == 0:
        raise _refused(text, "it names no host")
    return host, port or DOIP_PORT
