"""The settings: one TOML file, overridden by the environment, checked and saved. A broken file never stops the start.

    model      every key with its default and its check: a new table is a dataclass there and one line in Settings
    reading    load(path): file, then environment PASSBAY_TABLE__KEY; what is wrong is named with its line
    saving     change(path, ...): one value, every other line of the file stays
    lines      where a key stands in a TOML file
"""

from core.settings.model import (
    LONGEST_TIME_LIMIT,
    BackendSettings,
    KeySettings,
    LoginSettings,
    SecurityProgram,
    Settings,
    TraceSettings,
)
from core.settings.reading import load
from core.settings.saving import change

__all__ = [
    "LONGEST_TIME_LIMIT",
    "BackendSettings",
    "KeySettings",
    "LoginSettings",
    "SecurityProgram",
    "Settings",
    "TraceSettings",
    "change",
    "load",
]
