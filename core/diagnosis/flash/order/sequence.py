"""In which order several units are flashed, which of them side by side, what a failure leaves behind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import PreconditionNotMet
from core.vocabulary import FlashUnitResult

MOST_SIDE_BY_SIDE = 8
_DONE = ("flashed", "up-to-date")


@dataclass(frozen=True, slots=True)
class Turn:
    """One unit of an order: what it needs before it, its wish for a place, whether others may be flashed beside it."""

    unit: str
    depends_on: tuple[str, ...] = ()
    position: int = 0
    parallel: bool = False


def in_order(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Every unit after those that it depends on; then by position, then as they were named. A circle is refused.

    Units that are depended on but not part of the order are no matter of this order (needs.py looks at them).
    """
    waiting = {turn.unit: turn for turn in turns}
    places = {unit: number for number, unit in enumerate(waiting)}
    needs = {unit: _inside(turn, waiting) for unit, turn in waiting.items()}
    result: list[Turn] = []
    while needs:
        ready = [unit for unit, before in needs.items() if not before & needs.keys()]
        if not ready:
            circle = " and ".join(sorted(_circle(needs)))
            raise PreconditionNotMet(
                f"The order has no beginning: {circle} each need another one of them first.",
                "Correct depends_on in the flash plans, or flash the units one by one. Nothing was changed.",
            )
        first = min(ready, key=lambda unit: (waiting[unit].position, places[unit]))
        del needs[first]
        result.append(waiting[first])
    return tuple(result)


def next_group(waiting: Sequence[Turn]) -> tuple[Turn, ...]:
    """What is done next of `waiting` (in their order): one unit, or all that may go side by side."""
    names = {turn.unit: turn for turn in waiting}
    ready = [turn for turn in waiting if not _inside(turn, names)]
    if not ready:
        return ()
    if not ready[0].parallel:
        return (ready[0],)
    return tuple(turn for turn in ready if turn.parallel)[:MOST_SIDE_BY_SIDE]


def groups(turns: Sequence[Turn]) -> tuple[tuple[str, ...], ...]:
    """The whole order as it goes when nothing fails."""
    waiting, result = list(turns), []
    while waiting:
        group = next_group(waiting)
        result.append(tuple(turn.unit for turn in group))
        waiting = [turn for turn in waiting if turn not in group]
    return tuple(result)


def held_up(turn: Turn, results: Mapping[str, FlashUnitResult]) -> str:
    """Why this unit must not be flashed after what has come of the others, "" where it may be."""
    for unit, result in results.items():
        if unit.casefold() in _names(turn) and result.result not in _DONE:
            how = "failed" if result.result == "failed" else "was not flashed"
            return f"{turn.unit} needs the new software of {unit} first, which {how}."
    return ""


def not_drivable(turns: Sequence[Turn], results: Mapping[str, FlashUnitResult]) -> tuple[str, ...]:
    """One sentence for each unit without valid software and each group that is half done."""
    sentences = []
    for unit, result in results.items():
        if result.erased:
            sentences.append(f"Not drivable: {unit} has no valid software. Flash it again before anything else.")
    for turn in turns:
        for other in turns:
            if other.unit.casefold() not in _names(turn):
                continue
            done, left = _half_done(results.get(turn.unit), results.get(other.unit))
            if done and left:
                sentences.append(
                    f"Not drivable: {done} has its new software, {left} has not, and they belong together. "
                    f"Flash {left} before the vehicle is moved."
                )
    return tuple(sentences)


def _half_done(one: FlashUnitResult | None, other: FlashUnitResult | None) -> tuple[str, str]:
    """(the one that was flashed, the one that was not); empty texts where they are of one kind."""
    if one is None or other is None:
        return "", ""
    for done, left in ((one, other), (other, one)):
        if done.result == "flashed" and left.result not in _DONE:
            return done.unit, left.unit
    return "", ""


def _names(turn: Turn) -> set[str]:
    return {name.casefold() for name in turn.depends_on}


def _inside(turn: Turn, units: Mapping[str, Turn]) -> set[str]:
    """Which of `units` this one depends on."""
    return {unit for unit in units if unit.casefold() in _names(turn) and unit != turn.unit}


def _circle(needs: Mapping[str, set[str]]) -> set[str]:
    """The units of one circle: whoever follows the needs comes back to it."""
    path: list[str] = []
    unit = next(iter(needs))
    while unit not in path:
        path.append(unit)
        unit = sorted(needs[unit] & needs.keys())[0]
    return set(path[path.index(unit) :])
