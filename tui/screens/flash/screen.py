"""Flash: choose units and flashware, see every check, start, watch the steps. The sequence itself is the core's."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding

from core.vocabulary import FlashChoice, FlashPreview, Interrupted
from tui.locale import _, said
from tui.screens.dialogs import Ask, Fill
from tui.screens.flash.order import FlashOrders
from tui.widgets.rows import RowList
from tui.wording.flash import RECOVER, start_lines


class FlashScreen(FlashOrders):
    """`esc` goes one stage back."""

    PLACE = _("Flash")
    HELP = _(
        "Flashing replaces the software of control units: choose one and its flashware, or mark several (space, t).\n"
        "Before anything is changed the checks are read. A line with x refuses the flash and says why. Where the "
        "plan allows it, enter goes on when you type the unit's name. A line with ! was not measured: look yourself.\n"
        "d runs the same flash on a simulated twin. During the transfer do not disconnect, do not close the lid.\n"
        "a stops after the block on its way. Quitting is no harm: the flash goes on, the next start shows it.\n"
        "A unit that was left in programming is named in red; its first line brings it back."
    )
    BINDINGS: ClassVar = [
        Binding("space", "mark", _("Mark for one order"), show=False),
        Binding("plus", "mark_all", _("Mark all units"), show=False),
        Binding("d", "dry_run", _("Dry run on the simulated twin"), show=False),
        Binding("o", "file", _("Flashware from a file"), show=False),
        Binding("f5", "again", _("Read the checks again"), show=False),
        Binding("tab", "other_box", _("Other box"), show=False),
    ]

    def on_mount(self) -> None:
        super().on_mount()
        self._enter()

    def on_screen_resume(self) -> None:
        desk = self.desk
        if self.is_mounted and desk is not None and not desk.busy:
            wanted = self.passbay.wanted_unit or self.passbay.wanted_recovery
            if wanted or self._entered != desk.connection:
                self._enter()
        self._take_over()
        super().on_screen_resume()

    def refresh_desk(self) -> None:
        self._take_over()
        super().refresh_desk()

    # -- stages

    def _enter(self) -> None:
        wanted, self.passbay.wanted_unit = self.passbay.wanted_unit, ""
        recovery, self.passbay.wanted_recovery = self.passbay.wanted_recovery, None
        self._forget()
        self.unit, self.marked, self.wares = "", (), ()
        self._to("unit")
        desk = self.desk
        if desk is None or desk.busy:
            return

        self._entered = desk.connection

        def known() -> None:
            self._entered = desk.connection
            desk.look_around(self.show_desk)
            self.show_desk()
            if recovery is not None:
                self._recover(recovery)
            elif wanted and self.stage == "unit":
                self._choose_unit(wanted)

        desk.identify(known, self.show_desk)
        self.show_desk()

    def _take_over(self) -> None:
        """A flash that another screen began is shown here as if it were ours."""
        job = self.desk.job if self.desk is not None else None
        if job is None or not (job.adopted and job.running and job.kind == "flash"):
            return
        if self.stage == "running" and job.then == self._flashed:
            return
        self._forget()
        self.unit, job.then, job.failed = job.unit, self._flashed, self._failed
        self._to("running")

    def _choose_unit(self, unit: str) -> None:
        desk = self.desk
        known = desk.unit(unit) if desk is not None else None
        if desk is None or known is None:
            return
        if not known.reachable:
            self.passbay.toast(f"{unit}: {said(known.reason)}", "warning")
        vehicle, self.unit, self.wares = desk.vehicle, unit, ()
        if not known.flashable:
            self.passbay.toast(
                _("There is no flashware for {unit}. o takes it from a file.").format(unit=unit), "warning"
            )
            return

        def have(wares: tuple[FlashChoice, ...]) -> None:
            if self.unit == unit and self.stage == "unit":
                self.wares = tuple(wares)
                self._to("flashware")

        desk.errand(lambda: vehicle.flashware(unit), have, lane="flashware")

    def action_start(self) -> None:
        """enter: the next stage from wherever the focus is."""
        if self.stage == "ready":
            self._ask_order() if self.order is not None else self._ask_start()
        elif self.stage == "over":
            self._enter()
        elif self.stage == "unit" and len(self.marked) > 1:
            self._read_order()
        elif self.stage in ("unit", "flashware"):
            self.query_one("#units" if self.stage == "unit" else "#wares", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if self.stage == "unit" and event.rows.id == "units":
            self._read_order() if len(self.marked) > 1 else self._choose_unit(event.key)
        elif self.stage == "flashware" and event.rows.id == "wares":
            self._ask_recovery() if event.key == RECOVER else self._read_checks(event.key)
        elif self.stage in ("ready", "over"):
            self.action_start()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        if event.rows.id in ("flash-checks", "wares"):
            self.show_desk()

    def action_other_box(self) -> None:
        if self.stage == "ready" and not self.has_class("-tall"):
            self.toggle_class("-plan")
            self.query_one("#steps" if self.has_class("-plan") else "#flash-checks").focus()
        else:
            self.focus_next()

    def action_file(self) -> None:
        if not self.unit or (self.desk is not None and self.desk.busy):
            self.passbay.toast(_("Choose the control unit first."), "information")
            return
        note = _("A PDX file, also FILE.pdx#SESSION, or a flash plan: PLAN.toml, also PLAN.toml#IMAGE.")
        self.app.push_screen(
            Fill(_("Flashware for {unit}").format(unit=self.unit), [("file", _("File"), "")], note),
            lambda values: self._read_checks(values["file"]) if values and values["file"] else None,
        )

    def action_again(self) -> None:
        if self.stage in ("ready", "over") and self.order is not None:
            self._read_order()
        elif self.stage in ("ready", "over") and self.unit:
            self._read_checks(self.flashware)
        elif self.stage == "unit":
            self._enter()

    def action_dry_run(self) -> None:
        """The checks again, and the real sequence on a copy of the simulated car."""
        if self.stage != "ready":
            self.passbay.toast(_("Choose the unit and its flashware first; then d tries the flash."), "information")
        elif self.order is not None:
            self._read_order(twin=True)
        else:
            self._read_checks(self.flashware, twin=True)

    # -- one unit

    def _read_checks(self, flashware: str | None, twin: bool = False) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or desk.busy:
            return
        vehicle, unit, self.flashware = desk.vehicle, self.unit, flashware

        def read(preview: FlashPreview) -> None:
            self.preview = preview
            self._to("ready")

        self._check(unit, lambda: vehicle.flash_preview(unit, flashware, twin=twin), read)

    def _ask_start(self) -> None:
        preview, desk = self.preview, self.desk
        if preview is None or desk is None or desk.busy or self.only_watches():
            return
        if self.red and not self.passable:
            self.passbay.toast(
                _("Refused: {name}: {value}").format(
                    name=said(self.red[0].name), value=said(self.red[0].reason or self.red[0].measured)
                ),
                "warning",
            )
        elif self.red:
            names = ", ".join(said(check.name) for check in self.red)
            note = _("Red: {names}. The flash plan lets you go on all the same, at your own risk.").format(names=names)
            self.app.push_screen(
                Fill(
                    _("Flash {unit} all the same?").format(unit=preview.unit),
                    [("unit", _("Type {unit} to go on").format(unit=preview.unit), "")],
                    note,
                    "Flash",
                ),
                lambda values: self._start(values["unit"]) if values and values["unit"] else None,
            )
        else:
            self.app.push_screen(
                Ask(_("Flash {unit} now?").format(unit=preview.unit), start_lines(preview), yes=_("Flash")),
                lambda yes: self._start("") if yes else None,
            )

    def _start(self, typed: str) -> None:
        preview, desk = self.preview, self.desk
        if preview is None or desk is None or desk.vehicle is None:
            return
        if typed and typed.casefold() != preview.unit.casefold():
            self.passbay.toast(
                _("{typed} is not {unit}: nothing was started.").format(typed=typed, unit=preview.unit), "warning"
            )
            return
        vehicle, unit, ware, force = desk.vehicle, self.unit, self.flashware, preview.up_to_date
        if desk.begin(
            "flash", unit, lambda: vehicle.flash(unit, ware, force=force, override=typed), self._flashed, self._failed
        ):
            self._to("running")

    # -- a unit that was left in programming

    def _ask_recovery(self) -> None:
        entry = self.left_behind(self.unit)
        if entry is not None:
            found = entry
            self.app.push_screen(
                Ask(
                    _("Recover {unit} now?").format(unit=entry.unit),
                    [said(entry.sentence), said(entry.advice)],
                    yes=_("Recover"),
                ),
                lambda yes: self._recover(found) if yes else None,
            )

    def _recover(self, entry: Interrupted) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or desk.busy:
            return
        vehicle, unit = desk.vehicle, entry.unit
        if entry.vin and vehicle.vin != entry.vin:
            other = _("{unit} of VIN {vin} waits for its recovery; this vehicle is {other_vin}.")
            desk.tell(
                "warning",
                other.format(unit=unit, vin=entry.vin, other_vin=vehicle.vin),
                advice=_("Connect that vehicle, then try again."),
            )
            return
        self._forget()
        self.unit = unit
        if desk.begin("flash", unit, lambda: vehicle.recover(unit), self._flashed, self._failed):
            self._to("running")

    def action_back(self) -> None:
        if self.desk is not None and self.desk.busy:
            self.passbay.back()
        elif self.stage in ("ready", "over"):
            several = self.order is not None or not self.wares
            self._forget()
            self._to("unit" if several else "flashware")
        elif self.stage == "flashware":
            self._to("unit")
        else:
            self.passbay.back()
