"""Vehicle: the quick test of all units, one line each; below it what the marked unit said, with its trouble codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Container

from core.vocabulary import DtcReading, FaultsResult, SurveyResult, UnitState, UnitSurvey
from tui.locale import _, said
from tui.screens.base import Place
from tui.screens.dialogs import Ask
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, plain
from tui.widgets.rows import Column, Row, RowList

if TYPE_CHECKING:
    from textual.widget import Widget

STATES = {
    UnitState.OK: ("ok", "ok"),
    UnitState.FAULT: ("bad", _("FAULT")),
    UnitState.STORED: ("warn", _("stored")),
    UnitState.NO_ANSWER: ("bad", _("no answer")),
    UnitState.NOT_REACHABLE: ("dim", _("not reachable")),
    UnitState.UNKNOWN_VARIANT: ("warn", _("variant?")),
    UnitState.ERROR: ("bad", _("error")),
    UnitState.IN_BOOT: ("warn", _("in boot")),
}


class VehicleScreen(Place):
    PLACE = _("Vehicle quick test")
    HELP = _(
        "The quick test asks every control unit who it is and what faults it stores.\n"
        "enter reads the fault codes of the marked unit with their environment data; tab goes to the box below.\n"
        "Words of a code: active = bit 0 now, pending = bit 2, stored = bit 3, MIL = bit 7 of the status byte.\n"
        "c clears the fault codes of the marked unit; it asks first. f flashes it, v codes it.\n"
        "p writes the protocol of the order: first quick test, measures, last quick test; as text and HTML.\n"
        "g orders misbehaviour at a simulated car, for training. a stops a running test after the unit being read."
    )
    BINDINGS: ClassVar = [
        Binding("f5", "again", _("Test all units again"), show=False),
        Binding("c", "clear", _("Clear the fault codes of the marked unit"), show=False),
        Binding("f", "flash", _("Flash the marked unit"), show=False),
        Binding("v", "coding", _("Code the marked unit"), show=False),
        Binding("p", "protocol", _("Write the protocol of the order"), show=False),
        Binding("g", "training", _("Training: order misbehaviour"), show=False),
        Binding("tab", "app.focus_next", _("Other box"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.trouble = ""
        self.trouble_page = ""
        self.faults: dict[str, tuple[DtcReading, ...]] = {}
        self._vehicle: object = None
        self._tried: object = None

    def body(self) -> list[Widget]:
        columns = (
            Column("", 1), Column(_("Unit"), 13), Column(_("Name")), Column(_("Software"), 12, wide=17),
            Column(_("State"), 13), Column(_("DTC"), 3, right=True), Column(_("act"), 3, right=True),
            Column(_("sto"), 3, right=True), Column(_("pen"), 3, right=True),
        )  # fmt: skip
        units = RowList(columns, id="units", classes="box")
        units.border_title = _("Control units")
        detail = RowList((Column(""),), heading=False, id="detail", classes="box")
        return [Lines(("",), id="vin"), Container(units, detail, id="panes")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#units").focus()
        self._first_test()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted:
            self._first_test()

    def _first_test(self) -> None:
        """The quick test runs by itself when this vehicle has not been tried yet."""
        desk = self.desk
        if desk is None or desk.survey is not None or desk.busy or desk.watching:
            return
        if self._tried != desk.connection[:2]:
            self.action_again()

    def keys(self) -> tuple[Key, ...]:
        if self.desk is not None and self.desk.busy:
            return (("a", _("Stop"), "app.stop_job"), ("f9", _("Live"), "app.live"))
        return (
            ("enter", _("Faults"), "faults"),
            ("c", _("Clear"), "clear"),
            ("f", _("Flash"), "flash"),
            ("p", _("Protocol"), "protocol"),
        )

    def failed_page(self) -> str:
        return self.trouble_page if self.trouble else ""

    # -- doing

    def action_again(self) -> None:
        desk = self.desk
        if desk is None or desk.busy:
            return
        self.trouble = ""
        self._tried = desk.connection[:2]

        def connected() -> None:
            if desk.vehicle is not None:
                desk.survey, desk.units = None, {}
                self.faults.clear()
                desk.begin(
                    "survey", "", desk.vehicle.survey, self._surveyed,
                    lambda error: self._failed(said(error.message), error.page),
                )  # fmt: skip
            self.passbay.refresh_places()

        desk.connect(connected, lambda: self._failed(desk.messages[-1].text, desk.messages[-1].page))
        self.show_desk()

    def _failed(self, why: str, page: str) -> None:
        self.trouble, self.trouble_page = why, page
        self.passbay.refresh_places()

    def _surveyed(self, result: SurveyResult) -> None:
        desk = self.desk
        if desk is not None:
            desk.survey = result
            desk.units = {unit.name: unit for unit in result.units}

    @property
    def marked(self) -> str:
        return self.query_one("#units", RowList).key

    def action_faults(self) -> None:
        desk, unit = self.desk, self.marked
        if desk is None or desk.vehicle is None or not unit:
            return
        vehicle = desk.vehicle
        desk.begin("faults", unit, lambda: vehicle.faults(unit), lambda result: self._read(unit, result))
        self.passbay.refresh_places()

    def _read(self, unit: str, result: FaultsResult) -> None:
        self.faults[unit] = result.dtcs
        if result.cleared and self.desk is not None:
            self.desk.tell("ok", _("Fault codes cleared, {len} left.").format(len=len(result.dtcs)), unit=unit)

    def action_clear(self) -> None:
        desk, unit = self.desk, self.marked
        if desk is None or desk.vehicle is None or not unit or desk.busy or self.only_watches():
            return
        vehicle = desk.vehicle

        def answered(yes: bool | None) -> None:
            if yes:
                desk.begin("clear", unit, lambda: vehicle.faults(unit, clear=True), lambda r: self._read(unit, r))
                self.passbay.refresh_places()

        what = _("{unit}: {count} known fault code(s) and their environment data are erased.")
        lines = [what.format(unit=unit, count=len(self.codes(unit))),
                 _("Save or note them first: they cannot be brought back.")]  # fmt: skip
        self.app.push_screen(Ask(_("Clear fault codes?"), lines, yes=_("Clear")), answered)

    def action_flash(self) -> None:
        self.passbay.wanted_unit = self.marked
        self.passbay.go("flash")

    def action_coding(self) -> None:
        self.passbay.wanted_unit = self.marked
        self.passbay.go("coding")

    def action_protocol(self) -> None:
        from tui.wishes.reports import write_protocol

        write_protocol(self.passbay)

    def action_training(self) -> None:
        desk = self.desk
        if desk is None or not desk.uri.startswith("sim:") or desk.vehicle is None:
            self.passbay.toast(_("Misbehaviour is for simulated cars only: connect to one first."), "information")
        else:
            self.passbay.go("training")

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "units":
            self.action_faults()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        if event.rows.id == "units":
            self._show_detail()

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        if desk.vehicle is not self._vehicle:
            self._vehicle = desk.vehicle
            self.faults.clear()
        units = self.query_one("#units", RowList)
        units.empty = self._empty_words()
        units.set_rows(self._unit_rows())
        self.query_one("#vin", Lines).show(self._vin_line())
        self._show_detail()

    def _empty_words(self) -> str:
        desk = self.desk
        if desk is not None and (desk.connecting or desk.busy):
            return _("Connecting ...") if desk.connecting else _("Reading which vehicle this is ...")
        if self.trouble:
            return _("{value}  f5 tries again, f1 says more.").format(value=self.trouble)
        return _("No vehicle tested yet.  f5 tries again, esc goes back.")

    def _vin_line(self) -> Cell:
        desk = self.desk
        if desk is None or desk.vehicle is None or not desk.vehicle.vin:
            return _(" VIN not read yet")
        vehicle = desk.vehicle
        done = _("{len}/{len2} units").format(len=len(desk.units), len2=len(vehicle.units))
        if desk.job is not None and desk.job.running:
            state: tuple[str, str] = (f"   ░ {desk.job.title}  {done}", "busy")
        elif self.trouble:  # the rows of the units are there, and the toast goes away
            return ((" x ", "bad"), (self.trouble, "bad"), (_("  f5 tries again, f1 says more"), "dim"))
        else:
            state = (
                (_("   √ tested {done}").format(done=done), "ok")
                if desk.survey is not None
                else (f"   · {done}", "dim")
            )
        covered = vehicle.euro_class.covered
        words = (
            vehicle.euro_class.value
            if covered
            else _("{value}: no flash, no coding").format(value=vehicle.euro_class.value)
        )
        return ((" VIN ", "dim"), (vehicle.vin, "bold"), (f"  {words}", "ok" if covered else "warn"), state,
                (f"   {vehicle.title}", "dim"))  # fmt: skip

    def _unit_rows(self) -> list[Row]:
        desk = self.desk
        if desk is None or desk.vehicle is None:
            return []
        names = {unit.name: unit.title for unit in desk.vehicle.units}
        names |= {unit.name: unit.title for unit in desk.units.values()}
        return [self._unit_row(name, title) for name, title in names.items()]

    def _unit_row(self, name: str, title: str) -> Row:
        desk = self.desk
        unit = desk.units.get(name) if desk is not None else None
        if unit is None:
            reading = desk is not None and desk.busy and desk.job is not None and desk.job.kind == "survey"
            tone, words = ("busy", "...") if reading else ("dim", _("not tested"))
            return Row(name, ((GLYPHS[tone], tone), name, title, "", (words, "dim"), "", "", "", ""))
        tone, words = STATES[unit.state]
        stored = sum(1 for dtc in unit.dtc_list if dtc.status & 0x09 == 0x08)
        counts = [
            str(n) if unit.software or n else "" for n in (unit.dtcs, unit.dtcs_active, stored, unit.dtcs_pending)
        ]
        software = unit.software + (" <" if unit.newer_software else "")
        return Row(name, ((GLYPHS[tone], tone), name, title, software, (words, tone), *counts))

    def codes(self, unit: str) -> tuple[DtcReading, ...]:
        surveyed = self.desk.units.get(unit) if self.desk is not None else None
        return self.faults.get(unit, surveyed.dtc_list if surveyed is not None else ())

    def _show_detail(self) -> None:
        name = self.marked
        detail = self.query_one("#detail", RowList)
        detail.border_title = plain(name or _("Unit"), 40)
        desk = self.desk
        unit = desk.units.get(name) if desk is not None else None
        detail.empty = _("enter reads the fault codes of the marked unit.") if name else ""
        lines: list[Cell] = []
        if unit is not None:
            lines += unit_lines(unit)
        for code in self.codes(name):
            lines += code_lines(code)
        if name in self.faults and not self.faults[name]:
            lines.append((("√ ", "ok"), (_("no fault codes stored"), "")))
        idents = unit.idents if unit is not None else ()
        lines += [((f"  {ident_words(title):24} ", "dim"), (value, "")) for title, value in idents]
        detail.set_rows([Row(str(n), (line,)) for n, line in enumerate(lines)])


_READ = re.compile(r"_?(?:Read|read|READ)$")
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


def ident_words(name: str) -> str:
    """ "Boot software" of "BootSoftware_Read": the service's name in the data, as a reader says it."""
    words = [w if w.isupper() else w.lower() for w in _JOINT.split(_READ.sub("", name)) if w]
    text = " ".join(words)
    return text[:1].upper() + text[1:] if text else name


def unit_lines(unit: UnitSurvey) -> list[Cell]:
    """What a unit said about itself."""
    lines: list[Cell] = []
    if unit.reason:
        lines.append((("! ", "warn"), (said(unit.reason), "")))
    if unit.newer_software:
        lines.append(
            (
                ("< ", "accent"),
                (
                    _("newer software {newer_software} is here: f flashes it").format(
                        newer_software=unit.newer_software
                    ),
                    "",
                ),
            )
        )
    where = f"{unit.address}, {unit.address.protocol}" if unit.address is not None else ""
    about = [(_("address"), where), (_("variant"), unit.variant), (_("hardware"), unit.hardware)]
    lines.append(tuple(p for name, value in about if value for p in ((f"{name} ", "dim"), (f"{value}   ", ""))))
    return lines


def code_lines(code: DtcReading) -> list[Cell]:
    """One trouble code: number, status as byte, bits and words, text; then its environment data."""
    active = bool(code.status & 0x01)
    tone = "bad" if active else "warn"
    told = (said(word).upper() if word == "active" else said(word) for word in code.words)
    words = ", ".join(told) or _("not active")
    first: Cell = (
        (GLYPHS[tone] + " ", tone), (f"{code.display} ", "bold"), (code.text, "")
    )  # fmt: skip
    status: Cell = ((f"    0x{code.status:02X} {code.status:08b} ", "dim"), (words, tone))
    return [first, status, *(((f"    {v.name:24} ", "dim"), (f"{v.value} {v.unit}", "")) for v in code.environment)]
