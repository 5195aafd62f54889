"""PC check (R1 to R5), hosts and ports (R6): what this PC must have, and what its network must let through."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _, said
from tui.screens.base import TabbedPlace
from tui.shop import words
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, RowList, choose_focused

if TYPE_CHECKING:
    from textual.widget import Widget


class CheckScreen(TabbedPlace):
    PLACE = _("PC check")
    TABS = (_("1 This PC"), _("2 Hosts and ports"))
    LISTS = ("#pc", "#network")
    HELP = _(
        "1 measures this PC against a profile: Passbay's own, or the workshop manual's (m).\n"
        "2 checks each host in four steps: its name is found, the connection opens, TLS holds, a server answers.\n"
        "enter shows a line in full. e writes the page for the network administrator. space stops a check that runs."
    )
    BINDINGS: ClassVar = [
        Binding("1", "tab(0)", _("This PC"), show=False),
        Binding("2", "tab(1)", _("Hosts and ports"), show=False),
        Binding("f5", "again", _("Check again"), show=False),
        Binding("m", "mode", _("The other profile"), show=False),
        Binding("e", "export", _("Page for the network administrator"), show=False),
        Binding("space", "pause", _("Stop the check of hosts"), show=False),
    ]

    def body(self) -> list[Widget]:
        pc = RowList(
            (Column("", 1), Column(_("What"), 20), Column(_("Here")), Column(_("Needed"), 20, wide=36),
             Column("", 22, wide=60)),
            id="pc", classes="box",
        )  # fmt: skip
        network = RowList(
            (Column("", 1), Column(_("What for"), 24), Column(_("Host"), 17, wide=40), Column(_("Result")),
             Column("", 7, right=True)),
            id="network", classes="box",
        )  # fmt: skip
        pc.border_title, network.border_title = _("This PC"), _("Hosts and ports")
        return [Lines(("",), id="tabs"), pc, network, Lines(("",), id="told")]

    def on_mount(self) -> None:
        super().on_mount()
        self.action_tab(0)
        if self.desk is not None and self.desk.shop.pc is None:
            self.action_again()

    def on_unmount(self) -> None:
        if self.desk is not None:
            self.desk.shop.stop()

    def keys(self) -> tuple[Key, ...]:
        own: tuple[Key, ...] = (("m", _("Profile"), "mode"), ("2", _("Hosts"), "tab(1)"))
        if self.tab == 1:
            own = (("e", _("Page"), "export"), ("space", _("Stop"), "pause"))
        return (("enter", _("Open"), "do"), *own, ("f5", _("Again"), "again"))

    def action_tab(self, number: int) -> None:
        desk = self.desk
        if number == 1 and desk is not None and not desk.shop.network and not desk.shop.checking:
            desk.shop.check_network()
        super().action_tab(number)

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        shop = desk.shop
        self.show_tabs()
        pc, network = self.query_one("#pc", RowList), self.query_one("#network", RowList)
        pc.empty = _("Measuring ...")
        pc.set_rows(words.pc_rows(shop.pc or ()))
        network.empty = _("Checking ...") if shop.checking else _("f5 checks.")
        network.set_rows(words.network_rows(shop.network))
        profile = _("Profile: Passbay's own.") if shop.profile == "light" else _("Profile: the workshop manual's.")
        busy = _("Checking ...") if self.tab == 1 and shop.checking else ""
        told = busy or (profile if self.tab == 0 else "")
        self.query_one("#told", Lines).show((f" {told}", "busy" if busy else "dim"))

    # -- doing

    def action_again(self) -> None:
        desk = self.desk
        if desk is not None:
            if self.tab == 0:
                desk.shop.check_pc()
            else:
                desk.shop.check_network()
            self.show_desk()

    def action_mode(self) -> None:
        desk = self.desk
        if desk is not None:
            desk.shop.check_pc("manual" if desk.shop.profile == "light" else "light")
            self.show_desk()

    def action_pause(self) -> None:
        if self.desk is not None:
            self.desk.shop.stop()

    def action_export(self) -> None:
        from tui.wishes import shop

        shop.write_network_page(self.passbay)

    def action_do(self) -> None:
        choose_focused(self)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        from tui.screens.dialogs import Tell

        desk = self.desk
        if desk is None:
            return
        if event.rows.id == "network":
            row = desk.shop.network[int(event.key)]
            self.app.push_screen(Tell(said(row.target.purpose), words.network_lines(row)))
            return
        found = next((row for row in desk.shop.pc or () if row.key == event.key), None)
        if found is not None:
            lines = [said(found.value), _("Needed: {limit}").format(limit=said(found.limit)), said(found.verdict.value)]
            self.app.push_screen(Tell(said(found.title), [*lines, said(found.advice)]))
