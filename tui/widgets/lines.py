"""Widgets that paint whole lines by themselves: text block, header row, key bar. One widget each, no children."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.strip import Strip
from textual.widget import Widget

from tui.locale import _
from tui.theme import Styles, styles_of
from tui.widgets.plain import Cell, blank, fit, paint, pieces_of

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Size


LEAST_NAME = 4  # cells that a device's name keeps


class Lines(Widget):
    """A block of lines, each a cell of pieces. Outside text is cleaned while painting and is never markup."""

    ground: ClassVar[str] = "plain"

    def __init__(self, lines: Sequence[Cell] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Cell, ...] = tuple(lines)

    @property
    def lines(self) -> tuple[Cell, ...]:
        return self._lines

    def show(self, *lines: Cell) -> None:
        """Replaces the lines; repaints only when they differ."""
        if lines != self._lines:
            grown = len(lines) != len(self._lines)
            self._lines = lines
            self.refresh(layout=grown)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)

    @property
    def ink(self) -> Styles:
        return styles_of(self.app.theme)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return blank(width, self.ink("", self.ground))
        return paint(self._lines[y], width, self.ink, self.ground)


class Header(Lines):
    """Row 1: place on the left; visitors, user and credit, device and volts on the right.

    The device's name gives way first, then user and credit where somebody visits: that must be seen.
    """

    ground = "bar"

    def tell(self, place: str, right: Cell, papers: Cell = (), visits: Cell = ()) -> None:
        bar = ("\x00", "")
        self.show(((f" {place} ", "bold"), bar, *pieces_of(visits), bar, *pieces_of(papers), bar, *pieces_of(right)))

    def render_line(self, y: int) -> Strip:
        pieces = list(pieces_of(self._lines[0])) if self._lines else [("", ""), *[("\x00", "")] * 3]
        first, second, third = (n for n, (text, _tone) in enumerate(pieces) if text == "\x00")
        place, visits, papers = pieces[0], pieces[first + 1 : second], pieces[second + 1 : third]
        right = pieces[third + 1 :]
        width = self.size.width
        least = cell_len(place[0]) + _cells(visits) + _cells(right[1:]) + LEAST_NAME + 2
        if visits and least + _cells(papers) + 2 > width:
            papers = []
        before = [*visits, *papers, ("  ", "")] if papers else visits
        room = width - cell_len(place[0]) - _cells(before) - 2
        if right and _cells(right) > room:
            name, tone = right[0]
            left = max(LEAST_NAME, room - _cells(right[1:]))
            right[0] = (fit(name.rstrip(), left - 1) + " ", tone)
        gap = max(1, width - cell_len(place[0]) - _cells(before) - _cells(right) - 1)
        return paint((place, (" " * gap, ""), *before, *right, (" ", "")), width, self.ink, self.ground)


def _cells(pieces: Sequence[tuple[str, str]]) -> int:
    return sum(cell_len(text) for text, _tone in pieces)


Key = tuple[str, str, str]
"""Key as shown, label, action."""


def fitting_labels(keys: Sequence[Key], width: int) -> list[str]:
    """As long as there is room: in a language of long words the longest labels give way, no key does."""
    labels = [label for _key, label, _action in keys]
    for _cut in range(sum(cell_len(key) + cell_len(label) + 3 for key, label, _action in keys) - width):
        longest = max(range(len(labels)), key=lambda number: cell_len(labels[number]))
        labels[longest] = labels[longest][:-1]
    return labels


class KeyBar(Lines):
    """Row 24: at most five keys and the palette at the right. A click does what the key does."""

    ground = "bar"

    def tell(self, keys: Sequence[Key], grey: frozenset[str] = frozenset()) -> None:
        """`grey`: actions that would be refused; their keys may be pressed all the same."""
        self._keys = (*keys, ("^p", _("Commands"), "app.command_palette"))
        pieces: list[tuple[str, str]] = []
        for key, label, action in self._keys:
            dim = action in grey
            pieces += [(f" {key}", "dim" if dim else "key"), (f" {label} ", "dim" if dim else "")]
        self.show(tuple(pieces))

    def _places(self) -> list[tuple[int, int, str]]:
        """Start and end column and action of each key; the last one is docked right."""
        places, at = [], 0
        for (key, _label, action), label in zip(self._keys, fitting_labels(self._keys, self.size.width), strict=True):
            size = cell_len(key) + cell_len(label) + 3
            places.append((at, at + size, action))
            at += size
        start, end, action = places[-1]
        shift = max(0, self.size.width - end)
        places[-1] = (start + shift, end + shift, action)
        return places

    def render_line(self, y: int) -> Strip:
        pieces = list(pieces_of(self._lines[0]))
        for number, label in enumerate(fitting_labels(self._keys, self.size.width)):
            pieces[2 * number + 1] = (f" {label} ", pieces[2 * number + 1][1])
        used = sum(cell_len(text) for text, _tone in pieces)
        gap = " " * max(0, self.size.width - used)
        return paint((*pieces[:-2], (gap, ""), *pieces[-2:]), self.size.width, self.ink, self.ground)

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._places():
            if start <= event.x < end:
                await self.screen.run_action(action)


def tab_line(names: Sequence[str], chosen: int) -> Cell:
    """The names of a screen's tabs side by side, the chosen one marked; the blank ends the mark."""
    return (*((f" {name} ", "mark" if n == chosen else "dim") for n, name in enumerate(names)), (" ", ""))
