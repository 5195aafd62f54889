"""What a library file is, by its header (PE, ELF, Mach-O), before anybody loads it: bits, machine, a verdict."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import NamedTuple

AGAIN = "Install the device's driver again."
OUR_BITS = 64 if sys.maxsize > 2**32 else 32
_PE = {0x014C: (32, "x86"), 0x8664: (64, "x64"), 0xAA64: (64, "ARM64")}
_ELF = {3: "x86", 40: "ARM", 62: "x64", 183: "ARM64"}


class Binary(NamedTuple):
    """`problem` is "" where a Python of `bits` bits can load it; `bits` is 0 where nobody can."""

    bits: int = 0
    machine: str = ""
    problem: str = ""
    advice: str = ""

    @property
    def foreign(self) -> bool:
        """This Python cannot load it, one of other bits may."""
        return not self.problem and self.bits != OUR_BITS


def read_binary(library: Path, platform: str = sys.platform) -> Binary:
    """Reads the header only. `platform` is the one that is to load it."""
    try:
        with library.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        return Binary(problem=f"the library {library} is not there", advice=AGAIN)
    except OSError as error:
        return Binary(problem=f"the library {library} cannot be read ({error.strerror or error})", advice=AGAIN)
    bits, machine = _machine(head)
    native = {"win32": head[:2] == b"MZ", "linux": head[:4] == b"\x7fELF"}.get(platform, True)
    if not bits or not native:
        other = f", but a {bits} bit one ({machine})" if bits else ""
        return Binary(bits, machine, f"{library} is no library for this system{other}", AGAIN)
    return Binary(bits, machine)


def _machine(head: bytes) -> tuple[int, str]:
    """Bits and machine of a PE, ELF or Mach-O file, (0, "") for anything else."""
    if head[:2] == b"MZ" and len(head) >= 64:
        at = struct.unpack_from("<I", head, 0x3C)[0]
        if at + 6 <= len(head) and head[at : at + 4] == b"PE\0\0":
            machine = struct.unpack_from("<H", head, at + 4)[0]
            return _PE.get(machine, (0, f"machine {machine:#x}"))
    if head[:4] == b"\x7fELF" and len(head) > 20:
        machine = struct.unpack_from("<H", head, 18)[0]
        return {1: 32, 2: 64}.get(head[4], 0), _ELF.get(machine, "ELF")
    if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"):
        return 64, "Mach-O"
    if head[:4] == b"\xce\xfa\xed\xfe":
        return 32, "Mach-O"
    return 0, ""
