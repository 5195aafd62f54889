"""`passbay addons ...`: the AddOn Center on the command line."""

from __future__ import annotations

import dataclasses

import click

from core.vocabulary import AddOnRow
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.releases.shown import size, watched
from tui.locale import _, said

_name = click.argument("name")


@click.group()
def addons() -> None:
    """AddOns between releases: list, install, remove, switch on and off."""


@addons.command("list")
@json_option
@command
def list_addons(out: Output) -> None:
    """What is installed and what the last search found. Asks no network."""
    with open_workbench() as workbench:
        rows = workbench.library.addons()
    _show(rows, out)


@addons.command()
@_name
@click.option("--version", default="", help="Another than the newest.")
@json_option
@command
def install(name: str, version: str, out: Output) -> None:
    """Downloads and installs an AddOn, and what it needs first."""
    with open_workbench() as workbench, watched(workbench, out):
        rows = workbench.library.install_addon(name, version)
    _show(rows, out)


@addons.command()
@_name
@json_option
@command
def remove(name: str, out: Output) -> None:
    """Takes an AddOn off this PC."""
    with open_workbench() as workbench:
        rows = workbench.library.remove_addon(name)
    _show(rows, out)


@addons.command()
@_name
@json_option
@command
def on(name: str, out: Output) -> None:
    """Switches an installed AddOn on."""
    with open_workbench() as workbench:
        rows = workbench.library.switch_addon(name, True)
    _show(rows, out)


@addons.command()
@_name
@json_option
@command
def off(name: str, out: Output) -> None:
    """Switches an installed AddOn off; it stays on this PC."""
    with open_workbench() as workbench:
        rows = workbench.library.switch_addon(name, False)
    _show(rows, out)


def _show(rows: tuple[AddOnRow, ...], out: Output) -> None:
    for row in rows:
        here = f"{row.installed or '-':<8} {row.newest:<8}"
        needs = "  " + _("needs {addons}").format(addons=", ".join(row.missing_needs)) if row.missing_needs else ""
        out.line(f"{row.name:<20} {here} {said(row.state.value):<11} {size(row.size)}  {row.title}{needs}")
    if not rows:
        out.line(_("No AddOn is known. `passbay releases search` asks the source."))
    out.record(addons=[dataclasses.asdict(row) for row in rows])
