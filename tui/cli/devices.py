"""`passbay devices`: SelectPTDevice as text (C13)."""

from __future__ import annotations

import click

from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option


@click.command()
@click.option("--discover", is_flag=True, help="Also ask all networks for DoIP vehicles (2 s).")
@click.option("--port", default=13400, show_default=True, help="UDP port for --discover.")
@json_option
@command
def devices(discover: bool, port: int, out: Output) -> None:
    """Every way to a vehicle, with a verdict and the name of what is missing."""
    with open_workbench() as workbench:
        found = workbench.devices()
        entities = workbench.discover_doip(port=port) if discover else []
    for device in found:
        mark = "+" if device.usable else "-"
        out.line(f"{mark} {device.name:<28} {device.uri:<38} {device.verdict}")
    for entity in entities:
        out.line(f"+ DoIP {entity.host}:{entity.port}  VIN {entity.vin}  address 0x{entity.logical_address:04x}")
    if discover and not entities:
        out.line("No DoIP vehicle answered.")
    out.record(
        devices=[
            {
                "kind": d.kind,
                "name": d.name,
                "vci": d.uri,
                "transports": d.transports,
                "usable": d.usable,
                "verdict": d.verdict,
                "detail": d.detail,
            }
            for d in found
        ],
        doip=[
            {"vci": f"doip://{e.host}:{e.port}", "vin": e.vin, "address": f"0x{e.logical_address:04x}", "eid": e.eid}
            for e in entities
        ],
    )
