"""The numbered messages (manual, chapter 6, and ours): a list; for each a page with meaning and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.locale import _
from tui.screens.base import Place
from tui.widgets.lines import Key
from tui.widgets.rows import Column, Row, RowList

if TYPE_CHECKING:
    from textual.widget import Widget


class CodesScreen(Place):
    PLACE = _("Numbered messages")
    KEYS: ClassVar[tuple[Key, ...]] = (("enter", _("Open"), "do"), ("esc", _("Back"), "back"))
    HELP = _(
        "Every numbered message that this program shows, with what it means and what to do.\n"
        "enter opens the page of the marked one. A message in the list of Start leads there as well."
    )

    def body(self) -> list[Widget]:
        rows = RowList((Column(_("Code"), 8), Column("", 32), Column("")), heading=False, id="codes", classes="box")
        rows.border_title, rows.empty = _("Numbered messages"), _("Reading ...")
        return [rows]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#codes").focus()
        if self.desk is not None:
            self.desk.shop.list_numbered()

    def show_desk(self) -> None:
        known = self.desk.shop.numbered if self.desk is not None else None
        rows = [Row(m.code, ((m.code, "bold"), m.headline, (m.when, "dim"))) for m in known or ()]
        self.query_one("#codes", RowList).set_rows(rows)

    def action_do(self) -> None:
        self.query_one("#codes", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        from tui.wishes.shop import open_page

        open_page(self.passbay, event.key)
