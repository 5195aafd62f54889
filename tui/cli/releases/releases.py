"""`passbay releases ...`: the Update Service on the command line, and where it looks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from core.errors import UsageError
from core.vocabulary import InstallPreview, ReleaseOverview, UpdateSource
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.releases.shown import day, size, watched
from tui.locale import _, said, several

_PLACE = click.Path(path_type=Path)


@click.group()
def releases() -> None:
    """Releases of diagnostic data: search, download, install, roll back.

    While no release is installed the built-in data serve. What is installed counts from the next job on.
    """


@releases.command("list")
@json_option
@command
def list_releases(out: Output) -> None:
    """What is here and what the last search found. Asks no network."""
    with open_workbench() as workbench:
        overview = workbench.library.overview()
    _show(overview, out)


@releases.command()
@json_option
@command
def search(out: Output) -> None:
    """Asks the source for releases and AddOns, and checks its signatures."""
    with open_workbench() as workbench, watched(workbench, out):
        overview = workbench.library.search()
    _show(overview, out)


def _show(overview: ReleaseOverview, out: Output) -> None:
    for row in overview.rows:
        missing = _(", {size} to fetch").format(size=size(row.missing)) if row.missing else ""
        out.line(
            f"{row.version:<10} {day(row.released)}  {said(row.state.value):<11} {size(row.size)}{missing}  {row.title}"
        )
    out.line(said(overview.words))
    if overview.warning:
        out.line(f"! {said(overview.warning)}")
    out.record(**dataclasses.asdict(overview))


@releases.command()
@click.argument("version", required=False, default="")
@json_option
@command
def download(version: str, out: Output) -> None:
    """Fetches a release, the newest by default. Goes on where it was cut off; installs nothing."""
    with open_workbench() as workbench, watched(workbench, out):
        done = workbench.library.download(version)
    out.line(_("Release {version} is here. `passbay releases install` makes it the active one.").format(version=done))
    out.record(version=done)


@releases.command()
@click.argument("file", type=_PLACE)
@click.option("--release", "version", default="", metavar="VERSION", help="Another than the active one.")
@click.option("--addon", default="", metavar="NAME", help="Export this AddOn instead.")
@json_option
@command
def export(file: Path, version: str, addon: str, out: Output) -> None:
    """Writes a release as a zip for a PC without network; install it there with `releases install FILE.zip`."""
    with open_workbench() as workbench:
        place = workbench.library.export(file, version, addon)
    out.line(f"{place}: {size(place.stat().st_size)}")
    out.record(file=str(place), bytes=place.stat().st_size)


@releases.command()
@click.argument("what", required=False, default="", metavar="[VERSION|FILE.zip|FOLDER]")
@click.option("--preview", is_flag=True, help="Only name what would change.")
@click.option("--downgrade", is_flag=True, help="An older release than the active one is meant.")
@json_option
@command
def install(what: str, preview: bool, downgrade: bool, out: Output) -> None:
    """Makes a release the active one: a downloaded one, or one from an exported zip or a folder."""
    with open_workbench() as workbench, watched(workbench, out):
        library = workbench.library
        version = what
        if Path(what).exists() and what:
            taken = library.import_from(what)
            out.line(_("Taken in: {what}").format(what=", ".join(taken)))
            version = next((key for key in taken if " " not in key), "")
            if not version:
                out.record(taken=taken)
                return
        changes = library.preview(version)
        _show_preview(changes, out)
        if preview:
            out.record(preview=dataclasses.asdict(changes))
            return
        overview = library.install(version, downgrade)
    out.line(said(overview.words))
    out.record(active=overview.active, previous=overview.previous, preview=dataclasses.asdict(changes))


def _show_preview(preview: InstallPreview, out: Output) -> None:
    before = preview.before or _("the built-in data")
    out.line(_("Release {version} in place of {before}:").format(version=preview.version, before=before))
    for change in preview.changes:
        if change.change != "same":
            out.line(f"  {said(change.change):<8} {change.name}  {size(change.size)}")
    none = _("none")
    for unit in preview.units:
        out.line(f"  {unit.vehicle}: {unit.unit} {unit.before or none} -> {unit.after or none}")
    for warning in preview.warnings:
        out.line(f"! {said(warning)}")


@releases.command()
@json_option
@command
def rollback(out: Output) -> None:
    """Back to the release before (or to the built-in data). The one of now stays, so this can be undone."""
    with open_workbench() as workbench:
        overview = workbench.library.rollback()
    out.line(said(overview.words))
    out.record(active=overview.active, previous=overview.previous)


@releases.command()
@json_option
@command
def verify(out: Output) -> int:
    """Hashes every file of the installed releases and AddOns again. Exit code 1 where one is not what was signed."""
    with open_workbench() as workbench:
        result = workbench.library.verify()
    for problem in result.problems:
        out.line(f"! {said(problem)}")
    count = several("{count} file", "{count} files", result.components).format(count=result.components)
    out.line(f"{count}, {size(result.bytes)}: {'ok' if result.ok else _('NOT what was signed')}")
    out.record(**dataclasses.asdict(result), ok=result.ok)
    return 0 if result.ok else 1


@releases.command()
@click.argument("version")
@json_option
@command
def remove(version: str, out: Output) -> None:
    """Takes a release off this PC, or a download that was begun. The built-in data serve where it was active."""
    with open_workbench() as workbench:
        workbench.library.forget(version)
        overview = workbench.library.overview()
    out.line(said(overview.words))
    out.record(removed=version, active=overview.active)


@releases.command()
@click.argument("version", required=False, default="")
@click.option("--addon", default="", metavar="NAME", help="The notes of this AddOn.")
@json_option
@command
def notes(version: str, addon: str, out: Output) -> None:
    """The signed release notes (Markdown)."""
    with open_workbench() as workbench:
        text = workbench.library.notes(version, addon)
    for line in text.splitlines():
        out.line(line)
    out.record(version=version, notes=text)


@releases.command()
@click.option("--source", "url", metavar="URL|FOLDER|ZIP", help="Where releases come from; '' for this PC's demo.")
@click.option("--rds", metavar="URL", help="A Retail Data Storage that is asked first; '' for none.")
@click.option("--trust", metavar="ROOT.json", help="The publisher's root metadata; '' for this PC's demo.")
@click.option("--automatic/--no-automatic", default=None, help="Search and download by itself.")
@json_option
@command
def configure(url: str | None, rds: str | None, trust: str | None, automatic: bool | None, out: Output) -> int:
    """Shows, changes and tries where releases come from. Exit code 1 where the connection does not work."""
    with open_workbench() as workbench:
        library = workbench.library
        old = library.source
        wanted = UpdateSource(
            old.url if url is None else url, old.rds if rds is None else rds,
            old.automatic if automatic is None else automatic, old.trust if trust is None else trust,
        )  # fmt: skip
        if wanted.url and not wanted.trust:
            raise UsageError(_("A source needs --trust ROOT.json: the root metadata that its publisher gave you."))
        source = library.configure(wanted) if wanted != old else old
        checks = library.check_source()
    out.line(
        _("source {source}, RDS {rds}, trust {trust}").format(
            source=source.url or _("demo of this PC"), rds=source.rds or _("none"), trust=source.trust or _("demo")
        )
    )
    for check in checks:
        spent = "" if check.milliseconds is None else f" ({check.milliseconds:.0f} ms)"
        out.line(f"{'+' if check.ok else '-'} {said(check.name):<20} {said(check.words)}{spent}")
        if check.advice and not check.ok:
            out.line(f"    {said(check.advice)}")
    out.record(**dataclasses.asdict(source), checks=[dataclasses.asdict(check) for check in checks])
    return 0 if all(check.ok for check in checks) else 1
