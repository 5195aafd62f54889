"""The kept states of one unit's coding: a list beside the car's state now, any of them is written back by enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.vocabulary import CodingKept, CodingState
from tui.locale import _
from tui.screens.base import Place
from tui.screens.dialogs import Ask
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, RowList
from tui.wording.kept import difference, difference_lines, kept_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

DIFFERENCES_SHOWN = 5


class KeptScreen(Place):
    """`restore` is called with the file of the state that the technician chose and confirmed."""

    PLACE = _("Kept codings")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Restore"), "choose"), ("f5", _("Read again"), "again"), ("esc", _("Back"), "back"),
    )  # fmt: skip
    HELP = _(
        "Before every write the coding of the unit was kept on this PC. Newest first; each line says when, "
        "why, and what was changed then. Below stands what a restore of the marked state would change in the car now.\n"
        "enter writes the marked state back; it asks first. What the car holds now is kept before that, too.\n"
        "A line with ! was kept by a job that did not come to its verified end."
    )
    BINDINGS: ClassVar = [Binding("f5", "again", _("Read the list again"), show=False)]

    def __init__(self, state: CodingState | None = None, restore: Callable[[str], None] = lambda file: None) -> None:
        super().__init__()
        self.state, self.restore = state, restore
        self.kept: dict[str, CodingKept] = {}
        self.read = False

    def body(self) -> list[Widget]:
        columns = (Column("", 1), Column(_("Kept"), 16), Column("", 16), Column(_("Changed then")))
        rows = RowList(columns, id="states", classes="box")
        rows.border_title = _("Kept states")
        return [Lines(("",), id="about"), rows, Lines(("",), id="detail")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#states").focus()
        self.action_again()

    def action_again(self) -> None:
        desk, state = self.desk, self.state
        if desk is None or desk.vehicle is None or state is None:
            return
        vehicle = desk.vehicle

        def have(kept: tuple[CodingKept, ...]) -> None:
            self.kept, self.read = {one.file: one for one in reversed(kept)}, True
            self.show_desk()

        desk.errand(lambda: vehicle.coding_history(state.unit), have, lane="files")

    def action_choose(self) -> None:
        self.query_one("#states", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        kept, state = self.kept.get(event.key), self.state
        if kept is None or state is None:
            return
        lines = [f"{title}: {now} -> {then}" for title, now, then in difference(kept, state)]
        lines = lines or [_("No meaning differs; the bytes are written as they were kept.")]

        def answered(yes: bool | None) -> None:
            if yes:
                self.passbay.back()
                self.restore(kept.file)

        self.app.push_screen(
            Ask(_("Restore the coding of {unit}?").format(unit=state.unit), lines, yes=_("Restore")), answered
        )

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        self._show_detail(event.key)

    def show_desk(self) -> None:
        state = self.state
        rows = self.query_one("#states", RowList)
        rows.empty = _("No coding was kept yet: the first write keeps it.") if self.read else _("Reading ...")
        if self.desk is not None:
            rows.set_rows([kept_row(kept, self.desk.day_words(kept.at)) for kept in self.kept.values()])
        about: Cell = (
            ((f" {state.unit}   ", "bold"), (_("VIN {vin}").format(vin=state.vin), "dim")) if state is not None else ""
        )
        self.query_one("#about", Lines).show(about)
        self._show_detail(rows.key)

    def _show_detail(self, key: str) -> None:
        kept, state = self.kept.get(key), self.state
        if state is None or kept is None:
            self.query_one("#detail", Lines).show("")
            return
        by: Cell = ((_(" Kept by "), "dim"), (kept.by or "-", ""), (_("   order "), "dim"), (kept.order or "-", ""),
                    (_("   software "), "dim"), (kept.software or "-", ""))  # fmt: skip
        lines = difference_lines(kept, state, DIFFERENCES_SHOWN)
        self.query_one("#detail", Lines).show(by, *lines, (f" {kept.file}", "dim"))
