"""The settings: one flat TOML file, loaded, checked and saved. A broken file never stops the start. Runs no job.

Known keys: last_device (a VCI URI), theme (a theme's name, "" for the built-in one), frame_rate (screen refreshes of
the live panel per second, 1..30), and tables for security methods that a program answers for:

    [security.METHOD]
    command = ["/usr/local/bin/keys", "--quiet"]     # JSON in and out, see core/diagnosis/security/process.py
    time_limit = 10.0                                # seconds, up to 120; may be left out
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.errors import SettingsInvalid, StorageFailed
from core.pc.files import replace_file

_LARGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class SecurityProgram:
    """Which program answers for a security method."""

    name: str
    command: tuple[str, ...]
    time_limit: float = 10.0


LONGEST_TIME_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Settings:
    last_device: str = ""
    theme: str = ""
    frame_rate: int = 10
    security: tuple[SecurityProgram, ...] = ()


def load(path: Path) -> tuple[Settings, str]:
    """The settings and a problem in one sentence, "" where all is well. Never raises.

    A file that is no TOML at all is renamed (NAME.broken, NAME.broken-2, ...) so that saving cannot lose it; a single
    wrong key or value is left in place, named with its line, and its default is used.
    """
    if not path.is_file():
        return Settings(), ""
    import tomllib  # not before there is something to read: every start would pay for it

    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("the file is larger than 1 MiB")
        text = path.read_bytes().decode()
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        words = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        return Settings(), f"The settings file {path} cannot be read ({words}); defaults are used, {_set_aside(path)}."
    except OSError as problem:
        return Settings(), f"The settings file {path} cannot be read ({problem.strerror}); defaults are used."
    return _checked(table, text, path)


def _checked(table: dict[str, Any], text: str, path: Path) -> tuple[Settings, str]:
    chosen: dict[str, Any] = {}
    problems = []
    known = {f.name: type(f.default) for f in fields(Settings)}
    for key, value in table.items():
        kind = known.get(key)
        if key == "security":
            chosen[key], wrong = _security(value, text)
            problems += wrong
        elif kind is None:
            problems.append(f"{_place(text, key)} {key!r} is no setting")
        elif type(value) is not kind or not _allowed(key, value):
            problems.append(f"{_place(text, key)} {key} cannot be {str(value)[:40]!r}")
        else:
            chosen[key] = value
    settings = Settings(**chosen)
    if not problems:
        return settings, ""
    return settings, f"In the settings file {path}: {'; '.join(problems[:3])}. The defaults are used there."


def _security(tables: Any, text: str) -> tuple[tuple[SecurityProgram, ...], list[str]]:
    """The programs, and what is wrong with those that are left out."""
    if not isinstance(tables, dict):
        return (), [f"{_place(text, 'security')} security is no table"]
    programs, problems = [], []
    for name, row in tables.items():
        program = _program(name, row) if isinstance(row, dict) else None
        if program is None:
            problems.append(f"{_place(text, f'security.{name}')} [security.{name}] needs command = [\"PROGRAM\", ...]")
        else:
            programs.append(program)
    return tuple(programs), problems


def _program(name: str, row: dict[str, Any]) -> SecurityProgram | None:
    command, limit = row.get("command"), row.get("time_limit", 10.0)
    if not isinstance(command, list) or not command or row.keys() - {"command", "time_limit"}:
        return None
    if not command[0] or not all(isinstance(word, str) and "\0" not in word for word in command):
        return None
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0 < limit <= LONGEST_TIME_LIMIT:
        return None
    return SecurityProgram(name, tuple(command), float(limit))


def _allowed(key: str, value: Any) -> bool:
    if key == "frame_rate":
        return 1 <= int(value) <= 30
    return len(value) <= 1000


def _place(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*[\"']?{re.escape(key)}\b", line):
            return f"line {number}:"
    return "line ?:"


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


def change(path: Path, **values: str | int) -> Settings:
    """Saves these settings and leaves every other line of the file, comments included, as it is.

    SettingsInvalid for an unknown key or a value that is not allowed, StorageFailed where writing fails (the old file
    is then still whole).
    """
    current, _ = load(path)
    for key, value in values.items():
        fits = key in asdict(current) and isinstance(value, str | int) and type(value) is type(getattr(current, key))
        if not fits or not _allowed(key, value):
            raise SettingsInvalid(f"The setting {key} cannot be {value!r}.")
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        text = _with_values(text, values)
        replace_file(path, text.encode())
    except (OSError, UnicodeDecodeError) as problem:
        raise StorageFailed(f"The settings file {path} cannot be written: {problem}.") from problem
    return replace(current, **values)  # type: ignore[arg-type]  # types were compared above


def _with_values(text: str, values: dict[str, str | int]) -> str:
    import tomli_w

    for key, value in values.items():
        line = tomli_w.dumps({key: value}).strip()
        pattern = re.compile(rf"^[ \t]*{key}[ \t]*=.*$", re.MULTILINE)
        found = pattern.search(text)
        # in front: a line appended behind a [table] would belong to the table
        text = f"{text[: found.start()]}{line}{text[found.end() :]}" if found else f"{line}\n{text}"
    return text
