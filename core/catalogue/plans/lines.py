"""Where a key stands in a TOML text: tomllib tells lines of broken syntax only. A scan, no parser."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")

Place = tuple[str | int, ...]


def line_numbers(text: str) -> dict[Place, int]:
    """(section, ..., key) -> line, tables in arrays with their number from 0. What it cannot see is left out."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _numbered(_split(header[2]), counts, new=header[1] == "[[")
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*table, *_split(key[1])), number)
    return found


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of the innermost part of `place` that was seen, 1 where none was."""
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return 1


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted))


def _numbered(names: tuple[str, ...], counts: dict[Place, int], *, new: bool) -> Place:
    """Names with the number of the latest table where one of them is an array of tables."""
    place: Place = ()
    for at, name in enumerate(names):
        place = (*place, name)
        last = at == len(names) - 1
        if last and new:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place
