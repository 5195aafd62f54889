"""`passbay credit [packages|buy]`: time credit by product group (G3, K1-K4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from core.vocabulary import CreditBalance
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import show_waiting_events
from tui.locale import _, said


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def credit(context: click.Context, as_json: bool) -> None:
    """Minutes left for each product group. Needs a log-in."""
    if context.invoked_subcommand is None:
        _balances(as_json=as_json)


@command
def _balances(out: Output) -> None:
    with open_workbench() as workbench:
        balances = workbench.paper.credit()
        show_waiting_events(workbench, out)
    for balance in balances:
        out.line(_words(balance))
    if not balances:
        out.line(_("There is no time credit; `passbay credit packages` shows what can be bought."))
    out.record(balances=[_fields(balance) for balance in balances])


@credit.command()
@json_option
@command
def packages(out: Output) -> None:
    """What can be bought."""
    with open_workbench() as workbench:
        found = workbench.paper.packages()
    for row in found:
        price = _("free of charge") if row.price_cents == 0 else f"{row.price_cents / 100:.2f} {row.currency}"
        out.line(f"{row.package:<28} {said(row.group):<16} {said(row.duration.value):<6} {price}")
    out.record(
        packages=[
            {
                "package": row.package, "group": row.group, "duration": row.duration, "minutes": row.minutes,
                "price_cents": row.price_cents, "currency": row.currency,
            }
            for row in found
        ]
    )  # fmt: skip


@credit.command()
@click.argument("package")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 1000))
@json_option
@command
def buy(package: str, count: int, out: Output) -> None:
    """Buy PACKAGE. It is not taken back (K1). After a lost answer the same command buys nothing twice."""
    with open_workbench() as workbench:
        balance = workbench.paper.buy(package, count)
        show_waiting_events(workbench, out)
    out.line(_words(balance))
    out.record(**_fields(balance))


def _words(balance: CreditBalance) -> str:
    if balance.until is not None:
        until = datetime.fromtimestamp(balance.until, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
        return f"{said(balance.group):<16} " + _("runs by the clock until {until}").format(until=until)
    unused = ", ".join(f"{count} x {said(duration.value)}" for duration, count in balance.unused)
    more = _(", not begun: {unused}").format(unused=unused) if unused else ""
    return f"{said(balance.group):<16} " + _("{minutes} minutes").format(minutes=balance.minutes) + more


def _fields(balance: CreditBalance) -> dict[str, Any]:
    return {
        "group": balance.group, "minutes": balance.minutes, "until": balance.until, "reserved": balance.reserved,
        "ever": balance.ever, "unused": [{"duration": d, "count": count} for d, count in balance.unused],
    }  # fmt: skip
