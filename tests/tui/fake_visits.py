"""The door and its visitors of a workbench of cardboard: a book in memory, decisions that are done at once."""

from __future__ import annotations

from dataclasses import replace

from core.errors import ProductError, SetupError
from core.vocabulary import Decision, Door, Visit, VisitKind, VisitState
from core.workbench.assistance.book import after

NOON = 1_700_049_600.0
LOCAL = Door("http://127.0.0.1:8022/", 4711, False, NOON - 3600)
SHARED = Door("https://pc-7.workshop.example:8022/", 4711, True, NOON - 3600)
STRANGER = Visit("visit-mia", VisitKind.HELPER, VisitState.WAITING, "Mia Roth", "mia@fleet.example", "Fleet Ltd",
                 "192.0.2.7", "", False, NOON - 60, NOON - 60)  # fmt: skip
COLLEAGUE = Visit("visit-ben", VisitKind.HELPER, VisitState.IN, "Ben Meier", "ben@workshop.example", "Workshop Ltd",
                  "192.0.2.8", "", True, NOON - 600, NOON)  # fmt: skip
OWN = Visit("visit-own", VisitKind.OWN, VisitState.IN, "Anna Berg", "anna@workshop.example", "Workshop Ltd",
            "127.0.0.1", "", True, NOON - 1200, NOON)  # fmt: skip
BY_CODE = Visit("visit-code", VisitKind.HELPER, VisitState.WAITING, address="127.0.0.1", code="BKTR-QW",
                since=NOON - 30, seen=NOON)  # fmt: skip
GONE = replace(COLLEAGUE, id="visit-gone", name="Ida Vogt", state=VisitState.ENDED, reason="ended by the technician")


class FakeAssistance:
    """What Remote assistance asks of the workbench. `looks` counts how often the book was looked at."""

    def __init__(self) -> None:
        self.opened: Door | None = None
        self.listed: tuple[Visit, ...] = ()
        self.decided: list[tuple[str, Decision]] = []
        self.started: list[tuple[str, int, str, str, str]] = []
        self.refusal: ProductError | None = None
        self.slow = False  # the door does not act on decisions
        self.looks = 0

    def look(self) -> tuple[Door | None, tuple[Visit, ...]]:
        self.looks += 1
        if self.refusal is not None and not isinstance(self.refusal, SetupError):
            raise self.refusal
        return self.opened, self.listed if self.opened is not None else ()

    def decide(self, visit_id: str, decision: Decision) -> Visit:
        self.decided.append((visit_id, decision))
        if not self.slow:
            self.listed = tuple(after(each, decision) if each.id == visit_id else each for each in self.listed)
        return next(each for each in self.listed if each.id == visit_id)

    def start_door(
        self, host: str = "127.0.0.1", port: int = 8022, certificate: str = "", key: str = "", public_url: str = ""
    ) -> Door:
        self.started.append((host, port, certificate, key, public_url))
        if self.refusal is not None:
            raise self.refusal
        self.opened = SHARED if certificate else LOCAL
        return self.opened

    def stop_door(self) -> bool:
        self.opened, self.listed = None, ()
        return True
