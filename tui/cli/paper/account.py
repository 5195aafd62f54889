"""`passbay login|logout|whoami` (L1-L5). No token is ever printed or taken as an argument."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime

import click

from core.errors import NotSignedIn
from core.vocabulary import AccountState, Activation
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _


@click.command()
@json_option
@command
def login(out: Output) -> None:
    """Log in: open the address that is shown on any device, type the code, approve. ctrl+c stops.

    With the embedded back end the owner of this PC approves by running this command.
    """
    stop = threading.Event()
    with open_workbench() as workbench:
        under_way = workbench.paper.start_login()
        prompt = under_way.prompt
        out.record(
            event="prompt", user_code=prompt.user_code, verification_uri=prompt.verification_uri,
            verification_uri_complete=prompt.verification_uri_complete, expires=prompt.expires,
            interval=prompt.interval,
        )  # fmt: skip
        if under_way.embedded:
            under_way.approve_here()
        else:
            out.line(f"{_('Open'):<6}{prompt.verification_uri}")
            out.line(f"{_('Code'):<6}{prompt.user_code}")
            out.line(_("Waiting for your approval there ..."))
        before = signal.signal(signal.SIGINT, lambda number, frame: stop.set())
        try:
            state = under_way.wait(stop)
        finally:
            signal.signal(signal.SIGINT, before)
    _show(state, out)


@click.command()
@json_option
@command
def logout(out: Output) -> None:
    """Forget the log-in on this PC and revoke it at the back end."""
    with open_workbench() as workbench:
        was = workbench.paper.account().user
        workbench.paper.logout()
    out.line(_("{user} is logged out.").format(user=was) if was else _("Nobody was logged in."))
    out.record(user=was)


@click.command()
@click.option("--refresh", is_flag=True, help="Ask the back end for the roles of now.")
@json_option
@command
def whoami(refresh: bool, out: Output) -> None:
    """Who is logged in, with which roles. Exit code 1 where nobody is."""
    with open_workbench() as workbench:
        state = workbench.paper.refresh_account() if refresh else workbench.paper.account()
    if not state.user:
        raise NotSignedIn(_("Nobody is logged in."), _("Log in with `passbay login`."))
    _show(state, out)


def _show(state: AccountState, out: Output) -> None:
    out.line(f"{state.user}  {state.name}  {state.organisation}".rstrip())
    out.line(_("Roles: {roles}").format(roles=", ".join(role.value for role in state.roles) or _("none")))
    if state.activation is Activation.PENDING:
        until = "" if state.activation_until is None else _time(state.activation_until)
        until = until or _("at most 4 hours from now")
        out.line(_("A granted right is being activated, until {until}.").format(until=until))
    out.record(
        user=state.user, name=state.name, organisation=state.organisation, roles=list(state.roles),
        activation=state.activation, activation_until=state.activation_until, issuer=state.issuer,
    )  # fmt: skip


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
