"""Machine traits on macOS: the volume group, the I/O registry's platform UUID and serial number, the first MAC, disk.

`ioreg` and `diskutil` are asked with fixed arguments and full paths, no shell; each may take two seconds.
"""

from __future__ import annotations

import plistlib
import subprocess
from typing import Any

_SECONDS = 2.0


def traits() -> tuple[str, str, str, str]:
    platform = _first(_ask("/usr/sbin/ioreg", "-a", "-rd1", "-c", "IOPlatformExpertDevice"))
    volume = _ask("/usr/sbin/diskutil", "info", "-plist", "/")
    return values_of(platform, _ask("/usr/sbin/ioreg", "-a", "-rc", "IOEthernetInterface"), volume)


def values_of(platform: dict[str, Any], cards: Any, volume: Any) -> tuple[str, str, str, str]:
    """From the three property lists to the four traits."""
    disk = volume if isinstance(volume, dict) else {}
    installation = str(disk.get("APFSVolumeGroupID") or disk.get("VolumeUUID") or "")
    board = " ".join(filter(None, (_value(platform, "IOPlatformUUID"), _value(platform, "IOPlatformSerialNumber"))))
    return installation, board, _network(cards), str(disk.get("DiskUUID") or disk.get("MediaName") or "")


def _network(cards: Any) -> str:
    """The card that the machine calls its first: built in, en0."""
    rows = [row for row in cards if isinstance(row, dict)] if isinstance(cards, list) else []
    built_in = sorted((row for row in rows if row.get("IOBuiltin")), key=lambda row: str(row.get("BSD Name", "~")))
    address = built_in[0].get("IOMACAddress") if built_in else None
    return address.hex(":") if isinstance(address, bytes) else ""


def _value(row: dict[str, Any], name: str) -> str:
    value = row.get(name, "")
    return value.strip(b"\0").decode("latin-1") if isinstance(value, bytes) else str(value)


def _first(rows: Any) -> dict[str, Any]:
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


def _ask(*command: str) -> Any:
    """The property list that the program writes, None where it cannot be had."""
    try:
        told = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True).stdout
        return plistlib.loads(told)
    except (OSError, subprocess.SubprocessError, plistlib.InvalidFileException, ValueError):
        return None
