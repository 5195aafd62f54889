"""`passbay garage ...`: the simulated vehicles, for training and for other people's testers."""

from __future__ import annotations

import signal
import threading

import click

from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option


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
        out.line(f"{vehicle.name:<12} {vehicle.euro_class.value:<14} {ways:<11} {vehicle.vin}  {vehicle.title}")
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
@json_option
@command
def serve(vehicle: str, can: str | None, doip: str | None, keep: bool, out: Output) -> None:
    """Put VEHICLE on a bus and a DoIP port until ctrl+c; prints one JSON line when it is ready."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with open_workbench() as workbench:
        running = workbench.serve_garage(vehicle, can=can, doip=doip, keep=keep)
        try:
            out.always(running.describe())
            while not ended.wait(0.5):  # a plain wait() would keep Windows from seeing ctrl+c
                running.check()
        finally:
            running.close()


@garage.command()
@click.argument("vehicle")
@json_option
@command
def reset(vehicle: str, out: Output) -> None:
    """Give VEHICLE back its factory software, coding and trouble codes."""
    with open_workbench() as workbench:
        workbench.reset_garage(vehicle)
    out.line(f"{vehicle} is as it left the factory.")
    out.record(vehicle=vehicle, result="reset")
