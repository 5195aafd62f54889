"""A QR code in half blocks: two modules a cell, light ones are drawn, so that it can be read without colours, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.theme import DARK, LIGHT, PALETTES

if TYPE_CHECKING:
    from textual.geometry import Size

QUIET = 2  # light modules around it; four are the standard's wish, two are what phones need and 24 rows allow
ROWS, COLUMNS = 22, 80
_BLOCKS = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}  # (upper, lower) dark


def qr_lines(text: str, rows: int = ROWS, columns: int = COLUMNS) -> tuple[str, ...]:
    """The code as lines of half blocks, () where it does not fit into `rows` and `columns`."""
    import segno

    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        return ()
    modules = [[bool(dark) for dark in line] for line in code.matrix_iter(border=QUIET)]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    if len(modules) > rows * 2 or len(modules[0]) > columns:
        return ()
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return tuple("".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs)


class QrCode(Widget):
    """Shows `text` as QR; nothing where it is too long for the place."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._text = ""
        self._lines: tuple[str, ...] = ()

    def show(self, text: str, rows: int = ROWS) -> bool:
        """Whether it can be shown; not in ASCII, which has no half blocks."""
        looks = getattr(self.app, "looks", None)
        text = "" if looks is not None and looks.ascii else text
        if text != self._text:
            self._text, self._lines = text, qr_lines(text, rows) if text else ()
            self.refresh(layout=True)
        return bool(self._lines)

    @property
    def columns(self) -> int:
        return len(self._lines[0]) if self._lines else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self.columns

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        # the ground of a dark theme counts as none where there are no colours: light modules stay light
        theme = self.app.theme if self.app.theme in PALETTES else DARK
        ink = Style.parse(f"#ffffff on {'#000000' if theme == LIGHT else PALETTES[theme].background}")
        line = self._lines[y] if y < len(self._lines) else ""
        return Strip([Segment(line, ink)], len(line)).adjust_cell_length(self.size.width)
