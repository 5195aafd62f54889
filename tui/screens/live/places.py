"""Search and bookmarks of the live panel: places in its lists. Knows rows, no bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.widgets.plain import pieces_of
from tui.widgets.rows import Row

MOST_BOOKMARKS = 50


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A line to come back to. `rows` are what stood around it: a full bus overwrites it within seconds."""

    number: int
    mode: str
    key: str
    words: str
    rows: tuple[Row, ...]


class Bookmarks:
    """The newest MOST_BOOKMARKS."""

    def __init__(self) -> None:
        self._all: list[Bookmark] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, mode: str, row: Row, rows: Sequence[Row]) -> Bookmark:
        self._count += 1
        made = Bookmark(self._count, mode, row.key, row_text(row), tuple(rows))
        self._all = [*self._all[-MOST_BOOKMARKS + 1 :], made]
        return made

    def choices(self) -> list[tuple[str, str]]:
        """(number, words), the newest first."""
        return [(str(mark.number), f"{mark.number}  {mark.words}") for mark in reversed(self._all)]

    def get(self, number: str) -> Bookmark | None:
        return next((mark for mark in self._all if str(mark.number) == number), None)

    def marked(self, mode: str) -> frozenset[str]:
        """Keys of the lines of this list that have one."""
        return frozenset(mark.key for mark in self._all if mark.mode == mode)


def row_text(row: Row) -> str:
    """A row as one line."""
    cells = ("".join(text for text, _ in pieces_of(cell)).strip() for cell in row.cells)
    return " ".join(cell for cell in cells if cell)


def marked_row(row: Row) -> Row:
    """With the mark of a bookmark in front of its time."""
    first = row.cells[0]
    text = first if isinstance(first, str) else str(first[0])
    return Row(row.key, ((f"■{text[:12]}", "accent"), *row.cells[1:]), row.selectable)


def next_hit(rows: Sequence[Row], needle: str, start: int) -> int | None:
    """The next row from `start` on that holds `needle`, round the end; None where none does."""
    wanted = needle.casefold()
    for step in range(len(rows)):
        number = (start + step) % len(rows)
        if wanted in row_text(rows[number]).casefold():
            return number
    return None
