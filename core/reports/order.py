"""The entries of one order as one protocol: quick test before, measures, quick test after, what changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.vocabulary import HistoryCheck, HistoryEntry

SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What two quick tests say of one unit: software before and after, trouble codes gone, new and still there."""

    unit: str
    software: tuple[str, str]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    still: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderProtocol:
    """One order of one vehicle. `remarks` are sentences about what is missing or went wrong, worst first."""

    order: str
    vin: str
    vehicle: str
    title: str
    entries: tuple[HistoryEntry, ...]
    before: HistoryEntry | None
    measures: tuple[HistoryEntry, ...]
    after: HistoryEntry | None
    changes: tuple[UnitChange, ...]
    remarks: tuple[str, ...]
    check: HistoryCheck

    @property
    def complete(self) -> bool:
        """A quick test at each end, every measure done, the history whole."""
        return not self.remarks


def protocol(order: str, entries: Sequence[HistoryEntry], check: HistoryCheck) -> OrderProtocol:
    """`entries` are those of the order, oldest first, at least one; `check` is that of the whole history."""
    surveys = [entry for entry in entries if entry.kind == SURVEY and entry.outcome == "done"]
    measures = tuple(entry for entry in entries if entry.kind != SURVEY)
    if measures:
        before = next((survey for survey in surveys if survey.number < measures[0].number), None)
        after = next((survey for survey in reversed(surveys) if survey.number > measures[-1].number), None)
    else:
        before, after = (surveys[0], surveys[-1] if len(surveys) > 1 else None) if surveys else (None, None)
    named = next((entry for entry in reversed(entries) if entry.title or entry.vehicle), entries[-1])
    return OrderProtocol(
        order, entries[-1].vin, named.vehicle, named.title, tuple(entries), before, measures, after,
        _changes(before, after), _remarks(entries, before, after, check), check,
    )  # fmt: skip


def units_of(survey: HistoryEntry | None) -> list[Mapping[str, Any]]:
    """The lines of a quick test as plain values."""
    units = survey.result.get("units") if survey is not None else None
    return [unit for unit in units if isinstance(unit, dict)] if isinstance(units, list) else []


def codes_of(unit: Mapping[str, Any]) -> dict[str, str]:
    """Trouble code -> its words and text, in the order of the unit."""
    rows = unit.get("dtc_list")
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            words = row.get("words")
            told = ", ".join(map(str, words)) if isinstance(words, list) else ""
            found[str(row.get("display", "?"))] = f"{told} {row.get('text', '')}".strip()
    return found


def _changes(before: HistoryEntry | None, after: HistoryEntry | None) -> tuple[UnitChange, ...]:
    if before is None or after is None:
        return ()
    first = {str(unit.get("name", "")): unit for unit in units_of(before)}
    found = []
    for unit in units_of(after):
        name = str(unit.get("name", ""))
        old = first.get(name, {})
        had, has = codes_of(old), codes_of(unit)
        change = UnitChange(
            name,
            (str(old.get("software", "")), str(unit.get("software", ""))),
            tuple(code for code in had if code not in has),
            tuple(code for code in has if code not in had),
            tuple(code for code in has if code in had),
        )
        if change.software[0] != change.software[1] or change.gone or change.new or change.still:
            found.append(change)
    return tuple(found)


def _remarks(
    entries: Sequence[HistoryEntry], before: HistoryEntry | None, after: HistoryEntry | None, check: HistoryCheck
) -> tuple[str, ...]:
    words = [f"The history is not whole: {problem}" for problem in check.problems]
    for entry in entries:
        if entry.outcome != "done":
            words.append(f"{_name(entry)} {_ENDED.get(entry.outcome, 'did not end well')}: {entry.summary}")
        words += [f"{_name(entry)}: {sentence}" for sentence in _unfinished(entry.result)]
    measures = any(entry.kind != SURVEY for entry in entries)
    if before is None:
        words.append("No quick test was made before the first measure.")
    if after is None and (measures or before is None):
        words.append("No quick test was made after the last measure.")
    return tuple(words)


def _unfinished(result: Mapping[str, Any]) -> list[str]:
    """Of a job on several units that came to its end: what was not done all the same."""

    def rows(name: str) -> list[Any]:
        value = result.get(name)
        return value if isinstance(value, list) else []

    words = [f"{row[0]} was not done: {row[1]}" for row in rows("failed") if isinstance(row, list) and len(row) == 2]
    words += [f"nobody came to {unit}." for unit in rows("untouched")]
    if result.get("type") == "FlashOrderResult":
        units = [unit for unit in rows("units") if isinstance(unit, dict)]
        words += [str(sentence) for sentence in rows("not_drivable")]
        words += [
            f"{unit.get('unit')} {unit.get('result')}: {unit.get('reason')}"
            for unit in units
            if unit.get("result") not in ("flashed", "up-to-date")
        ]
    return words


_ENDED = {"failed": "failed", "cancelled": "was stopped"}


def _name(entry: HistoryEntry) -> str:
    return f"{_KINDS.get(entry.kind, entry.kind.capitalize())} {entry.unit}".rstrip()


_KINDS = {SURVEY: "The quick test", "clear": "Clearing the trouble codes of"}
