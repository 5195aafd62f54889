"""Support Tool (T6, S2 to S6): instructions and reference to search, contacts, the bundle for whoever helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _, said
from tui.screens.base import TabbedPlace
from tui.shop import words
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, RowList

if TYPE_CHECKING:
    from textual.widget import Widget


class SupportScreen(TabbedPlace):
    PLACE = _("Support Tool")
    TABS = (_("1 Instructions"), _("2 Contacts"), _("3 Remote assistance"))
    LISTS = ("#pages", "#contacts")
    HELP = _(
        "1 lists the instructions of each component and a page for each message and each refusal of a unit.\n"
        "slash searches them by words or code, e.g. 0x31 or 2221-47. enter opens the marked page.\n"
        "2 says whom to ask what, when they are there in your time zone, and what nobody here answers.\n"
        "3 opens Passbay for a browser: somebody watches from afar, or drives what you hand over.\n"
        "e makes one zip file for whoever helps; VINs, names and keys are masked. You see it before it is saved."
    )
    BINDINGS: ClassVar = [
        Binding("1", "tab(0)", _("Instructions"), show=False),
        Binding("2", "tab(1)", _("Contacts"), show=False),
        Binding("3", "job('visits')", _("Remote assistance"), show=False),
        Binding("slash", "filter", _("Search the pages"), show=False),
        Binding("e", "export", _("Support bundle"), show=False),
        Binding("f5", "again", _("Read again"), show=False),
    ]

    def keys(self) -> tuple[Key, ...]:
        other = ("2", _("Contacts"), "tab(1)") if self.tab == 0 else ("1", _("Instructions"), "tab(0)")
        return (("enter", _("Open"), "do"), ("/", _("Search"), "filter"), ("e", _("Bundle"), "export"), other)

    def body(self) -> list[Widget]:
        pages = RowList((Column("", 1), Column("", 16), Column("")), heading=False, id="pages", classes="box")
        contacts = RowList((Column("", 1), Column("", 16), Column("")), heading=False, id="contacts", classes="box")
        pages.border_title, contacts.border_title = _("Instructions"), _("Contacts")
        return [Lines(("",), id="tabs"), pages, contacts, Lines(("",), id="told")]

    def on_mount(self) -> None:
        super().on_mount()
        self.action_tab(0)
        self.action_again()

    def action_again(self) -> None:
        desk = self.desk
        if desk is not None:
            desk.shop.search(desk.shop.words)
            desk.shop.ask_contacts()

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None or desk.workbench is None:
            return
        shop = desk.shop
        self.show_tabs()
        pages, contacts = self.query_one("#pages", RowList), self.query_one("#contacts", RowList)
        pages.empty = _("Reading ...") if shop.pages is None else _("No page holds these words.")
        pages.set_rows(words.page_rows(shop.pages or ()))
        contacts.empty = _("Asking ...")
        if shop.contacts is not None:
            contacts.set_rows(words.contact_rows(shop.contacts, shop.contract, desk.workbench.not_supported(said)))
        searched = _(" Searched for: {words}. / searches again.").format(words=shop.words) if shop.words else ""
        self.query_one("#told", Lines).show((searched, "dim"))

    def action_filter(self) -> None:
        from tui.wishes import shop

        shop.search(self.passbay)

    def action_job(self, place: str) -> None:
        self.passbay.go(place)

    def action_export(self) -> None:
        from tui.wishes import shop

        shop.make_bundle(self.passbay)

    def action_do(self) -> None:
        if self.tab == 0:
            self.query_one("#pages", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "pages":
            from tui.wishes import shop

            shop.open_page(self.passbay, event.key)
