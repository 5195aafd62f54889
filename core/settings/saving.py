"""Saves settings: every other line of the file, comments included, stays as it is. Old or new, never half."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import SettingsInvalid, StorageFailed
from core.pc.files import replace_file
from core.settings.lines import with_line
from core.settings.model import Settings
from core.settings.reading import field_of, fitting, load, read_file

Value = str | int | float | bool


def change(path: Path, **values: Value) -> Settings:
    """Saves values by name; a key of a table is TABLE__KEY. Returns what holds now, the environment included.

    SettingsInvalid for an unknown key or a value that is not allowed, StorageFailed where writing fails (the old file
    is then still whole).
    """
    wanted = {tuple(name.split("__")): value for name, value in values.items()}
    for place, value in wanted.items():
        wanted[place] = _allowed(place, value)
    read_file(path)  # sets a broken file aside before anything is written into it
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        replace_file(path, _changed(text, wanted).encode())
    except (OSError, ValueError, RecursionError) as problem:  # a broken file that could not be set aside is kept
        raise StorageFailed(f"The settings file {path} cannot be written: {problem}.") from problem
    return load(path)[0]


def _allowed(place: tuple[str, ...], value: Any) -> Value:
    try:
        found = field_of(place)
    except KeyError:
        raise SettingsInvalid(f"{'.'.join(place)} is no setting.") from None
    value, wrong = fitting(found, value)
    if wrong:
        raise SettingsInvalid(f"The setting {'.'.join(place)} cannot be {value!r}{wrong}.")
    made: Value = value
    return made


def _changed(text: str, values: Mapping[tuple[str, ...], Value]) -> str:
    """The new text. Where editing lines would not give that (values over several lines, inline tables), all anew."""
    import tomllib

    import tomli_w

    table = tomllib.loads(text)
    for place, value in values.items():
        text = with_line(text, place, tomli_w.dumps({place[-1]: value}).strip())
        inner = table
        for name in place[:-1]:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner[place[-1]] = value
    try:
        if tomllib.loads(text) == table:
            return text
    except tomllib.TOMLDecodeError:
        pass
    return tomli_w.dumps(table)
