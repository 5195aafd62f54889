"""The data line of Start: brings a PDX file into this session after a check. The catalogue reads it on connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    known = ", ".join(desk.data_files) or "none: the simulated vehicles' data is built in"

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
            f"ODX {report.version}: {len(report.units)} units, {len(report.flash_sessions)} flash sessions, "
            f"{len(report.coding)} coding records",
            *report.problems,
            "Taken for this session." if report.ok else "Not taken. Everything else stays usable.",
        ]
        desk.note(
            "ok" if report.ok else "error", f"Data file {path}: {report.problems[0] if report.problems else 'good'}"
        )
        app.push_screen(Tell("Data file", lines))

    app.push_screen(Fill("Add diagnostic data", [("path", "PDX file", "")], f"Loaded now: {known}"), filled)
