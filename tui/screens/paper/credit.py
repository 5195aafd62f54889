"""Credit (C14, G3, K1 to K4): what is left for each product group, and what there is to buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _, said
from tui.screens.base import Place
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, Row, RowList, choose_focused
from tui.wording import paper as wording

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import CreditBalance, CreditPackage

NO_REFUND = _(" No refund. Hours are used up by work, day to year by the clock from first use.")


class CreditScreen(Place):
    PLACE = _("Credit")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Buy"), "do"), ("tab", _("Other box"), "app.focus_next"), ("f5", _("Again"), "again"),
        ("esc", _("Back"), "back"),
    )  # fmt: skip
    HELP = _(
        "Time credit pays for the use of diagnosis data, for each vehicle group on its own.\n"
        "Hours are used up by the minute while work runs. Day, week, month and year run by the clock from first use.\n"
        "Reserved minutes belong to work that runs now; what it does not need comes back.\n"
        "A flash that runs is never stopped because credit runs out: what it used meanwhile is booked afterwards.\n"
        "Bought credit is neither taken back nor refunded. What is left when the contract ends is lost; it is carried "
        "over where the contract is extended.\n"
        "The simulation of a fresh installation needs no credit."
    )
    BINDINGS: ClassVar = [
        Binding("f5", "again", _("Ask for credit and packages again"), show=False),
        Binding("tab", "app.focus_next", _("Other box"), show=False),
    ]

    def body(self) -> list[Widget]:
        balances = RowList(
            (Column("", 1), Column(_("Vehicle group"), 18), Column(_("Left"), 14), Column(_("Runs until"), 17),
             Column(_("Reserved"), 10), Column(_("Not begun"))),
            id="balances", classes="box",
        )  # fmt: skip
        packages = RowList(
            (Column("", 1), Column(_("Vehicle group"), 18), Column(_("Package"), 8), Column(_("What it is")),
             Column(_("Price"), 15, right=True)),
            id="packages", classes="box",
        )  # fmt: skip
        balances.border_title, packages.border_title = _("Credit"), _("To buy")
        return [balances, packages, Lines((NO_REFUND,), id="refund")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#packages").focus()
        self.app.clear_notifications()  # they would lie on the balances; the message list has them
        self.action_again()

    def action_again(self) -> None:
        desk = self.desk
        if desk is not None:
            desk.papers.ask("account", "packages", *(("credit",) if desk.papers.account.user else ()))
            self.show_desk()

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        papers = desk.papers
        balances, packages = self.query_one("#balances", RowList), self.query_one("#packages", RowList)
        balances.empty = self._words_for(_("credit"), _("No credit was ever bought. Choose a package below."))
        packages.empty = self._words_for(_("packages"), _("The server sells nothing."))
        known = papers.credit or () if papers.account.user else ()
        balances.set_rows([self._balance(b) for b in wording.in_order(known)])
        first = not packages.rows and bool(papers.packages)
        packages.set_rows([self._package(p) for p in wording.in_order(papers.packages or ())])
        if first and papers.product_group:
            self._find_package(papers.product_group, focus=False)

    def _words_for(self, name: str, otherwise: str) -> str:
        desk = self.desk
        assert desk is not None
        trouble = desk.papers.troubles.get(name)
        if name == "credit" and not desk.papers.account.user:
            return _("Log in to see the credit of your organisation.")
        if trouble is not None:
            return _("{message} f5 asks again.").format(message=said(trouble.message))
        return _("Asking ...") if desk.papers.asks(name) else otherwise

    def _balance(self, balance: CreditBalance) -> Row:
        desk = self.desk
        assert desk is not None
        has = wording.has_credit(balance)
        low = has and balance.until is None and balance.minutes <= wording.LOW_CREDIT and not balance.unused
        tone = "warn" if low else "ok" if has else "bad"
        none = _("used up") if balance.ever else _("never bought")
        left = wording.minutes_words(balance.minutes) if balance.minutes else _("by the clock") if has else none
        unused = ", ".join(f"{count} {wording.DURATIONS[duration]}" for duration, count in balance.unused)
        until = desk.day_words(balance.until) if balance.until is not None else ""
        reserved = wording.minutes_words(balance.reserved) if balance.reserved else ""
        return Row(balance.group, ((GLYPHS[tone], tone), balance.group, (left, "" if has else tone), until,
                                   (reserved, "busy"), (unused, "")))  # fmt: skip

    def _package(self, package: CreditPackage) -> Row:
        words, duration = wording.package_words(package), wording.DURATIONS[package.duration]
        return Row(package.package, (("■", "accent"), package.group, duration, (words, "dim"),
                                     wording.price_words(package)))  # fmt: skip

    # -- doing

    def action_do(self) -> None:
        choose_focused(self)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        desk = self.desk
        if desk is None:
            return
        if event.rows.id == "balances":
            self._find_package(event.key)
            return
        package = next((p for p in desk.papers.packages or () if p.package == event.key), None)
        if package is not None:
            from tui.wishes import paper

            paper.buy(self.passbay, package)

    def _find_package(self, group: str, focus: bool = True) -> None:
        """The first package of a group: of the connected vehicle, or of the balance that enter was pressed on."""
        desk = self.desk
        packages = self.query_one("#packages", RowList)
        sold = desk.papers.packages or () if desk is not None else ()
        found = next((p for p in wording.in_order(sold) if p.group == group), None)
        if found is not None:
            packages.put_cursor(found.package)
            if focus:
                packages.focus()
