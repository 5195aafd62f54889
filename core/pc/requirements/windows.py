"""Administrator rights, Edge and .NET (R1, R5): what only Windows has is None elsewhere. `registry` is winreg."""

from __future__ import annotations

import os
from typing import Any

_EDGE = r"SOFTWARE\Microsoft\EdgeUpdate\Clients\{56EB18F8-B008-4CBD-B6D2-8C97FE7E9062}"
_DOTNET = r"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"


def is_administrator() -> bool | None:
    """Root, or an elevated process on Windows."""
    if hasattr(os, "geteuid"):
        return os.geteuid() == 0
    try:
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None


def _winreg() -> Any:
    try:
        import winreg
    except ImportError:
        return None
    return winreg


def edge_version(registry: Any = None) -> str | None:
    """ "128.0.2739.42", "" where Windows has none, None elsewhere."""
    return _value(registry or _winreg(), _EDGE, "pv")


def dotnet_version(registry: Any = None) -> tuple[int, int] | None:
    """(4, 8); (0, 0) where Windows has none of 4.0 or newer, None elsewhere."""
    told = _value(registry or _winreg(), _DOTNET, "Version")
    if told is None:
        return None
    numbers = [int(part) for part in told.split(".")[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)


def _value(registry: Any, path: str, name: str) -> str | None:
    """Both views are looked at: a 32-bit program registers itself in its own."""
    if registry is None:
        return None
    for view in (registry.KEY_WOW64_64KEY, registry.KEY_WOW64_32KEY):
        try:
            with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path, 0, registry.KEY_READ | view) as key:
                return str(registry.QueryValueEx(key, name)[0])
        except OSError:
            continue
    return ""
