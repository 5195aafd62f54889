"""Flash plans: of a session in a PDX, a file that somebody wrote, those of a release. Flashes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataInvalid, DataMissing
from core.vocabulary import FlashChoice, PlanReport, ReleasedPlan

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.model import FlashSession
    from core.catalogue.plans import FlashPlanFile


def plan_text(catalogues: Sequence[Catalogue], ecu: str, flashware: str | None) -> str:
    """TOML of the unit's newest session, or of the one that is named."""
    from core.catalogue.plans import plan_of_session, plan_to_toml

    names = []
    for catalogue in catalogues:
        for unit in catalogue.units:
            sessions = catalogue.flash_sessions(unit)
            if unit.name.casefold() != ecu.casefold():
                names += [unit.name] if sessions else []
                continue
            wanted = [s for s in sessions if flashware is None or s.name.casefold() == flashware.casefold()]
            if wanted:
                vehicle = next((v for v in catalogue.vehicles if unit.name in v.units), None)
                return plan_to_toml(plan_of_session(wanted[-1], unit, vehicle))
            names += [session.name for session in sessions]
    what = f"flashware {flashware!r} for {ecu}" if flashware else f"flashware for {ecu!r}"
    raise DataMissing(f"The files hold no {what}.", f"They have: {', '.join(names) or 'none'}.")


def plan_report(file: Path, image: Path | None) -> PlanReport:
    """A plan in words. DataInvalid for a mistake in it, or an image that does not fit."""
    from core.catalogue.plans import describe, package, plan_from_toml

    plan = plan_from_toml(file)
    made = package(plan, image)
    lines = describe(plan)
    if made.session is None:
        return PlanReport(str(file), plan.unit, lines)
    digest = hashlib.sha256()
    segments = []
    for block, part in zip(made.session.blocks, made.images, strict=True):
        for segment in part.segments:
            digest.update(segment.data)
            segments.append((block.name, segment.start, len(segment.data)))
    return PlanReport(str(file), plan.unit, lines, digest.hexdigest(), tuple(segments))


def released_plans(files: Sequence[Path], warn: Callable[[str], None]) -> list[FlashPlanFile]:
    """Those of the active release that can be read; the others are told."""
    from core.catalogue.plans import plan_from_toml

    found = []
    for file in files:
        try:
            found.append(plan_from_toml(file))
        except DataInvalid as problem:
            warn(f"A plan of the release cannot be used: {problem.message}")
    return found


def plan_rows(plans: Sequence[FlashPlanFile]) -> tuple[ReleasedPlan, ...]:
    return tuple(ReleasedPlan(Path(plan.file).name, plan.unit, plan.title, plan.file) for plan in plans)


def plan_choices(
    plans: Sequence[FlashPlanFile], unit: str, vin: str, newest: FlashSession
) -> tuple[FlashChoice, ...]:
    """Plans for this unit of this vehicle: how to flash what the vehicle data hold for it. Named by their file."""
    software, size = newest.own_software, newest.size
    return tuple(
        FlashChoice(plan.file, plan.title or Path(plan.file).name, plan.file, software, size, plan=True)
        for plan in plans
        if plan.unit.casefold() == unit.casefold() and (not plan.vin_prefixes or vin.startswith(plan.vin_prefixes))
    )
