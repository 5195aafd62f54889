"""Which Python can load a library of other bits than ours: a configured one, or the one that `py -3-32` starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import NamedTuple

from core.vci.j2534.binary import OUR_BITS

VARIABLE = "PASSBAY_PYTHON32"
LIMIT = 10.0  # seconds for a Python to say what it is
OLDEST = (3, 11)
_fitting: set[tuple[tuple[str, ...], int]] = set()
_ASK = "import struct, sys; print(struct.calcsize('P') * 8, *sys.version_info[:2])"


class Interpreter(NamedTuple):
    """`command` starts it. `problem` is "" where it fits."""

    command: tuple[str, ...] = ()
    problem: str = ""
    advice: str = ""


def interpreter_for(bits: int, configured: str = "") -> Interpreter:
    """A Python of so many bits, ours where it has them. `configured` is the path from the settings.

    The variable PASSBAY_PYTHON32 comes first, then `configured`, then the launcher `py` of Windows. One that fits is
    asked once; one that does not may have been installed anew when somebody searches again.
    """
    if bits == OUR_BITS:
        return Interpreter((sys.executable,))
    chosen = os.environ.get(VARIABLE, "") or configured
    if chosen:
        return _examined((chosen,), bits)
    launcher = shutil.which("py") if sys.platform == "win32" else None
    if launcher is not None:
        found = _examined((launcher, f"-3-{bits}"), bits)
        if not found.problem:
            return found
    return Interpreter((), f"no {bits} bit Python was found to load it", _advice(bits))


def _examined(command: tuple[str, ...], bits: int) -> Interpreter:
    if (command, bits) not in _fitting:
        found = _asked(command, bits)
        if found.problem:
            return found
        _fitting.add((command, bits))
    return Interpreter(command)


def _asked(command: tuple[str, ...], bits: int) -> Interpreter:
    shown = " ".join(command)
    try:
        result = subprocess.run(
            [*command, "-I", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=True
        )
        its_bits, *version = (int(word) for word in result.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return Interpreter((), f"{shown} is no Python that starts ({type(error).__name__})", _advice(bits))
    if its_bits != bits:
        return Interpreter((), f"{shown} is a {its_bits} bit Python", _advice(bits))
    if tuple(version) < OLDEST:
        return Interpreter((), f"{shown} is Python {version[0]}.{version[1]}, and 3.11 is needed", _advice(bits))
    return Interpreter(command)


def _advice(bits: int) -> str:
    where = "it is found by itself" if sys.platform == "win32" else "name it in the settings"
    return (
        f"Install the device's {OUR_BITS} bit driver, or a {bits} bit Python 3.11 or newer: {where} "
        f"([devices] python32 = \"PATH\", or the variable {VARIABLE})."
    )
