"""`passbay coding show|set|restore`."""

from __future__ import annotations

from typing import Any

import click

from core.errors import UsageError
from core.vocabulary import CodingResult, CodingState
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import host_option, wait_for
from tui.cli.vehicle import vehicle_options

ecu_option = click.option("--ecu", required=True, metavar="NAME", help="The unit, as the survey names it.")


@click.group()
def coding() -> None:
    """Show, change or restore the coding of one unit."""


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
        out.line(f"{item.name:<24} {_with_unit(item.now, item.unit):<16} factory {item.factory:<12} {_choices(item)}")
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
        return "one of " + " | ".join(item.choices)
    if item.minimum is not None or item.maximum is not None:
        return f"{item.minimum:g} to {item.maximum:g} {item.unit}".rstrip()
    return ""


@coding.command("set")
@vehicle_options
@ecu_option
@click.argument("items", nargs=-1, required=True, metavar="ITEM=VALUE...")
@host_option
@json_option
@command
def set_items(
    vci: str, data_files: tuple[str, ...], ecu: str, items: tuple[str, ...], hosted: bool, out: Output
) -> None:
    """Change items by name, write, read back and verify. The bytes before are kept on disk first."""
    changes = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{item!r} is not ITEM=VALUE.", "Write for example: daytime_light=on")
        changes[name.strip()] = value.strip()
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=hosted, idle=True) as vehicle:
        _show_result(wait_for(vehicle.coding_write(ecu, changes), workbench, out), out)


@coding.command()
@vehicle_options
@ecu_option
@click.option("--backup", metavar="FILE", help="A stored before-image instead of the newest one.")
@host_option
@json_option
@command
def restore(vci: str, data_files: tuple[str, ...], ecu: str, backup: str | None, hosted: bool, out: Output) -> None:
    """Write a stored before-image back."""
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=hosted, idle=True) as vehicle:
        _show_result(wait_for(vehicle.coding_restore(ecu, backup), workbench, out), out)


def _show_result(result: CodingResult, out: Output) -> None:
    for change in result.changes:
        out.line(f"{change.name}: {change.before} -> {change.after}")
    for name, did, before, after in result.records:
        out.line(f"{name} (DID {did:04X}): {before.hex(' ').upper()} -> {after.hex(' ').upper()}")
    if not result.changes:
        out.line("Nothing differs; nothing was written.")
    if result.backup:
        out.line(f"Before-image: {result.backup}")
    out.record(
        unit=result.unit,
        result="coded" if result.changes else "unchanged",
        changes=[{"name": c.name, "before": c.before, "after": c.after} for c in result.changes],
        records=[{"name": n, "did": f"0x{d:04x}", "before": b, "after": a} for n, d, b, a in result.records],
        backup=result.backup,
        verified=result.verified,
    )
