"""`devices doctor`: every installed pass-thru device in one sentence with what to do. No library is loaded here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.vci.j2534.checkup.child import MARK
from core.vci.j2534.discovery import Installed, installed
from core.vocabulary.cleaning import clean

PATIENCE = 8.0  # seconds for one device
AT_ONCE = 4
RECONNECT = "Unplug the device, plug it in again; if it happens again, install the device's driver again."


@dataclass(frozen=True, slots=True)
class Checkup:
    """One device. `problem` is "" where it works; `found` is what the device told, as JSON values."""

    device: Installed
    problem: str
    advice: str
    seconds: float
    found: dict[str, Any] = field(default_factory=dict)


def check_all(
    lock_directory: Path, folder: Path | None = None, patience: float = PATIENCE, python32: str = ""
) -> list[Checkup]:
    """Several at a time; each ends after `patience` seconds at the latest. `python32` loads 32 bit libraries."""
    devices = installed(folder, python32=python32)
    if not devices:
        return []
    with ThreadPoolExecutor(AT_ONCE, "checkup") as pool:
        return list(pool.map(lambda device: check(device, lock_directory, patience, python32), devices))


def check(device: Installed, lock_directory: Path, patience: float = PATIENCE, python32: str = "") -> Checkup:
    if device.problem:
        return Checkup(device, f"{device.name}: {device.problem}.", device.advice, 0.0)
    began = time.monotonic()
    found = _ask(device, lock_directory, patience, python32)
    problem, advice = str(found.pop("problem", "")), str(found.pop("advice", ""))
    return Checkup(device, problem, advice, time.monotonic() - began, found)


def _ask(device: Installed, lock_directory: Path, patience: float, python32: str) -> dict[str, Any]:
    root = str(Path(__file__).resolve().parents[4])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-m", "core.vci.j2534.checkup.child", device.name, str(lock_directory), python32],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=False,
            env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _told(f"{device.name}: the library {device.library} did not come back within {patience:g} s.")
    except OSError as error:
        return _told(f"{device.name} could not be tried: {error}.")
    lines = result.stdout.decode("utf-8", "replace").splitlines()
    answer = next((line for line in reversed(lines) if line.startswith(MARK)), None)
    if answer is None:
        return _told(f"{device.name}: the library {device.library} crashed ({_death(result.returncode)}).")
    known: dict[str, Any] = json.loads(answer.removeprefix(MARK))
    return known


def _told(problem: str) -> dict[str, Any]:
    return {"problem": clean(problem, 400), "advice": RECONNECT}


def _death(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code & 0xFFFF_FFFF:#x}"
