"""Remote assistance (R6): the door for browsers, its address, who waits, watches or drives, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _
from tui.screens.base import Place
from tui.visits import words
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import plain
from tui.widgets.rows import Column, RowList

if TYPE_CHECKING:
    from textual.widget import Widget


class VisitsScreen(Place):
    PLACE = _("Remote assistance")
    HELP = _(
        "Opens Passbay for a browser. Who logs in there watches what you do: a colleague at once, anybody else after "
        "you let them in. The vehicle is theirs only while you hand it over; u takes it back at any moment.\n"
        "Your own log-in gets the whole app, as a second screen.\n"
        "For this PC only it needs no certificate; an SSH tunnel leads there. For the network it wants TLS. There is "
        "no relay: who helps must reach this PC by LAN, VPN or tunnel.\n"
        "Closing the door ends all visits. A running job goes on in every case."
    )
    BINDINGS: ClassVar = [
        Binding("k", "activate", _("Let the marked visitor in to watch"), show=False),
        Binding("x", "empty", _("Refuse, end or close the marked line"), show=False),
        Binding("u", "undo", _("Take the vehicle back"), show=False),
        Binding("q", "qr", _("Address as QR code"), show=False),
        Binding("f5", "again", _("Look again"), show=False),
    ]

    def keys(self) -> tuple[Key, ...]:
        visitors = self.desk.visitors if self.desk is not None else None
        if visitors is None or visitors.door is None:
            return (("enter", _("Open"), "do"), ("esc", _("Back"), "back"))
        if visitors.lent_to:
            return (("u", _("Take back"), "undo"), ("enter", _("More"), "do"), ("x", _("End"), "empty"))
        key = self.query_one("#visits", RowList).key
        visit = visitors.visit(key)
        if visit is not None and visit.state is words.VisitState.WAITING:
            return (("k", _("Let in"), "activate"), ("x", _("Refuse"), "empty"), ("enter", _("More"), "do"))
        if visit is not None:
            return (("enter", _("More"), "do"), ("x", _("End"), "empty"), ("esc", _("Back"), "back"))
        return (("q", _("QR code"), "qr"), ("x", _("Close the door"), "empty"), ("esc", _("Back"), "back"))

    def body(self) -> list[Widget]:
        columns = (
            Column("", 1), Column(_("Who")), Column(_("From"), 15, wide=24), Column(_("State"), 18, wide=30),
            Column(_("Since"), 8),
        )  # fmt: skip
        visits = RowList(columns, id="visits", classes="box")
        return [visits, Lines(("", "", "", "", ""), id="detail")]

    def on_mount(self) -> None:
        super().on_mount()
        visits = self.query_one("#visits", RowList)
        visits.focus()
        self.app.clear_notifications()  # they would lie on the list; the message list has them
        self.action_again()
        waiting = self.desk.visitors.waiting if self.desk is not None else ()
        if waiting:  # that is why one comes here
            visits.put_cursor(waiting[0].id)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._here(True)

    def on_screen_suspend(self) -> None:
        self._here(False)

    def on_unmount(self) -> None:
        self._here(False)

    def _here(self, here: bool) -> None:
        if self.desk is not None:
            self.desk.visitors.on_screen = here

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        visits = self.query_one("#visits", RowList)
        visits.border_title = plain(words.title(desk.visitors), 72)
        visits.set_rows(words.rows(desk.visitors, desk.clock_words))
        self._show_detail(visits.key)

    def _show_detail(self, key: str) -> None:
        desk = self.desk
        if desk is not None:
            self.query_one("#detail", Lines).show(*words.detail(desk.visitors, key, desk.day_words))

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        self._show_detail(event.key)
        self.tell_keys()

    @property
    def _key(self) -> str:
        return self.query_one("#visits", RowList).key

    def action_again(self) -> None:
        if self.desk is not None and self.desk.workbench is not None:
            self.desk.visitors.look_now()
            self.refresh_desk()

    def action_do(self) -> None:
        self.query_one("#visits", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        from tui.visits import wishes

        wishes.act(self.passbay, event.key)

    def action_activate(self) -> None:
        from tui.visits import wishes

        wishes.let_in(self.passbay, self._key)

    def action_empty(self) -> None:
        from tui.visits import wishes

        wishes.throw_out(self.passbay, self._key)

    def action_undo(self) -> None:
        from tui.visits import wishes

        wishes.take_back(self.passbay)

    def action_qr(self) -> None:
        from tui.visits import wishes

        wishes.show_address(self.passbay)
