"""This PC's device data, kept once it is known: the hardware ID stays when a single machine trait changes (C5).

device = this_device(folder, "1.2.3")        # reads the traits, compares with what is kept
export(device, path)                          # the file that the order takes
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.errors import LicenceCheckFailed, StorageFailed, UsageError
from core.licence.hardware import traits
from core.licence.hardware.identity import APP_ID, digests, hardware_id_of, same_machine
from core.online.wire import DEVICE_FILE, Device, DeviceFile, WireError, dumps, loads
from core.pc.files import open_file, private_folder, write_file
from core.pc.version import product_version
from core.vocabulary import DeviceData

LEAST_TRAITS = 2
"""With one alone any change would be another PC; a container that tells less cannot be licensed."""
_FILE = "device.json"
_LARGEST = 10_000


def this_device(folder: Path) -> DeviceData:
    """The kept hardware ID with the traits of now where they are still of the same machine, else a new one.

    LicenceCheckFailed where the machine tells too little of itself.
    """
    now = digests(traits.read_traits().values)
    if sum(bool(trait) for trait in now) < LEAST_TRAITS:
        raise LicenceCheckFailed(
            "This PC tells too little of itself for a hardware ID.",
            "Start Passbay on the PC itself, not in a container without network card and machine-id.",
        )
    version = product_version()
    kept = _kept(folder / _FILE)
    if kept is not None and same_machine(kept.traits, now):
        return replace(kept, traits=now, version=version)
    device = DeviceData(hardware_id_of(now), APP_ID, now, version)
    try:
        private_folder(folder)
        write_file(folder / _FILE, _file_of(device), what="The device data")
    except StorageFailed:
        pass  # a read-only disk: it comes out the same at the next time, as long as no trait changes
    return device


def export(device: DeviceData, path: Path) -> Path:
    """Writes the file for the order; into a folder under a name of its own. StorageFailed."""
    target = path / f"passbay-device-{device.hardware_id}.json" if path.is_dir() else path
    write_file(target, _file_of(device), what="The device data")
    return target


def read_export(path: Path) -> DeviceData:
    """What `export` wrote, here or on another PC. UsageError for anything else, StorageFailed."""
    try:
        with open_file(path) as stream:
            return loads(DeviceFile, stream.read(_LARGEST)).device.data()
    except WireError as problem:
        advice = "Export them on that PC in ConfigAssist."
        raise UsageError(f"{path} holds no device data: {problem}.", advice) from None
    except OSError as problem:
        raise StorageFailed(f"{path} cannot be read: {problem.strerror or problem}.") from problem




def _file_of(device: DeviceData) -> bytes:
    return dumps(DeviceFile(DEVICE_FILE, Device.of(device))) + b"\n"


def _kept(path: Path) -> DeviceData | None:
    try:
        with open_file(path) as stream:
            found = loads(DeviceFile, stream.read(_LARGEST)).device.data()
    except (OSError, WireError):
        return None
    return found if found.app_id == APP_ID else None
