"""A page to read: Markdown of a release, an AddOn or the Support Tool, drawn harmlessly.

Outside text is cleaned before it is drawn; links are words, not actions, and no markup of the screen is ever parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.locale import _
from tui.screens.base import Place
from tui.widgets.lines import Key
from tui.widgets.plain import clean, plain

if TYPE_CHECKING:
    from rich.markdown import Markdown
    from textual.widget import Widget

LONGEST = 1 << 18


def drawn(text: str) -> Markdown:
    """Rich draws Markdown without console markup; hyperlinks would be escape sequences of their own."""
    from rich.markdown import Markdown

    return Markdown("\n".join(clean(line) for line in text[:LONGEST].split("\n")), hyperlinks=False, code_theme="bw")


class ReadingScreen(Place):
    PLACE = _("Page")
    KEYS: ClassVar[tuple[Key, ...]] = (("esc", _("Back"), "back"), ("y", _("Copy"), "copy"))
    HELP = _(
        "Arrow keys, page up and page down move the page. y copies it.\n"
        "What stands here was signed by those who publish the release, or comes with the product."
    )
    BINDINGS: ClassVar = [Binding("y", "copy", _("Copy this page"), show=False)]

    def __init__(self, title: str = "", text: str = "") -> None:
        super().__init__()
        self._title, self._text = title, text

    def body(self) -> list[Widget]:
        box = VerticalScroll(Static(drawn(self._text)), id="page", classes="box")
        box.border_title = plain(self._title, 60)
        return [box]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#page").focus()

    def action_copy(self) -> None:
        from tui.wishes.messages import copy

        copy(self.passbay, self._text)
