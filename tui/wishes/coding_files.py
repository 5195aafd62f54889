"""Coding files: export of a unit or of the whole vehicle, load of a file after its differences were shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.vocabulary import CodingDiff, CodingExport, VehicleCodingResult
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
        desk.note("ok", f"Coding of {', '.join(result.units)} kept in {result.file}")
        lines = [result.file, f"{len(result.units)} unit(s): {', '.join(result.units)}", f"SHA-256 {result.sha256}"]
        lines += [f"{name} is missing: {why}" for name, why in result.failed]
        app.push_screen(Tell("Coding exported", lines))

    what = f"the coding of {unit}" if unit else "the coding of every unit"
    note = f"Reads {what} and writes it to a file. Empty: beside the states that are kept on this PC."
    app.push_screen(Fill("Export coding", [("file", "File", "")], note), filled)


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
            app.push_screen(Tell("Nothing to load", [str(place), f"{unit} is coded like this already."]))
            return
        app.push_screen(Ask(f"Load into {unit}?", diff_lines(diff), yes="Write"), lambda yes: write(place, yes))

    def write(place: Path, yes: bool | None) -> None:
        if yes:
            desk.begin("coding", unit, lambda: vehicle.coding_load(unit, place), then, failed)
            app.refresh_places()

    def ask_all(place: Path) -> None:
        lines = [str(place), "Every unit that the file holds is written back as it is there; each is read back.",
                 "What the units hold now is kept on this PC before."]  # fmt: skip
        app.push_screen(Ask("Bring the whole vehicle back?", lines, yes="Write"), lambda yes: write_all(place, yes))

    def write_all(place: Path, yes: bool | None) -> None:
        if yes:
            desk.begin("coding", "", lambda: vehicle.vehicle_restore(place), told_all, failed)
            app.refresh_places()

    def told_all(result: VehicleCodingResult) -> None:
        lines = [f"{part.unit}: {len(part.changes)} change(s)" for part in result.results]
        lines += [f"{name} failed: {why}" for name, why in result.failed]
        lines += [f"{name} was not come to." for name in result.untouched]
        app.push_screen(Tell("Vehicle coded from the file", lines))

    note = f"A coding file; what it would change in {unit} is shown first." if unit else "A file of the whole vehicle."
    app.push_screen(Fill("Load coding", [("file", "File", "")], note), filled)


def diff_lines(diff: CodingDiff) -> list[str]:
    """Left is the car now, right the file."""
    lines = [f"{d.item}: {d.left or '-'} -> {d.right or '-'}" for d in diff.differences[:LINES_SHOWN]]
    if len(diff.differences) > LINES_SHOWN:
        lines.append(f"and {len(diff.differences) - LINES_SHOWN} more")
    lines += [f"{name}: bits that no item names" for name in diff.bits]
    return [*lines, *(f"! {words}" for words in diff.warnings)]


def path_of(text: str) -> Path:
    """As typed, with ~ for the home."""
    return Path(text).expanduser()
