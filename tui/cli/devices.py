"""`passbay devices`: SelectPTDevice as text (C13)."""

from __future__ import annotations

import click

from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option


@click.group(invoke_without_command=True)
@click.option("--discover", is_flag=True, help="Also ask all networks for DoIP vehicles (2 s).")
@click.option("--port", default=13400, show_default=True, help="UDP port for --discover.")
@json_option
@click.pass_context
def devices(context: click.Context, discover: bool, port: int, as_json: bool) -> None:
    """Every way to a vehicle, with a verdict and the name of what is missing."""
    if context.invoked_subcommand is None:
        _list(discover=discover, port=port, as_json=as_json)


@command
def _list(discover: bool, port: int, out: Output) -> None:
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


@devices.command()
@json_option
@command
def doctor(out: Output) -> int:
    """Try every installed J2534 device in a process of its own. Exit code 1 where one has a problem."""
    with open_workbench() as workbench:
        checkups = workbench.check_devices()
    for each in checkups:
        device, found = each.device, each.found
        out.line(f"{'-' if each.problem else '+'} {device.name:<28} {device.uri:<38} {each.seconds:.1f} s")
        if each.problem:
            out.line(f"    {each.problem}")
            out.line(f"    {each.advice}")
            continue
        volts = "cannot measure" if found["voltage"] is None else f"{found['voltage']:.1f} V"
        out.line(f"    firmware {found['firmware']}, library {found['library_version']}, API {found['api']}, {volts}")
        for limit in found["limits"]:
            out.line(f"    {limit}")
    if not checkups:
        out.line("No J2534 device is installed.")
    out.record(
        checkups=[
            {
                "name": each.device.name, "vendor": each.device.vendor, "vci": each.device.uri,
                "library": each.device.library, "registered": each.device.where, "registered_api": each.device.api,
                "usable": not each.problem, "problem": each.problem, "advice": each.advice,
                "seconds": round(each.seconds, 3), **each.found,
            }
            for each in checkups
        ]
    )  # fmt: skip
    return int(any(each.problem for each in checkups))
