"""`devices doctor` and `devices test`: each device in a process of its own, in one sentence with what to do.

No library is loaded here, and no device costs more than `patience` seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.vci.checkup.child import MARK
from core.vci.j2534.discovery import Installed, installed
from core.vci.j2534.helper.client import death_of
from core.vocabulary.cleaning import clean

if TYPE_CHECKING:
    from core.vci.doip.tls import TlsTrust

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
    subject = f"{device.name}: the library {device.library}"
    found = examine_apart(device.uri, lock_directory, subject, patience, python32=python32)
    problem, advice = str(found.pop("problem", "")), str(found.pop("advice", ""))
    return Checkup(device, problem, advice, time.monotonic() - began, found)


def examine_apart(
    uri: str, lock_directory: Path, subject: str, patience: float = PATIENCE, *, python32: str = "",
    measure: bool = False, trust: TlsTrust | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What `child.examine` finds; a crash or a hang of `subject` is a problem like any other."""
    wish = {
        "uri": uri, "locks": str(lock_directory), "python32": python32, "measure": measure,
        "roots": [str(path) for path in trust.roots] if trust else [],
        "certificate": str(trust.certificate or "") if trust else "",
    }  # fmt: skip
    root = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-m", "core.vci.checkup.child", json.dumps(wish)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=False,
            env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _told(f"{subject} did not come back within {patience:g} s.")
    except OSError as error:
        return _told(f"{subject} could not be tried: {error}.")
    return _answer(result.stdout.decode("utf-8", "replace").splitlines(), subject, result.returncode)


def _answer(lines: Sequence[str], subject: str, code: int) -> dict[str, Any]:
    answer = next((line for line in reversed(lines) if line.startswith(MARK)), None)
    if answer is None:
        return _told(f"{subject} crashed ({death_of(code)}).")
    known: dict[str, Any] = json.loads(answer.removeprefix(MARK))
    return known


def _told(problem: str) -> dict[str, Any]:
    return {"problem": clean(problem, 400), "advice": RECONNECT}
