"""The protocol of an order as files: text and self-contained HTML, beside each other; and the number of the order."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tui.locale import _
from tui.screens.dialogs import Fill, Tell

if TYPE_CHECKING:
    from tui.shell import PassbayApp

FORMS = (("text", "txt"), ("html", "html"))


def write_protocol(app: PassbayApp) -> None:
    """Of the order that the connected vehicle is worked on, else of its latest one; tells the paths."""
    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None:
        return
    vin = desk.vehicle.vin if desk.vehicle is not None else ""
    if not vin:
        app.toast(_("No vehicle is identified yet: f5 tests it first."), "warning")
        return
    order = desk.vehicle.order
    name = "-".join(re.sub(r"[^A-Za-z0-9_-]+", "_", part) for part in (vin, order) if part)
    folder = workbench.paths.data / "protocols"
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"

    def write() -> list[Path]:
        texts = [workbench.report(order or vin, form, vin if order else None) for form, _ending in FORMS]
        return [
            workbench.write_text(folder / f"{stem}.{ending}", text)
            for text, (_form, ending) in zip(texts, FORMS, strict=True)
        ]

    def written(paths: list[Path]) -> None:
        for path in paths:
            desk.note("ok", _("Protocol written: {path}").format(path=path))
        lines = [
            _("Quick tests and measures of order {value}, as text and for a browser:").format(
                value=order or _("(of this vehicle and day)")
            )
        ]
        app.push_screen(Tell(_("Protocol written"), [*lines, *paths]))

    desk.errand(write, written, lane="files")


def ask_order(app: PassbayApp) -> None:
    """The number on the work order; empty goes back to the automatic one."""
    desk = app.desk
    if desk is None or desk.vehicle is None:
        app.toast(_("Connect to the vehicle first: the order belongs to it."), "information")
        return
    vehicle = desk.vehicle

    def filled(values: dict[str, str] | None) -> None:
        if values is not None:
            words = values["order"] or _("the automatic one")
            desk.errand(
                lambda: vehicle.use_order(values["order"]),
                lambda _none: desk.tell("ok", _("Order from now on: {words}").format(words=words)),
                lane="files",
            )

    note = _("Quick tests, flashes and codings from now on belong to it.")
    app.push_screen(Fill(_("Order number"), [("order", _("Number (empty: automatic)"), vehicle.order)], note), filled)
