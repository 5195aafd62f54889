"""`passbay admin maintenance|settings|audit ...`."""

from __future__ import annotations

import click

from core.workbench.server import open_admin
from tui.cli.backend.showing import database_option, file_text, moment, single, table
from tui.cli.output import Output, command, json_option
from tui.locale import _


@click.group()
def maintenance() -> None:
    """Maintenance windows that 2221-47 names."""


@maintenance.command("list")
@database_option
@json_option
@command
def windows(url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.house.maintenance(), _("No maintenance is announced."))


@maintenance.command("announce")
@click.argument("starts", metavar="FROM")
@click.argument("ends", metavar="TO")
@click.argument("words")
@database_option
@json_option
@command
def announce(starts: str, ends: str, words: str, url: str | None, out: Output) -> None:
    """FROM and TO as 2026-12-24T18:00, local time unless they name a zone."""
    with open_admin(url) as desk:
        single(out, desk.house.announce(moment(starts) or 0, moment(ends) or 0, words))


@maintenance.command("cancel")
@click.argument("window", metavar="ID")
@database_option
@json_option
@command
def cancel(window: str, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        single(out, desk.house.cancel(window))


@click.group()
def settings() -> None:
    """Settings of the back end; all its workers follow at once."""


@settings.command("list")
@database_option
@json_option
@command
def list_settings(url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.house.settings(), "")


@settings.command("set")
@click.argument("key")
@click.argument("value")
@database_option
@json_option
@command
def set_setting(key: str, value: str, url: str | None, out: Output) -> None:
    """An empty VALUE is the default again; @FILE reads it from a file."""
    text = file_text(value[1:]) if value.startswith("@") else value
    with open_admin(url) as desk:
        single(out, desk.house.set(key, text))


@click.command()
@click.option("--last", default=50, show_default=True, type=click.IntRange(1, 10_000))
@database_option
@json_option
@command
def audit(last: int, url: str | None, out: Output) -> None:
    """Who did what, newest last."""
    with open_admin(url) as desk:
        table(out, desk.house.audit(last), _("Nothing yet."))
