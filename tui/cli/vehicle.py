"""`passbay survey` and `faults`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from core.vocabulary import DtcReading, SurveyResult, UnitSurvey
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import unit_fields, wait_for
from tui.locale import _, said


def vehicle_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--vci and --data, the same for every command that connects."""
    data = click.option(
        "--data", "data_files", multiple=True, metavar="FILE.pdx", help="Diagnostic data beside the built-in one."
    )
    vci = click.option("--vci", required=True, metavar="URI", help="The way to the vehicle, see `passbay --help`.")
    return vci(data(function))


def order_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--order, for jobs that go into the vehicle's history."""
    words = _("Order number for the vehicle's history and the report; else one a vehicle and day.")
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
    title = said(result.vehicle_title) or _("vehicle unknown")
    out.line(f"VIN {result.vin or _('unknown')}   {title}   {said(result.euro_class.value)}")
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
    newer = "  " + _("newer software {version}").format(version=unit.newer_software) if unit.newer_software else ""
    reason = f"  {said(unit.reason)}" if unit.reason else ""
    return (
        f"{unit.name:<14} {unit.address!s:<9} {unit.hardware:<14} {unit.software:<10} {unit.variant:<16} "
        f"{said(unit.state.value):<14} {unit.dtcs} DTC{newer}{reason}"
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
        out.line(_("{unit}: trouble codes cleared.").format(unit=result.unit))
    for dtc in result.dtcs:
        out.line(f"{dtc.display}  0x{dtc.status:02x} {', '.join(map(said, dtc.words)):<24} {said(dtc.text)}")
        for value in dtc.environment:
            out.line(f"    {value.name}: {value.value} {value.unit}".rstrip())
    if not result.dtcs:
        out.line(_("{unit}: no trouble codes.").format(unit=result.unit))
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
