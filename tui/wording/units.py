"""How Flash and Coding list the control units to choose from. Rows only, no widget."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from tui.locale import _, said
from tui.theme import GLYPHS
from tui.widgets.rows import Row

if TYPE_CHECKING:
    from tui.desk import Desk


def unit_words(desk: Desk) -> str:
    """What an empty list of units says."""
    if desk.connecting or desk.busy:
        return _("Connecting and reading which vehicle this is ...")
    why = desk.messages[-1].text if desk.messages else _("No vehicle.")
    return _("{why}  esc goes back.").format(why=why)


def unit_rows(desk: Desk, able: str, lacking: str, marked: Collection[str] = ()) -> list[Row]:
    """All units of the vehicle; the ones that cannot be worked on say why. `marked` ones are for one order."""
    rows = []
    vin = desk.vehicle.vin if desk.vehicle is not None else ""
    left = {entry.unit for entry in desk.unfinished if entry.vin == vin}
    for unit in desk.vehicle.units if desk.vehicle is not None else ():
        can = bool(getattr(unit, able))
        surveyed = desk.units.get(unit.name)
        newer = (
            _("newer: {newer_software}").format(newer_software=surveyed.newer_software)
            if surveyed is not None and surveyed.newer_software
            else ""
        )
        tone = "bad" if not unit.reachable else "ok" if can else "dim"
        note = said(unit.reason) if not unit.reachable else (newer if able == "flashable" else "") if can else lacking
        ink = "dim" if not newer else "accent"
        if unit.name in left:
            tone, note, ink = "bad", _("left in programming"), "bad"
        glyph = (GLYPHS["accent"], "accent") if unit.name in marked else (GLYPHS[tone], tone)
        rows.append(
            Row(unit.name, (glyph, (unit.name, "bold" if unit.name in marked else ""), unit.title, (note, ink)))
        )
    return rows
