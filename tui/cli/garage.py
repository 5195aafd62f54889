"""`passbay garage ...`: the simulated vehicles, for training and for other people's testers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from core.vocabulary.cleaning import clean
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _, said


@click.group()
def garage() -> None:
    """Simulated vehicles that speak UDS on real CAN buses and DoIP ports."""


@garage.command("list")
@json_option
@command
def list_vehicles(out: Output) -> None:
    """The vehicles that come with Passbay."""
    with open_workbench() as workbench:
        vehicles = workbench.garage_vehicles()
    for vehicle in vehicles:
        ways = " + ".join(sorted(t.value for t in vehicle.transports))
        out.line(f"{vehicle.name:<12} {vehicle.euro_class.value:<14} {ways:<11} {vehicle.vin}  {said(vehicle.title)}")
        out.line(f"{'':<12} {', '.join(vehicle.units)}")
    out.record(
        vehicles=[
            {
                "name": v.name,
                "title": v.title,
                "vin": v.vin,
                "euro_class": v.euro_class,
                "transports": v.transports,
                "units": list(v.units),
                "vci": v.uri,
            }
            for v in vehicles
        ]
    )


@garage.command()
@click.argument("vehicle")
@click.option("--can", metavar="INTERFACE/CHANNEL?port=N", help="The python-can bus, e.g. udp_multicast/239.74.163.2.")
@click.option("--doip", metavar="HOST:PORT", help="Where the DoIP gateway listens, port 0 for any.")
@click.option("--keep", is_flag=True, help="Go on from the stored state instead of from the factory state.")
@click.option(
    "--fault", "faults", multiple=True, metavar="[UNIT:]NAME[@N]",
    help="Let it misbehave, at the N-th occasion; may be given several times. `garage faults` lists the names.",
)  # fmt: skip
@click.option(
    "--auth-root", "auth_roots", multiple=True, metavar="FILE.pem", type=click.Path(path_type=Path),
    help="Secured units accept testers of this root, too (`garage auth-root` there); may be given several times.",
)  # fmt: skip
@click.option(
    "--tls", type=click.Choice(["yes", "client"]), default=None,
    help="Its DoIP gateway wants TLS (client: and a certificate of the tester), on --tls-port.",
)  # fmt: skip
@click.option("--tls-port", type=click.IntRange(0, 65535), default=3496, show_default=True, help="0 for any.")
@json_option
@command
def serve(
    vehicle: str, can: str | None, doip: str | None, keep: bool, faults: tuple[str, ...], auth_roots: tuple[Path, ...],
    tls: str | None, tls_port: int, out: Output,
) -> None:  # fmt: skip
    """Put VEHICLE on a bus and a DoIP port until ctrl+c; prints one JSON line when it is ready."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with open_workbench() as workbench:
        running = workbench.serve_garage(
            vehicle, can=can, doip=doip, keep=keep, faults=faults, auth_roots=auth_roots, tls=tls or "",
            tls_port=tls_port,
        )  # fmt: skip
        try:
            out.always(running.describe())
            shown = _show(running.notices, 0)
            while not ended.wait(0.5):  # a plain wait() would keep Windows from seeing ctrl+c
                shown = _show(running.notices, shown)
                running.check()
        finally:
            running.close()
            _show(running.notices, shown)


def _show(notices: Sequence[str], shown: int) -> int:
    """What the car has to say of its stored state, beside the one line on stdout. Returns how many were shown."""
    for notice in notices[shown:]:
        click.echo(clean(said(notice)), err=True)
    return len(notices)


@garage.command("auth-root")
@click.option(
    "--trust",
    metavar="FILE.pem",
    type=click.Path(path_type=Path),
    help="Trust the root of another installation from now on, for its simulated vehicles and its testers.",
)
@json_option
@command
def auth_root(trust: Path | None, out: Output) -> None:
    """The file with the root certificate of this installation's simulated vehicles and their tester (service 0x29)."""
    with open_workbench() as workbench:
        if trust is not None:
            stored = workbench.security.trust_auth_root(trust)
            out.line(_("{trust} is trusted from now on.").format(trust=trust))
            out.record(trusted=str(stored))
            return
        file = workbench.security.auth_root()
    out.line(str(file))
    out.record(auth_root=str(file))


@garage.command("faults")
@json_option
@command
def list_faults(out: Output) -> None:
    """The misbehaviours for `serve --fault` and for `--vci "sim:VEHICLE?fault=NAME@N"`."""
    with open_workbench() as workbench:
        faults = workbench.fault_names()
    for fault in faults:
        ways = " + ".join(sorted(t.value for t in fault.transports))
        out.line(f"{fault.name:<20} {ways:<11} {said(fault.title)}")
        occasion = said(fault.occasion)
        when = _("@N: at the N-th {occasion} and from then on") if fault.lasting else _("@N: at the N-th {occasion}")
        out.line(f"{'':<32} {when.format(occasion=occasion)}")
    out.record(
        faults=[
            {
                "name": fault.name,
                "title": fault.title,
                "occasion": fault.occasion,
                "lasting": fault.lasting,
                "transports": fault.transports,
            }
            for fault in faults
        ]
    )


@garage.command()
@click.argument("vehicle")
@json_option
@command
def reset(vehicle: str, out: Output) -> None:
    """Give VEHICLE back its factory software, coding and trouble codes."""
    with open_workbench() as workbench:
        workbench.reset_garage(vehicle)
    out.line(_("{vehicle} is as it left the factory.").format(vehicle=vehicle))
    out.record(vehicle=vehicle, result="reset")
