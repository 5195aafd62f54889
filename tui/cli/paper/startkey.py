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
from tui.locale import _, said

_WIDTH = 13  # columns of the names in front


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
    out.line(f"{_('Hardware ID'):<{_WIDTH}}{device.hardware_id}")
    out.line(f"{_('App ID'):<{_WIDTH}}{device.app_id}")
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
    out.line(_("Device data of hardware ID {hardware}: {file}").format(hardware=device.hardware_id, file=written))
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
    out.line(
        _("Order {order}: {state}. {words}").format(
            order=ordered.order, state=said(ordered.state), words=said(ordered.words)
        )
    )
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
    out.line(f"{'StartKey':<{_WIDTH}}{'+' if state.green else '-'} {said(state.words)}")
    if state.key_id:
        out.line(f"{_('Contract'):<{_WIDTH}}{state.contract}  {state.organisation}")
        checked = _("checked online {day}").format(day=_day(state.checked_online) or _("never"))
        out.line(f"{_('Valid until'):<{_WIDTH}}{_day(state.expires)}, {checked}")
        groups = ", ".join(map(said, state.product_groups))
        out.line(f"{_('Covers'):<{_WIDTH}}{groups}; {', '.join(role.value for role in state.roles)}")
    if state.restart_needed:
        out.line(" " * _WIDTH + _("A new one was downloaded: start Passbay again."))
    out.record(
        **more, verdict=state.verdict, green=state.green, words=state.words, key_id=state.key_id,
        organisation=state.organisation, contract=state.contract, issued=state.issued, expires=state.expires,
        checked_online=state.checked_online, product_groups=list(state.product_groups), roles=list(state.roles),
        restart_needed=state.restart_needed,
    )  # fmt: skip


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
