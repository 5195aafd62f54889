"""The dialog that asks for a filter of the live panel: completes it while it is written, says what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input, Static

from core.errors import UsageError
from tui.locale import _, said
from tui.screens.dialogs import Dialog
from tui.widgets.plain import clean, plain

if TYPE_CHECKING:
    from textual.widget import Widget

NOTE = _("Fields id: unit: service: text: bus: data:, combined by and, or, not. Empty shows all. tab completes.")
LONGEST_OFFER = 52

Names = Sequence[Sequence[str]]


def completions(text: str, names: Names) -> list[str]:
    """How `text` may go on. What a bus told is offered only where it can be typed."""
    from core.workbench.traces.filters import complete

    return [each for each in complete(text, names) if clean(each) == each]


class _Completing(Suggester):
    def __init__(self, names: Names) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        found = [each for each in completions(value, self._names) if each.startswith(value)]
        return found[0] if value and found else None


class FilterDialog(Dialog[str]):
    """Gives the filter; None where it was cancelled."""

    AUTO_FOCUS = "Input"
    LABELS = (_("Cancel"), _("Use"))
    BINDINGS: ClassVar = [Binding("tab", "complete", _("Complete"), show=False, priority=True)]

    def __init__(self, text: str, names: Names) -> None:
        super().__init__(_("Filter the live panel"))
        self._text, self._names = text, names

    def content(self) -> list[Widget]:
        entry = Input(
            plain(self._text).plain, id="field-filter", compact=True, select_on_focus=False,
            suggester=_Completing(self._names),
        )  # fmt: skip
        entry.cursor_blink = False
        return [Static(plain(NOTE), classes="note"), entry, Static("", id="offers", markup=False)]

    def on_mount(self) -> None:
        self._tell(self._text)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._tell(event.value)

    def _tell(self, text: str) -> None:
        offers = [each[_word_start(text) :].strip() for each in completions(text, self._names)]
        words = problem_of(text)
        if not words or text.endswith((" ", ":", "(")) or offers:
            words = _fitting(offers)
        self.query_one("#offers", Static).update(plain(words))

    def action_complete(self) -> None:
        entry = self.query_one(Input)
        found = completions(entry.value, self._names)
        if not self.focused or self.focused is not entry or not found:
            self.focus_next()
            return
        entry.value = found[0]
        entry.cursor_position = len(found[0])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.accept()

    def accept(self) -> None:
        text = self.query_one(Input).value.strip()
        words = problem_of(text)
        if words:
            self.query_one("#offers", Static).update(plain(words))
        else:
            self.dismiss(text)


def problem_of(text: str) -> str:
    """Why the filter cannot be understood, "" where it can."""
    from core.workbench.traces.filters import parse

    try:
        parse(text)
    except UsageError as error:
        return f"{said(error.message)} {said(error.advice)}"
    return ""


def _word_start(text: str) -> int:
    """Where the word that is being written begins."""
    return max(text.rfind(" "), text.rfind("(")) + 1


def _fitting(offers: Sequence[str]) -> str:
    said = ""
    for offer in offers:
        if len(said) + len(offer) + 2 > LONGEST_OFFER:
            return f"{said} ..."
        said = f"{said}  {offer}".strip()
    return said
