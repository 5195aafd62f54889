"""What a flash of one unit and an order of several have in common, and the orders. Starts jobs of the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.errors import ProductError
from core.vocabulary import FlashOrderPreview, FlashWish
from tui.locale import _, said
from tui.screens.dialogs import Ask
from tui.screens.flash.look import FlashLook
from tui.widgets.rows import RowList
from tui.wording.order import start_order_lines


class FlashOrders(FlashLook):
    """Stages, marks, orders, endings."""

    # -- stages

    def _forget(self) -> None:
        self.preview = self.order = self.result = self.error = self.flashware = None

    def _to(self, stage: str) -> None:
        self.stage = stage
        shown = {"unit": "#units", "flashware": "#wares", "ready": "#flash-checks"}.get(stage, "#steps")
        self.set_class(stage == "ready", "-ready")
        self.set_class(stage in ("running", "over"), "-work")
        self.set_class(stage == "flashware", "-wares")
        self.set_class(False, "-plan")
        self.query_one(shown).focus()
        self.show_desk()
        if stage == "ready" and self.red:
            checks = self.query_one("#flash-checks", RowList)
            checks.put_cursor(next((row.key for row in checks.rows if row.key.endswith(self.red[0].name)), ""))
        self.tell_keys()

    def _check(self, unit: str, start: Callable[[], Any], read: Callable[[Any], None]) -> None:
        self.preview = self.order = self.result = self.error = None
        if self.desk is not None:
            self.desk.begin("preview", unit, start, read, self._failed)
        self.show_desk()
        self.tell_keys()

    # -- several units

    def action_mark(self) -> None:
        key = self.query_one("#units", RowList).key
        if self.stage == "unit" and key:
            self._mark(key)
            self.query_one("#units", RowList).action_move(1)
            self.show_desk()

    def _mark(self, key: str) -> None:
        known = self.desk.unit(key) if self.desk is not None else None
        if key in self.marked:
            self.marked = tuple(name for name in self.marked if name != key)
        elif known is not None and known.flashable and known.reachable:
            self.marked = (*self.marked, key)
        else:
            self.passbay.toast(
                f"{key}: {said(known.reason if known else '') or _('there is no flashware for it')}", "warning"
            )

    def action_mark_all(self) -> None:
        units = self.desk.vehicle.units if self.desk is not None and self.desk.vehicle is not None else ()
        if self.stage == "unit":
            every = tuple(unit.name for unit in units if unit.flashable and unit.reachable)
            self.marked = () if self.marked == every else every
            self.show_desk()

    def _read_order(self, twin: bool = False) -> None:
        desk = self.desk
        if desk is None or desk.vehicle is None or desk.busy:
            return
        vehicle, wishes = desk.vehicle, tuple(FlashWish(name) for name in self.marked)

        def read(order: FlashOrderPreview) -> None:
            self.order = order
            self._to("ready")

        self._check(
            _("{len} units").format(len=len(wishes)), lambda: vehicle.flash_order_preview(wishes, twin=twin), read
        )

    def _ask_order(self) -> None:
        order, desk = self.order, self.desk
        if order is None or desk is None or desk.busy or self.only_watches():
            return
        if self.red:
            self.passbay.toast(
                _("Refused: {name}: {value}").format(
                    name=said(self.red[0].name), value=said(self.red[0].reason or self.red[0].measured)
                ),
                "warning",
            )
        elif not order.groups:
            self.passbay.toast(_("All of them have their newest software: there is nothing to do."), "information")
        else:
            many = sum(len(group) for group in order.groups)
            self.app.push_screen(
                Ask(_("Flash {many} units now?").format(many=many), start_order_lines(order), yes=_("Flash")),
                self._start_order,
            )

    def _start_order(self, yes: bool | None) -> None:
        desk = self.desk
        if not yes or desk is None or desk.vehicle is None:
            return
        vehicle, wishes = desk.vehicle, tuple(FlashWish(name) for name in self.marked)
        names = ", ".join(self.marked)
        if desk.begin("flash", names, lambda: vehicle.flash_order(wishes), self._flashed, self._failed):
            self._to("running")

    # -- endings

    def _flashed(self, result: Any) -> None:
        self.result = result
        desk = self.desk
        for name in [unit.unit for unit in getattr(result, "units", (result,))]:
            if desk is not None:
                desk.units.pop(name, None)  # what the quick test read is old now
        self.app.bell()
        self._to("over")

    def _failed(self, error: ProductError) -> None:
        self.error = error
        if self.stage == "running":
            self.app.bell()
            self._to("over")
        self.show_desk()
