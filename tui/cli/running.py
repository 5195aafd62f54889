"""Waits for a job of the core on the command line: shows its events, turns ctrl+c and SIGTERM into its safe ending."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from core import events
from core.vocabulary import UnitSurvey
from core.vocabulary.cleaning import clean
from tui.cli.output import Output, address_fields

if TYPE_CHECKING:
    from core.workbench import RunningJob, Workbench

POLL_SECONDS = 0.1


@contextmanager
def _stop_signals(job: RunningJob[Any], out: Output) -> Iterator[None]:
    """The first ctrl+c or SIGTERM asks for the safe ending; what the job has to restore still runs."""

    def stop(_number: int, _frame: object) -> None:
        job.cancel()
        out.record(event="stopping")
        if not out.json:
            click.echo("Stopping at the next safe point ...", err=True)

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def wait_for(job: RunningJob[Any], workbench: Workbench, out: Output) -> Any:
    """The job's result, or its ProductError raised; events are shown as they come."""
    with _stop_signals(job, out):
        while not job.ended(POLL_SECONDS):
            _show_all(workbench, out)
    _show_all(workbench, out)
    return job.wait()


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


def _show_all(workbench: Workbench, out: Output) -> None:
    for event in workbench.stream.drain():
        _show(event, out)


def _show(event: events.Event, out: Output) -> None:
    match event:
        case events.StepStarted(step=step, title=title):
            out.record(event="step", step=step, title=title)
            out.line(f"· {title}")
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
        case events.Noted(severity=severity, text=text):
            out.record(event="note", severity=severity, text=text)
            if severity != "info" and not out.json:
                click.echo(f"{severity}: {clean(text)}", err=True)


def _show_progress(done: int, total: int, rate: float, out: Output) -> None:
    """A line that overwrites itself, on a terminal only: in a log file it would be noise."""
    if out.json or not sys.stdout.isatty():
        return
    share = 100 * done // total if total else 100
    speed = f"  {rate / 1000:.1f} kB/s" if rate else ""
    click.echo(f"\r  {share:3d} %  {done} of {total}{speed}   ", nl=done >= total)
