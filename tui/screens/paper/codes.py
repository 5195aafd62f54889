"""The numbered messages (manual, chapter 6): a list, and for each code a page with meaning and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.messages import headline
from tui.locale import _, said
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, wrapped
from tui.widgets.rows import Column, Row, RowList
from tui.wording.codes import PAGES, CodePage

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.shell import PassbayApp


class CodesScreen(Place):
    PLACE = _("Numbered messages")
    KEYS: ClassVar[tuple[Key, ...]] = (("enter", _("Open"), "do"), ("esc", _("Back"), "back"))
    HELP = _(
        "Every numbered message of StartKey, log-in, credit and server, with what it means and what to do.\n"
        "enter opens the page of the marked one. A message in the list of Start leads here as well."
    )

    def body(self) -> list[Widget]:
        rows = RowList((Column(_("Code"), 8), Column("", 32), Column("")), heading=False, id="codes", classes="box")
        rows.border_title = _("Numbered messages")
        rows.set_rows([
            Row(page.code, ((page.code, "bold"), said(headline(page.code)), (page.when, "dim")))
            for page in PAGES.values()
        ])  # fmt: skip
        return [rows]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#codes").focus()

    def action_do(self) -> None:
        self.query_one("#codes", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        open_page(self.passbay, event.key)


class CodeScreen(Place):
    """One page."""

    PLACE = _("What to do")
    KEYS: ClassVar[tuple[Key, ...]] = (("6", _("ConfigAssist"), "job('assist')"), ("esc", _("Back"), "back"))
    HELP = _("What this message means and what to do, most likely help first.")
    BINDINGS: ClassVar = [Binding("6", "job('assist')", _("ConfigAssist"), show=False)]

    def __init__(self, page: CodePage) -> None:
        super().__init__()
        self.page = page

    def body(self) -> list[Widget]:
        return [Lines(page_lines(self.page), id="page")]

    def action_job(self, place: str) -> None:
        self.passbay.go(place)


def page_lines(page: CodePage, width: int = 76) -> list[Cell]:
    """The page as lines of at most `width` and a margin."""
    lines: list[Cell] = ["", ((f" {page.code}", "bold"), (f"  {said(headline(page.code))}", "bold")), "",
                         ((_(" When  "), "dim"), (page.when, "")), ""]  # fmt: skip
    lines += [f" {line}" for line in wrapped(page.meaning, width)]
    lines += ["", (_(" What to do"), "bold")]
    for number, step in enumerate(page.steps, 1):
        first, *rest = wrapped(step, width - 4)
        lines += [((f"  {number}  ", "accent"), (first, "")), *(f"     {line}" for line in rest)]
    return lines


def open_page(app: PassbayApp, code: str) -> None:
    page = PAGES.get(code)
    if page is not None:
        app.push_screen(CodeScreen(page))
