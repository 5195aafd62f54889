"""`passbay recover`: units that were left in programming, and the way back to a verified software."""

from __future__ import annotations

import shlex
from datetime import datetime

import click

from core.errors import DataMissing, UsageError
from core.vocabulary import Interrupted
from core.workbench import open_workbench
from tui.cli.flashing.shown import show_flash_result
from tui.cli.output import Output, command, json_option
from tui.cli.running import host_option, wait_for
from tui.cli.vehicle import order_option
from tui.locale import _, said


@click.command()
@click.option("--list", "listing", is_flag=True, help="Only show what was left in programming; connects to nothing.")
@click.option("--vci", metavar="URI", help="The way to the vehicle, see `passbay --help`.")
@click.option("--data", "data_files", multiple=True, metavar="FILE.pdx", help="Data beside the built-in one.")
@click.option("--ecu", metavar="NAME", help="The unit to bring back.")
@click.option("--dismiss", is_flag=True, help="Forget the entry of --ecu without flashing.")
@click.option("--vin", metavar="VIN", help="With --dismiss: which vehicle, where the name alone is not enough.")
@order_option
@host_option
@json_option
@command
def recover(
    listing: bool,
    vci: str | None,
    data_files: tuple[str, ...],
    ecu: str | None,
    dismiss: bool,
    vin: str | None,
    order: str,
    hosted: bool,
    out: Output,
) -> None:
    """Bring a unit back that was left in programming (power cut, cable, killed program).

    The software is read back, the download goes on where the unit's boot loader can do that, or the unit is erased
    and flashed again. Without --ecu the units that wait are listed.
    """
    with open_workbench() as workbench:
        if listing or ecu is None:
            _list(workbench.unfinished(), out)
        elif dismiss:
            entry = _chosen(workbench.unfinished(), ecu, vin)
            workbench.dismiss(entry)
            out.line(_("{unit} of VIN {vin} is not told any more.").format(unit=entry.unit, vin=entry.vin))
            out.record(dismissed=entry.unit, vin=entry.vin)
        elif vci is None:
            raise UsageError(_("Recovering a unit needs --vci."), "passbay recover --vci URI --ecu NAME")
        else:
            with workbench.connect(vci, data_files, hosted=hosted, idle=True) as vehicle:
                vehicle.use_order(order)
                result = wait_for(vehicle.recover(ecu), workbench, out)
            show_flash_result(result, out)


def _chosen(entries: tuple[Interrupted, ...], ecu: str, vin: str | None) -> Interrupted:
    fits = [e for e in entries if e.unit.casefold() == ecu.strip().casefold() and vin in (None, e.vin)]
    if not fits:
        raise DataMissing(
            _("{unit} was not left in programming.").format(unit=ecu), _("`passbay recover --list` shows what was.")
        )
    if len(fits) > 1:
        raise UsageError(
            _("{unit} was left in programming in {count} vehicles.").format(unit=ecu, count=len(fits)),
            _("Say which one by --vin."),
        )
    return fits[0]


def _list(entries: tuple[Interrupted, ...], out: Output) -> None:
    """Text as it was kept; one object with all of them for scripts."""
    for entry in entries:
        out.line(f"{datetime.fromtimestamp(entry.at).astimezone():%Y-%m-%d %H:%M}  {said(entry.sentence)}")
        out.line(f"                  {said(entry.advice)}")
        way = shlex.quote(entry.vci) if entry.vci else "URI"
        out.line(f"                  passbay recover --vci {way} --ecu {shlex.quote(entry.unit)}")
    if not entries:
        out.line(_("No unit was left in programming."))
    out.record(unfinished=[_fields(entry) for entry in entries])


def _fields(entry: Interrupted) -> dict[str, object]:
    names = (
        "job", "at", "vin", "unit", "vehicle", "address", "vci", "flashware", "file", "sha256", "software_before",
        "software_after", "step", "block", "offset", "block_size", "resumable", "complete", "sentence", "advice",
    )  # fmt: skip
    return {name: getattr(entry, name) for name in names}
