"""Dialogs: ask, pick, fill in, read. Opaque, at most 60x16, buttons always in view, the harmless answer preselected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, Static

from tui.locale import _
from tui.screens.base import Fitting, ResultT
from tui.theme import styles_of
from tui.widgets.plain import Piece, joined, paint, plain
from tui.widgets.rows import Column, Row, RowList

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

from textual.widget import Widget as _Widget


class Buttons(_Widget, can_focus=True):
    """One row of buttons: left and right choose, enter presses."""

    BINDINGS: ClassVar = [
        Binding("left", "move(-1)", _("Left"), show=False),
        Binding("right", "move(1)", _("Right"), show=False),
        Binding("enter", "press", _("Press"), show=False),
    ]

    class Pressed(Message):
        """The button `number` was pressed."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, labels: Sequence[str], chosen: int = 0) -> None:
        super().__init__(id="buttons")
        self.labels, self.chosen = tuple(labels), chosen

    def action_move(self, step: int) -> None:
        self.chosen = max(0, min(self.chosen + step, len(self.labels) - 1))
        self.refresh()

    def action_press(self) -> None:
        self.post_message(self.Pressed(self.chosen))

    def _faces(self) -> list[str]:
        return [f"[ {label} ]" for label in self.labels]

    def on_click(self, event: events.Click) -> None:
        at = 0
        for number, face in enumerate(self._faces()):
            if at <= event.x < at + len(face):
                self.chosen = number
                self.action_press()
            at += len(face) + 2

    def render_line(self, y: int) -> Strip:
        styles, pieces = styles_of(self.app.theme), []
        for number, face in enumerate(self._faces()):
            pieces += [(face, "mark" if number == self.chosen and self.has_focus else "bold"), ("  ", "")]
        return paint(tuple(pieces), self.size.width, styles)


class Dialog(Fitting[ResultT]):
    """A box in the middle: title, content, buttons. `esc` is always the harmless answer."""

    BINDINGS: ClassVar = [
        Binding("escape", "cancel", _("Cancel"), show=False),
        Binding("tab,down", "app.focus_next", _("Next"), show=False),
        Binding("shift+tab,up", "app.focus_previous", _("Previous"), show=False),
    ]
    LABELS: tuple[str, ...] = (_("Close"),)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        box = Vertical(id="dialog", classes="box")
        box.border_title = plain(self._title, 54)
        with box:
            yield from self.content()
            yield Buttons(self.LABELS)

    def content(self) -> list[Widget]:
        return []

    def on_buttons_pressed(self, event: Buttons.Pressed) -> None:
        if event.number == 0:
            self.action_cancel()
        elif event.number == 1:
            self.accept()
        else:
            self.other()

    def accept(self) -> None:
        """The second button."""

    def other(self) -> None:
        """The third button."""

    def action_cancel(self) -> None:
        self.dismiss(None)


class Ask(Dialog[bool]):
    """Yes or no; Cancel is preselected."""

    AUTO_FOCUS = "#buttons"

    def __init__(self, title: str, lines: Sequence[object], yes: str) -> None:
        super().__init__(title)
        self._lines = tuple(lines)
        self.LABELS = (_("Cancel"), yes)

    def content(self) -> list[Widget]:
        return [VerticalScroll(Static(plain(joined(self._lines))), id="words", can_focus=False)]

    def accept(self) -> None:
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)


class Tell(Dialog[None]):
    """A text to read, e.g. one message in full; `y` copies it."""

    AUTO_FOCUS = "#buttons"
    LABELS = (_("Close"), _("Copy"))
    BINDINGS: ClassVar = [Binding("y", "copy", _("Copy"), show=False)]

    def __init__(self, title: str, lines: Sequence[object], more: tuple[str, Callable[[], None]] | None = None) -> None:
        """`more`: a third button, and what follows when it is pressed."""
        super().__init__(title)
        self._words, self._more = joined(lines), more
        if more is not None:
            self.LABELS = (*self.LABELS, more[0])

    def other(self) -> None:
        if self._more is not None:
            self.dismiss(None)
            self._more[1]()

    def content(self) -> list[Widget]:
        return [VerticalScroll(Static(plain(self._words)), id="words", can_focus=False)]

    def accept(self) -> None:
        self.action_copy()

    def action_copy(self) -> None:
        from tui.wishes.messages import copy

        copy(self.passbay, self._words)


class Pick(Dialog[str]):
    """One of a list."""

    AUTO_FOCUS = "#picks"
    LABELS = (_("Cancel"),)

    def __init__(
        self, title: str, choices: Sequence[tuple[str, Piece]], current: str = "", lines: Sequence[object] = ()
    ) -> None:
        """`lines`: what is to be known before one is chosen."""
        super().__init__(title)
        self._choices, self._current, self._lines = tuple(choices), current, tuple(lines)

    def content(self) -> list[Widget]:
        rows = RowList((Column(""),), heading=False, empty=_("Nothing to choose from."), id="picks")
        rows.set_rows([Row(key, (words,)) for key, words in self._choices], cursor=self._current)
        if not self._lines:
            return [rows]
        return [VerticalScroll(Static(plain(joined(self._lines))), id="words", can_focus=False), rows]

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        self.dismiss(event.key)


class Fill(Dialog[dict[str, str]]):
    """A few fields; enter in the last one accepts."""

    AUTO_FOCUS = "Input"

    def __init__(self, title: str, fields: Sequence[tuple[str, str, str]], note: str = "", yes: str = _("Use")) -> None:
        """`fields`: (name, label, value now); `note` says what is wanted."""
        super().__init__(title)
        self.LABELS = (_("Cancel"), yes)
        self._fields, self._note = tuple(fields), note

    def content(self) -> list[Widget]:
        made: list[Widget] = [Static(plain(self._note), classes="note")] if self._note else []
        for name, label, value in self._fields:
            entry = Input(plain(value).plain, id=f"field-{name}", compact=True, select_on_focus=False)
            entry.cursor_blink = False
            made += [Static(plain(label), classes="label"), entry]
        return made

    def on_input_submitted(self, event: Input.Submitted) -> None:
        entries = list(self.query(Input))
        if event.input is entries[-1]:
            self.accept()
        else:
            self.focus_next()

    def accept(self) -> None:
        self.dismiss(
            {name: self.query_one(f"#field-{name}", Input).value.strip() for name, _label, _value in self._fields}
        )
