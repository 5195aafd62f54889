"""AddOn Center (T4): what there is between releases, what is installed, on and off, what needs what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.vocabulary import ReleaseState
from tui.locale import _
from tui.screens.base import Place
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, Row, RowList
from tui.wishes import releases as wishes
from tui.wording import releases as wording
from tui.work import bytes_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import AddOnRow


class AddOnScreen(Place):
    PLACE = _("AddOn Center")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("i", _("Install"), "install"), ("space", _("On/off"), "switch"), ("x", _("Remove"), "empty"),
        ("f5", _("Search"), "again"),
    )  # fmt: skip
    HELP = _(
        "AddOns come between releases: flashware of one unit, corrections, help pages.\n"
        "i installs the marked one, what it needs first. space switches it on or off.\n"
        "x removes it. enter shows its signed notes. f5 searches.\n"
        "An AddOn that needs another, or a newer release, says so in its line."
    )
    BINDINGS: ClassVar = [
        Binding("i", "install", _("Install the marked AddOn"), show=False),
        Binding("space", "switch", _("Switch it on or off"), show=False),
        Binding("x", "empty", _("Throw the marked AddOn away"), show=False),
        Binding("f5", "again", _("Search for AddOns"), show=False),
    ]

    def body(self) -> list[Widget]:
        addons = RowList(
            (Column("", 1), Column(_("AddOn"), 16, wide=24), Column(_("What it is")),
             Column(_("Here"), 6), Column(_("Newest"), 6),
             Column(_("Size"), 9, right=True), Column(_("State"), 16, wide=30)),
            id="addons", classes="box",
        )  # fmt: skip
        addons.border_title = _("AddOns")
        return [addons, Lines(("",), id="told")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#addons").focus()
        if self.desk is not None:
            self.desk.releases.open()

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        addons = self.query_one("#addons", RowList)
        known = desk.releases.addons
        addons.empty = _("Reading ...") if known is None else _("No AddOn is known. f5 searches.")
        addons.set_rows([self._row(row) for row in known or ()])
        row = self._marked()
        needs = ""
        if row is not None and (row.needs or row.needs_release):
            wanted = [*row.needs, *([f"release {row.needs_release}"] if row.needs_release else [])]
            needs = _(" {name} needs {join}.").format(name=row.name, join=", ".join(wanted))
        busy = f" {desk.releases.busy} ..." if desk.releases.busy else ""
        self.query_one("#told", Lines).show((busy, "busy") if busy else (needs, "dim"))

    def _row(self, row: AddOnRow) -> Row:
        tone, words = wording.addon_told(row)
        return Row(row.name, ((GLYPHS[tone], tone), row.name, row.title, row.installed or "-", row.newest or "-",
                              bytes_words(row.size), (words, tone)))  # fmt: skip

    def _marked(self) -> AddOnRow | None:
        desk = self.desk
        key = self.query_one("#addons", RowList).key
        known = desk.releases.addons or () if desk is not None else ()
        return next((row for row in known if row.name == key), None)

    def on_row_list_moved(self, _event: RowList.Moved) -> None:
        self.show_desk()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        row = self._marked()
        if row is not None:
            wishes.notes(self.passbay, row.installed or row.newest, event.key)

    def action_again(self) -> None:
        if self.desk is not None:
            self.desk.releases.search()

    def action_install(self) -> None:
        row = self._marked()
        if row is not None and self.desk is not None:
            self.desk.releases.install_addon(row.name)

    def action_switch(self) -> None:
        row = self._marked()
        if row is None or self.desk is None:
            return
        if not row.installed:
            self.passbay.toast(_("It is not installed: i installs it."), "information")
            return
        self.desk.releases.switch_addon(row.name, row.state is not ReleaseState.ACTIVE)

    def action_empty(self) -> None:
        row = self._marked()
        if row is not None and row.installed:
            wishes.remove_addon(self.passbay, row.name)
