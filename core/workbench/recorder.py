"""Puts what happened to a vehicle into its history when a job ends. A history that cannot be written stops no job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import StorageFailed, UsageError
from core.events import Event
from core.pc.files import os_user
from core.vocabulary import VehicleIdentity

if TYPE_CHECKING:
    from core.reports.history import HistoryStore
    from core.reports.witness import Witness

RECORDED = frozenset({"survey", "flash", "coding"})
"""Kinds of jobs that are measures by themselves; others are where whoever starts them says so."""
LONGEST_ORDER = 60


class Recorder:
    """Of one connection; one job at a time."""

    def __init__(self, history: HistoryStore, device: str, warn: Callable[[str], None]) -> None:
        self.order = ""
        self._history = history
        self._device = device
        self._warn = warn
        self._witness: Witness | None = None
        self._helper = ""
        self._drivers: list[str] = []  # of the job that is recorded, "" for the technician

    def driven_by(self, helper: str) -> None:
        """Who drives from now on: the name of a helper that the vehicle was handed over to, "" for the technician."""
        if helper != self._helper:
            self._helper = helper
            self._drivers.append(helper)

    def use_order(self, text: str) -> None:
        """UsageError for a number that nobody could type again."""
        order = text.strip()
        if len(order) > LONGEST_ORDER or not order.isprintable():
            wanted = f"Give up to {LONGEST_ORDER} printable characters."
            raise UsageError(f"The order cannot be {order[:80]!r}.", wanted)
        self.order = order

    def report(self, vin: str, form: str) -> str:
        """The protocol of the order that is set, else of this vehicle's latest. DataMissing."""
        from core.reports.lookup import report_of

        return report_of(self._history, self.order, form, vin) if self.order else report_of(self._history, vin, form)

    def begin(self, kind: str, unit: str) -> Witness:
        """Before the job starts; what the job is given must come through this witness."""
        from core.reports.witness import Witness

        self._witness, self._drivers = Witness(kind, unit), [self._helper]
        return self._witness

    def skip(self) -> None:
        """The job that starts now is not recorded."""
        self._witness = None

    def hear(self, event: Event, identity: VehicleIdentity | None) -> None:
        """Every event of the job, on whatever thread; writes the entry at its end, before anybody is told of it."""
        witness = self._witness
        if witness is None or not witness.hear(event):
            return
        self._witness = None
        about = {
            "vin": identity.vin if identity else "", "vehicle": identity.vehicle if identity else "",
            "title": identity.title if identity else "", "order": self.order, "by": os_user(), "device": self._device,
            "program": _program(), "driven_by": _drivers_words(self._drivers),
        }  # fmt: skip
        try:
            self._history.append(witness.entry(about))
        except StorageFailed as problem:
            self._warn(f"{problem.message} This job is missing in the vehicle's history.")


def _drivers_words(drivers: list[str]) -> str:
    """ "" where it was never handed over: then whoever is named by `by` drove."""
    if not any(drivers):
        return ""
    named = dict.fromkeys(f"{name}, handed over" if name else "the technician" for name in drivers)
    return "; ".join(named)


def _program() -> str:
    from core.pc.version import product_version

    return f"passbay {product_version()}".rstrip()
