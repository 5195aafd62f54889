"""RowList: the one list of the app. Fixed columns, own scrolling, only visible rows are painted, no markup ever.

Used instead of DataTable and OptionList: it costs one widget, takes outside text as it is (cleaned while painting) and
keeps its cursor on the same key when rows change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.locale import _
from tui.theme import styles_of
from tui.widgets.plain import Cell, blank, clean, paint, segments, wrapped

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Size
    from textual.screen import Screen

MOST_STRIPS = 500
WIDE = 110  # cells from which the wide column widths are used


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells; 0 takes a share of what is left, -1 hides. `wide` replaces it from 110 cells on."""

    title: str
    width: int = 0
    right: bool = False
    wide: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`key` is stable over updates. `plain` rows (headings) are skipped by the cursor."""

    key: str
    cells: tuple[Cell, ...]
    selectable: bool = True


class RowList(Widget, can_focus=True):
    """A list with columns. `enter` or a click on the cursor row posts Chosen; moving posts Moved."""

    BINDINGS: ClassVar = [
        Binding("up", "move(-1)", _("Up"), show=False),
        Binding("down", "move(1)", _("Down"), show=False),
        Binding("pageup", "page(-1)", _("Page up"), show=False),
        Binding("pagedown", "page(1)", _("Page down"), show=False),
        Binding("home", "edge(-1)", _("First"), show=False),
        Binding("end", "edge(1)", _("Last"), show=False),
        Binding("enter", "choose", _("Open"), show=False),
    ]

    class Chosen(Message):
        """The technician wants this row."""

        def __init__(self, rows: RowList, key: str) -> None:
            super().__init__()
            self.rows, self.key = rows, key

        @property
        def control(self) -> RowList:
            return self.rows

    class Moved(Chosen):
        """The cursor is on another row now."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        heading: bool = True,
        follow: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` names the next key where there are no rows; `follow` keeps the last row in view until one moves."""
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self._empty = empty
        self.heading = heading
        self.follow = follow
        self.rows: tuple[Row, ...] = ()
        self.cursor = 0
        self.top = 0
        self._strips: dict[int, tuple[Row, int, str, str, Strip]] = {}  # what is on the screen, by row number

    # -- content

    @property
    def empty(self) -> str:
        """What stands in a list without rows."""
        return self._empty

    @empty.setter
    def empty(self, words: str) -> None:
        if words != self._empty:
            self._empty = words
            self.refresh()

    def set_rows(self, rows: Sequence[Row], cursor: str | None = None) -> None:
        """Replaces all rows; the cursor stays on its key, or goes to `cursor`. Repaints only when they differ."""
        rows = tuple(rows)
        if rows == self.rows and cursor is None:
            return
        wanted, at_end = cursor if cursor is not None else self.key, self.cursor >= len(self.rows) - 1
        old, before = self.rows, (self.top, self.cursor)
        self.rows = rows
        keys = [row.key for row in rows]
        if wanted in keys and not (self.follow and at_end and cursor is None):
            self.cursor = keys.index(wanted)
        elif self.follow and at_end:
            self.cursor = len(rows) - 1
        self.cursor = self._selectable(self.cursor, 1)
        self._keep_in_view()
        if len(rows) != len(old) or (self.top, self.cursor) != before:
            self.refresh(layout=len(rows) != len(old) and self.styles.auto_dimensions)
        else:
            shown = range(self.top, min(self.top + self.visible_rows, len(rows)))
            self._refresh_changes(number for number in shown if rows[number] != old[number])

    def _refresh_rows(self, numbers: Iterable[int]) -> None:
        """Repaints single rows: over a slow line a whole list costs ten times a row."""
        first = self.top - (1 if self.heading else 0)
        regions = [Region(0, number - first, self.size.width, 1) for number in numbers]
        if regions:
            self.refresh(*regions)

    def _refresh_changes(self, numbers: Iterable[int]) -> None:
        """Repaints of each row only what differs: over a slow line the begin of a row costs as much as its news."""
        first = self.top - (1 if self.heading else 0)
        regions = []
        for number in numbers:
            before = self._strips.get(number)
            if before is None or before[1] < 1:
                regions.append(Region(0, number - first, self.size.width, 1))
                continue
            start, end = difference(before[4], self._strip(number, before[1]))
            if end > start:
                regions.append(Region(start, number - first, end - start, 1))
        if regions:
            self.refresh(*regions)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self.rows)) + (1 if self.heading else 0)

    def set_columns(self, columns: Sequence[Column]) -> None:
        self._strips.clear()
        self.columns = tuple(columns)
        self.refresh()

    @property
    def key(self) -> str:
        """Key of the cursor row, "" where there is none."""
        return self.rows[self.cursor].key if 0 <= self.cursor < len(self.rows) else ""

    def put_cursor(self, key: str) -> None:
        for number, row in enumerate(self.rows):
            if row.key == key:
                self._go(number, 1)

    # -- moving

    def _selectable(self, number: int, step: int) -> int:
        """The next row from `number` in direction `step` that the cursor may rest on, else the other direction."""
        number = max(0, min(number, len(self.rows) - 1))
        for direction in (step, -step):
            at = number
            while 0 <= at < len(self.rows):
                if self.rows[at].selectable:
                    return at
                at += direction
        return number

    @property
    def visible_rows(self) -> int:
        return max(1, self.size.height - (1 if self.heading else 0))

    def _keep_in_view(self) -> None:
        last_top = max(0, len(self.rows) - self.visible_rows)
        if self.cursor <= 1 and self.top <= 1:
            self.top = 0  # headings above the first row stay in view
        self.top = min(max(self.top, self.cursor - self.visible_rows + 1), self.cursor, last_top)

    def _go(self, number: int, step: int) -> None:
        if not self.rows:
            return
        before, top = self.cursor, self.top
        self.cursor = self._selectable(number, step)
        self._keep_in_view()
        if self.top != top:
            self.refresh()
        elif self.cursor != before:
            self._refresh_rows((before, self.cursor))
        if self.cursor != before:
            self.post_message(self.Moved(self, self.key))

    def action_move(self, step: int) -> None:
        self._go(self.cursor + step, step)

    def action_page(self, step: int) -> None:
        self._go(self.cursor + step * self.visible_rows, step)

    def action_edge(self, step: int) -> None:
        self._go(0 if step < 0 else len(self.rows) - 1, -step)

    def action_choose(self) -> None:
        if self.rows and self.rows[self.cursor].selectable:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        number = event.y - self.gutter.top - (1 if self.heading else 0) + self.top
        if not 0 <= number < len(self.rows):
            return
        chosen = number == self.cursor
        self._go(number, 1)
        if chosen:
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_move(1)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_move(-1)
        event.stop()

    def on_resize(self) -> None:
        self._keep_in_view()
        self.refresh()

    # -- painting

    def _widths(self, total: int) -> list[int]:
        wide = total >= WIDE
        fixed = [c.wide if wide and c.wide is not None else c.width for c in self.columns]
        left = max(0, total - sum(size + 1 for size in fixed if size >= 0) + 1)
        shares = [n for n, width in enumerate(fixed) if width == 0]
        for position, number in enumerate(shares):
            fixed[number] = left // len(shares) + (1 if position < left % len(shares) else 0)
        return fixed

    def _line(self, cells: Sequence[Cell], width: int, ground: str) -> Strip:
        styles = styles_of(self.app.theme)
        made: list[Segment] = []
        gap = Segment(" ", styles("", ground))
        for column, size, cell in zip(self.columns, self._widths(width - 1), cells, strict=False):
            if size > 0:
                made += [*segments(cell, size, styles, ground, column.right), gap]
        # simplified: a gap in the style of its neighbour need not travel as a span of its own (40 bytes each)
        return Strip(made).simplify().adjust_cell_length(width, styles("", ground))

    def _thumb(self, y: int) -> bool | None:
        """Whether line `y` of the body shows the scroll mark; None where all rows fit."""
        shown, total = self.visible_rows, len(self.rows)
        if total <= shown:
            return None
        size = max(1, shown * shown // total)
        start = round(self.top * (shown - size) / (total - shown))
        return start <= y < start + size

    def render_line(self, y: int) -> Strip:
        width, styles = self.size.width, styles_of(self.app.theme)
        if self.heading and y == 0:
            return self._line([(c.title, "dim") for c in self.columns], width, "plain")
        y -= 1 if self.heading else 0
        if not self.rows:
            said = wrapped(clean(self._empty), max(20, width))
            return paint((said[y], "dim"), width, styles) if y < len(said) else blank(width, styles(""))
        number = self.top + y
        if number >= len(self.rows):
            return blank(width, styles(""))
        thumb = self._thumb(y)
        if thumb is None:
            return self._strip(number, width)
        mark = Strip([Segment("█" if thumb else "░", styles("dim"))], 1)
        return Strip.join([self._strip(number, width - 1), mark])

    def _strip(self, number: int, width: int) -> Strip:
        """A row as it is painted; kept, so that it is made once and its changes can be found."""
        row, theme = self.rows[number], self.app.theme
        on = number == self.cursor and row.selectable
        ground = ("cursor" if self.has_focus else "idle") if on else "plain"
        kept = self._strips.get(number)
        if kept is not None and kept[:4] == (row, width, ground, theme):
            return kept[4]
        if len(self._strips) > MOST_STRIPS:
            self._strips.clear()
        strip = self._line(row.cells, width, ground)
        self._strips[number] = row, width, ground, theme, strip
        return strip


def choose_focused(screen: Screen[Any]) -> None:
    """What enter does on a screen with several lists: the marked row of the one that has the focus."""
    focused = screen.focused
    if isinstance(focused, RowList):
        focused.action_choose()


def difference(before: Strip, after: Strip) -> tuple[int, int]:
    """First cell that differs and the one behind the last; the whole width where a character takes two cells."""
    if before.cell_length != after.cell_length or not (before.text.isascii() and after.text.isascii()):
        return 0, after.cell_length
    old = [(character, part.style) for part in before for character in part.text]
    new = [(character, part.style) for part in after for character in part.text]
    differing = [at for at, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
    return (differing[0], differing[-1] + 1) if differing else (0, 0)
