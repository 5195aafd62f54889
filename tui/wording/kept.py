"""How a state of a unit's coding that was kept on this PC is said, and what its restore changes. No widget."""

from __future__ import annotations

from core.vocabulary import CodingKept, CodingState
from tui.locale import _
from tui.widgets.plain import Cell
from tui.widgets.rows import Row

REASONS = {"set": _("before a change"), "restore": _("before a restore"), "load": _("before a file")}


def kept_row(kept: CodingKept, when: str) -> Row:
    """When, why and by whom it was kept, what was changed then, whether that came to its end."""
    changed = ", ".join(f"{c.name} {c.before} -> {c.after}" for c in kept.changes) or "-"
    good = kept.outcome == "verified"
    glyph = ("√", "ok") if good else ("!", "warn")
    why = REASONS.get(kept.reason, kept.reason)
    return Row(
        kept.file, (glyph, when, (why, "dim"), changed if good else f"{changed} ({kept.outcome or 'unfinished'})")
    )


def difference(kept: CodingKept, state: CodingState) -> tuple[tuple[str, str, str], ...]:
    """(title, in the car now, in the kept state) of the items that differ."""
    then = dict(kept.meanings)
    return tuple(
        (item.title or item.name, item.now, then[item.name])
        for item in state.items
        if item.name in then and then[item.name] != item.now
    )


def difference_lines(kept: CodingKept | None, state: CodingState, most: int) -> tuple[Cell, ...]:
    """What a restore of the marked state would change, in meanings."""
    if kept is None:
        return ("",)
    found = difference(kept, state)
    if not found:
        bits = {name: data for name, _did, data in kept.records} != {name: data for name, _did, data in state.records}
        words = _("only bits that no item names") if bits else _("nothing: the car is coded like this now")
        return (((_(" A restore changes "), "dim"), (words, "")),)
    heads = [_(" A restore changes "), *(["                   "] * most)]
    lines: list[Cell] = [
        ((head, "dim"), (f"{title}: ", ""), (now, "dim"), (" -> ", "dim"), (then, "accent"))
        for head, (title, now, then) in zip(heads, found[:most], strict=False)
    ]
    return (
        *lines,
        *(
            [(_("                   and {value} more").format(value=len(found) - most), "dim")]
            if len(found) > most
            else []
        ),
    )
