"""Last stop before the terminal: lines in ASCII, lines without colours. Every widget's lines go through, Textual's too.

What is shown stays what it is; a character has one cell before and after.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_DRAWN = {
    "√": "+", "░": ":", "▒": "+", "▓": "%", "█": "#", "·": ".", "■": "#", "─": "-", "│": "|", "═": "=", "║": "|",
    "→": ">", "←": "<", "↑": "^", "↓": "v", "…": ".", "°": "o", "▀": '"', "▄": "_", "×": "x",
}  # fmt: skip


@lru_cache(4096)
def ascii_text(text: str) -> str:
    """`text` with one ASCII character a cell."""
    if text.isascii():
        return text
    return "".join(character if character.isascii() else _plain(character) for character in text)


@lru_cache(1024)
def _plain(character: str) -> str:
    drawn = _DRAWN.get(character)
    if drawn is not None:
        return drawn
    if "\u2500" <= character <= "\u257f":
        return "+"
    if "\u2580" <= character <= "\u259f":
        return "#"
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    width = cell_len(character)
    return bare if len(bare) == width else "?" * width


class AsciiOnly(LineFilter):
    """No byte above 0x7F reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(ascii_text(segment.text), segment.style, segment.control)
            for segment in segments
        ]


class Colourless(LineFilter):
    """No colour, as https://no-color.org asks: what stands on another ground is shown in reverse, the rest is plain."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.style is None else Segment(segment.text, _bare(segment.style), segment.control)
            for segment in segments
        ]


GROUNDS: set[str] = set()
"""Hex colours of what counts as the plain ground."""


@lru_cache(1024)
def _bare(style: Style) -> Style:
    ground = style.bgcolor.get_truecolor().hex.lower() if style.bgcolor is not None else ""
    lifted = bool(ground) and ground not in GROUNDS
    return Style(bold=style.bold, underline=style.underline, reverse=lifted != bool(style.reverse))
