"""`passbay admin credit ...`."""

from __future__ import annotations

import click

from core.vocabulary.online.paper import CreditDuration
from core.workbench.server import open_admin
from tui.cli.backend.showing import database_option, single, table
from tui.cli.output import Output, command, json_option
from tui.locale import _


@click.group()
def credit() -> None:
    """Packages on sale, balances, the ledger."""


@credit.command("show")
@click.argument("contract")
@database_option
@json_option
@command
def show(contract: str, url: str | None, out: Output) -> None:
    """Balances of the organisation with this CONTRACT number."""
    with open_admin(url) as desk:
        table(out, desk.credit.balances(contract), _("This organisation never had credit."))


@credit.command("give")
@click.argument("contract")
@click.argument("group")
@click.argument("duration", type=click.Choice([duration.value for duration in CreditDuration]))
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 1000))
@database_option
@json_option
@command
def give(contract: str, group: str, duration: str, count: int, url: str | None, out: Output) -> None:
    """Credit that was paid for elsewhere. GROUP: e.g. "passenger cars"."""
    with open_admin(url) as desk:
        single(out, desk.credit.give(contract, group, CreditDuration(duration), count))


@credit.command("packages")
@click.option("--add-defaults", is_flag=True, help="Put the usual packages on sale where there is none yet.")
@click.option("--free", is_flag=True, help="Those at a price of 0.")
@database_option
@json_option
@command
def packages(add_defaults: bool, free: bool, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        if add_defaults:
            desk.credit.add_default_packages(free=free)
        table(out, desk.credit.packages(), _("No package is on sale: --add-defaults puts the usual ones there."))


@credit.command("price")
@click.argument("package")
@click.argument("cents", type=click.IntRange(0, 100_000_000))
@click.option("--currency", default="EUR", show_default=True)
@database_option
@json_option
@command
def price(package: str, cents: int, currency: str, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        single(out, desk.credit.set_package(package, cents, currency))


@credit.command("withdraw")
@click.argument("package")
@database_option
@json_option
@command
def withdraw(package: str, url: str | None, out: Output) -> None:
    """Take a package off the shelf; what was bought stays."""
    with open_admin(url) as desk:
        single(out, desk.credit.remove_package(package))


@credit.command("verify")
@database_option
@json_option
@command
def verify(url: str | None, out: Output) -> int:
    """Read the whole ledger again: chain of hashes, sums, balances. Exit code 1 where something is wrong."""
    with open_admin(url) as desk:
        found = desk.credit.verify()
    single(out, found)
    return 1 if found["problems"] else 0
