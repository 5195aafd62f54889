"""The numbered messages (manual, chapter 6): a list, and for each code a page with meaning and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.messages import headline
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, wrapped
from tui.widgets.rows import Column, Row, RowList
from tui.wording.codes import PAGES, CodePage

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.shell import PassbayApp


class CodesScreen(Place):
    PLACE = "Numbered messages"
    KEYS: ClassVar[tuple[Key, ...]] = (("enter", "Open", "do"), ("esc", "Back", "back"))
    HELP = (
        "Every numbered message of StartKey, log-in, credit and server, with what it means and what to do.\n"
        "enter opens the page of the marked one. A message in the list of Start leads here as well."
    )

    def body(self) -> list[Widget]:
        rows = RowList((Column("Code", 8), Column("", 32), Column("")), heading=False, id="codes", classes="box")
        rows.border_title = "Numbered messages"
        rows.set_rows([
            Row(page.code, ((page.code, "bold"), headline(page.code), (page.when, "dim"))) for page in PAGES.values()
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

    PLACE = "What to do"
    KEYS: ClassVar[tuple[Key, ...]] = (("6", "ConfigAssist", "job('assist')"), ("esc", "Back", "back"))
    HELP = "What this message means and what to do, most likely help first."
    BINDINGS: ClassVar = [Binding("6", "job('assist')", "ConfigAssist", show=False)]

    def __init__(self, page: CodePage) -> None:
        super().__init__()
        self.page = page

    def body(self) -> list[Widget]:
        return [Lines(page_lines(self.page), id="page")]

    def action_job(self, place: str) -> None:
        self.passbay.go(place)


def page_lines(page: CodePage, width: int = 76) -> list[Cell]:
    """The page as lines of at most `width` and a margin."""
    lines: list[Cell] = ["", ((f" {page.code}", "bold"), (f"  {headline(page.code)}", "bold")), "",
                         ((" When  ", "dim"), (page.when, "")), ""]  # fmt: skip
    lines += [f" {line}" for line in wrapped(page.meaning, width)]
    lines += ["", (" What to do", "bold")]
    for number, step in enumerate(page.steps, 1):
        first, *rest = wrapped(step, width - 4)
        lines += [((f"  {number}  ", "accent"), (first, "")), *(f"     {line}" for line in rest)]
    return lines


def open_page(app: PassbayApp, code: str) -> None:
    page = PAGES.get(code)
    if page is not None:
        app.push_screen(CodeScreen(page))
