"""The data line of Start: brings a PDX file into this session after a check. The catalogue reads it on connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _, said
from tui.screens.dialogs import Fill, Tell

if TYPE_CHECKING:
    from core.vocabulary import DataReport
    from tui.shell import PassbayApp


def add_data(app: PassbayApp) -> None:
    """Asks for a file, checks it, and takes it where it can be used."""
    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None:
        return
    known = ", ".join(desk.data_files) or _("none: the simulated vehicles' data is built in")

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            desk.errand(lambda: workbench.check_data(path), lambda report: checked(path, report), lane="data")

    def checked(path: str, report: DataReport) -> None:
        if report.ok:
            desk.disconnect()
            desk.data_files = [*(f for f in desk.data_files if f != path), path]
        lines = [
            path,
            _("ODX {version}: {len} units, {len2} flash sessions, {len3} coding records").format(
                version=report.version, len=len(report.units), len2=len(report.flash_sessions), len3=len(report.coding)
            ),
            *(said(problem) for problem in report.problems),
            _("Taken for this session.") if report.ok else _("Not taken. Everything else stays usable."),
        ]
        desk.note(
            "ok" if report.ok else "error",
            _("Data file {path}: {value}").format(
                path=path, value=said(report.problems[0]) if report.problems else _("good")
            ),
        )
        app.push_screen(Tell(_("Data file"), lines))

    app.push_screen(
        Fill(_("Add diagnostic data"), [("path", _("PDX file"), "")], _("Loaded now: {known}").format(known=known)),
        filled,
    )
