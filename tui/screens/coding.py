"""Coding: meanings in the car now, new and from the factory; the bytes before and after; write, undo, restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.errors import ProductError
from core.vocabulary import CodingItemState, CodingResult, CodingState
from tui.locale import _, said
from tui.screens.base import Place, helper_lines
from tui.screens.dialogs import Ask, Fill, Pick
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Column, RowList
from tui.wording.coding import byte_lines, item_row, range_words
from tui.wording.units import unit_rows, unit_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.desk import Desk

BYTES_SHOWN = 16


class CodingLook(Place):
    """What the Coding screen knows and shows. Starts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.unit = ""
        self.state: CodingState | None = None
        self.changes: dict[str, str] = {}
        self.after: tuple[tuple[str, int, bytes, bytes], ...] = ()
        self.result: CodingResult | None = None
        self.error: ProductError | None = None

        self._entered: object = None

    def body(self) -> list[Widget]:
        unit_columns = (Column("", 1), Column(_("Unit"), 14), Column(_("Name")), Column(_("Note"), 30))
        units = RowList(unit_columns, id="units", classes="box")
        columns = (Column("", 1), Column(_("Meaning")), Column(_("Car now"), 14, wide=24),
                   Column(_("New"), 14, wide=24), Column(_("Factory"), 14, wide=24))  # fmt: skip
        items = RowList(columns, id="items", classes="box")
        units.border_title, items.border_title = _("Control units"), _("Coding")
        return [Lines(("",), id="about"), units, items, Lines(("",), id="bytes"), Lines(("",), id="progress")]

    def keys(self) -> tuple[Key, ...]:
        if self.state is None:
            return (("enter", _("Choose"), "choose"), ("e", _("Export all"), "export"), ("l", _("Load all"), "load"),
                    ("esc", _("Back"), "back"))  # fmt: skip
        return (
            ("enter", _("Change"), "choose"),
            ("w", _("Write"), "write"),
            ("u", _("Undo"), "undo"),
            ("b", _("Kept"), "restore"),
        )

    def failed_page(self) -> str:
        return self.error.page if self.error is not None else ""

    def _item(self, name: str) -> CodingItemState | None:
        return next((item for item in (self.state.items if self.state else ()) if item.name == name), None)

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        units = self.query_one("#units", RowList)
        units.empty = unit_words(desk)
        units.set_rows(unit_rows(desk, "codable", _("no coding in the data")))
        self.query_one("#items", RowList).set_rows(
            [item_row(item, self.changes.get(item.name)) for item in (self.state.items if self.state else ())]
        )
        self.query_one("#about", Lines).show(self._about())
        self.query_one("#bytes", Lines).show(*self._byte_lines())
        self.query_one("#progress", Lines).show(*self._news(desk))

    def _about(self) -> Cell:
        if self.state is None:
            return (_(" Which control unit is coded?"), "")
        records = ", ".join(
            _("{name} (DID {did:04X}, {len} bytes)").format(name=name, did=did, len=len(data))
            for name, did, data in self.state.records
        )
        kept = (_("√ kept on disk   "), "ok") if self.state.backup else (_("· not kept yet   "), "dim")
        return ((f" {self.unit}   ", "bold"), kept, (records, ""))

    def _byte_lines(self) -> tuple[Cell, ...]:
        if self.state is None:
            return ("",)
        after = {name: data for name, _before, _did, data in self.after}
        lines: list[Cell] = []
        for name, _did, before in self.state.records:
            new = after.get(name, before)
            lines += byte_lines(before, new, max(BYTES_SHOWN, (self.size.width - 12) // 3))
        return tuple(lines[:8])

    def _news(self, desk: Desk) -> list[Cell]:
        width = self.size.width
        if desk.job is not None and desk.job.running:
            return told(" ░ ", "busy", f"{desk.job.title} ...", width)
        if self.error is not None:
            code = f" x {self.error.code} "
            return told(code, "bad", said(self.error.message), width) + told(
                " > ", "accent", f"{said(self.error.advice)} {_('f1 and enter say more.')}", width
            )
        if self.changes:
            words = _(" {len} change(s), not written: ").format(len=len(self.changes))
            return [((words, "accent"), ("w", "key"), (_(" writes, "), ""), ("u", "key"), (_(" undoes"), ""))]
        if self.result is not None:
            made = ", ".join(f"{c.name} {c.before} -> {c.after}" for c in self.result.changes) or _("no item changed")
            good = self.result.verified
            head = _(" √ Written, read back and compared: ") if good else _(" x Not verified: ")
            return told(head, "ok" if good else "bad", made, width)
        if helper_lines(desk):
            return list(helper_lines(desk))
        key = (
            _("enter on a line changes its meaning.")
            if self.state is not None
            else _("mark the control unit, then enter.")
        )
        return [(_(" Next: {key}").format(key=key), "dim")]


class CodingScreen(CodingLook):
    """Stages: unit, items. Changes stay on the screen until `w` writes them."""

    PLACE = _("Coding")
    HELP = _(
        "Coding tells a control unit how the car is equipped. Choose the unit; its coding is read and put in words.\n"
        "enter on a line chooses its new meaning. Nothing is written until w, which asks first.\n"
        "u takes the last change back, n takes all factory values. Before and After show the bytes.\n"
        "Every write keeps the coding as it was on this PC; b lists the kept states and restores any of them.\n"
        "e exports to a file, l loads one: of this unit, or of the whole vehicle while the units are listed.\n"
        "After writing the unit is read again and compared."
    )
    BINDINGS: ClassVar = [
        Binding("w", "write", _("Write the changes"), show=False),
        Binding("u", "undo", _("Undo the last change"), show=False),
        Binding("n", "factory", _("Take the factory values"), show=False),
        Binding("b", "restore", _("Kept states, restore one"), show=False),
        Binding("e", "export", _("Export coding to a file"), show=False),
        Binding("l", "load", _("Load coding from a file"), show=False),
        Binding("f5", "again", _("Read the coding again"), show=False),
    ]

    def on_mount(self) -> None:
        super().on_mount()
        self._enter()

    def on_screen_resume(self) -> None:
        desk = self.desk
        free = self.is_mounted and desk is not None and not desk.busy
        if free and desk is not None and (self.passbay.wanted_unit or self._entered != desk.connection):
            self._enter()
        super().on_screen_resume()

    # -- reading

    def _enter(self) -> None:
        wanted, self.passbay.wanted_unit = self.passbay.wanted_unit, ""
        self._forget()
        self.query_one("#units").focus()
        desk = self.desk
        if desk is None or desk.busy:
            return

        self._entered = desk.connection

        def known() -> None:
            self._entered = desk.connection
            self.show_desk()
            if wanted and not self.unit:
                self._read(wanted)

        desk.identify(known, self.show_desk)
        self.show_desk()

    def _forget(self) -> None:
        self.unit, self.state, self.after, self.result, self.error = "", None, (), None, None
        self.changes.clear()
        self.set_class(False, "-work")
        self.tell_keys()

    def _read(self, unit: str) -> None:
        desk = self.desk
        known = desk.unit(unit) if desk is not None else None
        if desk is None or desk.vehicle is None or known is None:
            return
        if not known.codable or not known.reachable:
            self.passbay.toast(f"{unit}: {said(known.reason) or _('the data describes no coding for it')}", "warning")
            return
        vehicle = desk.vehicle
        desk.begin("coding-read", unit, lambda: vehicle.coding_read(unit), self._have, self._failed)
        self.show_desk()

    def _have(self, state: CodingState) -> None:
        self.unit, self.state, self.after = state.unit, state, ()
        self.changes.clear()
        self.set_class(True, "-work")
        self.query_one("#items").focus()
        self.show_desk()
        self.tell_keys()

    def _failed(self, error: ProductError) -> None:
        self.error = error
        self.show_desk()

    def action_again(self) -> None:
        if self.unit and not self.changes:
            self.result = self.error = None
            self._read(self.unit)
        elif not self.unit:
            self._enter()
        else:
            self.passbay.toast(_("There are changes: write them with w, or undo them with u first."), "warning")

    # -- changing

    def action_choose(self) -> None:
        self.query_one("#items" if self.state is not None else "#units", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "units":
            self._read(event.key)
            return
        item = self._item(event.key)
        if item is None:
            return
        now = self.changes.get(item.name, item.now)
        if item.choices:
            choices = [(c, c + (_("   (factory)") if c == item.factory else "")) for c in item.choices]
            self.app.push_screen(Pick(item.title, choices, now), lambda value: self._set(item, value))
        else:
            note = _("A number {range_words}").format(range_words=range_words(item)).strip()
            self.app.push_screen(
                Fill(item.title, [("value", _("Value {unit}").format(unit=item.unit).strip(), now)], note),
                lambda values: self._set(item, values["value"] if values else None),
            )

    def _set(self, item: CodingItemState, value: str | None) -> None:
        if value is None or value == "":
            return
        wanted = dict(self.changes)
        wanted.pop(item.name, None)
        if value != item.now:
            wanted[item.name] = value
        self._try(wanted)

    def _try(self, wanted: dict[str, str]) -> None:
        """Takes the changes where the core can put them into bytes; a value that does not fit is refused."""
        desk, state = self.desk, self.state
        if desk is None or desk.vehicle is None or state is None:
            return
        vehicle = desk.vehicle

        def have(after: tuple[tuple[str, int, bytes, bytes], ...]) -> None:
            if self.state is state:
                self.changes, self.after = wanted, tuple(after)
                self.result = self.error = None
                self.show_desk()

        desk.errand(lambda: vehicle.coding_after(state, wanted), have, lane="coding")

    def action_undo(self) -> None:
        if self.desk is not None and self.desk.lent_to:
            self.passbay.action_undo()
        elif self.changes:
            # at once, not when the bytes are known: a `w` right behind must not write what was undone
            self.changes = dict(list(self.changes.items())[:-1])
            self._try(self.changes)
        else:
            self.passbay.toast(_("There is no change to undo."), "information")

    def action_factory(self) -> None:
        items = self.state.items if self.state is not None else ()
        factory = {item.name: item.factory for item in items if item.factory and item.factory != item.now}
        self._try({name: value for name, value in self.changes.items() if name not in factory} | factory)

    # -- writing

    def action_write(self) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or self.state is None or desk.busy:
            return
        if not self.changes:
            self.passbay.toast(_("Nothing is changed yet: enter on a line changes it."), "information")
            return
        if self.only_watches():
            return
        vehicle, unit, changes = desk.vehicle, self.unit, dict(self.changes)

        def answered(yes: bool | None) -> None:
            if yes:
                desk.begin("coding", unit, lambda: vehicle.coding_write(unit, changes), self._written, self._failed)
                self.show_desk()

        lines = [
            f"{item.title or name}: {item.now} -> {value}"
            for name, value in changes.items()
            if (item := self._item(name))
        ]
        ask = _("Write {len} change(s) to {unit}?")
        self.app.push_screen(Ask(ask.format(len=len(changes), unit=unit), lines, yes=_("Write")), answered)

    def action_restore(self) -> None:
        if self.state is None or self.desk is None or self.desk.busy:
            self.passbay.toast(_("Choose the control unit first: each has its own kept states."), "information")
            return
        from tui.screens.kept import KeptScreen

        self.app.push_screen(KeptScreen(self.state, self._restore))

    def _restore(self, file: str) -> None:
        desk = self.desk
        if desk is not None and desk.vehicle is not None:
            vehicle, unit = desk.vehicle, self.unit
            desk.begin("coding", unit, lambda: vehicle.coding_restore(unit, file), self._written, self._failed)
            self.show_desk()

    def action_export(self) -> None:
        self._file("export")

    def action_load(self) -> None:
        if self.changes:
            self.passbay.toast(_("There are changes: write them with w, or undo them with u first."), "warning")
        else:
            self._file("load")

    def _file(self, wish: str) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or desk.busy:
            return
        from tui.wishes import coding_files

        self.result = self.error = None
        if wish == "export":
            coding_files.export(self.passbay, desk, self.unit, self._failed)
        else:
            coding_files.load(self.passbay, desk, self.unit, self._written, self._failed)

    def _written(self, result: CodingResult) -> None:
        self.result, self.error = result, None
        self._read(self.unit)

    def action_back(self) -> None:
        if self.state is not None and not self.changes:
            self._forget()
            self.query_one("#units").focus()
            self.show_desk()
        elif self.changes:
            lines = [_("{len} change(s) are not written.").format(len=len(self.changes))]
            self.app.push_screen(Ask(_("Leave without writing?"), lines, yes=_("Leave")), self._left)
        else:
            self.passbay.back()

    def _left(self, yes: bool | None) -> None:
        if yes:
            self._forget()
            self.query_one("#units").focus()
            self.show_desk()
