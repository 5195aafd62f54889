"""`passbay locate` and `passbay completion`: where our files are, and what a shell needs to complete our words."""

from __future__ import annotations

import click

from core.errors import UsageError
from core.workbench import WorkbenchPaths
from tui.cli.output import Output, command, json_option
from tui.locale import _

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_PASSBAY_COMPLETE"


@click.command()
@click.argument("what", type=click.Choice(("config", "data", "log", "cache", "traces")))
@json_option
@command
def locate(what: str, out: Output) -> None:
    """Print where the settings, the data, the logs, the cache or the saved traces lie. Makes nothing."""
    paths = WorkbenchPaths.default()
    places = {
        "config": paths.settings_file, "data": paths.data, "log": paths.logs, "cache": paths.cache,
        "traces": paths.traces,
    }  # fmt: skip
    place = places[what]
    out.line(str(place))
    out.record(what=what, path=str(place), exists=place.exists())


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@json_option
@command
def completion(shell: str, out: Output) -> None:
    """Print the completion of commands and options for a shell: `eval "$(passbay completion bash)"`."""
    from click.shell_completion import get_completion_class

    from tui.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(
            _("There is no completion for {shell}.").format(shell=shell),
            _("It is there for {shells}.").format(shells=", ".join(SHELLS)),
        )
    script = _source(kind(cli, {}, "passbay", VARIABLE))
    if out.json:
        out.record(shell=shell, script=script)
    else:
        click.echo(script)  # a shell reads it: nothing of it may be escaped


def _source(made: object) -> str:
    """Without asking bash for its version, which fails where another shell is at hand only."""
    template, variables = made.source_template, made.source_vars()  # type: ignore[attr-defined]
    return str(template % variables)
