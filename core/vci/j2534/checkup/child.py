"""`python -m core.vci.j2534.checkup.child NAME LOCKS PYTHON32`: opens one device and tells in JSON what it can do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from core.errors import ProductError
from core.pc.locks import DeviceLock
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.errors import meaning
from core.vci.j2534.driver.face import OpenDevice
from core.vci.j2534.driver.library import OPTIONAL
from core.vci.j2534.opening import lock_name, open_named

MARK = "passbay-checkup "
BITRATE = 500_000


def examine(name: str, lock_directory: Path, python32: str) -> dict[str, Any]:
    """`problem` and `advice` are "" where it works; `abilities` are name: text pairs."""
    try:
        with DeviceLock(lock_name(name), lock_directory):
            device = open_named(name, python32=python32)
            try:
                return _found(device)
            finally:
                device.close()
    except ProductError as error:
        return {"problem": error.message, "advice": error.advice, "code": error.code}


def _found(device: OpenDevice) -> dict[str, Any]:
    abilities = {}
    for title, protocol in (("ISO15765", j.ISO15765), ("CAN", j.CAN)):
        try:
            device.connect(protocol, BITRATE)
            abilities[title] = "yes"
        except ProductError as error:
            result = getattr(error, "result", None)
            abilities[title] = error.message if result is None else f"no ({meaning(result).name})"
    for function in sorted(OPTIONAL):
        abilities[function] = "missing" if function in device.missing else "exported"
    ways = [title for title in ("ISO15765", "CAN") if abilities[title] == "yes"]
    return {
        "problem": "" if ways else f"{device.name} opens no CAN channel: {abilities['CAN']}.",
        "advice": "" if ways else "Unplug the device, plug it in again; close other diagnostic programs.",
        "firmware": device.versions.firmware,
        "library_version": device.versions.library,
        "api": device.versions.api,
        "abi": device.abi,
        "called_api": device.api,
        "voltage": device.voltage(),
        "abilities": abilities,
        "limits": list(device.limits),
    }


def main(name: str, lock_directory: str, python32: str) -> None:
    """Ends the process itself: a library that does not come back from unloading must not hold it."""
    answer = examine(name, Path(lock_directory), python32)
    sys.stdout.write("\n" + MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
