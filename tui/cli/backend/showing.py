"""What the admin commands share: the database option, tables for people, times, passwords that never stand in argv."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from core.errors import UsageError
from tui.cli.output import Output
from tui.locale import _, said

_WORDS = ("state", "kind", "duration", "group")
_TIMES = ("contract_end", "expires", "created", "requested", "starts", "ends", "at", "retired", "until", "distrusted")


def database_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--database", "url", metavar="URL", help="The back end's database; else PASSBAY_DATABASE.")(
        function
    )


def moment(text: str | None) -> int | None:
    """Milliseconds of "2026-12-24" or "2026-12-24T18:00", local time unless it names a zone."""
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            _("{text} is no date: write 2026-12-24 or 2026-12-24T18:00.").format(text=repr(text))
        ) from None


def _shown(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, int | float):
        seconds = value if isinstance(value, float) else value / 1000
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
    if value is None:
        return "-"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_shown(key, held)}" for key, held in value.items())
    if isinstance(value, list):
        return ", ".join(_shown("", item) for item in value)
    return said(value) if name in _WORDS else str(value)


def table(out: Output, rows: Sequence[Mapping[str, Any]], none: str) -> None:
    """Rows as columns for people, and as one object for scripts."""
    out.record(rows=list(rows))
    if not rows:
        out.line(none)
        return
    names = list(rows[0])
    cells = [[said(name) for name in names], *([_shown(name, row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        out.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def single(out: Output, row: Mapping[str, Any]) -> None:
    out.record(**row)
    for name, value in row.items():
        out.line(f"{said(name):<14} {_shown(name, value)}")


def file_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            _("{file} cannot be read ({reason}).").format(file=path, reason=type(problem).__name__)
        ) from problem


def password(from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made here (then it is shown once)."""
    if not from_stdin:
        return secrets.token_urlsafe(15), True
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError(_("A line with the password is expected on standard input."))
    return line, False
