"""`passbay admin organisations|users|rights ...`."""

from __future__ import annotations

import click

from core.vocabulary.online.paper import Role
from core.workbench.server import open_admin
from tui.cli.backend.showing import database_option, moment, password, single, table
from tui.cli.output import Output, command, json_option
from tui.locale import _

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def organisations() -> None:
    """Organisations and their contracts."""


@organisations.command("list")
@database_option
@json_option
@command
def list_organisations(url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.people.organisations(), _("There is no organisation."))


@organisations.command("add")
@click.argument("name")
@click.option("--contract", default="", help="Contract number; drawn where none is given.")
@click.option("--end", metavar="DATE", help="When the contract ends; never where none is given.")
@database_option
@json_option
@command
def add_organisation(name: str, contract: str, end: str | None, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        single(out, desk.people.add_organisation(name, contract, moment(end)))


@organisations.command("set")
@click.argument("contract")
@click.option(
    "--buyers", required=True, type=click.Choice(["all", "admins"]),
    help="Who may buy credit: all users with a right, or the organisation's administrators alone.",
)  # fmt: skip
@database_option
@json_option
@command
def set_organisation(contract: str, buyers: str, url: str | None, out: Output) -> None:
    """Rules of the organisation with this CONTRACT number."""
    with open_admin(url) as desk:
        single(out, desk.people.buyers(contract, buyers))


@organisations.command("extend")
@click.argument("contract")
@click.argument("end", metavar="DATE")
@database_option
@json_option
@command
def extend(contract: str, end: str, url: str | None, out: Output) -> None:
    """The contract goes on until DATE; credit that is left is carried over."""
    with open_admin(url) as desk:
        single(out, desk.people.extend(contract, moment(end) or 0))


@organisations.command("end")
@click.argument("contract")
@database_option
@json_option
@command
def end_contract(contract: str, url: str | None, out: Output) -> None:
    """The contract ends now: credit that is left lapses."""
    with open_admin(url) as desk:
        single(out, desk.people.end(contract))


@click.group()
def users() -> None:
    """Users, their identification and log-ins."""


@users.command("list")
@click.option("--contract", default="", help="Of this organisation alone.")
@database_option
@json_option
@command
def list_users(contract: str, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        table(out, desk.people.users(contract), _("There is no user."))


@users.command("add")
@click.argument("contract")
@click.argument("login")
@click.option("--name", default="", help="The person's name.")
@click.option("--email", default="")
@click.option("--role", "roles", multiple=True, type=_ROLES, help="May be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
@database_option
@json_option
@command
def add_user(
    contract: str, login: str, name: str, email: str, roles: tuple[str, ...], password_stdin: bool, url: str | None,
    out: Output,
) -> None:  # fmt: skip
    """A user of the organisation with this CONTRACT number, identified by you."""
    chosen, made = password(password_stdin)
    with open_admin(url) as desk:
        row = desk.people.add_user(contract, login, name, chosen, email, tuple(Role(role) for role in roles))
    single(out, row | ({"password": chosen} if made else {}))


@users.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
@database_option
@json_option
@command
def set_password(login: str, password_stdin: bool, url: str | None, out: Output) -> None:
    """A new password; whoever was logged in with the old one is out."""
    chosen, made = password(password_stdin)
    with open_admin(url) as desk:
        row = desk.people.password(login, chosen)
    single(out, row | ({"password": chosen} if made else {}))


def _on_user(name: str, words: str, act: str, *extra: bool) -> None:
    @users.command(name, help=words)
    @click.argument("login")
    @database_option
    @json_option
    @command
    def run(login: str, url: str | None, out: Output) -> None:
        with open_admin(url) as desk:
            single(out, getattr(desk.people, act)(login, *extra))


_on_user("disable", _("Shut a user out; his log-ins end."), "disable", True)
_on_user("enable", _("Let a user in again."), "disable", False)
_on_user("identify", _("You have seen who that is; needed once before a right is granted."), "identify")
_on_user("logout", _("End all log-ins of a user."), "log_out")


@click.group()
def rights() -> None:
    """Rights: grant, revoke, what is asked for."""


@rights.command("requests")
@database_option
@json_option
@command
def requests(url: str | None, out: Output) -> None:
    """Rights that wait for the decision of their organisation's administrator."""
    with open_admin(url) as desk:
        table(out, desk.people.requests(), _("No right is asked for."))


@rights.command("grant")
@click.argument("login")
@click.argument("role", type=_ROLES)
@click.option("--activate", is_flag=True, help="At once, without the first log-in on a device.")
@database_option
@json_option
@command
def grant(login: str, role: str, activate: bool, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        single(out, desk.people.grant(login, Role(role), activate=activate))


@rights.command("revoke")
@click.argument("login")
@click.argument("role", type=_ROLES)
@database_option
@json_option
@command
def revoke(login: str, role: str, url: str | None, out: Output) -> None:
    with open_admin(url) as desk:
        single(out, desk.people.revoke(login, Role(role)))
