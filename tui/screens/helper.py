"""The helper's first screen: the vehicle of this PC, what runs, who drives; the places that a helper reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal

from tui.locale import _
from tui.screens.base import Place
from tui.screens.start import JOBS, check_row, news_row
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row, RowList, choose_focused
from tui.work import JobView

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.desk import Desk

OFFERED = JOBS[:4]


class HelperScreen(Place):
    PLACE = _("Remote help")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Open"), "open"),
        ("1-4", _("Job"), "job('vehicle')"),
        ("f9", _("Live"), "app.live"),
        ("^q", _("Quit"), "app.quit"),
    )
    HELP = _(
        "You see what is done with the vehicle at this PC: quick test, flash, coding, bus traffic, messages.\n"
        "Nothing can be started or stopped from here until the technician hands the vehicle over to you. The first row "
        "of every screen says who drives.\n"
        "While it is handed over you test, flash and code in his name. He can take it back at any moment; a job that "
        "runs goes on.\n"
        "Files of the PC, papers, credit and releases stay with him. When you leave, the vehicle goes back."
    )
    BINDINGS: ClassVar = [
        Binding("1", "job('vehicle')", _("Vehicle quick test"), show=False),
        Binding("2", "job('flash')", _("Flash a control unit"), show=False),
        Binding("3", "job('coding')", _("Code a control unit"), show=False),
        Binding("4", "job('live')", _("Live panel"), show=False),
        Binding("tab", "other_box", _("Other box"), show=False),
    ]

    def body(self) -> list[Widget]:
        facts = RowList((Column("", 1), Column("", 11), Column("")), heading=False, id="checks", classes="box")
        jobs = RowList((Column("", 1), Column("")), heading=False, id="jobs", classes="box")
        facts.border_title, jobs.border_title = _("At this PC"), _("To look at")
        jobs.set_rows([Row(place, (number, words)) for number, place, words in OFFERED])
        items = RowList((Column("", 1), Column("")), heading=False, follow=True, id="news", classes="box")
        items.border_title = _("Messages")
        items.empty = _("No messages yet. They are kept here and in the live panel (f9).")
        return [Horizontal(facts, jobs, id="boxes"), Lines(("", "", ""), id="hint"), items]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#jobs").focus()

    def show_desk(self) -> None:
        desk = self.desk
        self.query_one("#checks", RowList).set_rows(fact_rows(desk))
        self.query_one("#hint", Lines).show("", _hint(desk), "")
        if desk is not None and desk.messages:
            self.query_one("#news", RowList).set_rows([news_row(item) for item in list(desk.messages)[-100:]])

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "news":
            self.passbay.show_message(event.key)
        elif event.rows.id == "jobs":
            self.passbay.go(event.key)

    def action_open(self) -> None:
        choose_focused(self)

    def action_other_box(self) -> None:
        self.focus_next()

    def action_job(self, place: str) -> None:
        self.passbay.go(place)

    def action_back(self) -> None:
        """The bottom: nothing lies behind it."""


def fact_rows(desk: Desk | None) -> list[Row]:
    """Who you are, the vehicle, what runs, who drives, who else is there."""
    visitor = getattr(desk.workbench, "visitor", None) if desk is not None and desk.workbench is not None else None
    you = visitor.name if visitor is not None else "..."
    if visitor is not None and visitor.organisation:
        you = _("{name} of {organisation}").format(name=you, organisation=visitor.organisation)
    vehicle = desk.vehicle if desk is not None else None
    rows = [check_row("you", 1, _("You"), "ok", you)]
    if desk is None or vehicle is None:
        rows.append(check_row("vehicle", 2, _("Vehicle"), "dim", _("not connected")))
        return [*rows, *(check_row(key, n, words, "dim", "-") for key, n, words in _EMPTY)]
    known = f"{vehicle.vin}  {vehicle.title}" if vehicle.vin else _("connected, not identified yet")
    rows.append(check_row("vehicle", 2, _("Vehicle"), "ok", known))
    rows.append(check_row("job", 3, _("Runs"), *_job_told(desk)))
    drives = (_("you"), "warn") if not desk.watching else (desk.watching, "ok")
    rows.append(check_row("drives", 4, _("Drives"), drives[1], drives[0]))
    others = ", ".join(seat.name for seat in vehicle.seats if seat.helper and seat.visit != _visit(visitor))
    return [*rows, check_row("others", 5, _("Also here"), "dim", others or "-")]


_EMPTY = (("job", 3, _("Runs")), ("drives", 4, _("Drives")), ("others", 5, _("Also here")))


def _visit(visitor: object) -> str:
    return str(getattr(visitor, "visit", ""))


def _job_told(desk: Desk) -> tuple[str, str]:
    job = desk.job
    if job is None or not job.running:
        return "dim", _("nothing")
    step = job.step
    percent = f" {100 * step.done // step.total} %" if step is not None and step.total > 0 else ""
    return "busy", f"{JobView.words_of(job.kind, job.unit)}{percent}"


def _hint(desk: Desk | None) -> Cell:
    if desk is None or desk.vehicle is None:
        return ((_(" No vehicle is connected on this PC yet: it appears here by itself."), "dim"),)
    if desk.watching:
        return ((_(" You watch. To drive, ask the technician to hand over."), "dim"),)
    return ((_(" Handed over to you: what you start runs in the technician's name."), "warn"),)
