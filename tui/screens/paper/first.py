"""The first run (C3, C4): hardware selection with the simulation preselected, then ConfigAssist by itself."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding

from tui.locale import _
from tui.screens.devices import DevicesScreen
from tui.widgets.lines import Key


class FirstRunScreen(DevicesScreen):
    """Enter takes the simulation and goes on to ConfigAssist; a job's digit takes it and goes there at once."""

    PLACE = _("Hardware selection")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Use"), "use"), ("1", _("Test the simulated car"), "job('vehicle')"), ("esc", _("Later"), "back"),
    )  # fmt: skip
    HELP = _(
        "Welcome. Choose what connects this PC to the vehicle; Simulation - no VCI works at once.\n"
        "After it ConfigAssist opens, which makes this PC ready for real vehicles. esc leaves both for later.\n"
        "1 skips everything and tests the simulated car. SelectPTDevice shows this list again at any time."
    )
    BINDINGS: ClassVar = [
        Binding("1", "job('vehicle')", _("Vehicle quick test"), show=False),
        Binding("2", "job('flash')", _("Flash a control unit"), show=False),
        Binding("3", "job('coding')", _("Code a control unit"), show=False),
        Binding("4", "job('live')", _("Live panel"), show=False),
    ]

    def _use(self, uri: str, name: str) -> None:
        desk = self.desk
        if not uri or desk is None or desk.busy:
            return
        desk.choose_device(uri, name)
        desk.note("ok", _("Device chosen: {uri}").format(uri=uri))
        self.passbay.back()
        self.passbay.go("assist")

    def _keep_first(self) -> None:
        """The first run is over: the device that stands on the desk is the chosen one."""
        desk = self.desk
        if desk is not None:
            desk.choose_device(desk.uri, desk.device_name)

    def action_job(self, place: str) -> None:
        self._keep_first()
        self.passbay.back()
        self.passbay.go(place)

    def action_back(self) -> None:
        self._keep_first()
        self.passbay.back()
