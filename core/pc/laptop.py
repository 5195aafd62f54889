"""Mains, battery, free disk and writable folders of this PC, read by psutil. Judges nothing.

    read_pc((journal_folder, coding_folder)) -> PcState

What the operating system does not tell is None: then it is a warning for whoever judges, never assumed good.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PcState:
    """`battery` in percent, None without one. `mains` None where it is not told. `seconds_left` on battery.

    `free_bytes` is the least of the folders' disks, None where it cannot be read. `unwritable` says which folder
    refuses a file and why, "" where all take one. `known` False: nobody has looked at the PC (tests, other hosts).
    """

    battery: float | None = None
    mains: bool | None = None
    seconds_left: float | None = None
    free_bytes: int | None = None
    folder: str = ""
    unwritable: str = ""
    known: bool = True


UNKNOWN_PC = PcState(known=False)


def read_pc(folders: Sequence[Path]) -> PcState:
    """The state now. Folders that are missing are made: they are where jobs write. Never raises for what it reads."""
    battery, mains, left = _power()
    free, tightest = _free(folders)
    unwritable = next((reason for folder in folders if (reason := _refusal(folder))), "")
    return PcState(battery, mains, left, free, tightest, unwritable)


def _power() -> tuple[float | None, bool | None, float | None]:
    """(percent, on mains, seconds left). No battery is mains: a desk PC."""
    import psutil

    sensors = getattr(psutil, "sensors_battery", None)  # not there on every system
    if sensors is None:
        return None, None, None
    try:
        found = sensors()
    except (OSError, ValueError, RuntimeError):  # a battery whose numbers nobody can read
        return None, None, None
    if found is None:
        return None, True, None
    left = float(found.secsleft) if found.secsleft not in (psutil.POWER_TIME_UNKNOWN, None) else -1.0
    mains = None if found.power_plugged is None else bool(found.power_plugged)
    return float(found.percent), mains, left if left > 0 else None


def _free(folders: Sequence[Path]) -> tuple[int | None, str]:
    import psutil

    least: tuple[int, str] | None = None
    for folder in folders:
        place = next((part for part in (folder, *folder.parents) if part.is_dir()), folder)
        try:
            free = int(psutil.disk_usage(str(place)).free)
        except OSError:
            continue
        if least is None or free < least[0]:
            least = free, str(folder)
    return least if least is not None else (None, "")


def _refusal(folder: Path) -> str:
    """Why a file cannot be written and synced there, "" where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"\0" * 4096)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        return f"{folder}: {problem.strerror or problem}"
    return ""
