"""`passbay coding history|diff|export|backup`: codings on disk. Writes nothing into a vehicle."""

from __future__ import annotations

from datetime import datetime

import click

from core.errors import UsageError
from core.vocabulary import CodingDiff, CodingExport, CodingKept
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import wait_for
from tui.cli.vehicle import vehicle_options
from tui.locale import _, said

ecu_option = click.option("--ecu", required=True, metavar="NAME", help="The unit, as the survey names it.")
_any_ecu = click.option("--ecu", default="", metavar="NAME", help="One unit only.")
_maybe_vci = click.option("--vci", metavar="URI", help="The way to the vehicle, see `passbay --help`.")
_data = click.option("--data", "data_files", multiple=True, metavar="FILE.pdx", help="Data beside the built-in one.")
SIDES = ("car", "factory")


@click.command()
@_maybe_vci
@_data
@click.option("--vin", metavar="VIN", help="Instead of --vci: no vehicle is needed.")
@_any_ecu
@json_option
@command
def history(vci: str | None, data_files: tuple[str, ...], vin: str | None, ecu: str, out: Output) -> None:
    """Every state that was kept: when, by whom, what was changed then.

    `coding restore --backup FILE` brings a state back.
    """
    if (vci is None) == (vin is None):
        raise UsageError(_("Whose history?"), _("Give either --vin or --vci."))
    with open_workbench() as workbench:
        if vci is not None:
            with workbench.connect(vci, data_files, idle=True) as vehicle:
                vin = wait_for(vehicle.identify(), workbench, out).vin
        states = workbench.coding_history(vin or "", ecu)
    for state in states:
        _show_state(state, out)
    if not states:
        out.line(_("No coding was kept."))
    out.record(vin=vin, states=[_state_fields(state) for state in states])


def _show_state(state: CodingKept, out: Output) -> None:
    when = f"{datetime.fromtimestamp(state.at).astimezone():%Y-%m-%d %H:%M:%S}"
    order = "  " + _("order {order}").format(order=state.order) if state.order else ""
    by, outcome = _("by {person}").format(person=state.by or "?"), said(state.outcome) or _("not ended")
    out.line(f"{when}  {state.unit:<12} {said(state.reason):<8} {by}{order}  {outcome}")
    for change in state.changes:
        out.line(f"    {change.name}: {change.before} -> {change.after}")
    out.line("    " + _("state before: {file}").format(file=state.file))


def _state_fields(state: CodingKept) -> dict[str, object]:
    return {
        "file": state.file, "unit": state.unit, "at": state.at, "by": state.by, "reason": state.reason,
        "order": state.order, "outcome": state.outcome, "hardware": state.hardware, "software": state.software,
        "changes": [{"name": c.name, "before": c.before, "after": c.after} for c in state.changes],
        "meanings": dict(state.meanings),
        "records": [{"name": n, "did": f"0x{d:04x}", "data": b} for n, d, b in state.records],
    }  # fmt: skip


@click.command()
@_maybe_vci
@_data
@_any_ecu
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@json_option
@command
def diff(vci: str | None, data_files: tuple[str, ...], ecu: str, left: str, right: str, out: Output) -> None:
    """What differs in meanings: A and B are each car, factory, or a coding file. Two files need no --vci."""
    with open_workbench() as workbench:
        if vci is None:
            if left in SIDES or right in SIDES:
                raise UsageError(
                    _("The car and the factory need --vci and --ecu."), _("Two files can be compared without.")
                )
            found = workbench.coding_files_diff(left, right, ecu)
        elif not ecu:
            raise UsageError(_("Which unit is compared?"), _("Give --ecu NAME."))
        else:
            with workbench.connect(vci, data_files, idle=True) as vehicle:
                found = wait_for(vehicle.coding_diff(ecu, left, right), workbench, out)
    show_diff(found, out)


def show_diff(found: CodingDiff, out: Output) -> None:
    """Every item that differs, then what no item names."""
    left, right = said(found.left), said(found.right)
    for one in found.differences:
        out.line(f"{one.unit} {one.item}: {left} {one.left or '-'}   {right} {one.right or '-'}")
    for name in found.bits:
        out.line(_("{name}: bits that no item names differ").format(name=name))
    for unit in found.missing:
        out.line(_("{unit}: only one side has it").format(unit=unit))
    for warning in found.warnings:
        out.line(f"! {said(warning)}")
    if found.same:
        out.line(_("Nothing differs."))
    out.record(
        left=found.left,
        right=found.right,
        same=found.same,
        differences=[
            {"unit": d.unit, "record": d.record, "item": d.item, "left": d.left, "right": d.right}
            for d in found.differences
        ],
        bits=list(found.bits),
        missing=list(found.missing),
        warnings=list(found.warnings),
    )


@click.command()
@vehicle_options
@ecu_option
@click.option("--out", "file", required=True, metavar="FILE.json", help="Where to write it.")
@json_option
@command
def export(vci: str, data_files: tuple[str, ...], ecu: str, file: str, out: Output) -> None:
    """Write a unit's coding to a file: VIN, unit, hardware, software, records and what they mean."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        show_export(wait_for(vehicle.coding_export(ecu, file), workbench, out), out)


@click.command()
@vehicle_options
@click.option("--out", "file", metavar="FILE.json", help="Where to write it; else beside the kept states.")
@json_option
@command
def backup(vci: str, data_files: tuple[str, ...], file: str | None, out: Output) -> int:
    """Keep the coding of the whole vehicle in one file. `coding restore --backup FILE` brings it back."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        return show_export(wait_for(vehicle.vehicle_backup(file), workbench, out), out)


def show_export(result: CodingExport, out: Output) -> int:
    """1 where a unit could not be read."""
    units, vin = ", ".join(result.units), result.vin or _("a vehicle without VIN")
    out.line(_("{units} of {vin}: {file}").format(units=units, vin=vin, file=result.file))
    out.line(f"SHA-256 {result.sha256}")
    for unit, reason in result.failed:
        out.line(_("{unit} was not read: {reason}").format(unit=unit, reason=said(reason)))
    out.record(
        file=result.file, vin=result.vin, units=list(result.units), sha256=result.sha256,
        failed=[{"unit": unit, "reason": reason} for unit, reason in result.failed],
    )  # fmt: skip
    return 1 if result.failed else 0
