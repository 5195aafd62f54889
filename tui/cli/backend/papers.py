"""`passbay admin startkeys|keys ...`."""

from __future__ import annotations

from pathlib import Path

import click

from core.errors import UsageError
from core.workbench.server import open_admin
from tui.cli.backend.showing import database_option, single, table
from tui.cli.output import Output, command, json_option
from tui.locale import _


@click.group()
def startkeys() -> None:
    """Systems and their StartKeys, orders."""


@startkeys.command("list")
@click.option("--contract", default="", help="Of this organisation alone.")
@database_option
@json_option
@command
def list_systems(contract: str, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.papers.systems(contract), _("There is no system."))


@startkeys.command("orders")
@click.option("--waiting", is_flag=True, help="Those alone that wait for you.")
@database_option
@json_option
@command
def orders(waiting: bool, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.papers.orders(waiting=waiting), _("There is no order."))


def _on_system(name: str, words: str, act: str) -> None:
    @startkeys.command(name, help=words)
    @click.argument("hardware_id", metavar="HARDWARE-ID")
    @database_option
    @json_option
    @command
    def run(hardware_id: str, url: str | None, out: Output) -> None:
        with open_admin(url) as desk:
            single(out, getattr(desk.papers, act)(hardware_id))


_on_system("issue", _("A new StartKey: for an order that waits, or after a revocation."), "issue")
_on_system("revoke", _("End all StartKeys of a system."), "revoke")
_on_system("remove", _("Give the hardware ID free for another organisation."), "remove")


@click.group()
def keys() -> None:
    """The issuer's keys."""


@keys.command("list")
@database_option
@json_option
@command
def list_keys(url: str | None, out: Output) -> None:
    """Public keys, oldest first; the last one signs."""
    with open_admin(url) as desk:
        table(out, desk.papers.keys(), _("There is no key yet."))


@keys.command("rotate")
@database_option
@json_option
@command
def rotate(url: str | None, out: Output) -> None:
    """A new key signs from now on; StartKeys follow at their next check."""
    with open_admin(url) as desk:
        single(out, desk.papers.rotate())


@keys.command("protect")
@click.option("--with", "key_file", type=click.Path(path_type=Path), metavar="FILE", help="The new key file.")
@click.option("--plain", is_flag=True, help="No key file any more: whoever reads the database has the keys.")
@database_option
@json_option
@command
def protect(key_file: Path | None, plain: bool, url: str | None, out: Output) -> None:
    """Encrypt the private keys in the database anew. PASSBAY_KEY_FILE names the key file of now, where there is one."""
    if (key_file is None) is not plain:
        raise UsageError(_("Give either --with FILE or --plain."))
    with open_admin(url) as desk:
        single(out, desk.papers.protect(key_file))


@keys.command("distrust")
@click.argument("key", metavar="ID")
@database_option
@json_option
@command
def distrust(key: str, url: str | None, out: Output) -> None:
    """This key was stolen: nothing that it signed counts any more; PCs get new StartKeys at their next check."""
    with open_admin(url) as desk:
        single(out, desk.papers.distrust(key))
