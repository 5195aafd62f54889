"""`passbay devices`: SelectPTDevice as text (C13)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from core.vocabulary import DeviceTrial
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _, said
from tui.wording.devices import entity_words, trial_lines


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
        out.line(f"{mark} {device.name:<28} {device.uri:<38} {said(device.verdict)}")
    for entity in entities:
        out.line(f"+ DoIP {entity.host}:{entity.port}  VIN {entity.vin}  {_('address')} 0x{entity.logical_address:04x}")
        out.line(f"    EID {entity.eid.hex().upper()}  {entity_words(entity)}")
    if discover and not entities:
        out.line(_("No DoIP vehicle answered."))
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
            {
                "vci": f"doip://{e.host}:{e.port}", "vin": e.vin, "address": f"0x{e.logical_address:04x}",
                "eid": e.eid, "node_type": e.node_type, "sockets": e.max_sockets, "sockets_open": e.open_sockets,
                "power_mode": e.power_mode, "unasked": e.unasked,
            }
            for e in entities
        ],
    )  # fmt: skip


@devices.command("test")
@click.argument("vci")
@json_option
@command
def test(vci: str, out: Output) -> int:
    """Measure one device: versions, abilities, voltage, loop-back, latency, throughput. Exit code 1 if it fails.

    On CAN it sends TesterPresent without an answer (7DF 3E 80) some 220 times. The result is kept.
    """
    with open_workbench() as workbench:
        trial = workbench.test_device(vci)
    for line in trial_lines(trial):
        out.line(line)
    out.record(**_trial_record(trial))
    return int(bool(trial.problem))


def _trial_record(trial: DeviceTrial) -> dict[str, Any]:
    record = asdict(trial)
    return {"vci": record.pop("uri"), **record, "abilities": dict(trial.abilities), "limits": list(trial.limits)}


@devices.command()
@json_option
@command
def doctor(out: Output) -> int:
    """Try every installed J2534 device in a process of its own. Exit code 1 where one has a problem.

    With --json it is the qualification report: the checks, and the last `devices test` of each device.
    """
    with open_workbench() as workbench:
        checkups = workbench.check_devices()
        trials = workbench.device_trials()
    for each in checkups:
        device, found = each.device, each.found
        out.line(f"{'-' if each.problem else '+'} {device.name:<28} {device.uri:<38} {each.seconds:.1f} s")
        if each.problem:
            out.line(f"    {said(each.problem)}")
            out.line(f"    {said(each.advice)}")
            continue
        volts = _("cannot measure") if found["voltage"] is None else f"{found['voltage']:.1f} V"
        out.line(
            _("    firmware {firmware}, library {library}, API {api}, {volts}").format(
                firmware=found["firmware"], library=found["library_version"], api=found["api"], volts=volts
            )
        )
        for limit in found["limits"]:
            out.line(f"    {said(limit)}")
    if not checkups:
        out.line(_("No J2534 device is installed."))
    out.record(
        checkups=[
            {
                "name": each.device.name, "vendor": each.device.vendor, "vci": each.device.uri,
                "library": each.device.library, "registered": each.device.where, "registered_api": each.device.api,
                "usable": not each.problem, "problem": each.problem, "advice": each.advice,
                "seconds": round(each.seconds, 3), **each.found,
            }
            for each in checkups
        ],
        trials=[_trial_record(trial) for trial in trials],
    )  # fmt: skip
    return int(any(each.problem for each in checkups))
