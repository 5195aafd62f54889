"""`passbay report VIN|ORDER`: the protocol of an order as text, HTML or JSON."""

from __future__ import annotations

import click

from core.vocabulary.cleaning import clean_lines
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import _


@click.command()
@click.argument("what", metavar="VIN|ORDER")
@click.option("--vin", metavar="VIN", help="Which vehicle, where several have this order.")
@click.option("--format", "form", type=click.Choice(["text", "html", "json"]), default="text", show_default=True)
@click.option("--out", "file", metavar="FILE", help="Write it there instead of showing it.")
@json_option
@command
def report(what: str, vin: str | None, form: str, file: str | None, out: Output) -> None:
    """The protocol of one order: quick test before, measures, quick test after, with file hashes.

    A VIN stands for its latest order; `passbay history VIN` lists all.
    """
    with open_workbench() as workbench:
        text = workbench.report(what, form, vin)
        path = workbench.write_text(file, text) if file else None
    if path is not None:
        out.line(_("Report: {file}").format(file=path))
        out.record(report=path, format=form)
    elif out.json:
        out.record(report=text, format=form)
    else:
        # HTML and JSON carry no control characters by themselves; the text was cleaned where it was made
        click.echo(clean_lines(text, len(text) + 1), nl=False)
