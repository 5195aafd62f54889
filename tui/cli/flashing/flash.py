"""`passbay flash`: one unit or several, from a PDX or from an image with a plan; the dry run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from core.errors import OrderIncomplete, UsageError
from core.vocabulary import FlashWish, ReleasedPlan
from core.workbench import open_workbench
from tui.cli.flashing.shown import show_flash_result, show_order_preview, show_order_result, show_preview
from tui.cli.flashing.units import address_of, address_options, or_released, wishes_of
from tui.cli.output import Output, command, json_option
from tui.cli.running import host_option, wait_for
from tui.cli.vehicle import order_option, vehicle_options
from tui.locale import _


def unit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which units, and where their flashware comes from."""
    options = [
        click.option("--ecu", "ecus", multiple=True, metavar="NAME", help="The unit; several for one order."),
        click.option("--all", "every", is_flag=True, help="All units that there is newer flashware for."),
        click.option("--flashware", metavar="FILE.pdx[#SESSION]", help="Instead of the newest that fits."),
        click.option(
            "--plan", "plans", multiple=True, metavar="FILE.toml",
            help="The flash plan of a unit: a file, or the name of one in the active release.",
        ),
        click.option("--image", "images", multiple=True, metavar="FILE", help="HEX, S-record or binary; needs --plan."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@vehicle_options
@unit_options
@address_options
@click.option("--force", is_flag=True, help="Flash although the unit already has this software.")
@click.option("--override", default="", metavar="NAME", help="Type the unit's name to pass red lines that allow it.")
@click.option("--dry-run", is_flag=True, help="Check, show plan and steps, try the simulated twin; change nothing.")
@click.option("--twin/--no-twin", default=True, help="With --dry-run: whether the simulated twin is flashed.")
@click.option("--show-plan", is_flag=True, help="Print the plan that the flashware of --ecu comes with, as TOML.")
@order_option
@host_option
@json_option
@command
def flash(
    vci: str,
    data_files: tuple[str, ...],
    ecus: tuple[str, ...],
    every: bool,
    flashware: str | None,
    plans: tuple[str, ...],
    images: tuple[str, ...],
    tx: int | None,
    rx: int | None,
    address: int | None,
    force: bool,
    override: str,
    dry_run: bool,
    twin: bool,
    show_plan: bool,
    order: str,
    hosted: bool,
    out: Output,
) -> int:
    """Flash one unit, or several in one order. All checks come before the first erase; ctrl+c stops safely.

    The flash goes on when this command is killed or its terminal closed: see `passbay jobs`.

    \b
      --ecu ENGINE                  the newest flashware of the vehicle data
      --ecu A --ecu B, --all        in one order, dependencies first
      --image I.hex --plan P.toml   without any PDX; the plan names the unit
      ... --tx 0x7e0 --rx 0x7e8     a unit that no data know
    """
    place = address_of(tx, rx, address)
    if every and (ecus or plans or images or flashware or place is not None):
        raise UsageError(_("--all goes without names, plans and images."), _("Name units, or take all of them."))
    plans = or_released(plans, _released_plans)
    wishes = [] if every else wishes_of(ecus, place, flashware, plans, images)
    if override and len(wishes) != 1:
        raise UsageError(_("--override is for one unit."), _("Flash that unit alone."))
    if show_plan and (len(wishes) != 1 or not wishes[0].ecu):
        raise UsageError(
            _("--show-plan shows the plan of one --ecu."), "passbay flash --vci URI --ecu NAME --show-plan"
        )
    where = None if (dry_run or show_plan) and hosted else hosted
    with open_workbench() as workbench, workbench.connect(vci, data_files, hosted=where, idle=True) as vehicle:
        if show_plan:
            return _show_plan(vehicle, wishes[0], workbench, out)
        if dry_run:
            return _dry_run(vehicle, wishes, twin, workbench, out)
        vehicle.use_order(order)
        if len(wishes) != 1:
            return _order(vehicle.flash_order(wishes, force), workbench, out)
        (wish,) = wishes
        result = wait_for(vehicle.flash(wish.ecu, wish.flashware, force, override), workbench, out)
    show_flash_result(result, out)
    return 0


def _released_plans() -> tuple[ReleasedPlan, ...]:
    with open_workbench() as workbench:
        return workbench.library.flash_plans()


def _order(job: Any, workbench: Any, out: Output) -> int:
    try:
        return show_order_result(wait_for(job, workbench, out), out)
    except OrderIncomplete as error:
        if error.result is None:
            raise
        return show_order_result(error.result, out, error)


def _dry_run(vehicle: Any, wishes: list[FlashWish], twin: bool, workbench: Any, out: Output) -> int:
    if len(wishes) != 1:
        return show_order_preview(wait_for(vehicle.flash_order_preview(wishes, twin), workbench, out), out)
    (wish,) = wishes
    return show_preview(wait_for(vehicle.flash_preview(wish.ecu, wish.flashware, twin), workbench, out), out)


def _show_plan(vehicle: Any, wish: FlashWish, workbench: Any, out: Output) -> int:
    """TOML on standard output and nothing else, so that it can go into a file."""
    text = wait_for(vehicle.flash_plan(wish.ecu, wish.flashware), workbench, Output(as_json=out.json, aside=True))
    show_plan_text(text, out)
    return 0


def show_plan_text(text: str, out: Output) -> None:
    for line in text.splitlines():
        out.line(line)
    out.record(plan=text)
