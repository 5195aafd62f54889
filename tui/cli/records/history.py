"""`passbay history [VIN]` and `passbay history verify [VIN]`: what was done to a vehicle, and whether that is whole."""

from __future__ import annotations

from datetime import datetime

import click

from core.errors import DataMissing, UsageError
from core.vocabulary import HistoryCheck, HistoryEntry
from core.workbench import Workbench, open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _, said

VERIFY = "verify"


@click.command()
@click.argument("words", nargs=-1, metavar="[verify] [VIN]")
@json_option
@command
def history(words: tuple[str, ...], out: Output) -> int:
    """What was done to a vehicle: quick tests, flashes, codings, cleared codes. Without a VIN: which vehicles.

    `verify` follows the hash chain of one vehicle, or of all: it finds entries that were edited, removed, moved or
    cut off, and ends with 1 then.
    """
    check, vins = words[:1] == (VERIFY,), words[1:] if words[:1] == (VERIFY,) else words
    if len(vins) > 1:
        raise UsageError(_("One VIN is enough."), "passbay history [verify] [VIN]")
    with open_workbench() as workbench:
        vin = _known_vin(vins[0], workbench) if vins else None
        if check:
            return _verify(workbench.verify_history(vin), out)
        return _vehicles(workbench, out) if vin is None else _entries(workbench, vin, out)


def _known_vin(text: str, workbench: Workbench) -> str:
    """A VIN has capital letters only; what a strange unit told instead is found as it was told."""
    return text if text in workbench.history_vins() else text.strip().upper()


def _vehicles(workbench: Workbench, out: Output) -> int:
    rows = [(vin, workbench.history(vin)) for vin in workbench.history_vins()]
    for vin, entries in rows:
        last = _("last {when}").format(when=_moment(entries[-1].at)) if entries else _("nothing can be read")
        title = next((entry.title for entry in reversed(entries) if entry.title), "")
        count = _("{count} entries").format(count=f"{len(entries):4d}")
        out.line(f"{vin or _('(no VIN)'):<17}  {count}  {last}  {said(title)}".rstrip())
    if not rows:
        out.line(_("No vehicle has a history here yet."))
    out.record(vehicles=[{"vin": vin, "entries": len(entries)} for vin, entries in rows])
    return 0


def _entries(workbench: Workbench, vin: str, out: Output) -> int:
    entries = workbench.history(vin)
    if not entries:
        known = ", ".join(name or _("(no VIN)") for name in workbench.history_vins())
        raise DataMissing(
            _("There is no history of {vin}.").format(vin=vin),
            _("Known vehicles: {vins}.").format(vins=known or _("none")),
        )
    for entry in entries:
        mark = "√" if entry.outcome == "done" else "x"
        what = f"{said(entry.kind)} {entry.unit}".strip()
        out.line(f"{entry.number:4d}  {_moment(entry.at)}  {mark} {what:<20} {said(entry.summary)}  [{entry.order}]")
    out.record(vin=vin, entries=[_fields(entry) for entry in entries])
    return 0


def _verify(checks: tuple[HistoryCheck, ...], out: Output) -> int:
    for one in checks:
        state = _("whole") if one.ok else _("NOT whole")
        count = _("{count} entries").format(count=one.entries)
        out.line(f"{one.vin or _('(no VIN)')}: {count}, {state}  {one.head}".rstrip())
        for problem in one.problems:
            out.line(f"  {said(problem)}")
    if not checks:
        out.line(_("No vehicle has a history here yet."))
    out.record(
        whole=all(one.ok for one in checks),
        vehicles=[
            {
                "vin": one.vin, "entries": one.entries, "whole": one.ok, "head": one.head,
                "problems": list(one.problems), "file": one.file,
            }
            for one in checks
        ],
    )  # fmt: skip
    return 0 if all(one.ok for one in checks) else 1


def _fields(entry: HistoryEntry) -> dict[str, object]:
    return {
        "number": entry.number, "at": entry.at, "order": entry.order, "kind": entry.kind, "unit": entry.unit,
        "outcome": entry.outcome, "summary": entry.summary, "seconds": entry.seconds, "by": entry.by,
        "device": entry.device, "program": entry.program, "vehicle": entry.vehicle, "title": entry.title,
        "error": entry.error, "result": entry.result, "steps": entry.steps, "files": entry.files,
        "previous": entry.previous, "hash": entry.hash,
    }  # fmt: skip


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"
