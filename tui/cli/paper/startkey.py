"""`passbay startkey status|export|order|activate`: what ConfigAssist does, for scripts (C5-C8)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from core.vocabulary import StartKeyState
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import show_waiting_events


@click.group()
def startkey() -> None:
    """The right of this PC to run: made for its hardware ID, ordered in the shop, checked online."""


@startkey.command()
@json_option
@command
def status(out: Output) -> int:
    """The StartKey as known without the network, and the device data. Exit code 1 without a green tick."""
    with open_workbench() as workbench:
        device = workbench.paper.device_data()
        state = workbench.paper.start_key()
    out.line(f"Hardware ID  {device.hardware_id}")
    out.line(f"App ID       {device.app_id}")
    _show(state, out, hardware_id=device.hardware_id, app_id=device.app_id)
    return int(not state.green)


@startkey.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path())
@json_option
@command
def export(file: Path, out: Output) -> None:
    """Write the device data for the order to FILE, or into a folder (this one) under a name of its own."""
    with open_workbench() as workbench:
        written = workbench.paper.export_device_data(file)
        device = workbench.paper.device_data()
    out.line(f"Device data of hardware ID {device.hardware_id}: {written}")
    out.record(file=str(written), hardware_id=device.hardware_id, app_id=device.app_id)


@startkey.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--save", type=click.Path(path_type=Path), help="Write the StartKey there, for a PC without network.")
@json_option
@command
def order(file: Path | None, save: Path | None, out: Output) -> None:
    """Order a StartKey for this PC, or for the one whose exported device data FILE holds. Needs a log-in."""
    with open_workbench() as workbench:
        ordered = workbench.paper.order_start_key(file, save)
    out.line(f"Order {ordered.order}: {ordered.state}. {ordered.words}")
    if ordered.file:
        out.line(f"StartKey: {ordered.file}")
    out.record(order=ordered.order, state=ordered.state, words=ordered.words, file=ordered.file)


@startkey.command()
@click.option("--file", type=click.Path(path_type=Path), help="Take it from a file instead of asking the back end.")
@json_option
@command
def activate(file: Path | None, out: Output) -> int:
    """Check the StartKey online and download a newer one. Exit code 1 without a green tick."""
    with open_workbench() as workbench:
        paper = workbench.paper
        state = paper.install_start_key(file) if file is not None else paper.activate_start_key()
        show_waiting_events(workbench, out)
    _show(state, out)
    return int(not state.green)


def _show(state: StartKeyState, out: Output, **more: Any) -> None:
    out.line(f"StartKey     {'+' if state.green else '-'} {state.words}")
    if state.key_id:
        out.line(f"Contract     {state.contract}  {state.organisation}")
        out.line(f"Valid until  {_day(state.expires)}, checked online {_day(state.checked_online) or 'never'}")
        out.line(f"Covers       {', '.join(state.product_groups)}; {', '.join(role.value for role in state.roles)}")
    if state.restart_needed:
        out.line("             A new one was downloaded: start Passbay again.")
    out.record(
        **more, verdict=state.verdict, green=state.green, words=state.words, key_id=state.key_id,
        organisation=state.organisation, contract=state.contract, issued=state.issued, expires=state.expires,
        checked_online=state.checked_online, product_groups=list(state.product_groups), roles=list(state.roles),
        restart_needed=state.restart_needed,
    )  # fmt: skip


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
