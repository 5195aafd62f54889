"""Waits for a job of the core on the command line: shows its events, turns ctrl+c into its safe ending.

A job in a vehicle host does not need this process: SIGTERM, SIGHUP and SIGKILL end the command, and the job goes on.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from core import events
from core.vocabulary import UnitSurvey
from core.vocabulary.cleaning import clean
from tui.cli.output import Output, address_fields
from tui.locale import _, said

if TYPE_CHECKING:
    from core.workbench import HostedJob, RunningJob, Workbench

POLL_SECONDS = 0.1


@contextmanager
def _stop_signals(job: RunningJob[Any] | HostedJob, out: Output) -> Iterator[None]:
    """ctrl+c asks for the safe ending; what the job has to restore still runs. SIGTERM does so too for a job in this
    process, and leaves one in a vehicle host alone."""

    def stop(_number: int, _frame: object) -> None:
        job.cancel()
        out.record(event="stopping")
        if not out.json:
            click.echo(_("Stopping at the next safe point ..."), err=True)

    def leave(number: int, _frame: object) -> None:
        out.record(event="left")
        if not out.json:
            click.echo(_("The job goes on; `passbay jobs watch` shows it."), err=True)
        raise SystemExit(128 + number)

    handlers = {signal.SIGINT: stop, signal.SIGTERM: leave if job.hosted else stop}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(job: RunningJob[Any] | HostedJob, workbench: Workbench, out: Output) -> Any:
    """The job's result, or its ProductError raised; events are shown as they come.

    When nobody reads them any more (`| head`), a job in this process goes on to its end: half a flash helps nobody.
    """
    with _stop_signals(job, out):
        try:
            return follow(job, workbench, out)
        except OSError:
            while not job.hosted and not job.ended(POLL_SECONDS):
                workbench.stream.drain()
            raise


def follow(job: RunningJob[Any] | HostedJob, workbench: Workbench, out: Output) -> Any:
    """The same without a word in the matter: signals do what they always do."""
    while not job.ended(POLL_SECONDS):
        _show_all(workbench, out)
    _show_all(workbench, out)
    return job.wait()


def host_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--no-host, for commands that change a unit."""
    return click.option(
        "--host/--no-host", "hosted", default=True,
        help="Run in a process that outlives this command (as always), or in this one.",
    )(function)  # fmt: skip


def unit_fields(unit: UnitSurvey) -> dict[str, Any]:
    """One unit as `survey --json` prints it."""
    return {
        "name": unit.name,
        "title": unit.title,
        **address_fields(unit.address),
        "hardware": unit.hardware,
        "software": unit.software,
        "variant": unit.variant,
        "state": unit.state.value,
        "reason": unit.reason,
        "dtcs": unit.dtcs,
        "dtcs_active": unit.dtcs_active,
        "dtcs_pending": unit.dtcs_pending,
        "newer_software": unit.newer_software,
        "idents": dict(unit.idents),
        "dtc_list": [{"code": d.display, "status": d.status, "words": d.words, "text": d.text} for d in unit.dtc_list],
    }


def show_waiting_events(workbench: Workbench, out: Output) -> None:
    """What a command without a job left in the stream, e.g. 2221-54."""
    _show_all(workbench, out)


def _show_all(workbench: Workbench, out: Output) -> None:
    for event in workbench.stream.drain():
        _show(event, out)


def _show(event: events.Event, out: Output) -> None:
    match event:
        case events.StepStarted(step=step, title=title):
            out.record(event="step", step=step, title=title)
            out.line(f"· {said(title)}")
        case events.StepFinished(step=step, seconds=seconds):
            out.record(event="step-finished", step=step, seconds=round(seconds, 3))
        case events.ProgressMade(step=step, done=done, total=total, rate=rate):
            out.record(event="progress", step=step, done=done, total=total, bytes_per_second=round(rate, 1))
            _show_progress(done, total, rate, out)
        case events.UnitSurveyed(unit=unit):
            out.record(event="unit", **unit_fields(unit))
        case events.NegativeResponseReceived(unit=unit, sid=sid, nrc=nrc, text=text):
            out.record(event="negative-response", unit=unit, sid=sid, nrc=nrc, text=text)
        case events.ResponsePendingReceived(unit=unit, sid=sid, count=count):
            out.record(event="response-pending", unit=unit, sid=sid, count=count)
        case events.NumberedMessageRaised(code=code, severity=severity, text=text, advice=advice):
            out.record(event="message", code=code, severity=severity, text=text, advice=advice)
            if not out.json:
                click.echo(f"{code} {said(severity)}: {clean(said(text))} {clean(said(advice))}".rstrip(), err=True)
        case events.Noted(severity=severity, text=text):
            out.record(event="note", severity=severity, text=text)
            if severity != "info" and not out.json:
                click.echo(f"{said(severity)}: {clean(said(text))}", err=True)


def _show_progress(done: int, total: int, rate: float, out: Output) -> None:
    """A line that overwrites itself, on a terminal only: in a log file it would be noise."""
    if out.json or not sys.stdout.isatty():
        return
    share = 100 * done // total if total else 100
    speed = f"  {rate / 1000:.1f} kB/s" if rate else ""
    part = _("{done} of {total}").format(done=done, total=total)
    click.echo(f"\r  {share:3d} %  {part}{speed}   ", nl=done >= total)
