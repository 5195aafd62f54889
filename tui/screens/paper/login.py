"""Log-in (L1 to L5): who works here, and the device grant with short URL and code, as text and as QR."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from tui.locale import _
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, wrapped
from tui.widgets.qr import QrCode
from tui.widgets.rows import Column, Row, RowList
from tui.wording import paper as wording

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.paper.desk import LoginView, Papers

REFRESH = 1.0  # seconds: the time left counts down


class LoginScreen(Place):
    """Its list holds what can be done now; enter does it. While a log-in waits, esc stops it first."""

    PLACE = _("Log-in")
    HELP = _(
        "Work on vehicles needs a personal log-in: your organisation's administrator grants the right for standard "
        "diagnosis, and the right for flash besides.\n"
        "Open the address on a phone or PC, enter the code, approve. Or point the phone's camera at the code.\n"
        "With the built-in server there is no other device: approve it on this screen with enter.\n"
        "The first log-in activates a right. That may take up to 4 hours; the device stays usable, f5 asks again.\n"
        "Several users take turns: log out, then the next one logs in."
    )
    BINDINGS: ClassVar = [
        Binding("f5", "again", _("Ask again who is logged in"), show=False),
    ]

    def keys(self) -> tuple[Key, ...]:
        waiting = self._view is not None and self._view.under_way
        return (("enter", _("Do it"), "do"), ("esc", _("Stop waiting") if waiting else _("Back"), "back"))

    def body(self) -> list[Widget]:
        choices = RowList((Column("", 1), Column("")), heading=False, id="choices", classes="box")
        choices.border_title = _("Log-in")
        return [Horizontal(QrCode(id="qr"), Vertical(Lines(("",), id="who"), choices, id="side"), id="beside")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#choices").focus()
        self.app.clear_notifications()  # they would lie on the code; the message list has them
        self.set_interval(REFRESH, self.refresh_desk)
        if self.desk is not None:
            self.desk.papers.ask("account", "backend")

    @property
    def _view(self) -> LoginView | None:
        return self.desk.papers.login if self.desk is not None else None

    # -- showing

    def show_desk(self) -> None:
        desk, view = self.desk, self._view
        if desk is None:
            return
        prompt = view.prompt if view is not None and view.state == "waiting" else None
        address = prompt.verification_uri_complete or prompt.verification_uri if prompt is not None else ""
        shown = self.query_one(QrCode).show(address if view is not None and not view.here else "")
        self.set_class(shown, "-code")
        width = self.size.width - self.query_one(QrCode).columns
        lines = self._waiting_lines(width) if prompt is not None else self._account_lines(desk.papers, width)
        self.query_one("#who", Lines).show(*lines)
        choices, rows = self.query_one("#choices", RowList), self._choices(desk.papers)
        fresh = [row.key for row in rows] != [row.key for row in choices.rows]
        choices.set_rows(rows, cursor=rows[0].key if fresh else None)

    def _account_lines(self, papers: Papers, width: int) -> list[Cell]:
        desk, account, view = self.desk, papers.account, self._view
        assert desk is not None
        if account.user:
            tone, words = wording.activation_words(account, desk.day_words)
            meanwhile = _("The device stays usable meanwhile; f5 asks again.") if tone == "busy" else ""
            return [
                "",
                ((_(" User          "), "dim"), (account.user, "bold"), (f"  {account.name}", "")),
                ((_(" Organisation  "), "dim"), (account.organisation or "-", "")),
                ((_(" Rights        "), "dim"), (wording.roles_words(account.roles), "")),
                ((_(" Activation    "), "dim"), (words, tone)),
                *([(f"               {meanwhile}", "dim")] if meanwhile else []),
                ((_(" Server        "), "dim"), (account.issuer or wording.server_name(papers), "")),
                "",
            ]
        state = view.state if view is not None else ""
        said = {
            "asking": (_("Asking the server for a code ..."), "busy"),
            "approving": (_("Approved here, waiting for the server ..."), "busy"),
            "stopped": (_("The log-in was stopped."), "dim"),
            "failed": (view.words if view is not None else "", "bad"),
        }.get(state, (_("Nobody is logged in."), ""))
        need = _("Work on vehicles needs a personal log-in. The simulation needs none.")
        lines: list[Cell] = ["", *((f" {line}", said[1]) for line in wrapped(said[0], width - 2)), ""]
        return [*lines, *((f" {line}", "dim") for line in wrapped(need, width - 2)), ""]

    def _waiting_lines(self, width: int) -> list[Cell]:
        view, desk = self._view, self.desk
        assert view is not None and view.prompt is not None and desk is not None
        prompt = view.prompt
        left = max(0, int(prompt.expires - desk.now()))
        if view.here:
            lines: list[Cell] = [
                "",
                ((" Code  ", "dim"), (prompt.user_code, "bold")),
                "",
                _(" The server is built in: you approve on this screen."),
            ]
        else:
            address = [f" {prompt.verification_uri[at : at + width - 2]}"
                       for at in range(0, len(prompt.verification_uri), width - 2)]  # fmt: skip
            lines = [
                "",
                (_(" 1  Open on a phone or PC:"), "dim"),
                *((line, "bold") for line in address),
                "",
                (_(" 2  Enter this code and approve:"), "dim"),
                (f" {prompt.user_code}", "bold"),
                "",
            ]
            if self.has_class("-code"):
                lines += [(f" {line}", "dim") for line in wrapped(_("Or scan the code: it holds both."), width - 2)]
        minutes, seconds = divmod(left, 60)
        waits = _(" ░ waits for the approval, {minutes}:{seconds:02} left").format(minutes=minutes, seconds=seconds)
        return [*lines, "", (waits, "busy") if left else (_(" ! the code has expired"), "warn"), ""]

    def _choices(self, papers: Papers) -> list[Row]:
        view = self._view
        if view is not None and view.under_way:
            here = [("approve", _("Approve here"))] if view.here and view.state == "waiting" else []
            rows = [*here, ("stop", _("Stop waiting"))]
        elif papers.account.user:
            rows = [("another", _("Log in as another user")), ("logout", _("Log out")), ("credit", _("Credit"))]
            rows = [("back", _("Go on")), *rows]
        else:
            rows = [("login", _("Log in")), ("back", _("Later"))]
        return [Row(key, (("■", "accent"), words)) for key, words in rows]

    # -- doing

    def action_again(self) -> None:
        if self.desk is not None:
            self.desk.papers.refresh_account()
            self.desk.papers.ask("account", "backend")

    def action_do(self) -> None:
        self.query_one("#choices", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        desk = self.desk
        if desk is None:
            return
        papers = desk.papers
        if event.key in ("login", "another"):
            papers.start_login()
        elif event.key == "approve":
            papers.approve_here()
        elif event.key == "stop":
            papers.stop_login()
        elif event.key == "logout":
            papers.logout()
        elif event.key == "credit":
            self.passbay.go("credit")
        else:
            self.passbay.back()
        self.passbay.refresh_places()

    def action_back(self) -> None:
        view = self._view
        if self.desk is not None and view is not None and view.under_way:
            self.desk.papers.stop_login()
            self.passbay.refresh_places()
        else:
            self.passbay.back()
