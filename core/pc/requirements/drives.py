"""Whether a folder lies on a solid-state drive, as Linux, Windows and macOS tell it. None where they do not."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

_LOOK_SECONDS = 5.0
_VIRTUAL = ("vd", "xvd")  # virtio and Xen


def solid_state(folder: Path) -> bool | None:
    """True: no spinning disk. The nearest folder that exists is looked at."""
    place = next((part for part in (folder, *folder.parents) if part.is_dir()), folder)
    look = {"Linux": _linux, "Windows": _windows, "Darwin": _macos}.get(platform.system())
    try:
        return look(place) if look is not None else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _linux(place: Path) -> bool | None:
    """/sys/dev/block/MAJ:MIN is a partition or a whole disk; `queue` lies at the whole disk."""
    device = place.stat().st_dev
    node = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return _told_by(node)


def _told_by(node: Path) -> bool | None:
    """A virtual machine's disk says that it turns, whatever lies below: only its "no" would be an answer."""
    for part in (node, node.parent):
        told = part / "queue" / "rotational"
        if told.is_file():
            still = told.read_text(encoding="ascii").strip() == "0"
            return None if not still and part.name.startswith(_VIRTUAL) else still
    return None


def _macos(place: Path) -> bool | None:
    import plistlib

    answer = subprocess.run(
        ["/usr/sbin/diskutil", "info", "-plist", str(place)], capture_output=True, timeout=_LOOK_SECONDS, check=True
    )
    told = plistlib.loads(answer.stdout).get("SolidState")
    return bool(told) if told is not None else None


def _windows(place: Path) -> bool | None:
    """StorageDeviceSeekPenaltyProperty: a drive that has to seek is no SSD. Needs no administrator."""
    import ctypes
    import struct

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.CreateFileW.restype = ctypes.c_void_p
    drive = place.resolve().drive
    handle = kernel.CreateFileW(f"\\\\.\\{drive}", 0, 3, None, 3, 0, None)  # no access asked, shared, existing
    if handle in (None, ctypes.c_void_p(-1).value):
        return None
    try:
        question = struct.pack("<III", 7, 0, 0)  # seek penalty, standard query
        answer = ctypes.create_string_buffer(12)
        length = ctypes.c_ulong()
        ioctl_storage_query_property = 0x002D1400
        done = kernel.DeviceIoControl(
            ctypes.c_void_p(handle), ioctl_storage_query_property, question, len(question), answer, len(answer),
            ctypes.byref(length), None,
        )  # fmt: skip
        return answer.raw[8] == 0 if done and length.value >= 9 else None
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
