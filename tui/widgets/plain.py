"""The gate for outside text: what comes from a bus, a file or a server reaches a widget only through here.

`plain` cleans (control, bidi and zero-width characters become visible escapes) and returns `Text`, which Textual never
parses as markup. `paint` does the same for the line widgets, straight to segments.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from tui.theme import GLYPHS, Styles

Piece = str | tuple[str, str]
"""Text, or text and its tone."""
Cell = Piece | tuple[tuple[str, str], ...]
"""A piece, or several side by side."""


_OURS = str.maketrans("", "", "".join(GLYPHS.values()) + "█│─")


def clean(text: object, limit: int = 4096) -> str:
    """core.vocabulary.cleaning.clean; what is plain ASCII and our own glyphs passes without loading the vocabulary.

    The vocabulary's dataclasses cost a tenth of the start-up and are not needed for the first paint.
    """
    raw = str(text)
    bare = raw.translate(_OURS)
    if len(raw) <= limit and bare.isascii() and (bare.isprintable() or not bare):
        return raw
    from core.vocabulary import cleaning

    return cleaning.clean(raw, limit)


def plain(text: object, limit: int = 4096) -> Text:
    """`text` harmless for any widget, line feeds kept."""
    return Text("\n".join(clean(line, limit) for line in str(text).split("\n")))


def pieces_of(cell: Cell) -> tuple[tuple[str, str], ...]:
    if isinstance(cell, str):
        return ((cell, ""),)
    if cell and isinstance(cell[0], str):
        return (cell,)
    return cell


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells; a cut is marked with ~ (code page 437 has no ellipsis)."""
    size = len(text) if text.isascii() else cell_len(text)
    if size > width:
        return set_cell_size(text, max(width - 1, 0)) + "~"[:width]
    pad = " " * (width - size)
    return pad + text if right else text + pad


def segments(cell: Cell, width: int, styles: Styles, ground: str, right: bool = False) -> list[Segment]:
    """A cell in exactly `width` cells, cleaned."""
    made: list[Segment] = []
    pieces = [(clean(text), tone) for text, tone in pieces_of(cell)]
    if right and len(pieces) == 1:
        return [Segment(fit(pieces[0][0], width, True), styles(pieces[0][1], ground))]
    left = width
    for position, (text, tone) in enumerate(pieces):
        last = position == len(pieces) - 1
        size = left if last else min(left, len(text) if text.isascii() else cell_len(text))
        if size > 0 or last:
            made.append(Segment(fit(text, max(size, 0)), styles(tone, ground)))
        left -= size
    return made


def paint(cell: Cell, width: int, styles: Styles, ground: str = "plain") -> Strip:
    """One line of pieces as a strip of `width` cells."""
    return Strip(segments(cell, width, styles, ground), width)


def blank(width: int, style: Style) -> Strip:
    return Strip([Segment(" " * width, style)], width)


def joined(lines: Iterable[object]) -> str:
    """Several outside texts as one, cleaned line by line; goes through `plain` into a widget."""
    return "\n".join(clean(line) for line in lines)


def wrapped(sentence: str, width: int) -> list[str]:
    """`sentence` in lines of at most `width` characters, cut between words."""
    lines, line = [], ""
    for word in sentence.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def told(head: str, tone: str, text: str, width: int) -> list[Cell]:
    """`text` behind a coloured head, wrapped to `width`; the lines after the first one are set in below it."""
    first, *rest = wrapped(clean(text), max(20, width - len(head) - 1))
    return [((head, tone), (first, "")), *(" " * len(head) + line for line in rest)]
