"""What the live panel wishes of the vehicle: save the last minutes, name signals. Shows nothing of the bus itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.locale import _
from tui.wording.live import saved_words

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def save_last_minutes(app: PassbayApp) -> None:
    """Everything that is kept, into a new file of the data folder; one key, also while a job runs."""
    desk = app.desk
    vehicle, workbench = (desk.vehicle, desk.workbench) if desk is not None else (None, None)
    if desk is None or vehicle is None or workbench is None:
        app.toast(_("No vehicle is connected: nothing was kept."), "warning")
        return

    def saved(figures: Any) -> None:
        words = saved_words(figures.path, figures.frames, figures.messages, figures.seconds, 0)
        desk.tell("ok", words, alert=False)
        if figures.dropped:
            desk.tell(
                "warning",
                _("{dropped} frames are missing: they came faster than they could be kept.").format(
                    dropped=figures.dropped
                ),
            )
        app.toast(words, "information")

    place = workbench.trace_place(vehicle.vin)
    desk.errand(lambda: vehicle.save_trace(place), saved, lane="files")


def choose_signal_names(app: PassbayApp) -> None:
    """A DBC file for this vehicle and the next ones; an empty name ends it."""
    from tui.screens.dialogs import Fill

    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None:
        return

    def filled(values: dict[str, str] | None) -> None:
        if values is None:
            return
        path = values["dbc"]

        def named(count: int) -> None:
            words = (
                _("{path} names the signals of {count} messages.").format(path=path, count=count)
                if path
                else _("Signals have no names any more.")
            )
            desk.tell("ok", words, alert=False)
            app.toast(words, "information")
            desk.errand(lambda: workbench.change_settings(dbc=path), lambda _none: None, lane="settings")

        vehicle = desk.vehicle
        desk.errand(lambda: vehicle.use_dbc(path) if vehicle is not None else 0, named, lane="files")

    note = _("A DBC file; empty for none. It needs the package cantools.")
    now = [("dbc", _("File"), str(workbench.settings.dbc))]
    app.push_screen(Fill(_("Signal names"), now, note), filled)
