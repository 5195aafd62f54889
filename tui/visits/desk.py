"""The desk's side of Passbay in the browser: the door, who comes through it, who drives; what is new goes to the list.

Looked at once a second, which costs one look at a file while no door is open. A helper's screen may not ask.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import ProductError
from core.vocabulary import Decision, Door, Visit, VisitKind, VisitState
from tui.locale import _, said
from tui.visits.words import reason, waiting_words, who

if TYPE_CHECKING:
    from tui.desk import Desk

LOOK_SECONDS = 1.0
SINGLY = 2  # new ones at once are told one by one up to here
LANE = "visits"


class DoorWish(NamedTuple):
    """How the door is to be opened: as `workbench.assistance.start_door` takes it."""

    host: str
    port: int
    certificate: str = ""
    key: str = ""
    public_url: str = ""


class Visitors:
    """All on the screen's thread. `clock` gives seconds that only rise."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self.desk = desk
        self.door: Door | None = None
        self.visits: tuple[Visit, ...] = ()
        self.refused = ""  # why this screen may not know of it
        self.working = ""  # what is being done with the door
        self.network: dict[str, str] = {}  # what was typed for the network last
        self.on_screen = False  # then a toast would lie on what it tells
        self._clock = clock
        self._looked = -math.inf
        self._first = True
        self._lent = ""

    # -- what the screens show

    @property
    def waiting(self) -> tuple[Visit, ...]:
        return tuple(visit for visit in self.visits if visit.state is VisitState.WAITING)

    @property
    def helpers(self) -> tuple[Visit, ...]:
        """Who may see what this PC does."""
        return tuple(v for v in self.visits if v.state is VisitState.IN and v.kind is VisitKind.HELPER)

    def visit(self, key: str) -> Visit | None:
        return next((visit for visit in self.visits if visit.id == key), None)

    def seat(self, visit: Visit) -> Any:
        """Where the visitor sits at the vehicle of this desk; of several windows the one that drives."""
        seats = [seat for seat in getattr(self.desk.vehicle, "seats", ()) if seat.visit == visit.id]
        return next((seat for seat in seats if seat.driving), seats[0] if seats else None)

    @property
    def lent_to(self) -> str:
        """Who drives the vehicle of this desk from afar, "" where nobody does."""
        if self.desk.vehicle is None or self.refused:
            return ""
        lent: str = getattr(self.desk.vehicle, "lent_to", "")
        return lent

    # -- looking

    def look(self) -> bool:
        """With every pull. Whether anything is new."""
        news, now = self._wheel_turned(), self._clock()
        if self.desk.workbench is None or self.refused or now - self._looked < LOOK_SECONDS:
            return news
        return self.look_now() or news

    def look_soon(self) -> None:
        """With the next pull."""
        self._looked = -math.inf

    def look_now(self) -> bool:
        workbench: Any = self.desk.workbench
        self._looked = self._clock()
        try:
            door, visits = workbench.assistance.look()
        except ProductError as error:  # a helper's screen
            self.refused = said(error.message)
            return True
        if (door, visits) == (self.door, self.visits):
            return False
        before, self.door, self.visits = (self.door, self.visits), door, visits
        self._tell_door(*before)
        self._tell_visits({visit.id: visit for visit in before[1]})
        self._first = False
        return True

    def _tell_door(self, before: Door | None, visits: tuple[Visit, ...]) -> None:
        desk = self.desk
        if before is None and self.door is not None:
            desk.note("info", _("Passbay is open for browsers: {url}").format(url=self.door.url))
        elif before is not None and self.door is None:
            some = any(visit.state is not VisitState.ENDED for visit in visits)
            text = _("Passbay is closed for browsers. All visits are over.")
            desk.tell("warning" if some else "info", text, alert=some and not self.on_screen)

    def _tell_visits(self, before: dict[str, Visit]) -> None:
        if self.door is None:
            return  # that all visits are over is told already
        new = [v for v in self.visits if v.id not in before or before[v.id].state is not v.state]
        waits = [visit for visit in new if visit.state is VisitState.WAITING]
        told = [waits] if len(waits) > SINGLY else [[visit] for visit in waits]
        for some in filter(None, told):
            self._tell("warning", waiting_words(some))
        for visit in new if not self._first else ():
            self._tell_one(visit, known=visit.id in before)

    def _tell_one(self, visit: Visit, known: bool) -> None:
        if visit.state is VisitState.IN:
            own = visit.kind is VisitKind.OWN
            text = _("{who}: a screen of your own is open in a browser.") if own else _("{who} watches from now on.")
            self._tell("info" if own else "warning", text.format(who=who(visit)))
        elif visit.state is VisitState.ENDED and known:
            text = _("{who} has left: {reason}").format(who=who(visit), reason=reason(visit))
            self.desk.tell("info", text, alert=False)

    def _tell(self, severity: str, text: str) -> None:
        self.desk.tell(severity, text, advice=WHERE, alert=not self.on_screen)

    def _wheel_turned(self) -> bool:
        before, self._lent = self._lent, self.lent_to
        if before == self._lent:
            return False
        alert = not self.on_screen
        if self._lent:
            text = _("{name} drives the vehicle now; this screen watches.").format(name=self._lent)
            self.desk.tell("warning", text, advice=_("u takes it back at any moment."), alert=alert)
        elif self.desk.vehicle is not None:
            self.desk.tell("info", _("{name} does not drive the vehicle any more.").format(name=before), alert=alert)
        return True

    # -- doing

    def decide(self, visit: Visit, decision: Decision) -> None:
        def decided(after: Visit) -> None:
            self.look_now()
            if after.state is visit.state:
                text = _("The door has not done it yet: look again in a moment.")
                self.desk.tell("warning", text)

        self._ask(lambda assistance: assistance.decide(visit.id, decision), decided)

    def open_door(self, wish: DoorWish, then: Callable[[Door], None], failed: Callable[[ProductError], None]) -> None:
        def opened(door: Door) -> None:
            self._done()
            then(door)

        def refused(error: ProductError) -> None:
            self._done()
            self.desk.note("error", f"{said(error.message)} {said(error.advice)}")  # no toast: a dialog says it
            failed(error)

        workbench: Any = self.desk.workbench
        self.working = _("Opening ...")
        self.desk.bridge.send(lambda: workbench.assistance.start_door(*wish), opened, refused, LANE)

    def close_door(self) -> None:
        self.working = _("Closing ...")
        self._ask(lambda assistance: assistance.stop_door(), lambda _was: self._done(), lambda _error: self._done())

    def hand_over(self, visit: Visit) -> None:
        vehicle, seat = self.desk.vehicle, self.seat(visit)
        if seat is None:
            text = _("{who} is not at this vehicle: there is nothing to hand over.")
            self.desk.tell("warning", text.format(who=who(visit)))
        else:
            self.desk.errand(lambda: vehicle.hand_over(seat.number), lambda _none: None, lane=LANE)

    def take_back(self) -> None:
        vehicle = self.desk.vehicle
        self.desk.errand(lambda: vehicle.take_back(), lambda _none: None, lane=LANE)

    def _ask(
        self, call: Callable[[Any], Any], then: Callable[[Any], None],
        failed: Callable[[ProductError], None] = lambda _error: None,
    ) -> None:  # fmt: skip
        workbench: Any = self.desk.workbench
        if workbench is not None:
            self.desk.errand(lambda: call(workbench.assistance), then, lane=LANE, failed=failed)

    def _done(self) -> None:
        self.working = ""
        self.look_now()


WHERE = _("Remote assistance lets in, refuses, ends.")
