"""What this PC is: rights, system, processor, memory, disk, terminal, Python, power. Judges nothing, asks no server.

What the system does not tell is None. Windows and macOS parts were written after their documentation and are not
tried on such systems.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.pc.laptop import PcState, read_pc
from core.pc.requirements.drives import solid_state
from core.pc.requirements.windows import dotnet_version, edge_version, is_administrator

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Terminal:
    """`columns` and `lines` None where there is no terminal. `colours`: 0, 8, 16, 256 or 16777216."""

    columns: int | None = None
    lines: int | None = None
    colours: int = 0
    utf8: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class PcFacts:
    """Memory in bytes, `frequency` in MHz. `clock_difference`: this PC minus the server, seconds, None: not compared.

    `devices`: how many ways to a vehicle other than the simulation can be used, None where nobody has looked.
    """

    system: str
    release: str
    version: str
    bits: int
    administrator: bool | None
    processor: str
    cores: int | None
    frequency: float | None
    memory: int | None
    power: PcState
    solid_state: bool | None
    python: tuple[int, int, int]
    python_bits: int
    terminal: Terminal
    browser: str | None = None
    dotnet: tuple[int, int] | None = None
    clock_difference: float | None = None
    devices: int | None = None


def read_facts(folder: Path, *, clock_difference: float | None = None, devices: int | None = None) -> PcFacts:
    """The facts now; `folder` is where releases and journals are kept. Never raises for what it reads."""
    return PcFacts(
        system=platform.system(),
        release=platform.release(),
        version=_version_words(),
        bits=64 if platform.machine().lower() in _MACHINES_64 else 32,
        administrator=is_administrator(),
        processor=_processor(),
        cores=_cores(),
        frequency=_frequency(),
        memory=_memory(),
        power=read_pc((folder,)),
        solid_state=solid_state(folder),
        python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        python_bits=64 if sys.maxsize > 1 << 32 else 32,
        terminal=read_terminal(os.environ),
        browser=edge_version(),
        dotnet=dotnet_version(),
        clock_difference=clock_difference,
        devices=devices,
    )


_MACHINES_64 = frozenset(("x86_64", "amd64", "aarch64", "arm64", "ppc64le", "riscv64", "s390x", "ia64"))


def _version_words() -> str:
    """As its users call it: "Debian GNU/Linux 12 (bookworm)", "Windows 10 10.0.19045"."""
    if platform.system() == "Linux":
        try:
            return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
        except OSError:
            return f"Linux {platform.release()}"
    return f"{platform.system()} {platform.release()} {platform.version()}".strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cores() -> int | None:
    """Those of the processor, not its threads; where that is not told, what can run side by side."""
    import psutil

    try:
        return psutil.cpu_count(logical=False) or os.cpu_count()
    except (OSError, RuntimeError):
        return os.cpu_count()


def _frequency() -> float | None:
    import psutil

    try:
        found = psutil.cpu_freq()
    except (OSError, NotImplementedError, RuntimeError, AttributeError):
        return None
    return float(found.max or found.current) or None if found else None


def _memory() -> int | None:
    import psutil

    try:
        return int(psutil.virtual_memory().total)
    except (OSError, RuntimeError):
        return None


def read_terminal(environment: Mapping[str, str]) -> Terminal:
    """Size and abilities of the real terminal, below whatever an app has put in the place of stdout."""
    name = environment.get("TERM", "")
    encoding = (getattr(sys.__stdout__, "encoding", "") or "").lower().replace("-", "")
    utf8 = encoding == "utf8"
    try:
        size = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except (OSError, ValueError):
        return Terminal(None, None, _colours(name, environment), utf8, name)
    return Terminal(size.columns, size.lines, _colours(name, environment), utf8, name)


def _colours(name: str, environment: Mapping[str, str]) -> int:
    if environment.get("NO_COLOR") or name in ("", "dumb", "unknown"):
        return 1 << 24 if os.name == "nt" and not environment.get("NO_COLOR") else 0
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    return 256 if "256color" in name else 16
