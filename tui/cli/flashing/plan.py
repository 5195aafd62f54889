"""`passbay plan show` and `plan check`: flash plans as files."""

from __future__ import annotations

import click

from core.errors import UsageError
from core.workbench import open_workbench
from tui.cli.flashing.flash import show_plan_text
from tui.cli.output import Output, command, json_option
from tui.cli.running import wait_for
from tui.locale import _, said


@click.group()
def plan() -> None:
    """Flash plans (TOML): the policy of a sequence, and the layout of an image that comes without a PDX."""


@plan.command()
@click.option("--vci", metavar="URI", help="Of the vehicle that is connected there.")
@click.option("--data", "data_files", multiple=True, metavar="FILE.pdx", help="Of this file, without any vehicle.")
@click.option("--ecu", required=True, metavar="NAME", help="The unit, as the survey names it.")
@click.option("--flashware", metavar="SESSION", help="Instead of the newest.")
@json_option
@command
def show(vci: str | None, data_files: tuple[str, ...], ecu: str, flashware: str | None, out: Output) -> None:
    """The plan that a flash session compiles to, as TOML.

    \b
      passbay plan show --vci sim:car-mixed --ecu ENGINE > engine.toml
      passbay plan show --data car.pdx --ecu ENGINE --flashware ENGINE_2063_15
    """
    if vci is None and not data_files:
        raise UsageError(_("Where is the unit described?"), _("Give --vci URI or --data FILE.pdx."))
    with open_workbench() as workbench:
        if vci is None:
            text = workbench.plan_of(data_files, ecu, flashware)
        else:
            with workbench.connect(vci, data_files, idle=True) as vehicle:
                job = vehicle.flash_plan(ecu, flashware)
                text = wait_for(job, workbench, Output(as_json=out.json, aside=True))
    show_plan_text(text, out)


@plan.command("list")
@json_option
@command
def list_plans(out: Output) -> None:
    """Plans of the active release and its AddOns: passbay flash --plan takes their names."""
    with open_workbench() as workbench:
        rows = workbench.library.flash_plans()
    for row in rows:
        out.line(f"{row.name:<24} {row.unit:<16} {row.title}".rstrip())
    if not rows:
        out.line(_("The active release holds no flash plan."))
    out.record(plans=[{"name": r.name, "unit": r.unit, "title": r.title, "file": r.file} for r in rows])


@plan.command()
@click.argument("file", metavar="FILE.toml")
@click.option("--image", metavar="FILE", help="Also whether this image fits the plan.")
@json_option
@command
def check(file: str, image: str | None, out: Output) -> None:
    """Read a plan and say in words what it does; a mistake is told with its line and key."""
    with open_workbench() as workbench:
        report = workbench.check_plan(file, image)
    out.line(f"{report.file}: ok")
    for line in report.lines:
        out.line(f"  {said(line)}")
    for name, start, size in report.segments:
        out.line(_("  {name}: {size} bytes from 0x{start:08X}").format(name=name, size=size, start=start))
    out.record(
        result="ok",
        file=report.file,
        unit=report.unit,
        lines=list(report.lines),
        sha256=report.sha256,
        segments=[{"block": name, "start": start, "size": size} for name, start, size in report.segments],
    )
