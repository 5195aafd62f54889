"""`passbay trace`: bus traces of files and devices: convert, decode, record, replay, and the last minutes of a host."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from core.vocabulary import MessageLine, TraceFigures
from core.workbench import open_workbench
from tui.cli.jobs import only_host
from tui.cli.output import Output, command, json_option
from tui.locale import _, said

ENDINGS = ".asc .blf .log .trc .csv .db .pcapng"
_ENDING = _("Its ending says the format: {endings}.").format(endings=ENDINGS)


@click.group()
def trace() -> None:
    """Bus traces. The ending of a file name says its format: .asc .blf .log (candump) .trc .csv .db .pcapng.

    Only pcapng holds DoIP messages beside CAN frames.
    """


@trace.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@json_option
@command
def convert(source: str, target: str, out: Output) -> None:
    """Write a trace in another format, e.g. `passbay trace convert drive.blf drive.pcapng`."""
    with open_workbench() as workbench:
        figures = workbench.convert_trace(source, target)
    tell(figures, out)


@trace.command()
@click.argument("source", metavar="FILE")
@click.option("--data", "data_files", multiple=True, metavar="FILE.pdx", help="Diagnostic data that names the units.")
@click.option("--pair", "pairs", multiple=True, metavar="TX:RX", help="Identifiers that speak UDS too, e.g. 7C0:7C8.")
@json_option
@command
def decode(source: str, data_files: tuple[str, ...], pairs: tuple[str, ...], out: Output) -> None:
    """UDS requests and answers of a trace in words, reassembled from CAN or DoIP. No vehicle is needed.

    Units are named by --data; without it by what is known of the vehicle whose VIN the trace tells.
    """
    count = 0
    with open_workbench() as workbench:
        reading = workbench.decode_trace(source, data_files, pairs)
        if reading.vin:
            out.line(f"VIN {reading.vin}   {reading.vehicle or _('vehicle unknown')}")
        for line in reading:
            count += 1
            out.line(_words(line))
            out.record(event="message", **_fields(line))
    figures = reading.figures
    if not count:
        out.line(_("No UDS message was found. Name the identifiers with --pair or the vehicle's data with --data."))
    out.line(_("{count} messages in {figures}").format(count=count, figures=_figure_words(figures)))
    out.record(vin=reading.vin, vehicle=reading.vehicle, uds_messages=count, **dataclasses.asdict(figures))


@trace.command()
@click.option("--vci", required=True, metavar="URI", help="The device, see `passbay --help`.")
@click.option("--out", "target", required=True, metavar="FILE", help=_ENDING)
@click.option("--seconds", type=click.FloatRange(min=0.001), metavar="N", help="How long; else until ctrl+c.")
@json_option
@command
def record(vci: str, target: str, seconds: float | None, out: Output) -> None:
    """Record everything on the device's buses. Sends nothing."""
    with open_workbench() as workbench, stopping() as stop:
        if seconds is None:
            out.line(_("Recording; ctrl+c ends it."))
        figures = workbench.record_trace(vci, target, seconds, stop)
    tell(figures, out)


@trace.command()
@click.argument("source", metavar="FILE")
@click.option("--vci", required=True, metavar="URI", help="The CAN bus, e.g. can:socketcan/can0?bitrate=500000.")
@click.option("--speed", type=float, default=1.0, metavar="X", help="2 is twice as fast as recorded.")
@json_option
@command
def replay(source: str, vci: str, speed: float, out: Output) -> None:
    """Send the CAN frames of a trace onto a bus, in their own time."""
    with open_workbench() as workbench, stopping() as stop:
        figures = workbench.replay_trace(source, vci, speed, stop)
    tell(figures, out)


@trace.command()
@click.argument("target", metavar="OUT", required=False)
@click.option("--host", "which", metavar="URI|PID", help="The vehicle host; may be left out where only one runs.")
@click.option("--minutes", type=click.FloatRange(min=0.01), default=5.0, metavar="N", help="How far back; else 5.")
@json_option
@command
def save(target: str | None, which: str | None, minutes: float, out: Output) -> None:
    """Save what was on the buses of a connected vehicle within the last minutes. Its job goes on undisturbed.

    Without OUT into the data folder, as pcapng.
    """
    with open_workbench() as workbench, workbench.attach(which or only_host(workbench), watch=True) as vehicle:
        place = Path(target).absolute() if target else workbench.trace_place(vehicle.vin)
        figures = vehicle.save_trace(place, minutes)
    tell(figures, out)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that ctrl+c and SIGTERM set: what was recorded until then is kept."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell(figures: TraceFigures, out: Output) -> None:
    """The last lines of a command that made or played a trace."""
    out.line(f"{figures.path}: {_figure_words(figures)}")
    if figures.left_out:
        out.line(
            _("! {count} left out: this format or bus cannot carry them (DoIP: use .pcapng).").format(
                count=figures.left_out
            )
        )
    if figures.dropped:
        out.line(_("! {count} lost: they came faster than they could be kept.").format(count=figures.dropped))
    out.record(**dataclasses.asdict(figures))


def _figure_words(figures: TraceFigures) -> str:
    parts = [
        _("{frames} frames of {identifiers} identifiers").format(frames=figures.frames, identifiers=figures.identifiers)
    ]
    if figures.errors:
        parts.append(_("{count} error frames").format(count=figures.errors))
    if figures.messages:
        parts.append(_("{count} DoIP messages").format(count=figures.messages))
    return f"{', '.join(parts)}, {figures.seconds:.1f} s"


def _words(line: MessageLine) -> str:
    arrow = ">" if line.is_request else "<"
    return f"{_clock(line.timestamp)} {line.unit:<14} {arrow} {said(line.words)}"


def _clock(timestamp: float) -> str:
    """Of the day where it is a date, else the seconds that the recorder counted."""
    if timestamp < 1e9:
        return f"{timestamp:12.6f}"
    return datetime.fromtimestamp(timestamp).strftime("%H:%M:%S.%f")


def _fields(line: MessageLine) -> dict[str, Any]:
    return {
        "time": round(line.timestamp, 6),
        "unit": line.unit,
        "identifier": line.identifier,
        "request": line.is_request,
        "negative": line.is_negative,
        "length": line.length,
        "data": line.data,
        "words": line.words,
    }
