"""What the Flash screen knows and how it shows it. Starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ProductError
from core.vocabulary import (
    FlashCheck,
    FlashChoice,
    FlashOrderPreview,
    FlashOrderResult,
    FlashPreview,
    FlashResult,
    Interrupted,
)
from tui.locale import _, said
from tui.screens.base import Place, helper_lines
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, plain, told
from tui.widgets.rows import Column, RowList
from tui.wording.flash import (
    RECOVER,
    check_rows,
    error_lines,
    plan_rows,
    progress_lines,
    recovery_row,
    result_lines,
    step_rows,
    ware_row,
)
from tui.wording.order import order_check_rows, order_plan_rows, order_result_lines, order_result_rows
from tui.wording.units import unit_rows, unit_words
from tui.work import JobView, bytes_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.desk import Desk

STEP_COLUMNS = (Column("", 1), Column(_("Step")), Column("", 14), Column("", 7, right=True))
PLAN_COLUMNS = (Column("", 1), Column(_("Step")))
RESULT_COLUMNS = (Column("", 1), Column(_("Unit"), 14), Column(_("Result")))


class FlashLook(Place):
    """`stage`: unit, flashware, ready (checks read), running, over. `order` in place of `preview` for several units."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = "unit"
        self.unit = ""
        self.marked: tuple[str, ...] = ()
        self.flashware: str | None = None
        self.wares: tuple[FlashChoice, ...] = ()
        self.preview: FlashPreview | None = None
        self.order: FlashOrderPreview | None = None
        self.result: FlashResult | FlashOrderResult | None = None
        self.error: ProductError | None = None
        self._entered: object = None
        self._shown: JobView | None = None

    def body(self) -> list[Widget]:
        unit_columns = (Column("", 1), Column(_("Unit"), 14), Column(_("Name")), Column(_("Note"), 30))
        units = RowList(unit_columns, id="units", classes="box")
        ware_columns = (
            Column("", 1),
            Column(_("Flashware")),
            Column(_("Software"), 17),
            Column(_("Size"), 9, right=True),
        )
        wares = RowList(ware_columns, id="wares", classes="box")
        check_columns = (Column("", 1), Column(_("Check"), 16, wide=24), Column(_("Measured")), Column(_("Wanted")))
        checks = RowList(check_columns, heading=False, id="flash-checks", classes="box")
        steps = RowList(STEP_COLUMNS, heading=False, follow=True, id="steps", classes="box")
        for box, title in (
            (units, _("Control units")),
            (wares, _("Flashware")),
            (checks, _("Checks")),
            (steps, _("Steps")),
        ):
            box.border_title = plain(title)
        return [Lines(("",), id="about"), units, wares, checks, steps, Lines(("",), id="progress")]

    def keys(self) -> tuple[Key, ...]:
        if self.desk is not None and self.desk.busy:
            first = ("esc", _("Back"), "back") if self.desk.watching else ("a", _("Stop safely"), "app.stop_job")
            return (first, ("f9", _("Live"), "app.live"), ("^q", _("Quit"), "app.quit"))
        if self.stage == "ready":
            return (("enter", _("Start"), "start"), ("d", _("Dry run"), "dry_run"), ("tab", _("Plan"), "other_box"),
                    ("f5", _("Again"), "again"))  # fmt: skip
        if self.stage == "over":
            return (("enter", _("Another unit"), "start"), ("f9", _("Live"), "app.live"), ("esc", _("Back"), "back"))
        if self.stage == "flashware":
            return (("enter", _("Choose"), "start"), ("o", _("File"), "file"), ("esc", _("Back"), "back"))
        return (
            ("enter", _("Choose"), "start"),
            ("space", _("Mark"), "mark"),
            ("+", _("All"), "mark_all"),
            ("esc", _("Back"), "back"),
        )

    # -- what is there

    def failed_page(self) -> str:
        if isinstance(self.result, FlashOrderResult):
            return next((unit.page for unit in self.result.units if unit.page), "")
        return self.error.page if self.error is not None else ""

    @property
    def checks(self) -> list[FlashCheck]:
        """Of the one unit, or of all units of the order."""
        previews = self.order.units if self.order is not None else (self.preview,) if self.preview is not None else ()
        return [check for preview in previews for check in preview.checks]

    @property
    def red(self) -> list[FlashCheck]:
        return [check for check in self.checks if check.ok is False]

    @property
    def passable(self) -> bool:
        """Red lines that may be passed by typing the unit's name, and no others. Orders cannot be passed."""
        if self.desk is not None and self.desk.helping:
            return False  # the technician at the vehicle decides that
        return self.preview is not None and bool(self.red) and all(check.overridable for check in self.red)

    def left_behind(self, unit: str) -> Interrupted | None:
        """What the journal says of this unit of the connected vehicle."""
        desk = self.desk
        vin = desk.vehicle.vin if desk is not None and desk.vehicle is not None else ""
        entries = desk.unfinished if desk is not None else ()
        return next((e for e in entries if e.unit.casefold() == unit.casefold() and e.vin == vin), None)

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        self.query_one("#about", Lines).show(self._about(desk))
        units = self.query_one("#units", RowList)
        units.empty = unit_words(desk)
        units.set_rows(unit_rows(desk, "flashable", _("no flashware known"), self.marked))
        wares = self.query_one("#wares", RowList)
        wares.empty = _("No flashware for this unit. o takes it from a file.")
        entry = self.left_behind(self.unit)
        wares.set_rows([*([recovery_row(entry)] if entry is not None else []), *map(ware_row, self.wares)])
        checks = self.query_one("#flash-checks", RowList)
        checks.set_rows(order_check_rows(self.order) if self.order is not None else check_rows(self.preview))
        self._show_steps(desk)

    def _show_steps(self, desk: Desk) -> None:
        if self.stage in ("running", "over"):
            now = desk.job if desk.job is not None and desk.job.kind == "flash" else None
            self._shown = now or self._shown  # its steps stay when the host is gone, and the vehicle with it
        else:
            self._shown = None
        job = self._shown
        steps = self.query_one("#steps", RowList)
        steps.follow = job is not None
        if isinstance(self.result, FlashOrderResult):
            steps.set_columns(RESULT_COLUMNS)
            steps.set_rows(order_result_rows(self.result))
        elif job is not None:
            steps.set_columns(STEP_COLUMNS)
            steps.set_rows(step_rows(job, self.size.width))
        else:
            steps.set_columns(PLAN_COLUMNS)
            steps.set_rows(order_plan_rows(self.order) if self.order is not None else plan_rows(self.preview))
        steps.border_title = plain(
            _("Result") if isinstance(self.result, FlashOrderResult) else _("Steps") if job else _("Plan")
        )
        self.query_one("#progress", Lines).show(*self._below(desk, job))

    def _below(self, desk: Desk, job: JobView | None) -> tuple[Cell, ...]:
        width = self.size.width
        if self.stage == "over":
            if isinstance(self.result, FlashOrderResult):
                return order_result_lines(self.result, width)
            return error_lines(self.error, width) if self.error is not None else result_lines(self.result)
        if job is not None and job.running:
            return progress_lines(job, width, stoppable=not desk.watching)
        if desk.busy:
            step = desk.job.step if desk.job is not None else None
            return ((f" ░ {step.title if step is not None else _('Reading and checking')} ...", "busy"),)
        if self.error is not None:
            return error_lines(self.error, width)
        return helper_lines(desk) or self._hint()

    def _hint(self) -> tuple[Cell, ...]:
        if self.stage == "unit":
            many = (
                _("{len} marked: enter checks them as one order.").format(len=len(self.marked)) if self.marked else ""
            )
            return (
                (
                    _(" Next: {value}").format(
                        value=many or _("enter takes the marked line; space marks several, t all.")
                    ),
                    "dim",
                ),
            )
        if self.stage == "flashware":
            key = self.query_one("#wares", RowList).key
            entry = self.left_behind(self.unit)
            if key == RECOVER and entry is not None:
                return tuple(told(" x ", "bad", said(entry.sentence), self.size.width))
            return ((_(" Next: mark the flashware, then enter."), "dim"),)
        return (*self._twin_lines(), *self._check_hint())

    def _twin_lines(self) -> list[Cell]:
        twin = self.order.twin if self.order is not None else self.preview.twin if self.preview is not None else None
        if twin is None:
            return []
        tone = "dim" if not twin.there else "ok" if twin.ok else "bad"
        return told(
            {"ok": " √ ", "bad": " x ", "dim": " · "}[tone],
            tone,
            _("Dry run. {words}").format(words=said(twin.words)),
            self.size.width,
        )

    def _check_hint(self) -> tuple[Cell, ...]:
        red = self.red
        if red:
            check = next((c for c in red if self.query_one("#flash-checks", RowList).key.endswith(c.name)), red[0])
            lines = told(" x ", "bad", f"{said(check.name)}: {said(check.reason or check.measured)}", self.size.width)
            if check.advice:
                lines += told(" > ", "accent", said(check.advice), self.size.width)
            last = _("Refused, nothing was changed. Put right what has an x, then f5.")
            if self.passable:
                last = _("Refused. f5 checks again; enter goes on if you type the unit's name.")
            return (*lines, (f" {last}", "dim"))
        if self.order is not None and not self.order.groups:
            return ((_(" √ All of them have their newest software."), "ok"),)
        if self.preview is not None and self.preview.up_to_date:
            return ((_(" √ The unit has this software already. enter sends it again all the same."), "ok"),)
        return (((_(" Next: "), "dim"), ("enter", "key"), (_(" starts after one question, "), "dim"), ("d", "key"),
                 (_(" tries it on the simulated twin."), "dim")),)  # fmt: skip

    def _about(self, desk: Desk) -> Cell:
        warn = (_("   DO NOT DISCONNECT"), "warn") if desk.locked else ("", "")
        if self.order is not None:
            total = sum(p.bytes for p in self.order.units if not p.up_to_date)
            names = ", ".join(p.unit for p in self.order.units)
            return (
                (_(" {len} units ").format(len=len(self.order.units)), "bold"),
                (f" {bytes_words(total)}   ", ""),
                (names, "dim"),
                warn,
            )
        if not self.unit:
            return (_(" Which control unit is flashed?"), "")
        p = self.preview
        if p is None:
            words = _("which flashware?") if self.stage == "flashware" else ""
            several = self.unit.count(", ") + 1
            if several > 2:
                return ((_(" {several} units ").format(several=several), "bold"), (self.unit, "dim"), warn)
            return ((f" {self.unit}", "bold"), (f"   {words}", ""), warn)
        change = f" {p.software_before or '-'} -> {p.software_after}   {bytes_words(p.bytes)}   "
        return ((f" {p.unit} ", "bold"), (change, ""), (p.flashware, "dim"), warn)
