"""f1: one page for the place below it. The key table first, then what the place is for; fits 80x24."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, wrapped

if TYPE_CHECKING:
    from textual.widget import Widget

EVERYWHERE = (
    ("f1", _("This help")), ("esc", _("Back")), ("enter", _("Open or do")), ("f9", _("Live panel, here and back")),
    ("a", _("Stop the job safely")), ("^p", _("All commands")), ("^q", _("Quit")),
)  # fmt: skip
SHOWN = {"escape": "esc", "slash": "/", "ctrl+q": "^q", "ctrl+p": "^p"}


def key_words(key: str) -> str:
    return SHOWN.get(key, key)


class HelpScreen(Place):
    PLACE = _("Help")
    BINDINGS: ClassVar = [
        Binding("f1", "back", _("Back"), show=False),
        Binding("enter", "look_up", _("What to do"), show=False),
    ]

    def __init__(self, about: Place) -> None:
        super().__init__()
        self._about = about
        self._failed = about.failed_page()

    def keys(self) -> tuple[Key, ...]:
        first: tuple[Key, ...] = (("enter", _("What to do"), "look_up"),) if self._failed else ()
        return (*first, ("esc", _("Back"), "back"))

    def action_look_up(self) -> None:
        """The page of what has failed on the place below."""
        from tui.wishes.shop import open_page

        if self._failed:
            open_page(self.passbay, self._failed)

    def body(self) -> list[Widget]:
        return [Lines(self._page(), id="page")]

    def _page(self) -> list[Cell]:
        own = [
            (key_words(binding.key), binding.description)
            for binding in type(self._about).BINDINGS
            if isinstance(binding, Binding) and binding.key not in ("escape", "tab")
        ]
        if any(isinstance(b, Binding) and b.key == "tab" for b in type(self._about).BINDINGS):
            own.append(("tab", _("Other box")))
        more: Cell = ((" x ", "bad"), ("enter", "key"), (_(" says what has failed here and what to do."), ""))
        lines: list[Cell] = [((f" {self._about.PLACE}", "bold"),), more if self._failed else ""]
        for number in range(max(len(EVERYWHERE), len(own))):
            left = EVERYWHERE[number] if number < len(EVERYWHERE) else ("", "")
            right = own[number] if number < len(own) else ("", "")
            lines.append(((f" {left[0]:6}", "key"), (f"{left[1]:27}", ""), (f"{right[0]:6}", "key"), (right[1], "")))
        lines.append("")
        for sentence in type(self._about).HELP.split("\n"):
            lines += [f" {line}" for line in wrapped(sentence, 77)]
        return lines
