"""Training: orders misbehaviour at a simulated car, so that its failures can be practised. No real vehicle has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.locale import _, said
from tui.screens.base import Place
from tui.screens.dialogs import Fill
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Column, Row, RowList

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import SimulatedFault


class TrainingScreen(Place):
    """`ordered` holds the orders by the fault's name, as the core takes them: NAME, NAME@N, UNIT:NAME@N."""

    PLACE = _("Training")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("space", _("On or off"), "mark"), ("enter", _("When, where"), "when"), ("x", _("All off"), "empty"),
        ("esc", _("Back"), "back"),
    )  # fmt: skip
    HELP = _(
        "A simulated car misbehaves to order: what fails seldom in a workshop can be practised here.\n"
        "space switches the marked misbehaviour on or off, at once. enter says at which occasion and at which unit.\n"
        "Once means that it happens at one occasion; lasting ones go on until they are switched off.\n"
        "The header says TRAINING while something is ordered. Leave with esc, then flash or code and see.\n"
        "A real vehicle takes no such orders."
    )
    BINDINGS: ClassVar = [
        Binding("space", "mark", _("Switch on or off"), show=False),
        Binding("x", "empty", _("Switch all off"), show=False),
        Binding("f5", "again", _("Look what has happened"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, SimulatedFault] = {}
        self.ordered: dict[str, str] = {}
        self.struck: frozenset[str] = frozenset()

    def body(self) -> list[Widget]:
        columns = (Column("", 1), Column(_("Misbehaviour"), 20), Column(_("What happens")), Column("", 9))
        rows = RowList(columns, empty=_("Reading ..."), id="faults", classes="box")
        rows.border_title = _("Misbehaviour of the simulated car")
        return [rows, Lines(("", ""), id="detail")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#faults").focus()
        self.action_again()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted:
            self.action_again()

    def action_again(self) -> None:
        """What can be ordered at this car, what is ordered, what has happened."""
        desk = self.desk
        if desk is None or desk.workbench is None or desk.vehicle is None:
            return
        workbench, vehicle = desk.workbench, desk.vehicle

        def read() -> tuple[tuple[SimulatedFault, ...], tuple[str, ...], tuple[str, ...]]:
            return workbench.fault_names(), tuple(vehicle.ordered_faults()), tuple(vehicle.struck_faults())

        def have(found: tuple[tuple[SimulatedFault, ...], tuple[str, ...], tuple[str, ...]]) -> None:
            here = [fault for fault in found[0] if fault.transports & vehicle.transports]
            self.faults = {fault.name: fault for fault in here}
            self.ordered = {name_of(order): order for order in found[1]}
            self.struck = frozenset(name_of(order) for order in found[2])
            desk.ordered_faults = found[1]
            self.show_desk()

        desk.errand(read, have, lane="training")

    # -- ordering

    @property
    def marked(self) -> str:
        return self.query_one("#faults", RowList).key

    def action_mark(self) -> None:
        name = self.marked
        if name in self.ordered:
            self._order({key: order for key, order in self.ordered.items() if key != name})
        elif name:
            self._order(self.ordered | {name: name})

    def action_empty(self) -> None:
        self._order({})

    def action_when(self) -> None:
        self.query_one("#faults", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        name, fault = event.key, self.faults.get(event.key)
        if fault is None:
            return
        unit, _colon, rest = self.ordered.get(name, name).rpartition(":")
        number = rest.partition("@")[2] or "1"

        def filled(values: dict[str, str] | None) -> None:
            if values is not None:
                where = f"{values['unit'].upper()}:" if values["unit"] else ""
                when = f"@{values['number']}" if values["number"] not in ("", "1") else ""
                self._order(self.ordered | {name: f"{where}{name}{when}"})

        fields = [
            ("number", _("At which occasion, counted from 1"), number),
            ("unit", _("Only at this unit (or empty)"), unit),
        ]
        self.app.push_screen(
            Fill(
                name,
                fields,
                _("{title} Counted: {occasion}.").format(title=said(fault.title), occasion=said(fault.occasion)),
            ),
            filled,
        )

    def _order(self, wanted: dict[str, str]) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None:
            return
        if desk.watching:
            self.passbay.toast(
                _("This screen only watches: {watching} drives the vehicle.").format(watching=desk.watching), "warning"
            )
            return
        vehicle, orders = desk.vehicle, tuple(wanted.values())
        desk.errand(lambda: vehicle.set_faults(orders), lambda _none: self.action_again(), lane="training")

    # -- showing

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        self._show_detail(event.key)

    def show_desk(self) -> None:
        rows = self.query_one("#faults", RowList)
        rows.set_rows([self._row(fault) for fault in self.faults.values()])
        self._show_detail(rows.key)

    def _row(self, fault: SimulatedFault) -> Row:
        order = self.ordered.get(fault.name)
        glyph = ("■", "warn") if order else ("·", "dim")
        state = (
            (_("happened"), "accent") if fault.name in self.struck else (_("ordered"), "warn") if order else ("", "")
        )
        return Row(fault.name, (glyph, (order or fault.name, "bold" if order else ""), said(fault.title), state))

    def _show_detail(self, name: str) -> None:
        fault = self.faults.get(name)
        if fault is None:
            self.query_one("#detail", Lines).show("", "")
            return
        kind = _("goes on until it is switched off") if fault.lasting else _("once")
        title: list[Cell] = told(" ", "", said(fault.title), self.size.width)
        how: Cell = ((_(" Counted: "), "dim"), (said(fault.occasion), ""), (f"   {kind}", "dim"))
        self.query_one("#detail", Lines).show(*title, how)


def name_of(order: str) -> str:
    """The fault's name in UNIT:NAME@N."""
    return order.rpartition(":")[2].partition("@")[0]
