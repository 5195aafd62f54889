"""`passbay devices`: SelectPTDevice as text (C13)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from core.vocabulary import DeviceTrial, DoipEntity
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
        out.line(f"    EID {entity.eid.hex().upper()}  {entity_words(entity)}")
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


def trial_lines(trial: DeviceTrial) -> list[str]:
    """A test as text."""
    if trial.problem:
        return [f"- {trial.name}: {trial.problem}", f"    {trial.advice}"]
    volts = "cannot measure" if trial.voltage is None else f"{trial.voltage:.1f} V"
    versions = ", ".join(
        f"{title} {text}"
        for title, text in (
            ("firmware", trial.firmware), ("library", trial.library_version), ("API", trial.api), ("ABI", trial.abi),
            ("serial", trial.serial), ("VIN", trial.vin),
        )
        if text
    )  # fmt: skip
    lines = [f"+ {trial.name}  {volts}  {trial.seconds:.1f} s", f"    {versions}"]
    lines += [f"    {what:<32} {how}" for what, how in trial.abilities]
    if trial.loopback:
        lines.append(f"    {'loop-back':<32} {trial.loopback}")
    if trial.latency_ms is not None:
        lines.append(f"    {'latency':<32} {trial.latency_ms:.2f} ms")
    if trial.frames_per_second is not None:
        share = f", {trial.wire_share:.0%} of the wire" if trial.wire_share is not None else ""
        lines.append(f"    {'throughput':<32} {trial.frames_per_second} frames/s{share}")
    return [*lines, *(f"    ! {limit}" for limit in trial.limits)]


def _trial_record(trial: DeviceTrial) -> dict[str, Any]:
    record = asdict(trial)
    return {"vci": record.pop("uri"), **record, "abilities": dict(trial.abilities), "limits": list(trial.limits)}


def entity_words(entity: DoipEntity) -> str:
    """What an entity told of itself when it was asked, or that it only announced itself."""
    node = {0: "gateway", 1: "node"}.get(entity.node_type if entity.node_type is not None else -1, "")
    testers = f"{entity.open_sockets} of {entity.max_sockets} testers" if entity.max_sockets is not None else ""
    power = {0: "not ready", 1: "ready"}.get(entity.power_mode if entity.power_mode is not None else -1, "")
    heard = "announced itself" if entity.unasked else "answers"
    return ", ".join(word for word in (heard, node, testers, power) if word)


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
        ],
        trials=[_trial_record(trial) for trial in trials],
    )  # fmt: skip
    return int(any(each.problem for each in checkups))
