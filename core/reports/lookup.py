"""Finds the order that is meant in the histories and renders its protocol. Reads files through the store only."""

from __future__ import annotations

from core.errors import DataMissing, UsageError
from core.reports.history import HistoryStore
from core.reports.order import protocol
from core.reports.render import render


def report_of(store: HistoryStore, what: str, form: str = "text", vin: str | None = None) -> str:
    """`what` is an order, or a VIN for its latest one; `vin` says which vehicle where several have the order.

    DataMissing where neither is known, UsageError where several vehicles have the order or the form does not exist.
    """
    latest = store.entries(what) if vin is None else ()
    if latest:
        found = {what: tuple(entry for entry in latest if entry.order == latest[-1].order)}
    else:
        found = store.of_order(what)
    if vin is not None:
        found = {name: entries for name, entries in found.items() if name == vin}
    if not found:
        raise DataMissing(f"Neither a vehicle nor an order {what!r} is in the history.", known_words(store))
    if len(found) > 1:
        raise UsageError(f"Several vehicles have the order {what!r}.", f"Say which: {', '.join(found)}.")
    ((name, entries),) = found.items()
    return render(protocol(entries[-1].order, entries, store.verify(name)), form)


def known_words(store: HistoryStore) -> str:
    """The advice for a VIN that is not there."""
    vins = store.vins()
    names = ", ".join(vin or "(no VIN)" for vin in vins[:10])
    return f"Known vehicles: {names}." if names else "No vehicle has a history here yet."
