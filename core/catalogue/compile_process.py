"""Compiles a PDX in a child process of its own, with limits, and turns whatever happens into one DataInvalid.

Before that the zip directory is checked here: size, number and names of the entries. The child gets RLIMIT_AS and
RLIMIT_CPU where the system has them (Linux; macOS accepts but does not enforce the first). Where it has not, Windows
above all, a thread of the child watches its resident memory and ends it; the time limit is held by us everywhere.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import core
from core.errors import DataInvalid, StorageFailed

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a PDX may cost. Memory and sizes in bytes; `small` inflated bytes are never called a bomb."""

    memory: int = 512 * MIB
    seconds: float = 30.0
    file_size: int = 512 * MIB
    inflated: int = 200 * MIB
    ratio: int = 100
    small: int = 16 * MIB
    entries: int = 5000


def compile_file(source: Path, target: Path, limits: Limits | None = None) -> None:
    """Compiles `source` into `target` (cache.py's format). Raises DataInvalid with file and place, or StorageFailed."""
    limits = limits or Limits()
    check_archive(source, limits)
    command = [sys.executable, "-P", "-m", "core.catalogue.compile_child", str(source), str(target)]
    command += [str(limits.memory), str(limits.seconds), str(limits.inflated)]
    root = str(Path(core.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(  # the child's arguments are ours; the file is only ever opened by it
            command, capture_output=True, timeout=limits.seconds, env=environment, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        raise _refused(source, f"reading took longer than {limits.seconds:g} s", "time limit") from None
    except OSError as error:
        raise StorageFailed(f"The reader of diagnostic data cannot be started: {error}.") from error
    if done.returncode != 0:
        raise _verdict(source, done, limits)


def check_archive(source: Path, limits: Limits) -> None:
    """Looks at the zip directory only, in this process: it costs milliseconds.

    Raises DataInvalid for what is no PDX, or could do harm when inflated.
    """
    try:
        size = source.stat().st_size
        if size > limits.file_size:
            raise _refused(source, f"the file is larger than {limits.file_size // MIB} MiB", "size")
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
    except OSError as error:
        reason = f"{source.name} cannot be read: {error.strerror or error}."
        raise DataInvalid(reason, "Check the path and its rights.", file=str(source)) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeDecodeError) as error:
        raise _refused(source, f"it is no complete zip file ({error})", "zip directory") from None
    if len(entries) > limits.entries:
        raise _refused(source, f"it holds {len(entries)} entries, {limits.entries} are allowed", "zip directory")
    if sum(entry.file_size for entry in entries) > limits.inflated:
        raise _refused(source, f"it inflates to more than {limits.inflated // MIB} MB", "zip directory")
    _check_entries(source, entries, limits)


def _check_entries(source: Path, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    seen: set[str] = set()
    for entry in entries:
        if problem := _problem_of(entry, limits):
            raise _refused(source, f"the entry {entry.filename[:100]!r} {problem}", entry.filename)
        if entry.filename.casefold() in seen:
            raise _refused(source, f"two entries have the name {entry.filename[:100]!r}", entry.filename)
        seen.add(entry.filename.casefold())
    if "index.xml" not in {PurePosixPath(name).name for name in seen}:
        raise _refused(source, "it has no index.xml, so it is no PDX", "index.xml")


def _problem_of(entry: zipfile.ZipInfo, limits: Limits) -> str:
    path, windows = PurePosixPath(entry.filename), PureWindowsPath(entry.filename)
    if path.is_absolute() or windows.is_absolute() or windows.drive or ".." in windows.parts or not entry.filename:
        return "leads out of the archive by its name"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a symbolic link"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.file_size > limits.small and entry.file_size > limits.ratio * max(entry.compress_size, 1):
        return f"inflates to more than {limits.ratio} times its size"
    return ""


def _verdict(source: Path, done: subprocess.CompletedProcess[bytes], limits: Limits) -> DataInvalid | StorageFailed:
    """What the child's end means: its own words, or a limit, or an error that nobody foresaw."""
    try:
        said = json.loads(done.stdout)
        message, place, kind = str(said["message"]), str(said["place"]), str(said["kind"])
    except (ValueError, TypeError, KeyError):
        message, place, kind = "", "", ""
    if kind == "storage":
        return StorageFailed(message)
    if message:
        return _refused(source, message.rstrip("."), place)
    lines = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
    if done.returncode < 0 or "MemoryError" in (lines[-1] if lines else ""):
        return _refused(source, f"reading it exceeded {limits.memory // MIB} MiB or {limits.seconds:g} s", "limit")
    return _refused(source, f"reading failed ({lines[-1][:300] if lines else 'no reason given'})", "content")


def _refused(source: Path, reason: str, place: str) -> DataInvalid:
    return DataInvalid(f"{source.name}: {reason}.", file=str(source), place=place)
