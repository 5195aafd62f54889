"""`passbay coding show|set|restore|load`, and the group that coding_files.py adds its commands to."""

from __future__ import annotations

import sys
from typing import Any

import click

from core.errors import UsageError
from core.vocabulary import CodingResult, CodingState, VehicleCodingResult
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.records.coding_files import backup, diff, ecu_option, export, history, show_diff
from tui.cli.running import host_option, wait_for
from tui.cli.vehicle import order_option, vehicle_options
from tui.locale import _, said


@click.group()
def coding() -> None:
    """Show, change, compare or restore the coding of units; every change keeps the state before it."""


for other in (history, diff, export, backup):
    coding.add_command(other)


@coding.command()
@vehicle_options
@ecu_option
@json_option
@command
def show(vci: str, data_files: tuple[str, ...], ecu: str, out: Output) -> None:
    """Every item: what it means in the car now, what the factory set, what may be chosen."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        state: CodingState = wait_for(vehicle.coding_read(ecu), workbench, out)
    for item in state.items:
        now, factory = _with_unit(item.now, item.unit), _("factory")
        out.line(f"{item.name:<24} {now:<16} {factory} {item.factory:<12} {_choices(item)}")
    for name, did, data in state.records:
        out.line(f"{name} (DID {did:04X}): {data.hex(' ').upper()}")
    out.record(
        unit=state.unit,
        vin=state.vin,
        items=[
            {
                "name": i.name,
                "title": i.title,
                "record": i.record,
                "now": i.now,
                "factory": i.factory,
                "choices": list(i.choices),
                "minimum": i.minimum,
                "maximum": i.maximum,
                "unit": i.unit,
            }
            for i in state.items
        ],
        records=[{"name": n, "did": f"0x{d:04x}", "data": b} for n, d, b in state.records],
        backup=state.backup,
    )


def _with_unit(value: str, unit: str) -> str:
    return f"{value} {unit}".rstrip()


def _choices(item: Any) -> str:
    if item.choices:
        return _("one of {choices}").format(choices=" | ".join(item.choices))
    if item.minimum is not None or item.maximum is not None:
        span = _("{minimum} to {maximum}").format(minimum=f"{item.minimum:g}", maximum=f"{item.maximum:g}")
        return f"{span} {item.unit}".rstrip()
    return ""


@coding.command("set")
@vehicle_options
@ecu_option
@click.argument("items", nargs=-1, required=True, metavar="ITEM=VALUE...")
@order_option
@host_option
@json_option
@command
def set_items(
    vci: str, data_files: tuple[str, ...], ecu: str, items: tuple[str, ...], order: str, hosted: bool, out: Output
) -> None:
    """Change items by name, write, read back and verify. The bytes before are kept on disk first."""
    changes = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                _("{item} is not ITEM=VALUE.").format(item=repr(item)), _("Write for example: DaytimeLight=on")
            )
        if name.strip() in changes:
            raise UsageError(_("{item} is given twice.").format(item=repr(name.strip())), _("Give each item once."))
        changes[name.strip()] = value.strip()
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=hosted, idle=True) as vehicle:
        vehicle.use_order(order)
        _show_result(wait_for(vehicle.coding_write(ecu, changes), workbench, out), out)


@coding.command()
@vehicle_options
@click.option("--ecu", "ecus", multiple=True, metavar="NAME", help="The unit; several, or none for all in FILE.")
@click.option("--backup", "file", metavar="FILE", help="A kept state or a vehicle's backup; else the newest state.")
@order_option
@host_option
@json_option
@command
def restore(
    vci: str, data_files: tuple[str, ...], ecus: tuple[str, ...], file: str | None, order: str, hosted: bool,
    out: Output,
) -> int:  # fmt: skip
    """Write a kept state back: one unit's, or those of a whole vehicle's backup."""
    if file is None and len(ecus) != 1:
        raise UsageError(
            _("Which unit is restored?"), _("Give one --ecu, or --backup FILE to restore all that it holds.")
        )
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=hosted, idle=True) as vehicle:
        vehicle.use_order(order)
        if file is not None and len(ecus) != 1:
            result = wait_for(vehicle.vehicle_restore(file, ecus), workbench, out)
            return _show_vehicle_result(result, out)
        _show_result(wait_for(vehicle.coding_restore(ecus[0], file), workbench, out), out)
    return 0


@coding.command()
@vehicle_options
@ecu_option
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@click.option("--other-vehicle", is_flag=True, help="FILE is from another vehicle, and that is meant.")
@order_option
@host_option
@json_option
@command
def load(
    vci: str, data_files: tuple[str, ...], ecu: str, file: str, dry_run: bool, yes: bool, other_vehicle: bool,
    order: str, hosted: bool, out: Output,
) -> int:  # fmt: skip
    """Write a coding file into a unit: shows what changes in meanings, asks, writes, reads back.

    The file must be for this vehicle, unit, hardware and variant.
    """
    may_ask = sys.stdin.isatty() and not out.json
    if not (dry_run or yes or may_ask):
        raise UsageError(_("Nobody can be asked here."), _("Give --dry-run to look, or --yes to write."))
    where = None if dry_run and hosted else hosted
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=where, idle=True) as vehicle:
        vehicle.use_order(order)
        found = wait_for(vehicle.coding_load_preview(ecu, file, other_vehicle), workbench, out)
        show_diff(found, out)
        if dry_run or found.same:
            return 0
        if not yes and not click.confirm(_("Write this to {unit}?").format(unit=ecu)):
            return 1
        _show_result(wait_for(vehicle.coding_load(ecu, file, other_vehicle), workbench, out), out)
    return 0


def _result_fields(result: CodingResult) -> dict[str, Any]:
    return {
        "unit": result.unit,
        "result": "coded" if result.changes else "unchanged",
        "changes": [{"name": c.name, "before": c.before, "after": c.after} for c in result.changes],
        "records": [{"name": n, "did": f"0x{d:04x}", "before": b, "after": a} for n, d, b, a in result.records],
        "backup": result.backup,
        "verified": result.verified,
    }


def _show_result(result: CodingResult, out: Output) -> None:
    for change in result.changes:
        out.line(f"{change.name}: {change.before} -> {change.after}")
    for name, did, before, after in result.records:
        out.line(f"{name} (DID {did:04X}): {before.hex(' ').upper()} -> {after.hex(' ').upper()}")
    if not result.changes:
        out.line(_("Nothing differs; nothing was written."))
    if result.backup:
        out.line(_("Before-image: {file}").format(file=result.backup))
    out.record(**_result_fields(result))


def _show_vehicle_result(result: VehicleCodingResult, out: Output) -> int:
    """1 where a unit was not restored."""
    for part in result.results:
        out.line(f"{part.unit}: {_('restored') if part.changes else _('was as in the file')}")
        for change in part.changes:
            out.line(f"  {change.name}: {change.before} -> {change.after}")
    for unit, reason in result.failed:
        out.line(_("{unit}: not restored. {reason}").format(unit=unit, reason=said(reason)))
    for unit in result.untouched:
        out.line(_("{unit}: not tried.").format(unit=unit))
    out.record(
        file=result.file,
        result="failed in part" if result.failed else "restored",
        units=[_result_fields(part) for part in result.results],
        failed=[{"unit": unit, "reason": reason} for unit, reason in result.failed],
        untouched=list(result.untouched),
    )
    return 1 if result.failed else 0
