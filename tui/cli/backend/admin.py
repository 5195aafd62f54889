"""`passbay admin ...`: a group of groups, each in a file of its own that loads when it is called."""

from __future__ import annotations

import importlib

import click

from tui.cli.speech import spoken
from tui.locale import _

_GROUPS = {  # name -> (module, attribute, one line for --help)
    "organisations": ("tui.cli.backend.people", "organisations", _("Organisations and their contracts.")),
    "users": ("tui.cli.backend.people", "users", _("Users, their identification and log-ins.")),
    "rights": ("tui.cli.backend.people", "rights", _("Rights: grant, revoke, what is asked for.")),
    "credit": ("tui.cli.backend.credit", "credit", _("Packages on sale, balances, the ledger.")),
    "startkeys": ("tui.cli.backend.papers", "startkeys", _("Systems and their StartKeys, orders.")),
    "keys": ("tui.cli.backend.papers", "keys", _("The issuer's keys.")),
    "maintenance": ("tui.cli.backend.house", "maintenance", _("Maintenance windows that 2221-47 names.")),
    "settings": ("tui.cli.backend.house", "settings", _("Settings of the back end.")),
    "release": ("tui.cli.backend.release", "release", _("Publish releases and AddOns: repository, keys, signatures.")),
    "audit": ("tui.cli.backend.house", "audit", _("Who did what.")),
}


class _Groups(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _GROUPS:
            return None
        module, attribute, _line = _GROUPS[cmd_name]
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return spoken(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, text) for name, (_module, _attribute, text) in _GROUPS.items()])


@click.group(cls=_Groups)
def admin() -> None:
    """Works on the database of a back end directly, whether it is being served or not.

    --database URL of each command, or PASSBAY_DATABASE, names it.
    """
