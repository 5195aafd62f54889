"""`passbay check`: what this PC must have (R1-R5), which hosts and ports it must reach (R6)."""

from __future__ import annotations

from pathlib import Path

import click

from core.errors import StorageFailed, UsageError
from core.vocabulary.shop.check import NetworkRow, NetworkTarget, Verdict
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _, said

MARKS = {Verdict.OK: "+", Verdict.WARNING: "!", Verdict.FAILED: "-", Verdict.UNKNOWN: "?", Verdict.NOT_NEEDED: " "}


@click.group()
def check() -> None:
    """Check this PC, and the way to the back end."""


@check.command()
@click.option("--profile", default="light", show_default=True, help="light, or manual: the workshop manual's.")
@json_option
@command
def pc(profile: str, out: Output) -> int:
    """Rights, system, processor, memory, disk, terminal, clock, power, drivers. Exit code 1 where one fails."""
    with open_workbench() as workbench:
        rows = workbench.check_pc(profile)
    for row in rows:
        needed = _("needed: {limit}").format(limit=said(row.limit))
        out.line(f"{MARKS[row.verdict]} {said(row.title):<22} {said(row.value)}  ({needed})")
        if row.advice:
            out.line(f"    {said(row.advice)}")
    out.record(
        profile=profile,
        rows=[
            {
                "key": row.key, "title": row.title, "value": row.value, "limit": row.limit,
                "verdict": row.verdict, "advice": row.advice,
            }
            for row in rows
        ],
    )  # fmt: skip
    return int(any(row.verdict is Verdict.FAILED for row in rows))


@check.command()
@click.option("--host", "hosts", multiple=True, metavar="HOST:PORT[/PROTOCOL]", help="Check these instead.")
@click.option("--deadline", default=20.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds in all.")
@click.option("--page", type=click.Path(path_type=Path), help="Write the page for the network administrator there.")
@json_option
@command
def ports(hosts: tuple[str, ...], deadline: float, page: Path | None, out: Output) -> int:
    """Name, connection, TLS and answer of every host that is needed. Exit code 1 where one fails."""
    with open_workbench() as workbench:
        targets = [_target(text) for text in hosts] or None
        rows = workbench.check_network(targets, deadline=deadline, told=lambda row: _show(row, out))
        if page is not None:
            _write(page, workbench.network_page(rows))
            out.line(_("Page for the network administrator: {file}").format(file=page))
    out.record(rows=[_fields(row) for row in rows])
    return int(any(row.verdict is Verdict.FAILED for row in rows))


def _target(text: str) -> NetworkTarget:
    place, _slash, protocol = text.partition("/")
    host, colon, port = place.rpartition(":")
    protocol = protocol or "https"
    fits = colon and host and port.isdigit() and 0 < int(port) < 65536 and protocol in ("https", "http", "tcp")
    if not fits:
        raise UsageError(
            _("{target} is no target.").format(target=repr(text[:80])),
            _("Write it like example.org:443 or example.org:80/http."),
        )
    return NetworkTarget(_("as asked for"), host.strip("[]"), int(port), protocol)


def _show(row: NetworkRow, out: Output) -> None:
    target = row.target
    where = f"{target.host}:{target.port}" if target.host else "-"
    out.line(f"{MARKS[row.verdict]} {said(target.purpose):<32} {where:<30} {row.seconds:.1f} s")
    for step in row.steps:
        mark = {True: "+", False: "-", None: " "}[step.ok]
        spent = f"{step.milliseconds:7.1f} ms" if step.milliseconds is not None else " " * 10
        out.line(f"    {mark} {said(step.name):<11}{spent}  {said(step.words)}")
    if row.advice:
        out.line(f"    {said(row.advice)}")


def _fields(row: NetworkRow) -> dict[str, object]:
    target = row.target
    return {
        "purpose": target.purpose, "host": target.host, "port": target.port, "protocol": target.protocol,
        "required": target.required, "verdict": row.verdict, "advice": row.advice, "seconds": row.seconds,
        "proxy": row.proxy,
        "steps": [{"name": s.name, "ok": s.ok, "words": s.words, "ms": s.milliseconds} for s in row.steps],
    }  # fmt: skip


def _write(page: Path, text: str) -> None:
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise StorageFailed(
            _("{file} cannot be written: {reason}.").format(file=page, reason=problem.strerror or problem)
        ) from problem
