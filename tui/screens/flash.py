"""Flash: choose unit and flashware, see every check, start, watch the steps. The sequence itself is the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.errors import ProductError
from core.vocabulary import FlashChoice, FlashPreview, FlashResult
from tui.screens.base import Place
from tui.screens.dialogs import Ask, Fill
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, plain, told
from tui.widgets.rows import Column, Row, RowList
from tui.wording.flash import check_rows, plan_rows, progress_lines, result_lines, step_rows
from tui.wording.units import unit_rows, unit_words
from tui.work import bytes_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.desk import Desk


STEP_COLUMNS = (Column("", 1), Column("Step"), Column("", 14), Column("", 7, right=True))
PLAN_COLUMNS = (Column("", 1), Column("Step"))


class FlashScreen(Place):
    """Stages: unit, flashware, ready (checks read), running, over. `esc` goes one stage back."""

    PLACE = "Flash"
    HELP = (
        "Flashing replaces the software of one control unit. Choose the unit, then the flashware (newest first).\n"
        "Before anything is changed the checks are read: certification, hardware, software, voltage, image.\n"
        "A line with x refuses the flash and says why. A line with ! could not be measured: look yourself.\n"
        "During the transfer do not disconnect and do not close the lid; leaving is locked then.\n"
        "a stops after the block that is on its way. The unit then waits in its boot loader: flash it again."
    )
    BINDINGS: ClassVar = [
        Binding("f5", "again", "Read the checks again", show=False),
        Binding("o", "file", "Flashware from a file", show=False),
        Binding("tab", "app.focus_next", "Other box", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.stage = "unit"
        self.unit = ""
        self.flashware: str | None = None
        self.preview: FlashPreview | None = None
        self.result: FlashResult | None = None
        self.error: ProductError | None = None

        self._entered: object = None

    def body(self) -> list[Widget]:
        unit_columns = (Column("", 1), Column("Unit", 14), Column("Name"), Column("Note", 30))
        units = RowList(unit_columns, id="units", classes="box")
        ware_columns = (Column("", 1), Column("Flashware"), Column("Software", 17), Column("Size", 9, right=True))
        wares = RowList(ware_columns, id="wares", classes="box")
        check_columns = (Column("", 1), Column("Check", 16, wide=24), Column("Measured"), Column("Wanted"))
        checks = RowList(check_columns, heading=False, id="flash-checks", classes="box")
        steps = RowList(STEP_COLUMNS, heading=False, follow=True, id="steps", classes="box")
        for box, title in ((units, "Control units"), (wares, "Flashware"), (checks, "Checks"), (steps, "Steps")):
            box.border_title = plain(title)
        return [Lines(("",), id="about"), units, wares, checks, steps, Lines(("",), id="progress")]

    def on_mount(self) -> None:
        super().on_mount()
        self._enter()

    def on_screen_resume(self) -> None:
        desk = self.desk
        free = self.is_mounted and desk is not None and not desk.busy
        if free and desk is not None and (self.passbay.wanted_unit or self._entered != desk.connection):
            self._enter()
        super().on_screen_resume()

    def keys(self) -> tuple[Key, ...]:
        if self.desk is not None and self.desk.busy:
            return (("a", "Stop safely", "app.stop_job"), ("f9", "Live", "app.live"))
        if self.stage == "ready":
            return (("enter", "Start flash", "start"), ("f5", "Check again", "again"), ("o", "File", "file"))
        if self.stage == "over":
            return (("enter", "Another unit", "start"), ("f9", "Live", "app.live"), ("esc", "Back", "back"))
        return (("enter", "Choose", "start"), ("o", "File", "file"), ("esc", "Back", "back"))

    # -- stages

    def _enter(self) -> None:
        wanted, self.passbay.wanted_unit = self.passbay.wanted_unit, ""
        self.preview = self.result = self.error = self.flashware = None
        self.unit = ""
        self._to("unit")
        desk = self.desk
        if desk is None or desk.busy:
            return

        self._entered = desk.connection

        def known() -> None:
            self._entered = desk.connection
            self.show_desk()
            if wanted and self.stage == "unit":
                self._choose_unit(wanted)

        desk.identify(known, self.show_desk)
        self.show_desk()

    def _to(self, stage: str) -> None:
        self.stage = stage
        shown = {"unit": "#units", "flashware": "#wares"}.get(stage, "#steps" if stage != "ready" else "#flash-checks")
        self.set_class(stage in ("ready", "running", "over"), "-work")
        self.set_class(stage == "flashware", "-wares")
        self.query_one(shown).focus()
        self.show_desk()
        self.tell_keys()

    def _choose_unit(self, unit: str) -> None:
        desk = self.desk
        known = desk.unit(unit) if desk is not None else None
        if desk is None or known is None:
            return
        if not known.reachable:
            self.passbay.toast(f"{unit}: {known.reason}", "warning")
        self.unit = unit
        if known.flashable:
            self._to("flashware")
        else:
            self.passbay.toast(f"There is no flashware for {unit}. o takes it from a file.", "warning")

    def action_start(self) -> None:
        """enter: the next stage from wherever the focus is."""
        if self.stage == "ready":
            self._ask_start()
        elif self.stage == "over":
            self._enter()
        elif self.stage in ("unit", "flashware"):
            self.query_one("#units" if self.stage == "unit" else "#wares", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if self.stage == "unit" and event.rows.id == "units":
            self._choose_unit(event.key)
        elif self.stage == "flashware" and event.rows.id == "wares":
            self._read_checks(event.key)
        elif self.stage in ("ready", "over"):
            self.action_start()

    def action_file(self) -> None:
        if not self.unit or (self.desk is not None and self.desk.busy):
            self.passbay.toast("Choose the control unit first.", "information")
            return
        note = "A PDX file, also FILE.pdx#SESSION."
        self.app.push_screen(
            Fill(f"Flashware for {self.unit}", [("file", "File", "")], note),
            lambda values: self._read_checks(values["file"]) if values and values["file"] else None,
        )

    def action_again(self) -> None:
        if self.stage in ("ready", "over") and self.unit:
            self._read_checks(self.flashware)
        elif self.stage == "unit":
            self._enter()

    def _read_checks(self, flashware: str | None) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or desk.busy:
            return
        vehicle, unit, self.flashware = desk.vehicle, self.unit, flashware
        self.preview = self.result = self.error = None

        def read(preview: FlashPreview) -> None:
            self.preview = preview
            self._to("ready")

        desk.begin("preview", unit, lambda: vehicle.flash_preview(unit, flashware), read, self._failed)
        self.show_desk()
        self.tell_keys()

    def _ask_start(self) -> None:
        preview, desk = self.preview, self.desk
        if preview is None or desk is None or desk.busy:
            return
        bad = [check for check in preview.checks if check.ok is False]
        if bad:
            self.passbay.toast(f"Refused: {bad[0].name}: {bad[0].reason or bad[0].measured}", "warning")
            return
        lines = [
            f"{preview.unit}: {preview.software_before or '(no software)'} -> {preview.software_after}, "
            f"{bytes_words(preview.bytes)} from {preview.flashware}.",
            "It has this software already; it is sent again." if preview.up_to_date else "",
            "Ignition on, engine off, charger connected. Do not disconnect.",
        ]
        self.app.push_screen(Ask(f"Flash {preview.unit} now?", lines, yes="Flash"), self._start)

    def _start(self, yes: bool | None) -> None:
        preview, desk = self.preview, self.desk
        if not yes or preview is None or desk is None or desk.vehicle is None:
            return
        vehicle, unit, ware, force = desk.vehicle, self.unit, self.flashware, preview.up_to_date

        def flashed(result: FlashResult) -> None:
            self.result = result
            desk.units.pop(unit, None)  # what the quick test read is old now
            self.app.bell()
            self._to("over")

        if desk.begin("flash", unit, lambda: vehicle.flash(unit, ware, force=force), flashed, self._failed):
            self._to("running")

    def _failed(self, error: ProductError) -> None:
        self.error = error
        if self.stage == "running":
            self.app.bell()
            self._to("over")
        self.show_desk()

    def action_back(self) -> None:
        if self.desk is not None and self.desk.busy:
            self.passbay.back()
        elif self.stage in ("ready", "over"):
            self._to("flashware")
        elif self.stage == "flashware":
            self._to("unit")
        else:
            self.passbay.back()

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        self.query_one("#about", Lines).show(self._about(desk))
        units = self.query_one("#units", RowList)
        units.empty = unit_words(desk)
        units.set_rows(unit_rows(desk, "flashable", "no flashware known"))
        wares = self.query_one("#wares", RowList)
        wares.empty = "No flashware for this unit. o takes it from a file."
        if self.stage == "flashware" and desk.vehicle is not None:
            wares.set_rows([_ware_row(choice) for choice in desk.vehicle.flashware(self.unit)])
        self.query_one("#flash-checks", RowList).set_rows(check_rows(self.preview))
        self._show_steps(desk)

    def _show_steps(self, desk: Desk) -> None:
        job = desk.job if desk.job is not None and desk.job.kind == "flash" and self.stage != "ready" else None
        steps = self.query_one("#steps", RowList)
        steps.follow = job is not None
        steps.set_columns(STEP_COLUMNS if job is not None else PLAN_COLUMNS)
        if job is not None:
            steps.set_rows(step_rows(job, self.size.width))
        elif self.preview is not None:
            steps.set_rows(plan_rows(self.preview))
        below = self.query_one("#progress", Lines)
        if self.stage == "over":
            below.show(*result_lines(self.result, self.error, self.size.width))
        elif job is not None and job.running:
            below.show(*progress_lines(job, self.size.width))
        elif self.error is not None:
            below.show(*result_lines(None, self.error, self.size.width))
        else:
            below.show(*self._hint())

    def _hint(self) -> tuple[Cell, ...]:
        if self.stage == "unit":
            return ((" Next: mark the control unit, then enter.", "dim"),)
        if self.stage == "flashware":
            reading = self.desk is not None and self.desk.busy
            ready = (" Next: mark the flashware, then enter.", "dim")
            return ((" ░ Reading and checking ...", "busy") if reading else ready,)
        bad = [check for check in (self.preview.checks if self.preview is not None else ()) if check.ok is False]
        if bad:
            why = f"{bad[0].name}: {bad[0].reason or bad[0].measured}"
            refused: Cell = " Refused, nothing was changed. Put right what has an x, then f5."
            return *told(" x ", "bad", why, self.size.width), refused
        if self.preview is not None and self.preview.up_to_date:
            return ((" √ The unit has this software already. enter sends it again all the same.", "ok"),)
        return (((" Next: ", "dim"), ("enter", "key"), (" starts the flash after one question.", "dim")),)

    def _about(self, desk: Desk) -> Cell:
        if not self.unit:
            return (" Which control unit is flashed?", "")
        p = self.preview
        if p is None:
            return ((f" {self.unit}", "bold"), ("   which flashware?", ""))
        warn = ("   DO NOT DISCONNECT", "warn") if desk.locked else ("", "")
        change = f" {p.software_before or '-'} -> {p.software_after}   {bytes_words(p.bytes)}   "
        return ((f" {p.unit} ", "bold"), (change, ""), (p.flashware, "dim"), warn)


def _ware_row(choice: FlashChoice) -> Row:
    glyph = ("■", "accent") if choice.newest else ("·", "dim")
    title = choice.title if choice.title and choice.title != choice.name else choice.name
    return Row(choice.name, (glyph, title, choice.software, bytes_words(choice.size)))
