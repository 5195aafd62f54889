"""Who may go on past a red line: force for older software, else the unit's name, typed, where the plan allows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.diagnosis.preflight import names
from core.diagnosis.preflight.rules import refuse
from core.errors import PreconditionNotMet
from core.vocabulary import FlashCheck


def marked(checks: Iterable[FlashCheck], allowed: bool) -> tuple[FlashCheck, ...]:
    """The same lines; those that could be passed stay so only where `allowed` (FlashPolicy.allow_override) and red.

    Which could be is said where a line is made: voltage, older software, laptop and disk. Never identity, hardware,
    image, signature, emission class, and never what could not work anyway (device, access, journal).
    """
    return tuple(replace(check, overridable=check.overridable and allowed and check.ok is False) for check in checks)


def typed_names(override: Iterable[str], units: Iterable[str]) -> frozenset[str]:
    """The units that were typed, as the data spells them. PreconditionNotMet for a name that is none of `units`."""
    known = {unit.casefold(): unit for unit in units}
    for name in override:
        if name.strip() and name.strip().casefold() not in known:
            raise PreconditionNotMet(
                f"The override names {name!r}, which is not flashed here.",
                f"Type the name of one of these units: {', '.join(known.values())}. Nothing was changed.",
            )
    return frozenset(known[name.strip().casefold()] for name in override if name.strip())


def decide(
    unit: str, checks: Iterable[FlashCheck], *, force: bool = False, override: str = ""
) -> tuple[FlashCheck, ...]:
    """The red lines that are passed. PreconditionNotMet with one reason per line that is not.

    `override` must be the unit's name, in any case of letters: another name refuses, even where no line is red.
    """
    typed = override.strip()
    if typed and typed.casefold() != unit.casefold():
        raise PreconditionNotMet(
            f"{unit} cannot be flashed. The override names {typed!r}, not {unit}.",
            f"Type {unit} where you want to go on past a red line of {unit}. Nothing was changed.",
        )
    red = [check for check in checks if check.ok is False]
    passed = tuple(c for c in red if (force and c.name == names.NOT_OLDER) or (typed and c.overridable))
    left = [check for check in red if check not in passed]
    try:
        refuse(f"{unit} cannot be flashed", left)
    except PreconditionNotMet as refusal:
        if all(check.overridable for check in left):
            refusal.advice += f" The flash plan lets you go on all the same: give the unit's name (--override {unit})."
        raise
    return passed
