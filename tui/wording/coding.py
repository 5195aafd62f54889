"""How the Coding screen says an item, its range and the bytes of a record. Rows and lines only, no widget."""

from __future__ import annotations

from core.vocabulary import CodingItemState
from tui.locale import _
from tui.theme import GLYPHS
from tui.widgets.plain import Cell
from tui.widgets.rows import Row


def item_row(item: CodingItemState, new: str | None) -> Row:
    """One item: meaning, in the car now, new (or the same, dim), from the factory."""
    unit = f" {item.unit}" if item.unit else ""
    tone = "accent" if new is not None else "dim"
    shown = f"{new}{unit}" if new is not None else f"{item.now}{unit}"
    differs = "warn" if item.factory and item.factory != item.now else ""
    glyph = (GLYPHS["accent"], "accent") if new is not None else (" ", "")
    return Row(item.name, (glyph, item.title or item.name, (f"{item.now}{unit}", differs), (shown, tone),
                           (f"{item.factory}{unit}" if item.factory else "-", "")))  # fmt: skip


def range_words(item: CodingItemState) -> str:
    if item.minimum is None or item.maximum is None:
        return ""
    return _("from {minimum:g} to {maximum:g} {unit}").format(
        minimum=item.minimum, maximum=item.maximum, unit=item.unit
    )


def byte_lines(before: bytes, after: bytes, shown: int) -> list[Cell]:
    """The record's bytes before and after, the changed ones marked; the window starts near the first change."""
    first = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = 0 if first < shown else first - shown // 2
    many = "~" if start or len(before) > start + shown else ""
    old: list[tuple[str, str]] = [(_(" Before "), "dim")]
    new: list[tuple[str, str]] = [(_(" After  "), "dim")]
    for n in range(start, min(len(before), start + shown)):
        changed = n < len(after) and before[n] != after[n]
        old.append((f"{before[n]:02X} ", ""))
        new.append((f"{after[n]:02X} " if n < len(after) else "-- ", "changed" if changed else ""))
    count = sum(a != b for a, b in zip(before, after, strict=False))
    new.append(
        (
            _("  {count} byte(s) change").format(count=count) if count else "",
            "accent",
        )
    )
    return [(*old, (many, "dim")), tuple(new)]
