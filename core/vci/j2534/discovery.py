"""Which J2534 devices this PC has installed: the Windows registry, `~/.passthru/*.json` elsewhere. Loads no library."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import DriverMissing, VciNotFound
from core.vocabulary import DeviceInfo, DeviceKind, Transport
from core.vocabulary.cleaning import clean

PROTOCOLS = (
    "CAN", "ISO15765", "ISO9141", "ISO14230", "J1850VPW", "J1850PWM",
    "SCI_A_ENGINE", "SCI_A_TRANS", "SCI_B_ENGINE", "SCI_B_TRANS",
)  # fmt: skip
KEYS = {"PassThruSupport.04.04": "04.04", "PassThruSupport.05.00": "05.00", "PassThruSupport": "02.02"}
OUR_BITS = 64 if sys.maxsize > 2**32 else 32
LARGEST_FILE = 1 << 16
AGAIN = "Install the device's driver again."
_PE = {0x014C: 32, 0x8664: 64, 0xAA64: 64}
_PE_NAMES = {0x014C: "x86", 0x8664: "x64", 0xAA64: "ARM64"}


@dataclass(frozen=True, slots=True)
class Installed:
    """One entry of a registry or folder. `where` is the file or key; `problem` "" where it may be loaded."""

    name: str
    vendor: str
    library: str
    api: str
    where: str
    protocols: frozenset[str] = frozenset()
    problem: str = ""
    advice: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return f"j2534:{quote(self.name)}"

    def usable_library(self) -> Path:
        """DriverMissing with the problem."""
        if self.problem:
            raise DriverMissing(f"{self.name}: {self.problem}.", self.advice)
        return Path(self.library)

    def info(self) -> DeviceInfo:
        detail = ", ".join(filter(None, [self.vendor, f"API {self.api}", self.library or self.where, self.advice]))
        verdict = self.problem or "installed"
        ways = frozenset({Transport.CAN})
        return DeviceInfo(DeviceKind.J2534, self.name, self.uri, ways, not self.problem, verdict, detail)


def installed(folder: Path | None = None, registry: Any = None, platform: str = sys.platform) -> list[Installed]:
    """All entries, usable ones first, each name and library once. `registry` is a module like winreg."""
    if platform == "win32":
        if registry is None:
            import winreg as registry
        found = list(_from_registry(registry))
    else:
        found = list(_from_folder(folder if folder is not None else Path.home() / ".passthru"))
    once: dict[tuple[str, str, str], Installed] = {}
    for each in found:
        once.setdefault((each.name, each.library.lower() if platform == "win32" else each.library, each.api), each)
    return sorted(once.values(), key=lambda each: bool(each.problem))


def find(name: str, folder: Path | None = None, registry: Any = None, platform: str = sys.platform) -> Installed:
    """The entry with this name, capital letters do not matter; a usable one before a broken one. VciNotFound."""
    everything = installed(folder, registry, platform)
    for each in everything:
        if each.name.casefold() == name.casefold():
            return each
    names = ", ".join(each.name for each in everything) or "none"
    raise VciNotFound(f"No pass-thru device named {name!r} is installed; installed: {names}.", AGAIN)


def list_j2534_devices() -> list[DeviceInfo]:
    return [each.info() for each in installed()]


def bitness_problem(library: Path) -> tuple[str, str]:
    """What keeps this Python from loading the file, and an advice; ("", "") where nothing does. Reads the header."""
    try:
        with library.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        return f"the library {library} is not there", AGAIN
    except OSError as error:
        return f"the library {library} cannot be read ({error.strerror or error})", AGAIN
    bits, machine = _machine(head)
    if bits and bits != OUR_BITS:
        return (
            f"the library is {bits} bit ({machine}) and Passbay runs with {OUR_BITS} bit",
            f"Install the device's {OUR_BITS} bit driver; {bits} bit libraries are not supported yet.",
        )
    foreign = {"win32": head[:2] == b"MZ", "linux": head[:4] == b"\x7fELF"}.get(sys.platform, True)
    if not bits or not foreign:
        return f"{library} is no library for this system", AGAIN
    return "", ""


def _machine(head: bytes) -> tuple[int, str]:
    """Bits and machine of a PE, ELF or Mach-O file, (0, "") for anything else."""
    if head[:2] == b"MZ" and len(head) >= 64:
        at = struct.unpack_from("<I", head, 0x3C)[0]
        if at + 6 <= len(head) and head[at : at + 4] == b"PE\0\0":
            machine = struct.unpack_from("<H", head, at + 4)[0]
            return _PE.get(machine, 0), _PE_NAMES.get(machine, f"machine {machine:#x}")
    if head[:4] == b"\x7fELF" and len(head) > 5:
        return {1: 32, 2: 64}.get(head[4], 0), "ELF"
    if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"):
        return 64, "Mach-O"
    if head[:4] == b"\xce\xfa\xed\xfe":
        return 32, "Mach-O"
    return 0, ""


def _judged(name: str, vendor: str, library: str, api: str, where: str, more: dict[str, Any]) -> Installed:
    problem = advice = ""
    if not library:
        problem, advice = f"{where} names no library", AGAIN
    elif api != "04.04":
        problem = f"it is registered for API {api} only, which is not supported"
        advice = "Install the device's driver for API 04.04."
    else:
        problem, advice = bitness_problem(Path(library))
    protocols = frozenset(protocol for protocol in PROTOCOLS if more.get(protocol))
    if not problem and any(key in PROTOCOLS for key in more) and not protocols & {"CAN", "ISO15765"}:
        problem, advice = "the device has no CAN channel", "Use a device with CAN or ISO15765."
    texts = {key: clean(value, 200) for key, value in more.items() if isinstance(value, str)}
    return Installed(clean(name, 80), clean(vendor, 80), library, api, where, protocols, problem, advice, texts)


# -- Linux and macOS


def _from_folder(folder: Path) -> Iterator[Installed]:
    try:
        files = sorted(folder.glob("*.json"))
    except OSError:
        return
    for file in files:
        try:
            with file.open("rb") as opened:
                raw = opened.read(LARGEST_FILE + 1)
            if len(raw) > LARGEST_FILE:
                raise ValueError("it is too long")
            table = json.loads(raw)
            if not isinstance(table, dict):
                raise ValueError("it holds no object")
        except (OSError, ValueError, RecursionError) as error:
            problem = f"{file} cannot be used ({clean(str(error), 120)})"
            yield Installed(file.stem, "", "", "04.04", str(file), problem=problem, advice=f"Correct the file. {AGAIN}")
            continue
        texts = {key: str(table.get(key) or "") for key in ("NAME", "VENDOR", "FUNCTION_LIB")}
        library = texts["FUNCTION_LIB"]
        with suppress(RuntimeError):  # a home that nobody knows
            library = str(Path(library).expanduser()) if library else ""
        yield _judged(texts["NAME"] or file.stem, texts["VENDOR"], library, "04.04", str(file), table)


# -- Windows


def _from_registry(registry: Any) -> Iterator[Installed]:
    """Both views, all version keys; WOW6432Node is reached by KEY_WOW64_32KEY, not by its path."""
    for view in (registry.KEY_WOW64_64KEY, registry.KEY_WOW64_32KEY):
        for key, api in KEYS.items():
            path = f"SOFTWARE\\{key}"
            for name in _children(registry, path, view):
                yield _from_key(registry, f"{path}\\{name}", name, api, view)


def _children(registry: Any, path: str, view: int) -> list[str]:
    names: list[str] = []
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path, 0, registry.KEY_READ | view) as key:
            while True:
                names.append(registry.EnumKey(key, len(names)))
    except OSError:  # no such key, or no more children
        return names


def _from_key(registry: Any, path: str, name: str, api: str, view: int) -> Installed:
    values: dict[str, Any] = {}
    where = f"HKLM\\{path}" + (" (32 bit view)" if view == registry.KEY_WOW64_32KEY else "")
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path, 0, registry.KEY_READ | view) as key:
            index = 0
            while True:
                known, value, _ = registry.EnumValue(key, index)
                values[known] = value
                index += 1
    except OSError:
        pass  # no more values; a key that may not be read has none and says so below
    folded = {known.casefold(): value for known, value in values.items()}
    library = str(folded.get("functionlibrary") or "").strip().strip('"')
    more = {protocol: folded[protocol.casefold()] for protocol in PROTOCOLS if protocol.casefold() in folded}
    if "configapplication" in folded:
        more["ConfigApplication"] = str(folded["configapplication"])
    return _judged(
        str(folded.get("name") or name), str(folded.get("vendor") or ""), library, api, where, more
    )  # fmt: skip
