"""The command group `passbay ...`. Each family of commands lives in its own file and loads when it is called."""

from __future__ import annotations

import importlib
import json
import sys
from typing import IO, Any

import click

from tui.cli.speech import spoken
from tui.locale import _

_COMMANDS = {  # name -> (module, attribute, one line for --help)
    "garage": ("tui.cli.garage", "garage", _("Simulated vehicles: list, serve, reset.")),
    "devices": ("tui.cli.devices", "devices", _("Ways to the vehicle that this PC offers.")),
    "survey": ("tui.cli.vehicle", "survey", _("Quick test: VIN, units, software, trouble codes.")),
    "faults": ("tui.cli.vehicle", "faults", _("Read or clear the trouble codes of one unit.")),
    "flash": ("tui.cli.flashing.flash", "flash", _("Flash units: newer software, or an image with a plan.")),
    "plan": ("tui.cli.flashing.plan", "plan", _("Flash plans (TOML): show, check.")),
    "recover": ("tui.cli.unfinished", "recover", _("Units that were left in programming, and the way back.")),
    "coding": ("tui.cli.records.coding", "coding", _("Show, change, compare, back up or restore the coding of units.")),
    "history": (
        "tui.cli.records.history",
        "history",
        _("What was done to a vehicle, and whether that record is whole."),
    ),
    "report": ("tui.cli.records.report", "report", _("The protocol of an order: text, HTML, JSON.")),
    "jobs": ("tui.cli.jobs", "jobs", _("Jobs that go on in vehicle hosts: list, watch, stop.")),
    "uds": ("tui.cli.uds", "uds", _("Send raw UDS requests.")),
    "explain": ("tui.cli.uds", "explain", _("What a refusal or a timer means, step by step.")),
    "data": ("tui.cli.data", "data", _("Diagnostic data files (PDX).")),
    "startkey": ("tui.cli.paper.startkey", "startkey", _("The right of this PC to run: status, order, activate.")),
    "login": ("tui.cli.paper.account", "login", _("Log in with a code that you approve in a browser.")),
    "logout": ("tui.cli.paper.account", "logout", _("Log out on this PC.")),
    "whoami": ("tui.cli.paper.account", "whoami", _("Who is logged in, with which roles.")),
    "credit": ("tui.cli.paper.credit", "credit", _("Time credit: minutes left, packages, buy.")),
    "support": ("tui.cli.shop.support", "support", _("Help pages, contacts, and the bundle for whoever helps.")),
    "check": ("tui.cli.shop.check", "check", _("What this PC must have, and which hosts and ports it must reach.")),
    "serve": ("tui.cli.backend.serve", "serve", _("The back end for others: API, shop and portal, releases.")),
    "browser": ("tui.cli.shop.browser", "browser", _("Passbay in a web browser: for helpers, or as a second screen.")),
    "admin": ("tui.cli.backend.admin", "admin", _("Administer a back end: organisations, users, credit, keys.")),
    "locate": ("tui.cli.shop.places", "locate", _("Where settings, data and logs lie.")),
    "completion": ("tui.cli.shop.places", "completion", _("Completion of commands for bash, zsh or fish.")),
    "trace": ("tui.cli.traces.trace", "trace", _("Bus traces: convert, decode, record, replay, save.")),
    "releases": ("tui.cli.releases.releases", "releases", _("Update Service: search, download, install, roll back.")),
    "addons": ("tui.cli.releases.addons", "addons", _("AddOn Center: list, install, remove, on, off.")),
    "rds": ("tui.cli.releases.rds", "rds", _("Retail Data Storage: one download for all laptops of a shop.")),
}
_HIDDEN = {
    "tuf-client": ("tui.cli.releases.tuf_client", "tuf_client", ""),  # command protocol of a test suite, for no person
}


class _Misused(click.ClickException):
    """A command line that click cannot read, told as the object that --json promises. Exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        fields = {"error": "UsageError", "code": "PB-002", "message": self.message, "advice": "See --help."}
        click.echo(json.dumps(fields))


class _LazyGroup(click.Group):
    """Finds a command by name and imports only that one: --help of the group loads none."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as problem:
            if "--json" in sys.argv:
                raise _Misused(problem.format_message()) from problem
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = _COMMANDS | _HIDDEN
        if cmd_name not in known:
            return None
        module, attribute, _line = known[cmd_name]
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return spoken(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, text) for name, (_module, _attribute, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="passbay", prog_name="passbay")
def cli() -> None:
    """Connect a vehicle, see its control units, flash and code them, and watch the bus.

    `passbay` alone starts the app. A vehicle is named by --vci:

    \b
      sim:car-mixed                               a simulated vehicle
      can:socketcan/can0?bitrate=500000           any python-can interface
      can:udp_multicast/239.74.163.2?port=43113   a CAN bus over multicast
      doip://192.168.0.10:13400?source=0x0e00     DoIP

    In front of a command, or alone for the app: --ascii (no character beyond ASCII), --set NAME=VALUE (a setting for
    this time, e.g. --set trace.minutes=10; PASSBAY_TRACE__MINUTES does the same).

    Exit code: 0 done, 1 refused or failed, 2 wrong usage. With --json every line is one JSON object.
    """


spoken(cli)
