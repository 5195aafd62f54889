"""Where a key stands in a TOML file: for messages that name a line, and for changing one value in its place.

Looks at headers and at the begin of lines; what it does not find (inline tables) is written anew by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADER = re.compile(r"\s*\[{1,2}\s*(.+?)\s*\]{1,2}\s*(#.*)?$")
_ASSIGNED = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")

Path = tuple[str, ...]


def _parts(text: str) -> Path:
    return tuple(a or b or c for a, b, c in _PART.findall(text))


def headers_and_keys(text: str) -> Iterator[tuple[int, Path, bool]]:
    """(line from 0, path, whether it is a header) of all that opens a table or assigns a key."""
    section: Path = ()
    for number, line in enumerate(text.splitlines()):
        header = _HEADER.match(line)
        if header:
            section = _parts(header[1])
            yield number, section, True
            continue
        assigned = _ASSIGNED.match(line)
        if assigned:
            yield number, (*section, *_parts(assigned[1])), False


def place(text: str, path: Path) -> str:
    """"line 7:" of a key or table, "line ?:" where it is not found."""
    for number, found, _ in headers_and_keys(text):
        if found[: len(path)] == path:
            return f"line {number + 1}:"
    return "line ?:"


def with_line(text: str, path: Path, line: str) -> str:
    """`text` with this key's line replaced, else put at the top of its table, which is made where it is missing."""
    lines = text.splitlines(keepends=True)
    at_header = -1
    for number, found, is_header in headers_and_keys(text):
        if found == path and not is_header:
            lines[number] = line + "\n"
            return "".join(lines)
        if is_header and found == path[:-1]:
            at_header = number
    if len(path) == 1:
        return f"{line}\n{text}"  # in front: a line behind a [table] would belong to the table
    if at_header >= 0:
        if not lines[at_header].endswith("\n"):
            lines[at_header] += "\n"
        lines.insert(at_header + 1, line + "\n")
        return "".join(lines)
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}\n[{'.'.join(path[:-1])}]\n{line}\n"
