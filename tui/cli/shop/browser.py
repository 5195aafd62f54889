"""`passbay browser serve|visits|let-in|end`: Passbay in a web browser, and who visits this PC through it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from core.errors import PreconditionNotMet
from core.vocabulary import Decision, Visit
from core.workbench import WorkbenchPaths
from core.workbench.assistance import VisitBook
from tui.cli.output import Output, command, json_option
from tui.locale import _, said


@click.group()
def browser() -> None:
    """The same screens in a web browser, behind a log-in: whoever helps watches, and drives what he is handed over."""


@browser.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface; others than loopback need TLS.")
@click.option("--port", default=8022, show_default=True, help="0 takes any free one.")
@click.option(
    "--tls-cert", "--certificate", type=click.Path(path_type=Path), help="Certificate with its chain, PEM."
)  # fmt: skip
@click.option("--tls-key", "--key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--without-tls", is_flag=True, help="Leave loopback in the clear: something in front of it does TLS.")
@click.option("--public-url", default="", help="How browsers reach it, where that is not https://HOST:PORT.")
@json_option
@command
def serve(
    host: str, port: int, tls_cert: Path | None, tls_key: Path | None, without_tls: bool, public_url: str, out: Output
) -> None:
    """Open the door until ctrl+c. With --json one line tells the address as soon as it is open."""
    from tui.browser.serving import DoorOptions
    from tui.browser.serving import serve as run

    def ready(told: dict[str, object]) -> None:
        told_to = _("Passbay is at {url} for browsers. ctrl+c closes it and ends all visits.")
        out.line(told_to.format(url=told["url"]))
        out.record(**told)

    run(DoorOptions(host, port, tls_cert, tls_key, without_tls, public_url), ready)


@browser.command()
@json_option
@command
def visits(out: Output) -> None:
    """Who waits, who is in, who has just left."""
    book = _book()
    door = book.door()
    if door is None:
        raise PreconditionNotMet(
            _("Passbay is not open for browsers on this PC."), _("passbay browser serve opens it.")
        )
    found = book.visits()
    out.line(_("Open at {url}.").format(url=door.url))
    for visit in found:
        out.line(_line(visit))
    if not found:
        out.line(_("Nobody is there."))
    out.record(url=door.url, pid=door.pid, tls=door.tls, since=door.since, visits=[asdict(visit) for visit in found])


@browser.command("let-in")
@click.argument("visit")
@click.option("--own", is_flag=True, help="As your own second screen, with the whole app; only by a code.")
@json_option
@command
def let_in(visit: str, own: bool, out: Output) -> None:
    """Let a visitor in who waits, by his ID or his code. He watches until the vehicle is handed over."""
    _decide(visit, Decision.LET_IN_OWN if own else Decision.LET_IN, out)


@browser.command()
@click.argument("visit")
@json_option
@command
def end(visit: str, out: Output) -> None:
    """End a visit, or turn a visitor away who waits. What he began goes on."""
    _decide(visit, Decision.END, out)


def _book() -> VisitBook:
    return VisitBook(WorkbenchPaths.default().visits)


def _decide(word: str, decision: Decision, out: Output) -> None:
    book = _book()
    wanted = word.strip().upper().replace("-", "")
    by_code = [each for each in book.visits() if each.code and each.code.replace("-", "") == wanted]
    visit = book.decide(by_code[0].id if len(by_code) == 1 else word, decision)
    out.line(f"{said(decision.value)}: {visit.name or visit.id}")
    out.record(visit=visit.id, name=visit.name, decision=decision)


def _line(visit: Visit) -> str:
    since = datetime.fromtimestamp(visit.since, UTC).astimezone().strftime("%H:%M")
    of = _("of {organisation}").format(organisation=visit.organisation) if visit.organisation else ""
    who = " ".join(filter(None, [visit.name, of]))
    reason = f" ({said(visit.reason)})" if visit.reason else ""
    state = f"{said(visit.state.value):8} {said(visit.kind.value):8}"
    return f"{visit.id}  {state} {visit.code:11}{since}  {visit.address}  {who}{reason}"
