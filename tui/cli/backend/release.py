"""`passbay admin release ...`: releases and AddOns as a folder of static files that any web server serves."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.errors import UsageError
from core.workbench.releases.publishing import PublishingDesk
from tui.cli.output import Output, command, json_option
from tui.cli.releases.shown import day, size
from tui.locale import _, several

PASSWORD = "PASSBAY_KEY_PASSWORD"
_PLACE = click.Path(path_type=Path)
_repository = click.argument("repository", type=_PLACE)
_keys = click.option("--keys", "keys", multiple=True, required=True, type=_PLACE, help="Folder with keys; repeatable.")
_role = click.argument("role", type=click.Choice(["root", "targets", "addons", "snapshot", "timestamp"]))


@click.group()
def release() -> None:
    """Publish releases and AddOns.

    REPOSITORY is a folder of static files: copy it to a web server or a stick. Root keys (2 of 3 sign) and targets
    keys (1 of 2) belong on sticks, snapshot and timestamp keys on the server. PASSBAY_KEY_PASSWORD encrypts keys.
    """


def _desk(repository: Path, keys: tuple[Path, ...] = (), timestamp_days: int = 0) -> PublishingDesk:
    return PublishingDesk(repository, keys, os.environ.get(PASSWORD, ""), timestamp_days)


@release.command()
@_repository
@click.option("--keys", required=True, type=_PLACE, help="A new folder for the keys: offline/ and online/ in it.")
@click.option("--timestamp-days", default=7, show_default=True, type=click.IntRange(1, 90), help="1 with a timer.")
@json_option
@command
def init(repository: Path, keys: Path, timestamp_days: int, out: Output) -> None:
    """A new, empty repository and all its keys."""
    desk = _desk(repository, timestamp_days=timestamp_days)
    roles = desk.create(keys)
    out.line(
        _("Repository in {repository}, keys in {keys}. Take {offline} away, in two places.").format(
            repository=repository, keys=keys, offline=keys / "offline"
        )
    )
    out.line(_("Give customers {file}: it says whom to trust.").format(file=desk.anchor))
    out.record(repository=str(repository), anchor=str(desk.anchor), roles=roles)


@release.command()
@_repository
@_keys
@click.option("--version", required=True, help="e.g. 2026.09")
@click.option("--title", required=True)
@click.option("--addon", default="", metavar="NAME", help="Publish an AddOn instead of a release.")
@click.option("--group", "groups", multiple=True, help="Product group; repeatable.")
@click.option("--notes", type=_PLACE, help="Release notes, a Markdown file.")
@click.option("--needs", multiple=True, metavar="ADDON", help="AddOns that this one needs; repeatable.")
@click.option("--needs-release", default="", metavar="VERSION", help="The oldest release that the AddOn fits.")
@click.option("--client-minimum", default="", metavar="VERSION", help="The oldest program that can use it.")
@click.argument("files", nargs=-1, required=True, type=_PLACE, metavar="FILE...")
@json_option
@command
def add(
    repository: Path, keys: tuple[Path, ...], version: str, title: str, addon: str, groups: tuple[str, ...],
    notes: Path | None, needs: tuple[str, ...], needs_release: str, client_minimum: str, files: tuple[Path, ...],
    out: Output,
) -> None:  # fmt: skip
    """Publishes a release or an AddOn of PDX files, plans (.toml) and help pages (.md)."""
    try:
        words = notes.read_text(encoding="utf-8") if notes else ""
    except (OSError, ValueError) as problem:
        raise UsageError(_("{file} cannot be read: {problem}.").format(file=notes, problem=problem)) from problem
    done = _desk(repository, keys).publish(
        version, title, files, notes=words, name=addon, groups=groups, needs=needs, needs_release=needs_release,
        client_minimum=client_minimum,
    )  # fmt: skip
    count = len(done["files"])
    files = several("{count} file", "{count} files", count).format(count=count)
    out.line(f"{addon or 'Release'} {version}: {files}, {size(done['size'])}.")
    out.record(**done)


@release.command()
@_repository
@_keys
@click.option("--version", required=True)
@click.option("--addon", default="", metavar="NAME")
@json_option
@command
def withdraw(repository: Path, keys: tuple[Path, ...], version: str, addon: str, out: Output) -> None:
    """Takes a release or AddOn out of the repository. Customers keep what they installed."""
    _desk(repository, keys).withdraw(version, addon)
    out.line(_("{what} is withdrawn.").format(what=f"{addon or 'Release'} {version}"))
    out.record(version=version, name=addon)


@release.command()
@_repository
@_keys
@click.option("--days", default=3.0, show_default=True, help="Sign anew where less than this is left.")
@json_option
@command
def refresh(repository: Path, keys: tuple[Path, ...], days: float, out: Output) -> None:
    """Signs snapshot and timestamp anew before they expire; run it by a timer with the online keys."""
    done = _desk(repository, keys).refresh(days)
    out.line(_("Signed anew.") if done else _("Still fresh."))
    out.record(signed=done)


@release.command()
@_repository
@_keys
@_role
@click.option("--into", required=True, type=_PLACE, help="Folder for the new key.")
@click.option("--old", default="", metavar="KEY-ID", help="The key to replace (its begin is enough).")
@json_option
@command
def rotate(repository: Path, keys: tuple[Path, ...], role: str, into: Path, old: str, out: Output) -> None:
    """Replaces a key of a role by a new one. Needs the keys that sign for it; root needs two."""
    key_id, file = _desk(repository, keys).rotate(role, into, old)
    out.line(_("{role}: new key {key} in {file}.").format(role=role, key=key_id[:16], file=file))
    out.record(role=role, key=key_id, file=str(file))


@release.command()
@_repository
@_keys
@_role
@click.argument("key_id")
@json_option
@command
def revoke(repository: Path, keys: tuple[Path, ...], role: str, key_id: str, out: Output) -> None:
    """Takes a key away from a role (its whole id; `status` shows them)."""
    _desk(repository, keys).revoke(role, key_id)
    out.line(_("{role}: key {key} is revoked.").format(role=role, key=key_id[:16]))
    out.record(role=role, key=key_id)


@release.command()
@_repository
@click.option("--keys", "keys", multiple=True, type=_PLACE, help="Folder with keys; shows which are here.")
@json_option
@command
def status(repository: Path, keys: tuple[Path, ...], out: Output) -> None:
    """Roles, keys and expiry, and what is published."""
    desk = _desk(repository, keys)
    roles, heads = desk.roles(), desk.published()
    for role in roles:
        words = _("version {version} until {until}, {count} of:").format(
            version=f"{role['version']:<4}", until=role["expires"], count=role["threshold"]
        )
        out.line(f"{role['role']:<10} {words}")
        for key in role["keys"]:
            out.line(f"    {key['id']}  {key['here'] or _('not here')}")
    for head in heads:
        out.line(f"{head['name'] or 'release'} {head['version']}  {day(head['released'])}  {size(head['size'])}")
    out.record(roles=roles, published=heads)
