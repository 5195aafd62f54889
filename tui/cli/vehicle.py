"""`passbay survey`, `faults` and `flash`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from core.vocabulary import DtcReading, FlashPreview, FlashResult, SurveyResult, UnitSurvey
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import host_option, unit_fields, wait_for

GLYPHS = {True: "√", False: "x", None: "!"}


def vehicle_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--vci and --data, the same for every command that connects."""
    data = click.option(
        "--data", "data_files", multiple=True, metavar="FILE.pdx", help="Diagnostic data beside the built-in one."
    )
    vci = click.option("--vci", required=True, metavar="URI", help="The way to the vehicle, see `passbay --help`.")
    return vci(data(function))


def order_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--order, for jobs that go into the vehicle's history."""
    words = "Order number for the vehicle's history and the report; else one a vehicle and day."
    return click.option("--order", default="", metavar="TEXT", help=words)(function)


@click.command()
@vehicle_options
@order_option
@json_option
@command
def survey(vci: str, data_files: tuple[str, ...], order: str, out: Output) -> None:
    """Quick test: VIN, every unit with hardware, software, variant, state and trouble codes."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        vehicle.use_order(order)
        result: SurveyResult = wait_for(vehicle.survey(), workbench, out)
    out.line(f"VIN {result.vin or 'unknown'}   {result.vehicle_title or 'vehicle unknown'}   {result.euro_class.value}")
    for unit in result.units:
        out.line(_unit_line(unit))
    out.record(
        vin=result.vin,
        vehicle=result.vehicle,
        title=result.vehicle_title,
        euro_class=result.euro_class,
        voltage=result.voltage,
        units=[unit_fields(unit) for unit in result.units],
    )


def _unit_line(unit: UnitSurvey) -> str:
    newer = f"  newer software {unit.newer_software}" if unit.newer_software else ""
    reason = f"  {unit.reason}" if unit.reason else ""
    return (
        f"{unit.name:<14} {unit.address!s:<9} {unit.hardware:<14} {unit.software:<10} {unit.variant:<16} "
        f"{unit.state.value:<14} {unit.dtcs} DTC{newer}{reason}"
    )


@click.command()
@vehicle_options
@click.option("--ecu", required=True, metavar="NAME", help="The unit, as the survey names it.")
@click.option("--clear", is_flag=True, help="Clear the trouble codes and read again.")
@order_option
@json_option
@command
def faults(vci: str, data_files: tuple[str, ...], ecu: str, clear: bool, order: str, out: Output) -> None:
    """Trouble codes of one unit with status in words and environment data."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        vehicle.use_order(order)
        result = wait_for(vehicle.faults(ecu, clear=clear), workbench, out)
    if clear:
        out.line(f"{result.unit}: trouble codes cleared.")
    for dtc in result.dtcs:
        out.line(f"{dtc.display}  0x{dtc.status:02x} {', '.join(dtc.words):<24} {dtc.text}")
        for value in dtc.environment:
            out.line(f"    {value.name}: {value.value} {value.unit}".rstrip())
    if not result.dtcs:
        out.line(f"{result.unit}: no trouble codes.")
    out.record(unit=result.unit, cleared=result.cleared, dtcs=[_dtc_fields(dtc) for dtc in result.dtcs])


def _dtc_fields(dtc: DtcReading) -> dict[str, Any]:
    return {
        "code": dtc.display,
        "number": dtc.code,
        "text": dtc.text,
        "status": dtc.status,
        "words": list(dtc.words),
        "environment": [{"name": v.name, "value": v.value, "unit": v.unit} for v in dtc.environment],
    }


@click.command()
@vehicle_options
@click.option("--ecu", required=True, metavar="NAME", help="The unit, as the survey names it.")
@click.option("--flashware", metavar="FILE.pdx[#SESSION]", help="Instead of the newest that fits.")
@click.option("--force", is_flag=True, help="Flash although the unit already has this software.")
@click.option("--override", default="", metavar="NAME", help="Type the unit's name to pass red lines that allow it.")
@click.option("--dry-run", is_flag=True, help="Check and show the steps; change nothing.")
@order_option
@host_option
@json_option
@command
def flash(
    vci: str,
    data_files: tuple[str, ...],
    ecu: str,
    flashware: str | None,
    force: bool,
    override: str,
    dry_run: bool,
    order: str,
    hosted: bool,
    out: Output,
) -> int:
    """Flash one unit. All checks come before the first erase; ctrl+c stops at the next safe point.

    The flash goes on when this command is killed or its terminal closed: see `passbay jobs`.
    """
    where = None if dry_run and hosted else hosted
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=where, idle=True) as vehicle:
        if dry_run:
            return _show_preview(wait_for(vehicle.flash_preview(ecu, flashware), workbench, out), out)
        vehicle.use_order(order)
        result = wait_for(vehicle.flash(ecu, flashware, force=force, override=override), workbench, out)
    show_flash_result(result, out)
    return 0


def show_flash_result(result: FlashResult, out: Output) -> None:
    """The last line of a flash, also of one that recovered a unit."""
    if result.result == "up-to-date":
        out.line(f"{result.unit} already has software {result.software_after}: nothing was done.")
        out.line("Use --force to flash it all the same.")
    else:
        out.line(
            f"{result.unit} flashed: {result.software_before} -> {result.software_after}, {result.bytes} bytes in "
            f"{result.seconds:.1f} s ({result.bytes_per_second / 1000:.1f} kB/s), read back and verified."
        )
    out.record(
        unit=result.unit,
        result=result.result,
        flashware=result.flashware,
        bytes=result.bytes,
        seconds=round(result.seconds, 3),
        bytes_per_second=round(result.bytes_per_second, 1),
        sha256=result.sha256,
        software_before=result.software_before,
        software_after=result.software_after,
        retries=result.retries,
        pending_responses=result.pending_responses,
    )


def _show_preview(preview: FlashPreview, out: Output) -> int:
    """The dry run; 1 where a check is red, so that a script sees it."""
    out.line(f"{preview.unit}: {preview.software_before} -> {preview.software_after}, {preview.bytes} bytes")
    out.line(f"from {preview.file}, session {preview.flashware}")
    for check in preview.checks:
        reason = f"  {check.reason}" if check.reason else ""
        out.line(f"  {GLYPHS[check.ok]} {check.name}: {check.measured} (wanted {check.wanted}){reason}")
        if check.overridable:
            out.line(f"      --override {preview.unit} goes on all the same.")
    for number, step in enumerate(preview.steps, 1):
        out.line(f"  {number:2d} {step}")
    refused = any(check.ok is False for check in preview.checks)
    out.record(
        unit=preview.unit,
        result="up-to-date" if preview.up_to_date else "refused" if refused else "ready",
        flashware=preview.flashware,
        file=preview.file,
        bytes=preview.bytes,
        sha256=preview.sha256,
        software_before=preview.software_before,
        software_after=preview.software_after,
        checks=[
            {
                "name": c.name, "ok": c.ok, "measured": c.measured, "wanted": c.wanted, "reason": c.reason,
                "overridable": c.overridable, "advice": c.advice,
            }
            for c in preview.checks
        ],
        steps=list(preview.steps),
    )
    return 1 if refused else 0
