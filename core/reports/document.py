"""The protocol of an order as headings, facts, tables and paragraphs, for every way of showing it. Pure.

Text in it is as units and files gave it: text.py and page.py make it harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.reports.order import OrderProtocol, codes_of, units_of
from core.vocabulary import HistoryEntry


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`mood`: "", "good", "bad"."""

    text: str
    mood: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """(name, value); values that are empty are left out by whoever shows them."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Facts | Table


def document(report: OrderProtocol) -> list[Block]:
    """All of the protocol, top to bottom."""
    first, last = report.entries[0], report.entries[-1]
    blocks: list[Block] = [
        Heading(f"Protocol of order {report.order}", 1),
        Facts((
            ("Vehicle", f"{report.title or report.vehicle or 'not known'}"),
            ("VIN", report.vin or "not told"),
            ("From", moment(first.at)),
            ("To", moment(last.at)),
            ("Technician", _each(entry.by for entry in report.entries)),
            ("Device", _each(entry.device for entry in report.entries)),
            ("Program", _each(entry.program for entry in report.entries)),
        )),
    ]  # fmt: skip
    if report.complete:
        blocks.append(Paragraph("Every measure was done, and a quick test was made before and after.", "good"))
    blocks += [Paragraph(remark, "bad") for remark in report.remarks]
    blocks += _quick_test("Quick test before", report.before)
    blocks.append(Heading("Measures"))
    for number, entry in enumerate(report.measures, 1):
        blocks += _measure(number, entry)
    if not report.measures:
        blocks.append(Paragraph("None."))
    blocks += _quick_test("Quick test after", report.after)
    return blocks + _changes(report) + _proof(report)


def moment(at: float) -> str:
    """Local time with its offset."""
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")


def _quick_test(title: str, entry: HistoryEntry | None) -> list[Block]:
    if entry is None:
        return [Heading(title), Paragraph("Not made.")]
    volts = entry.result.get("voltage")
    facts = [("Made", moment(entry.at)), ("Battery", f"{volts:.1f} V" if isinstance(volts, int | float) else "")]
    units = units_of(entry)
    header = ("Unit", "Name", "Hardware", "Software", "Variant", "State", "Remark", "Codes")
    names = ("name", "title", "hardware", "software", "variant", "state", "reason")
    rows = tuple((*(str(unit.get(name) or "") for name in names), str(unit.get("dtcs") or 0)) for unit in units)
    blocks: list[Block] = [Heading(title), Facts(tuple(facts)), Table(header, rows)]
    codes = tuple((str(unit.get("name", "")), code, text) for unit in units for code, text in codes_of(unit).items())
    if codes:
        blocks.append(Table(("Unit", "Trouble code", "State and text"), codes))
    return blocks


def _measure(number: int, entry: HistoryEntry) -> list[Block]:
    good = entry.outcome == "done"
    kind = _TITLES.get(entry.kind, entry.kind)
    facts = [
        ("Made", f"{moment(entry.at)}, {entry.seconds:.0f} s"),
        ("Driven by", entry.driven_by),
        ("Advice", str(entry.error.get("advice") or "")),
        ("Code", str(entry.error.get("code") or "")),
        *_details(entry.result),
    ]
    blocks: list[Block] = [
        Heading(f"{number}. {kind} {entry.unit}".rstrip(), 3),
        Paragraph(f"{entry.outcome}: {entry.summary}", "good" if good else "bad"),
        Facts(tuple(facts)),
    ]
    changes = [*_coding_changes(entry.unit, entry.result), *_parts(entry.result)]
    if changes:
        blocks.append(Table(("Unit", "Item", "Before", "After"), tuple(changes)))
    if entry.files:
        blocks.append(Table(("File", "Name", "SHA-256"), entry.files))
    return blocks


_TITLES = {"flash": "Flash", "coding": "Coding", "clear": "Trouble codes cleared"}
_DETAILS = (
    ("flashware", "Flashware"), ("software_before", "Software before"), ("software_after", "Software after"),
    ("bytes", "Bytes"), ("sha256", "SHA-256 sent"), ("retries", "Repeated blocks"),
)  # fmt: skip


def _details(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(title, str(result[name])) for name, title in _DETAILS if result.get(name)]
    if result.get("verified") is True and result.get("changes"):
        rows.append(("Read back", "as wanted"))
    if result.get("cleared") is True:
        left = result.get("dtcs")
        rows.append(("Left after clearing", str(len(left) if isinstance(left, list) else "?")))
    return rows


def _coding_changes(unit: str, result: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = result.get("changes")
    return [
        (str(result.get("unit") or unit), *(str(row.get(name, "")) for name in ("name", "before", "after")))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    ]


def _parts(result: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Of a job on several units."""
    rows: list[tuple[str, ...]] = []
    parts = result.get("results")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            rows += _coding_changes("", part)
    units = result.get("units") if result.get("type") == "FlashOrderResult" else ()
    for unit in units if isinstance(units, list) else ():
        flash = unit.get("flash") if isinstance(unit, dict) else None
        if isinstance(flash, dict):
            versions = (str(flash.get("software_before", "")), str(flash.get("software_after", "")))
            rows.append((str(unit.get("unit", "")), "software", *versions))
    return rows


def _changes(report: OrderProtocol) -> list[Block]:
    if report.before is None or report.after is None:
        return []
    rows = tuple(
        (
            change.unit,
            " -> ".join(change.software) if change.software[0] != change.software[1] else "",
            ", ".join(change.gone), ", ".join(change.new), ", ".join(change.still),
        )
        for change in report.changes
    )  # fmt: skip
    found: Block = Table(("Unit", "Software", "Codes gone", "Codes new", "Codes still there"), rows)
    return [Heading("What changed between the quick tests"), found if rows else Paragraph("Nothing.")]


def _proof(report: OrderProtocol) -> list[Block]:
    """What ties this paper to the history: its entries with their hashes, and the last hash of all."""
    check = report.check
    rows = tuple(
        (str(entry.number), moment(entry.at), f"{entry.kind} {entry.unit}".strip(), entry.outcome, entry.hash)
        for entry in report.entries
    )
    state = "whole" if check.ok else "not whole"
    return [
        Heading("Proof"),
        Paragraph(
            f"The history of this vehicle has {check.entries} entries and is {state}. Hash of the last: {check.head}",
            "good" if check.ok else "bad",
        ),
        Table(("Entry", "Ended", "What", "Outcome", "SHA-256"), rows),
    ]


def _each(values: Sequence[str] | Any) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))
