"""`passbay data check`: what a PDX holds and what is wrong with it."""

from __future__ import annotations

import dataclasses

import click

from core.vocabulary import DataReport
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _, said


@click.group()
def data() -> None:
    """Diagnostic data files (PDX, ISO 22901-1)."""


@data.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.pdx...")
@json_option
@command
def check(files: tuple[str, ...], out: Output) -> int:
    """Units, variants, services, trouble codes, flash sessions and coding of each file, and what is wrong."""
    with open_workbench() as workbench:
        reports = [workbench.check_data(file) for file in files]
    for report in reports:
        _show(report, out)
        out.record(event="file", **dataclasses.asdict(report))
    out.record(
        result="ok" if all(r.ok for r in reports) else "problems",
        files=[dataclasses.asdict(report) for report in reports],
    )
    return 0 if all(report.ok for report in reports) else 1


def _show(report: DataReport, out: Output) -> None:
    out.line(f"{report.file}: {'ok' if report.ok else _('NOT USABLE')} {report.version}".rstrip())
    groups = {"vehicle": report.vehicles, "unit": report.units, "flash": report.flash_sessions, "coding": report.coding}
    for kind, rows in groups.items():
        for row in rows:
            told = {key: _short(value) for key, value in row.items() if key != "name"}
            rest = "  ".join(f"{key} {text}" for key, text in told.items() if text)
            out.line(f"  {said(kind):<8} {row.get('name', '')}  {rest}")
    for problem in report.problems:
        out.line(f"  ! {said(problem)}")


def _short(value: object) -> str:
    """A list as its length or its few entries: the whole of it is in --json."""
    if isinstance(value, dict):  # the services of each variant
        value = [f"{name} {len(entry)}" for name, entry in value.items()]
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) if len(value) <= 4 else str(len(value))
    return "" if value is None else str(value)
