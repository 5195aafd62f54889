"""The tests of devices: one is made in a process of its own, and the last of each device is kept by serial number."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import StorageFailed, VciNotFound
from core.pc.files import write_file
from core.vocabulary import DeviceKind, DeviceTrial
from core.vocabulary.cleaning import clean

if TYPE_CHECKING:
    from core.vci.doip.tls import TlsTrust
    from core.vci.uri import VciUri

_MOST = 200  # devices; more is no workshop
_LARGEST_FILE = 1 << 16


def try_device(uri: VciUri, locks: Path, python32: str, trust: TlsTrust | None) -> DeviceTrial:
    """At most 8 s (`checkup.parent.PATIENCE`), whatever the device does."""
    from core.vci.checkup.parent import examine_apart

    began = time.monotonic()
    name = uri.device or (uri.interface and f"{uri.interface} {uri.channel}".strip()) or f"DoIP {uri.doip_host}"
    subject = name if uri.kind is not DeviceKind.J2534 else f"{name}: the library {_library(uri, python32)}"
    found = examine_apart(uri.text, locks, subject, python32=python32, measure=True, trust=trust)
    return _trial(found, uri.text, name, time.monotonic() - began)


def _library(uri: VciUri, python32: str) -> str:
    from core.vci.j2534.discovery import find

    chosen = str(uri.options.get("library", ""))
    try:
        return chosen or find(uri.device, python32=python32).library
    except VciNotFound:
        return ""


def _trial(found: dict[str, Any], uri: str, name: str, seconds: float) -> DeviceTrial:
    known = {each.name for each in fields(DeviceTrial)}
    told = {key: value for key, value in found.items() if key in known and key not in ("abilities", "limits")}
    abilities = tuple((clean(str(what), 60), clean(str(how), 80)) for what, how in found.get("abilities", {}).items())
    limits = tuple(clean(str(limit), 200) for limit in found.get("limits", ()))
    made = {"uri": uri, "name": name, "at": time.time(), "abilities": abilities, "limits": limits}
    return DeviceTrial(**{**told, **made, "seconds": round(seconds, 3)})


class TrialShelf:
    """One JSON file a device. A damaged one is passed over: the test can be made again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, trial: DeviceTrial) -> None:
        """StorageFailed."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_file(self._folder / _file_name(trial), json.dumps(asdict(trial), indent=1).encode())
        except OSError as error:
            raise StorageFailed(f"The test of {trial.name} cannot be kept in {self._folder}: {error}.") from error

    def all(self) -> tuple[DeviceTrial, ...]:
        found = [trial for path in sorted(self._folder.glob("*.json"))[:_MOST] if (trial := _read(path)) is not None]
        return tuple(sorted(found, key=lambda trial: -trial.at))


def _file_name(trial: DeviceTrial) -> str:
    """By serial number, else by the address: two boxes of a kind are two devices."""
    identity = f"{trial.uri.partition(':')[0]} {trial.serial}" if trial.serial else trial.uri
    plain = re.sub(r"[^A-Za-z0-9]+", "-", identity).strip("-")[:40]
    return f"{plain}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}.json"


def _read(path: Path) -> DeviceTrial | None:
    try:
        with path.open("rb") as file:
            table = json.loads(file.read(_LARGEST_FILE))
        table["abilities"] = tuple((str(what), str(how)) for what, how in table["abilities"])
        table["limits"] = tuple(str(limit) for limit in table["limits"])
        return DeviceTrial(**table)
    except (OSError, ValueError, TypeError, KeyError):
        return None
