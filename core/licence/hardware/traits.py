"""Reads the machine traits of this PC: Linux, Windows, macOS. Nothing here needs administrator rights or a shell.

The same values must come for every user of the PC, so nothing is read that only an administrator may read.
Raw values are personal data of the machine: they stay inside core/licence/hardware, and `Traits` does not show them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Traits:
    """Raw values in the order of identity.TRAITS. Its text shows how many there are, never what."""

    values: tuple[str, str, str, str] = field(repr=False)

    def __repr__(self) -> str:
        return f"<{sum(bool(value) for value in self.values)} machine traits>"


def read_traits() -> Traits:
    """What this machine tells; "" for what it does not. Never raises for what is missing."""
    if sys.platform == "win32":
        from core.licence.hardware.windows import traits
    elif sys.platform == "darwin":
        from core.licence.hardware.macos import traits
    else:
        from core.licence.hardware.linux import traits
    return Traits(traits())
