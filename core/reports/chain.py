"""The hash chain of one vehicle's history: lines to entries, and what is wrong with them. Opens no file.

A line is the canonical JSON (sorted names, no spaces, ASCII) of an entry. Its member "hash" is the SHA-256 of the
canonical JSON of all others, "previous" the hash of the entry before it; the first one's is made from the VIN. Who can
write all our files can write a new chain too: what finds that is the hash of the last entry on a report once printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.vocabulary import HistoryEntry

FORMAT = "passbay-history-1"


def beginning(vin: str) -> str:
    """What the first entry of a vehicle follows: a history that is moved to another VIN does not hold there."""
    return hashlib.sha256(f"{FORMAT} {vin}".encode("utf-8", "surrogatepass")).hexdigest()


def canonical(entry: Mapping[str, Any]) -> bytes:
    """ValueError for values that JSON has no word for."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def sealed(entry: Mapping[str, Any], number: int, previous: str) -> dict[str, Any]:
    """The entry with its place in the chain and its hash."""
    placed = {**entry, "number": number, "previous": previous}
    placed.pop("hash", None)
    return {**placed, "hash": hashlib.sha256(canonical(placed)).hexdigest()}


def read_line(line: bytes) -> dict[str, Any] | None:
    """The entry, None where the line is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def holds(entry: Mapping[str, Any], line: bytes) -> bool:
    """Whether not one character of the line was changed since it was written."""
    try:
        return line == canonical(sealed(entry, entry["number"], entry["previous"]))
    except (KeyError, ValueError, TypeError, RecursionError):
        return False


def check(vin: str, lines: Iterable[bytes]) -> tuple[int, str, list[str]]:
    """Follows the chain: number and hash of the last entry that holds, and a sentence for each break."""
    problems: list[str] = []
    number, previous = 0, beginning(vin)
    for line in lines:
        entry = read_line(line)
        if entry is None:
            problems.append(f"The line after entry {number} cannot be read.")
            continue
        if not holds(entry, line):
            problems.append(f"Entry {entry.get('number', '?')!s:.10} was edited.")
        here, follows = entry.get("number"), entry.get("previous")
        if not isinstance(here, int) or not isinstance(follows, str):
            continue
        if here != number + 1:
            problems.append(_gap(number, here))
        elif follows != previous:
            problems.append(f"Entry {here} does not follow the one before it: that one was edited or replaced.")
        if entry.get("vin") != vin:
            problems.append(f"Entry {here} belongs to another vehicle.")
        number, previous = here, str(entry.get("hash", ""))
    return number, previous, problems


def _gap(number: int, here: int) -> str:
    if here <= number:
        return f"Entry {here} stands behind entry {number}: the order was changed or an entry is there twice."
    missing = f"Entry {number + 1} is" if here == number + 2 else f"Entries {number + 1} to {here - 1} are"
    return f"{missing} missing."


def entry_of(entry: Mapping[str, Any]) -> HistoryEntry:
    """The noun; what is missing or strange becomes empty, so that a damaged history can still be read."""

    def text(name: str) -> str:
        value = entry.get(name, "")
        return value if isinstance(value, str) else str(value)

    def number(name: str) -> float:
        value = entry.get(name)
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
        return float(value) if good and value is not None else 0.0

    error, result = (value if isinstance(value, dict) else {} for value in (entry.get("error"), entry.get("result")))
    return HistoryEntry(
        number=int(number("number")),
        at=number("at"),
        seconds=number("seconds"),
        **{name: text(name) for name in _TEXTS},
        error=error,
        result=result,
        steps=tuple(
            (str(name), str(title), float(seconds) if isinstance(seconds, int | float) else None)
            for name, title, seconds in _rows(entry.get("steps"))
        ),
        files=tuple((str(role), str(name), str(sha256)) for role, name, sha256 in _rows(entry.get("files"))),
    )


_TEXTS = (
    "vin", "vehicle", "title", "order", "kind", "unit", "by", "device", "program", "outcome", "summary", "previous",
    "hash", "driven_by",
)  # fmt: skip


def _rows(value: Any) -> list[tuple[Any, Any, Any]]:
    if not isinstance(value, list):
        return []
    return [(row[0], row[1], row[2]) for row in value if isinstance(row, list) and len(row) == 3]
