"""What is asked before a release is installed, taken back, written or removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.vocabulary import InstallPreview, ReleaseState, UpdateSource
from tui.screens.dialogs import Ask, Fill, Tell
from tui.work import bytes_words

if TYPE_CHECKING:
    from core.vocabulary import ReleaseRow
    from tui.releases.desk import Releases
    from tui.shell import PassbayApp

FIELDS = {
    "url": ("Source", "Address of a server (https://...), a folder, a stick or a zip; empty: the demo of this PC."),
    "rds": ("Retail Data Storage", "Address of the PC of your shop that keeps releases; empty: without."),
    "trust": ("Trusted root metadata", "The file root.json that the publisher gave you; empty: the demo's own."),
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
        app.toast(f"Release {version} is here already.", "information")
    elif row.state is ReleaseState.DOWNLOADING:
        app.toast(f"Release {version} is being downloaded: tab 2 shows it.", "information")
    elif overview is not None and overview.free_bytes < row.missing:
        free, wanted = bytes_words(overview.free_bytes), bytes_words(row.missing)
        app.toast(f"The disk has {free} free; release {version} needs {wanted}.", "error")
    else:
        releases.download(version)


def install(app: PassbayApp, version: str) -> None:
    """The wizard: compares first, names what changes, then asks (C12)."""
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    if releases is None or row is None:
        return
    if row.state is ReleaseState.ACTIVE:
        app.toast(f"Release {version} is active already.", "information")
        return
    if row.state not in (ReleaseState.DOWNLOADED, ReleaseState.PREVIOUS):
        app.toast(f"Release {version} is not here yet: l loads it.", "information")
        return

    def shown(preview: InstallPreview) -> None:
        title = f"Go BACK to release {version}?" if preview.downgrade else f"Install release {version}?"
        yes = "Go back" if preview.downgrade else "Install"
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
        lines.append(f"This is OLDER than the active release {preview.before}.")
    lines += list(preview.warnings)
    for unit in preview.units[:_MOST_LINES]:
        lines.append(f"{unit.vehicle} {unit.unit}: {unit.before or 'none'} -> {unit.after or 'none'}")
    if len(preview.units) > _MOST_LINES:
        lines.append(f"... and {len(preview.units) - _MOST_LINES} more units.")
    if not preview.units:
        lines.append("No unit gets other software.")
    changed = [change for change in preview.changes if change.change != "same"]
    lines.append(
        f"{len(changed)} of {len(preview.changes)} files change. A job that runs keeps the data it began with."
    )
    lines += [f"  {change.change}: {change.name}" for change in changed[:_MOST_LINES]]
    return lines


def rollback(app: PassbayApp) -> None:
    releases = _releases(app)
    overview = releases.overview if releases is not None else None
    if releases is None or overview is None:
        return
    if not overview.active:
        app.toast("No release is installed: there is nothing to go back from.", "information")
        return
    target = f"release {overview.previous}" if overview.previous else "the data that come with the product"
    lines = [f"From release {overview.active} back to {target}.", "Newer flashware is not offered any more then."]
    app.push_screen(Ask("Roll back?", lines, yes="Roll back"), lambda yes: releases.rollback() if yes else None)


def export(app: PassbayApp, version: str) -> None:
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    workbench = app.desk.workbench if app.desk is not None else None
    if releases is None or row is None or workbench is None:
        return
    if row.state in (ReleaseState.AVAILABLE, ReleaseState.DOWNLOADING, ReleaseState.PAUSED):
        app.toast(f"Release {version} is not here yet: l loads it.", "information")
        return

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            releases.export(str(Path(path).expanduser()), version, written)

    def written(path: Path) -> None:
        app.push_screen(Tell("Release written", [path, "Take it to the other PC; there: Update Service, o."]))

    note = "A zip with everything that is needed to check it again."
    fields = [("path", "File", str(workbench.paths.data / f"passbay-{version}.zip"))]
    app.push_screen(Fill(f"Export release {version}", fields, note, yes="Write"), filled)


def take_in(app: PassbayApp) -> None:
    releases = _releases(app)
    if releases is None:
        return

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            releases.take_in(str(Path(path).expanduser()))

    note = "An exported zip, its unpacked folder, or a stick. It is checked as strictly as the network."
    app.push_screen(Fill("Take in a release", [("path", "File or folder", "")], note, yes="Check"), filled)


def forget(app: PassbayApp, version: str) -> None:
    releases = _releases(app)
    row = _row(releases, version) if releases is not None else None
    if releases is None or row is None:
        return
    if row.state in (ReleaseState.ACTIVE, ReleaseState.AVAILABLE):
        app.toast("Only a release that is here and not active can be removed.", "information")
        return
    lines = [f"Release {version} is thrown away from this PC. It can be downloaded again."]
    app.push_screen(Ask("Remove?", lines, yes="Remove"), lambda yes: releases.forget(version) if yes else None)


def remove_addon(app: PassbayApp, name: str) -> None:
    releases = _releases(app)
    if releases is None:
        return
    lines = [f"The AddOn {name} is thrown away from this PC. It can be installed again."]
    app.push_screen(Ask("Remove?", lines, yes="Remove"), lambda yes: releases.remove_addon(name) if yes else None)


def notes(app: PassbayApp, version: str, addon: str = "") -> None:
    """The signed notes, as a page of their own."""
    releases = _releases(app)
    if releases is None or not version:
        return

    def shown(text: str) -> None:
        from tui.screens.reading import ReadingScreen

        title = f"{addon or 'Release'} {version}"
        app.push_screen(ReadingScreen(title, text or "There are no release notes."))

    releases.notes(version, addon, shown)


def ask_source(app: PassbayApp, source: UpdateSource, key: str, then: Callable[[UpdateSource], None]) -> None:
    """One line of the settings."""
    label, note = FIELDS[key]

    def filled(values: dict[str, str] | None) -> None:
        if values is not None:
            then(replace(source, **{key: values["value"]}))

    app.push_screen(Fill(label, [("value", label, getattr(source, key))], note), filled)
