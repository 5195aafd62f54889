"""A document as plain text for a terminal or a file: nothing in it acts on a terminal. Decides no content."""

from __future__ import annotations

from collections.abc import Sequence

from core.reports.document import Block, Facts, Heading, Paragraph, Table
from core.vocabulary.cleaning import clean

UNDERLINES = {1: "=", 2: "-"}
MARKS = {"good": "√ ", "bad": "! "}


def text(blocks: Sequence[Block]) -> str:
    """Lines that end with line feeds; cells are as wide as they need."""
    lines: list[str] = []
    for block in blocks:
        lines += _lines(block)
        lines.append("")
    return "\n".join(lines)


def _lines(block: Block) -> list[str]:
    match block:
        case Heading(text=title, level=level):
            shown = clean(title)
            return [shown, UNDERLINES[level] * len(shown)] if level in UNDERLINES else [shown]
        case Paragraph(text=words, mood=mood):
            return [MARKS.get(mood, "") + clean(words)]
        case Facts(rows=rows):
            given = [(clean(name), clean(value)) for name, value in rows if value]
            width = max((len(name) for name, _ in given), default=0)
            return [f"{name:<{width}}  {value}" for name, value in given]
        case Table(header=header, rows=rows):
            return _table(header, rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns in which no row says anything are left out."""
    used = [number for number in range(len(header)) if any(row[number] for row in rows)]
    cells = [[clean(row[number]) for number in used] for row in (header, *rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(used))]
    shown = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [shown[0], "  ".join("-" * width for width in widths), *shown[1:]]
