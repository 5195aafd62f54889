"""Reads the settings: the file, then the environment (PASSBAY_KEY, PASSBAY_TABLE__KEY), which wins. Never raises.

What is wrong is told in one sentence with its line and left out; a file that is no TOML is set aside as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from core.settings.lines import place
from core.settings.model import Settings

PREFIX = "PASSBAY_"
_LARGEST_FILE = 1 << 20
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
_TOLD = 3


def load(path: Path, environment: Mapping[str, str] | None = None) -> tuple[Settings, str]:
    """The settings and a problem in one sentence, "" where all is well.

    A file that is no TOML at all is renamed (NAME.broken, NAME.broken-2, ...) so that saving cannot lose it; a single
    wrong key or value is left in place, named with its line, and its default is used.
    """
    settings, problem = read_file(path)
    settings, wrong = _overridden(settings, os.environ if environment is None else environment)
    if wrong:
        problem = f"{problem} In the environment: {'; '.join(wrong[:_TOLD])}.".strip()
    return settings, problem


def read_file(path: Path) -> tuple[Settings, str]:
    """What the file alone says."""
    if not path.is_file():
        return Settings(), ""
    import tomllib  # not before there is something to read: every start would pay for it

    raw = b""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("the file is larger than 1 MiB")
        raw = path.read_bytes()
        text = raw.decode()
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        why = _why(problem, raw)
        return Settings(), f"The settings file {path} cannot be read ({why}); defaults are used, {_set_aside(path)}."
    except OSError as problem:
        return Settings(), f"The settings file {path} cannot be read ({problem.strerror}); defaults are used."
    settings, problems = _checked(Settings(), table, text, ())
    if not problems:
        return settings, ""
    return settings, f"In the settings file {path}: {'; '.join(problems[:_TOLD])}. The defaults are used there."


def _why(problem: Exception, raw: bytes) -> str:
    """In words, with a line. Python names none for nesting and for huge numbers: the longest line has them."""
    words = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
    if not raw or "line " in words:
        return words
    if isinstance(problem, UnicodeDecodeError):
        return f"line {raw[: problem.start].count(10) + 1} is no UTF-8 text"
    lines = raw.split(b"\n")
    number = max(range(len(lines)), key=lambda n: len(lines[n]))
    return f"line {number + 1}: {words}"


def _set_aside(path: Path) -> str:
    for number in range(1, 100):
        aside = path.with_name(path.name + (".broken" if number == 1 else f".broken-{number}"))
        if not aside.exists():
            try:
                path.rename(aside)
            except OSError:
                break
            return f"the file was kept as {aside.name}"
    return "the file was left in place"


# -- checks


def _checked(default: Any, table: Mapping[str, Any], text: str, above: tuple[str, ...]) -> tuple[Any, list[str]]:
    """One table: `default` with what it says rightly, and a sentence for each key that it says wrongly."""
    known = {f.name: f for f in fields(default)}
    chosen: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in table.items():
        path = (*above, name)
        found = known.get(name)
        if found is None:
            problems.append(f"{place(text, path)} {'.'.join(path)!r} is no setting")
        elif "rows" in found.metadata:
            chosen[name], wrong = _rows(found, value, text)
            problems += wrong
        elif "table" in found.metadata:
            if isinstance(value, dict):
                chosen[name], wrong = _checked(getattr(default, name), value, text, path)
                problems += wrong
            else:
                problems.append(f"{place(text, path)} {name} is no table")
        else:
            value, wrong_with = fitting(found, value)
            if wrong_with:
                problems.append(f"{place(text, path)} {'.'.join(path)} cannot be {str(value)[:40]!r}{wrong_with}")
            else:
                chosen[name] = value
    return replace(default, **chosen), problems


def _rows(found: Field[Any], value: Any, text: str) -> tuple[tuple[Any, ...], list[str]]:
    if not isinstance(value, dict):
        return (), [f"{place(text, (found.name,))} {found.name} is no table"]
    rows, problems = [], []
    for name, row in value.items():
        made = found.metadata["rows"](name, row)
        if isinstance(made, str):
            problems.append(f"{place(text, (found.name, name))} [{found.name}.{name}] needs {made}")
        else:
            rows.append(made)
    return tuple(rows), problems


def fitting(found: Field[Any], value: Any) -> tuple[Any, str]:
    """(value in the key's own type, "") or (value, what it must be)."""
    kind: type = type(found.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        return value, f": it is {_KINDS[kind]}"
    must = found.metadata["check"](value)
    return value, f": it is {must}" if must else ""


_KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


# -- environment


def _overridden(settings: Settings, environment: Mapping[str, str]) -> tuple[Settings, list[str]]:
    problems: list[str] = []
    known = dict(variables())
    for name, text in environment.items():
        path = known.get(name.upper())
        if path is None:
            if name.startswith(PREFIX) and "__" in name:  # others are no settings: PASSBAY_HOME
                problems.append(f"{name} is no setting")
            continue
        value, wrong = fitting(field_of(path), _typed(text, type(field_of(path).default)))
        if wrong:
            problems.append(f"{name} cannot be {text[:40]!r}{wrong}")
        else:
            settings = with_value(settings, path, value)
    return settings, problems


def variables() -> list[tuple[str, tuple[str, ...]]]:
    """(variable, path of the key) of every setting that has one value."""
    return [(PREFIX + "__".join(path).upper(), path) for path in paths()]


def paths() -> list[tuple[str, ...]]:
    """Every key that has one value; rows that the user names have none."""
    found: list[tuple[str, ...]] = []
    for each in fields(Settings):
        if is_dataclass(each.default) and "table" in each.metadata:
            found += [(each.name, inner.name) for inner in fields(each.default)]
        elif "check" in each.metadata:
            found.append((each.name,))
    return found


def field_of(path: tuple[str, ...]) -> Field[Any]:
    """KeyError for an unknown path."""
    owner: Any = Settings
    for name in path[:-1]:
        owner = {f.name: f for f in fields(owner)}[name].metadata.get("table", ())
        if not owner:
            raise KeyError(name)
    found = {f.name: f for f in fields(owner)}[path[-1]]
    if "check" not in found.metadata:
        raise KeyError(path[-1])
    return found


def with_value(settings: Settings, path: tuple[str, ...], value: Any) -> Settings:
    if len(path) == 1:
        return replace(settings, **{path[0]: value})
    inner = replace(getattr(settings, path[0]), **{path[1]: value})
    return replace(settings, **{path[0]: inner})


def _typed(text: str, kind: type) -> Any:
    """The text as this kind; the text itself where it cannot be one, which the check then refuses."""
    if kind is bool:
        word = text.strip().casefold()
        return True if word in _YES else False if word in _NO else text
    try:
        return kind(text)
    except ValueError:
        return text
