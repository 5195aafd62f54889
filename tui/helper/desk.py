"""The helper's side of the desk: stays with the vehicle of this PC, tells when it is handed over and taken back.

What a helper may do is decided in the vehicle host and by his bench; here it is only told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.vocabulary import HostInfo, SurveyResult
from tui.locale import _

if TYPE_CHECKING:
    from core.errors import ProductError
    from tui.desk import Desk

LANE = "helper"


class Helper:
    """All on the screen's thread. `taken_back` is True once after the wheel went: open questions are void then."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.taken_back = False
        self._drove = False
        self._trouble = ""

    def look(self) -> None:
        """Once a second: where no vehicle is on the desk, the one that somebody works on at this PC comes to it."""
        desk, workbench = self.desk, self.desk.workbench
        if workbench is None or desk.vehicle is not None or desk.connecting or desk.bridge.runs(LANE):
            return
        desk.bridge.send(workbench.hosts, self._found, self._failed, LANE)

    def _found(self, hosts: list[HostInfo]) -> None:
        desk, workbench = self.desk, self.desk.workbench
        there = [host for host in hosts if host.answers]
        if not there or workbench is None or desk.vehicle is not None or desk.connecting:
            return
        host = min(there, key=lambda each: (each.job is None, not each.driver))
        desk.uri, desk.device_name, desk.connecting = host.uri, desk.name_of(host.uri), True
        desk.bridge.send(lambda: workbench.attach(host.pid, watch=True), self._attached, self._failed, LANE)

    def _attached(self, vehicle: Any) -> None:
        desk = self.desk
        desk.connecting, desk.vehicle, self._trouble = False, vehicle, ""
        last = getattr(vehicle, "last_job", None)
        result = last.wait(0) if last is not None and last.error is None else None
        if isinstance(result, SurveyResult):  # the technician's last quick test is what there is to talk about
            desk.survey, desk.units = result, {unit.name: unit for unit in result.units}
        desk.adopt()
        desk.read_voltage()
        desk.read_faults()
        desk.news()

    def _failed(self, error: ProductError) -> None:
        """Told once: it is tried again every second."""
        self.desk.connecting = False
        if error.message != self._trouble:
            self._trouble = error.message
            self.desk.tell_error(error)

    # -- the wheel

    def turned(self) -> None:
        """Somebody came, went or drives now."""
        desk = self.desk
        before, self._drove = self._drove, bool(desk.vehicle is not None and desk.vehicle.driving)
        if self._drove and not before:
            words = _("Handed over to you: you drive. What you start runs on the vehicle.")
            desk.tell("warning", words, advice=_("The technician can take it back at any moment."))
        elif before and not self._drove:
            self.taken_back = True
            if desk.vehicle is not None:
                desk.tell("warning", _("Taken back: you watch; {who} drives.").format(who=desk.watching))


def who_drives(vehicle: Any) -> str:
    """For a helper: names of people, never of processes."""
    seat = next((each for each in vehicle.seats if each.driving), None)
    if seat is None:
        return _("nobody")
    return str(seat.name) or (_("another helper") if seat.helper else _("the technician"))
