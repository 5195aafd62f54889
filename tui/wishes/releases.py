"""What is asked before a release is installed, taken back, written or removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.vocabulary import InstallPreview, ReleaseState, UpdateSource
from tui.locale import _
from tui.screens.dialogs import Ask, Fill, Tell
from tui.work import bytes_words

if TYPE_CHECKING:
    from core.vocabulary import ReleaseRow
    from tui.releases.desk import Releases
    from tui.shell import PassbayApp

FIELDS = {
    "url": (
        _("Source"),
        _("Address of a server (https://...), a folder, a stick or a zip; empty: the demo of this PC."),
    ),
    "rds": (_("Retail Data Storage"), _("Address of the PC of your shop that keeps releases; empty: without.")),
    "trust": (_("Trusted root metadata"), _("The file root.json that the publisher gave you; empty: the demo's own.")),
}
_MOST_LINES = 40


def _releases(app: PassbayApp) -> Releases | None:
    desk = app.desk
    return desk.releases if desk is not None and desk.releases.library is not None else None


def _row(releases: Releases, version: str) -> ReleaseRow | None:
    rows = releases.overview.rows if releases.overview is not None else ()
    return next((row for row in rows if row.version == version), None)


def download(app: PassbayApp, version: str) -> None:
    """Asks for nothing unless the disk is too small: a download changes nothing that is used."""
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    if releases is None or row is None:
        return
    overview = releases.overview
    if row.state in (ReleaseState.DOWNLOADED, ReleaseState.ACTIVE, ReleaseState.PREVIOUS):
        app.toast(_("Release {version} is here already.").format(version=version), "information")
    elif row.state is ReleaseState.DOWNLOADING:
        app.toast(_("Release {version} is being downloaded: tab 2 shows it.").format(version=version), "information")
    elif overview is not None and overview.free_bytes < row.missing:
        free, wanted = bytes_words(overview.free_bytes), bytes_words(row.missing)
        app.toast(
            _("The disk has {free} free; release {version} needs {wanted}.").format(
                free=free, version=version, wanted=wanted
            ),
            "error",
        )
    else:
        releases.download(version)


def install(app: PassbayApp, version: str) -> None:
    """The wizard: compares first, names what changes, then asks (C12)."""
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    if releases is None or row is None:
        return
    if row.state is ReleaseState.ACTIVE:
        app.toast(_("Release {version} is active already.").format(version=version), "information")
        return
    if row.state not in (ReleaseState.DOWNLOADED, ReleaseState.PREVIOUS):
        app.toast(_("Release {version} is not here yet: l loads it.").format(version=version), "information")
        return

    def shown(preview: InstallPreview) -> None:
        title = (
            _("Go BACK to release {version}?").format(version=version)
            if preview.downgrade
            else _("Install release {version}?").format(version=version)
        )
        yes = _("Go back") if preview.downgrade else _("Install")
        app.push_screen(
            Ask(title, preview_lines(preview), yes=yes),
            lambda go: releases.install(version, preview.downgrade) if go else None,
        )

    releases.preview(version, shown)
    app.refresh_places()


def preview_lines(preview: InstallPreview) -> list[str]:
    """Units with other software first: they are what a technician asks for."""
    lines = []
    if preview.downgrade:
        lines.append(_("This is OLDER than the active release {before}.").format(before=preview.before))
    lines += list(preview.warnings)
    for unit in preview.units[:_MOST_LINES]:
        lines.append(f"{unit.vehicle} {unit.unit}: {unit.before or 'none'} -> {unit.after or 'none'}")
    if len(preview.units) > _MOST_LINES:
        lines.append(_("... and {value} more units.").format(value=len(preview.units) - _MOST_LINES))
    if not preview.units:
        lines.append(_("No unit gets other software."))
    changed = [change for change in preview.changes if change.change != "same"]
    lines.append(
        _("{len} of {len2} files change. A job that runs keeps the data it began with.").format(
            len=len(changed), len2=len(preview.changes)
        )
    )
    lines += [f"  {change.change}: {change.name}" for change in changed[:_MOST_LINES]]
    return lines


def rollback(app: PassbayApp) -> None:
    releases = _releases(app)
    overview = releases.overview if releases is not None else None
    if releases is None or overview is None:
        return
    if not overview.active:
        app.toast(_("No release is installed: there is nothing to go back from."), "information")
        return
    target = (
        _("release {version}").format(version=overview.previous)
        if overview.previous
        else _("the data that come with the product")
    )
    lines = [
        _("From release {active} back to {target}.").format(active=overview.active, target=target),
        _("Newer flashware is not offered any more then."),
    ]
    app.push_screen(Ask(_("Roll back?"), lines, yes=_("Roll back")), lambda yes: releases.rollback() if yes else None)


def export(app: PassbayApp, version: str) -> None:
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    workbench = app.desk.workbench if app.desk is not None else None
    if releases is None or row is None or workbench is None:
        return
    if row.state in (ReleaseState.AVAILABLE, ReleaseState.DOWNLOADING, ReleaseState.PAUSED):
        app.toast(_("Release {version} is not here yet: l loads it.").format(version=version), "information")
        return

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            releases.export(str(Path(path).expanduser()), version, written)

    def written(path: Path) -> None:
        app.push_screen(Tell(_("Release written"), [path, _("Take it to the other PC; there: Update Service, o.")]))

    note = _("A zip with everything that is needed to check it again.")
    fields = [("path", _("File"), str(workbench.paths.data / f"passbay-{version}.zip"))]
    app.push_screen(Fill(_("Export release {version}").format(version=version), fields, note, yes=_("Write")), filled)


def take_in(app: PassbayApp) -> None:
    releases = _releases(app)
    if releases is None:
        return

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            releases.take_in(str(Path(path).expanduser()))

    note = _("An exported zip, its unpacked folder, or a stick. It is checked as strictly as the network.")
    app.push_screen(Fill(_("Take in a release"), [("path", _("File or folder"), "")], note, yes=_("Check")), filled)


def forget(app: PassbayApp, version: str) -> None:
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    if releases is None or row is None:
        return
    if row.state in (ReleaseState.ACTIVE, ReleaseState.AVAILABLE):
        app.toast(_("Only a release that is here and not active can be removed."), "information")
        return
    lines = [_("Release {version} is thrown away from this PC. It can be downloaded again.").format(version=version)]
    app.push_screen(Ask(_("Remove?"), lines, yes=_("Remove")), lambda yes: releases.forget(version) if yes else None)


def remove_addon(app: PassbayApp, name: str) -> None:
    releases = _releases(app)
    if releases is None:
        return
    lines = [_("The AddOn {name} is thrown away from this PC. It can be installed again.").format(name=name)]
    app.push_screen(Ask(_("Remove?"), lines, yes=_("Remove")), lambda yes: releases.remove_addon(name) if yes else None)


def notes(app: PassbayApp, version: str, addon: str = "") -> None:
    """The signed notes, as a page of their own."""
    releases = _releases(app)
    if releases is None or not version:
        return

    def shown(text: str) -> None:
        from tui.screens.reading import ReadingScreen

        title = f"{addon or _('Release')} {version}"
        app.push_screen(ReadingScreen(title, text or _("There are no release notes.")))

    releases.notes(version, addon, shown)


def ask_source(app: PassbayApp, source: UpdateSource, key: str, then: Callable[[UpdateSource], None]) -> None:
    """One line of the settings."""
    label, note = FIELDS[key]

    def filled(values: dict[str, str] | None) -> None:
        if values is not None:
            then(replace(source, **{key: values["value"]}))

    app.push_screen(Fill(label, [("value", label, getattr(source, key))], note), filled)
