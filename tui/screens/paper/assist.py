"""ConfigAssist (T5): server, time, log-in, StartKey and credit as steps, device data to export, the overview (C10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal

from tui.locale import _, said
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, RowList, choose_focused
from tui.wording import assist as wording
from tui.wording.releases import update_step

if TYPE_CHECKING:
    from textual.widget import Widget


class AssistScreen(Place):
    """Enter does the marked step. The cursor goes to the next open one by itself, until it is moved by hand."""

    PLACE = _("ConfigAssist")
    HELP = _(
        "ConfigAssist makes this PC ready for real vehicles. Enter does the marked step, from top to bottom.\n"
        "The StartKey belongs to exactly this PC: it is ordered with the hardware ID, online or with the exported "
        "file in the shop, and checked online from time to time.\n"
        "Globe and green tick: the StartKey is up to date, and Start is there. No tick, no Start: there is no "
        "StartKey, or it has expired.\n"
        "Time: signed papers need a clock that is right. Overview: what this system is and what it lacks.\n"
        "The simulation needs nothing of this: 1 works at once."
    )
    BINDINGS: ClassVar = [
        Binding("1", "job('vehicle')", _("Vehicle quick test"), show=False),
        Binding("k", "activate", _("Activate StartKey"), show=False),
        Binding("e", "export", _("Export device data to a file"), show=False),
        Binding("q", "qr", _("Device data as QR code"), show=False),
        Binding("i", "install", _("StartKey from a file"), show=False),
        Binding("f5", "again", _("Ask server and system again"), show=False),
        Binding("tab", "app.focus_next", _("Other box"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._step: str | None = None  # where the cursor was put last
        self._seen: object = None  # what the overview was asked with

    def keys(self) -> tuple[Key, ...]:
        desk = self.desk
        state = desk.papers.start_key if desk is not None else None
        start: tuple[Key, ...] = (("1", _("Start"), "job('vehicle')"),) if state is not None and state.green else ()
        return (("enter", _("Do it"), "do"), *start, ("f5", _("Again"), "again"), ("esc", _("Back"), "back"))

    def body(self) -> list[Widget]:
        columns = (Column("", 1), Column("", 9), Column(""), Column("", 16))
        steps = RowList(columns, heading=False, id="steps", classes="box")
        steps.border_title = _("Steps")
        device, key = Lines(("", "", ""), id="device", classes="box"), Lines(("", "", ""), id="key", classes="box")
        device.border_title, key.border_title = _("Device data"), _("StartKey")
        overview = RowList((Column("", 1), Column("", 22, wide=30), Column("")), heading=False,
                           empty=_("Looking at this system ..."), id="overview", classes="box")  # fmt: skip
        overview.border_title = _("Overview")
        return [steps, Lines(("",), id="next"), Horizontal(device, key, id="papers"), overview]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#steps").focus()
        self.app.clear_notifications()  # they would lie on the steps; the message list has them
        self.action_again()

    def action_again(self) -> None:
        desk = self.desk
        if desk is not None:
            papers = desk.papers
            self._seen = self._signature()
            papers.ask("device", "account", "start_key", "backend", "overview")
            if papers.account.user:
                papers.ask("credit")
            self.show_desk()

    def _signature(self) -> object:
        """What the overview tells of the papers; it is asked again when that is another."""
        papers = self.desk.papers if self.desk is not None else None
        return None if papers is None else (papers.account, papers.start_key and papers.start_key.verdict)

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        papers, day = desk.papers, desk.day_words
        if self._seen != self._signature() and papers.overview is not None and not papers.asks("overview"):
            self._seen = self._signature()
            papers.ask("overview")
        steps = self.query_one("#steps", RowList)
        steps.set_rows([*wording.step_rows(papers, day), update_step(desk.releases)])
        following = wording.next_step(papers)
        if following and following != self._step and (self._step is None or self._step == steps.key):
            self._step = following
            steps.put_cursor(following)
        self.query_one("#next", Lines).show(self._next_words())
        trouble = papers.troubles.get("device")
        self.query_one("#device", Lines).show(
            *wording.device_lines(papers.device, said(trouble.message) if trouble else "")
        )
        self.query_one("#key", Lines).show(*wording.start_key_lines(papers, day))
        overview = self.query_one("#overview", RowList)
        trouble = papers.troubles.get("overview")
        overview.empty = said(trouble.message) if trouble is not None else _("Looking at this system ...")
        overview.set_rows(wording.overview_rows(papers.overview or ()))

    def _next_words(self) -> wording.Cell:
        desk = self.desk
        assert desk is not None
        words = wording.next_words(desk.papers)
        if desk.papers.needed or not wording.next_step(desk.papers):
            return words
        return (*words, (_("  The simulation needs none of it: "), "dim"), ("1", "key"))

    # -- doing

    def action_do(self) -> None:
        choose_focused(self)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "overview":
            self._tell_row(int(event.key.split(" ")[1]))
        elif event.key in ("login", "credit"):
            self.passbay.go(event.key)
        elif event.key == "update":
            self._configure_updates()
        elif event.key == "startkey":
            self.action_activate()
        else:
            self.action_again()

    def _configure_updates(self) -> None:
        """C9: with or without Retail Data Storage, verify the connection, Apply & Next."""
        self.passbay.go("update")
        screen: Any = self.app.screen
        self.app.call_after_refresh(lambda: screen.action_tab(2))

    def _tell_row(self, number: int) -> None:
        from tui.screens.dialogs import Tell

        desk = self.desk
        if desk is not None and desk.papers.overview:
            row = desk.papers.overview[number]
            self.app.push_screen(
                Tell(_("Overview"), [said(row.name), said(row.value), *((said(row.advice),) if row.advice else ())])
            )

    def action_activate(self) -> None:
        from tui.wishes import paper

        paper.get_start_key(self.passbay)

    def action_export(self) -> None:
        from tui.wishes import paper

        paper.export_device_data(self.passbay)

    def action_install(self) -> None:
        from tui.wishes import paper

        paper.install_start_key(self.passbay)

    def action_qr(self) -> None:
        from tui.screens.paper.qr import show_device_data

        show_device_data(self.passbay)

    def action_job(self, place: str) -> None:
        self.passbay.go(place)
