"""How Flash and Coding list the control units to choose from. Rows only, no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.theme import GLYPHS
from tui.widgets.rows import Row

if TYPE_CHECKING:
    from tui.desk import Desk


def unit_words(desk: Desk) -> str:
    """What an empty list of units says."""
    if desk.connecting or desk.busy:
        return "Connecting and reading which vehicle this is ..."
    why = desk.messages[-1].text if desk.messages else "No vehicle."
    return f"{why}  esc goes back."


def unit_rows(desk: Desk, able: str, lacking: str) -> list[Row]:
    """All units of the vehicle; the ones that cannot be worked on say why."""
    rows = []
    for unit in desk.vehicle.units if desk.vehicle is not None else ():
        can = bool(getattr(unit, able))
        surveyed = desk.units.get(unit.name)
        newer = f"newer: {surveyed.newer_software}" if surveyed is not None and surveyed.newer_software else ""
        tone = "bad" if not unit.reachable else "ok" if can else "dim"
        note = unit.reason if not unit.reachable else (newer if able == "flashable" else "") if can else lacking
        rows.append(
            Row(unit.name, ((GLYPHS[tone], tone), unit.name, unit.title, (note, "dim" if not newer else "accent")))
        )
    return rows
