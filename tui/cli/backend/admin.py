"""`passbay admin ...`: a group of groups, each in a file of its own that loads when it is called."""

from __future__ import annotations

import importlib

import click

_GROUPS = {  # name -> (module, attribute, one line for --help)
    "organisations": ("tui.cli.backend.people", "organisations", "Organisations and their contracts."),
    "users": ("tui.cli.backend.people", "users", "Users, their identification and log-ins."),
    "rights": ("tui.cli.backend.people", "rights", "Rights: grant, revoke, what is asked for."),
    "credit": ("tui.cli.backend.credit", "credit", "Packages on sale, balances, the ledger."),
    "startkeys": ("tui.cli.backend.papers", "startkeys", "Systems and their StartKeys, orders."),
    "keys": ("tui.cli.backend.papers", "keys", "The issuer's keys."),
    "maintenance": ("tui.cli.backend.house", "maintenance", "Maintenance windows that 2221-47 names."),
    "settings": ("tui.cli.backend.house", "settings", "Settings of the back end."),
    "release": ("tui.cli.backend.release", "release", "Publish releases and AddOns: repository, keys, signatures."),
    "audit": ("tui.cli.backend.house", "audit", "Who did what."),
}


class _Groups(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _GROUPS:
            return None
        module, attribute, _ = _GROUPS[cmd_name]
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _GROUPS.items()])


@click.group(cls=_Groups)
def admin() -> None:
    """Works on the database of a back end directly, whether it is being served or not.

    --database URL of each command, or PASSBAY_DATABASE, names it.
    """
