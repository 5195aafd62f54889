"""Coding files: export of a unit or of the whole vehicle, load of a file after its differences were shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.vocabulary import CodingDiff, CodingExport, VehicleCodingResult
from tui.locale import _
from tui.screens.dialogs import Ask, Fill, Tell

if TYPE_CHECKING:
    from core.errors import ProductError
    from tui.desk import Desk
    from tui.shell import PassbayApp

Failed = Callable[["ProductError"], None]
LINES_SHOWN = 40


def export(app: PassbayApp, desk: Desk, unit: str, failed: Failed) -> None:
    """`unit` "" is every unit that can be coded. The path that was written is told."""
    vehicle = desk.vehicle

    def filled(values: dict[str, str] | None) -> None:
        if values is None:
            return
        place = path_of(values["file"]) if values["file"] else None
        start = (lambda: vehicle.coding_export(unit, place)) if unit else (lambda: vehicle.vehicle_backup(place))
        desk.begin("coding-read", unit, start, written, failed)
        app.refresh_places()

    def written(result: CodingExport) -> None:
        desk.note("ok", _("Coding of {join} kept in {file}").format(join=", ".join(result.units), file=result.file))
        lines = [
            result.file,
            _("{len} unit(s): {join}").format(len=len(result.units), join=", ".join(result.units)),
            f"SHA-256 {result.sha256}",
        ]
        lines += [_("{name} is missing: {why}").format(name=name, why=why) for name, why in result.failed]
        app.push_screen(Tell(_("Coding exported"), lines))

    what = _("the coding of {unit}").format(unit=unit) if unit else _("the coding of every unit")
    note = _("Reads {what} and writes it to a file. Empty: beside the states that are kept on this PC.").format(
        what=what
    )
    app.push_screen(Fill(_("Export coding"), [("file", _("File"), "")], note), filled)


def load(app: PassbayApp, desk: Desk, unit: str, then: Callable[[Any], None], failed: Failed) -> None:
    """Shows what the file would change in meanings, asks, writes. `unit` "" brings all units of the file back."""
    vehicle = desk.vehicle

    def filled(values: dict[str, str] | None) -> None:
        if not values or not values["file"]:
            return
        place = path_of(values["file"])
        if not unit:
            ask_all(place)
            return
        desk.begin(
            "coding-read", unit, lambda: vehicle.coding_load_preview(unit, place), lambda d: ask(place, d), failed
        )
        app.refresh_places()

    def ask(place: Path, diff: CodingDiff) -> None:
        if diff.same:
            app.push_screen(
                Tell(_("Nothing to load"), [str(place), _("{unit} is coded like this already.").format(unit=unit)])
            )
            return
        app.push_screen(
            Ask(_("Load into {unit}?").format(unit=unit), diff_lines(diff), yes=_("Write")),
            lambda yes: write(place, yes),
        )

    def write(place: Path, yes: bool | None) -> None:
        if yes:
            desk.begin("coding", unit, lambda: vehicle.coding_load(unit, place), then, failed)
            app.refresh_places()

    def ask_all(place: Path) -> None:
        lines = [str(place), _("Every unit that the file holds is written back as it is there; each is read back."),
                 _("What the units hold now is kept on this PC before.")]  # fmt: skip
        app.push_screen(
            Ask(_("Bring the whole vehicle back?"), lines, yes=_("Write")), lambda yes: write_all(place, yes)
        )

    def write_all(place: Path, yes: bool | None) -> None:
        if yes:
            desk.begin("coding", "", lambda: vehicle.vehicle_restore(place), told_all, failed)
            app.refresh_places()

    def told_all(result: VehicleCodingResult) -> None:
        lines = [_changed(part.unit, len(part.changes)) for part in result.results]
        lines += [_("{name} failed: {why}").format(name=name, why=why) for name, why in result.failed]
        lines += [_("{name} was not come to.").format(name=name) for name in result.untouched]
        app.push_screen(Tell(_("Vehicle coded from the file"), lines))

    note = (
        _("A coding file; what it would change in {unit} is shown first.").format(unit=unit)
        if unit
        else _("A file of the whole vehicle.")
    )
    app.push_screen(Fill(_("Load coding"), [("file", _("File"), "")], note), filled)


def diff_lines(diff: CodingDiff) -> list[str]:
    """Left is the car now, right the file."""
    lines = [f"{d.item}: {d.left or '-'} -> {d.right or '-'}" for d in diff.differences[:LINES_SHOWN]]
    if len(diff.differences) > LINES_SHOWN:
        lines.append(_("and {value} more").format(value=len(diff.differences) - LINES_SHOWN))
    lines += [_("{name}: bits that no item names").format(name=name) for name in diff.bits]
    return [*lines, *(f"! {words}" for words in diff.warnings)]


def path_of(text: str) -> Path:
    """As typed, with ~ for the home."""
    return Path(text).expanduser()


def _changed(unit: str, count: int) -> str:
    return _("{unit}: {len} change(s)").format(unit=unit, len=count)
