"""Which J2534 devices this PC has installed: the Windows registry, `~/.passthru/*.json` elsewhere. Loads no library."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import DriverMissing, VciNotFound
from core.vci.j2534.binary import AGAIN, OUR_BITS, read_binary
from core.vci.j2534.helper.interpreter import interpreter_for
from core.vocabulary import DeviceInfo, DeviceKind, Transport
from core.vocabulary.cleaning import clean

PROTOCOLS = (
    "CAN", "ISO15765", "ISO9141", "ISO14230", "J1850VPW", "J1850PWM",
    "SCI_A_ENGINE", "SCI_A_TRANS", "SCI_B_ENGINE", "SCI_B_TRANS",
)  # fmt: skip
KEYS = {"PassThruSupport.04.04": "04.04", "PassThruSupport.05.00": "05.00", "PassThruSupport": "02.02"}
SPOKEN = frozenset({"04.04", "02.02"})
LARGEST_FILE = 1 << 16


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
    bits: int = 0
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
        verdict = self.problem or ("installed" if self.bits in (0, OUR_BITS) else f"installed, {self.bits} bit helper")
        ways = frozenset({Transport.CAN})
        return DeviceInfo(DeviceKind.J2534, self.name, self.uri, ways, not self.problem, verdict, detail)


def installed(
    folder: Path | None = None, registry: Any = None, platform: str = sys.platform, python32: str = ""
) -> list[Installed]:
    """All entries, usable ones first, each name and library once. `registry` is a module like winreg.

    `python32` is the configured Python for 32 bit libraries.
    """
    if platform == "win32":
        if registry is None:
            import winreg as registry
        found = list(_from_registry(registry, python32))
    else:
        found = list(_from_folder(folder if folder is not None else Path.home() / ".passthru", python32))
    once: dict[tuple[str, str], Installed] = {}
    for each in found:  # 04.04 first: a library that is registered for both APIs exports PassThruOpen
        key = each.name, each.library.lower() if platform == "win32" else each.library
        if key not in once or once[key].api not in SPOKEN:
            once[key] = each
    return sorted(once.values(), key=lambda each: bool(each.problem))


def find(
    name: str, folder: Path | None = None, registry: Any = None, platform: str = sys.platform, python32: str = ""
) -> Installed:
    """The entry with this name, capital letters do not matter; a usable one before a broken one. VciNotFound."""
    everything = installed(folder, registry, platform, python32)
    for each in everything:
        if each.name.casefold() == name.casefold():
            return each
    names = ", ".join(each.name for each in everything) or "none"
    raise VciNotFound(f"No pass-thru device named {name!r} is installed; installed: {names}.", AGAIN)


def list_j2534_devices(python32: str = "") -> list[DeviceInfo]:
    return [each.info() for each in installed(python32=python32)]


def loading_problem(library: Path, python32: str = "", platform: str = sys.platform) -> tuple[str, str]:
    """What keeps the library from being loaded, here or in a helper, and an advice; ("", "") where nothing does."""
    binary = read_binary(library, platform)
    if not binary.foreign:
        return binary.problem, binary.advice
    found = interpreter_for(binary.bits, python32)
    if not found.problem:
        return "", ""
    kind = f"{binary.bits} bit ({binary.machine})"
    return f"the library is {kind}, Passbay runs with {OUR_BITS} bit, and {found.problem}", found.advice


def _judged(
    name: str, vendor: str, library: str, api: str, where: str, more: dict[str, Any], python32: str,
    platform: str = sys.platform,
) -> Installed:
    problem = advice = ""
    if not library:
        problem, advice = f"{where} names no library", AGAIN
    elif api not in SPOKEN:
        problem = f"it is registered for API {api} only, which is not supported"
        advice = "Install the device's driver for API 04.04."
    else:
        problem, advice = loading_problem(Path(library), python32, platform)
    protocols = frozenset(protocol for protocol in PROTOCOLS if more.get(protocol))
    if not problem and any(key in PROTOCOLS for key in more) and not protocols & {"CAN", "ISO15765"}:
        problem, advice = "the device has no CAN channel", "Use a device with CAN or ISO15765."
    texts = {key: clean(value, 200) for key, value in more.items() if isinstance(value, str)}
    bits = read_binary(Path(library), platform).bits if library and not problem else 0
    return Installed(clean(name, 80), clean(vendor, 80), library, api, where, protocols, problem, advice, bits, texts)


# -- Linux and macOS


def _from_folder(folder: Path, python32: str) -> Iterator[Installed]:
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
        api = str(table.get("API") or "04.04")  # our own addition; the library's exports decide in the end
        yield _judged(texts["NAME"] or file.stem, texts["VENDOR"], library, api, str(file), table, python32)


# -- Windows


def _from_registry(registry: Any, python32: str) -> Iterator[Installed]:
    """Both views, all version keys; WOW6432Node is reached by KEY_WOW64_32KEY, not by its path."""
    for view in (registry.KEY_WOW64_64KEY, registry.KEY_WOW64_32KEY):
        for key, api in KEYS.items():
            path = f"SOFTWARE\\{key}"
            for name in _children(registry, path, view):
                yield _from_key(registry, f"{path}\\{name}", name, api, view, python32)


def _children(registry: Any, path: str, view: int) -> list[str]:
    names: list[str] = []
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path, 0, registry.KEY_READ | view) as key:
            while True:
                names.append(registry.EnumKey(key, len(names)))
    except OSError:  # no such key, or no more children
        return names


def _from_key(registry: Any, path: str, name: str, api: str, view: int, python32: str) -> Installed:
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
        str(folded.get("name") or name), str(folded.get("vendor") or ""), library, api, where, more, python32, "win32"
    )  # fmt: skip
