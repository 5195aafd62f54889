"""Chooses the flashware for one unit and checks all that can be checked before the first erase. Erases nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.diagnosis.commands import Job, Step
from core.diagnosis.flash.needs import needs_checks
from core.diagnosis.flash.source import cover_checks, flashware_for
from core.diagnosis.idents import UnitReader
from core.diagnosis.preflight import NO_BENCH, Bench, Subject, run_checks
from core.diagnosis.survey import fits
from core.vocabulary import EcuAddress, FlashCheck, FlashPreview, Interrupted

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.images import FlashImage
    from core.catalogue.model import FlashSession, UnitInfo
    from core.catalogue.plans import FlashPackage
    from core.diagnosis.identify import KnownVehicle


class ImagePermit(Protocol):
    """The right to flash certain images and no others: unit -> SHA-256 of what is sent."""

    def ask(self, images: Mapping[str, str]) -> None:
        """Once, before anything is changed. Raises what is missing."""

    def confirm(self, unit: str, image: str) -> None:
        """Right before the first erase. PreconditionNotMet for another image than was asked for."""


class NoPermit:
    """Where nobody has to be asked: the simulated twin."""

    def ask(self, images: Mapping[str, str]) -> None:
        pass

    def confirm(self, unit: str, image: str) -> None:
        pass


NO_PERMIT = NoPermit()


@dataclass(frozen=True)
class FlashTask:
    """What the technician asked for. `flashware` is None (the newest that fits), a session's name, FILE[#SESSION], or
    PLAN.toml[#IMAGE]; `ecu` the unit's name or address, "" where the plan names it.

    `open_data` compiles a PDX that is not in the catalogue; `pending` counts the 0x78 answers of a unit in this job.
    """

    vehicle: KnownVehicle
    ecu: str | EcuAddress
    flashware: str | None
    open_data: Callable[[Path], Catalogue]
    pending: Callable[[str], int] = lambda unit: 0
    interrupted: Interrupted | None = None
    """What the journal says of this unit: where it was left in programming, its word on its software is no proof."""
    resume: bool = False  # go on with the interrupted one where its boot loader does that
    bench: Bench = NO_BENCH  # the PC and the line, for the pre-flight
    permit: ImagePermit = NO_PERMIT


@dataclass(frozen=True)
class FlashPlan:
    """The choice with its checks. `images` are in the order of the session's blocks; empty where they are damaged."""

    task: FlashTask
    unit: UnitInfo
    address: EcuAddress | None
    session: FlashSession
    images: tuple[FlashImage, ...]
    checks: tuple[FlashCheck, ...]
    software_before: str = ""
    in_boot: bool = False
    package: FlashPackage | None = None  # where the policy comes from a plan file

    @property
    def up_to_date(self) -> bool:
        """The unit says so, and no flash of it was cut before its blocks were checked."""
        left = self.task.interrupted
        if self.in_boot or (left is not None and not left.complete):
            return False
        return bool(self.software_before) and self.software_before == self.session.own_software

    @property
    def source(self) -> str:
        """The file that brings the same flashware and policy back: PDX, PLAN#IMAGE, or a plan for a PDX's flashware."""
        if self.package is not None and self.package.session is None:
            return self.package.plan.file
        return self.session.file

    @property
    def sha256(self) -> str:
        """Over the bytes in the order in which they are sent."""
        digest = hashlib.sha256()
        for image in self.images:
            for segment in image.segments:
                digest.update(segment.data)
        return digest.hexdigest()

    def preview(self) -> FlashPreview:
        return FlashPreview(
            self.unit.name, self.session.name, self.session.file, self.software_before, self.session.own_software,
            self.session.size, self.sha256 if self.images else "", self.checks, self._steps(), self.up_to_date,
            self.words(),
        )  # fmt: skip

    def words(self) -> tuple[str, ...]:
        """The plan file, or what the session compiles to, in sentences."""
        from core.catalogue.plans import describe, plan_of_session

        if self.package is not None:
            return describe(self.package.plan)
        return describe(plan_of_session(self.session, self.unit, self.task.vehicle.info))

    def _steps(self) -> tuple[str, ...]:
        policy = self.session.policy
        off = [word for on, word in ((policy.dtc_setting, "trouble code storage"),
                                     (policy.communication_control, "normal messages")) if on]  # fmt: skip
        quiet = " and ".join(off)
        steps = [f"Extended session for all units, {quiet} off" if quiet else "Extended session for all units"]
        if policy.precondition_routine is not None:
            steps.append("Ask the unit whether it is ready for programming")
        steps.append("Programming session and security access")
        if policy.fingerprint_did is not None:
            steps.append("Write the fingerprint")
        if policy.erase_scope == "whole":
            steps.append("Erase all blocks")
        erase = "erase, " if policy.erase_scope == "block" else ""
        check = ", compare the checksum" if policy.checksum_routine is not None else ""
        for number, block in enumerate(self.session.blocks, 1):
            steps.append(f"Block {number} {block.name}: {erase}transfer {block.size} bytes{check}")
        if policy.dependency_routine is not None:
            steps.append("Check that all blocks belong together")
        steps.append("Reset, read the software version back")
        return (*steps, f"{quiet.capitalize()} on" if quiet else "Default session for all units")


def ask_permit(plans: Iterable[FlashPlan], force: bool) -> None:
    """For the images of these plans that will be sent, in one question; for none where every unit is up to date."""
    every = list(plans)
    images = {p.unit.name: p.sha256 for p in every if p.images and (force or not p.up_to_date)}
    every[0].task.permit.ask(images)


def prepare(task: FlashTask) -> Job[FlashPlan]:
    """Reads what must be compared and judges it. DataMissing for an unknown vehicle, unit or flashware.

    Silence of a unit that should answer raises NoResponse; a unit that cannot be reached is a failed check.
    """
    flashware = flashware_for(task.vehicle, task.ecu, task.flashware, task.open_data)
    vehicle, unit, offered = flashware.vehicle, flashware.unit, flashware.sessions
    task, address = replace(task, vehicle=vehicle), vehicle.address(unit)
    session, reader, software, in_boot = offered[-1], None, "", False
    if address is not None:
        yield Step("check", f"Check {unit.name} and its flashware")
        reader = UnitReader(unit, address)
        variant = yield from reader.variant(vehicle.surroundings.catalogue)
        # a unit without variants cannot be recognised: there the journal says that it was left in its boot loader
        in_boot = variant.is_boot if variant is not None else not unit.variants and task.interrupted is not None
        session = yield from _newest_that_fits(offered, reader, in_boot)
        software = yield from reader.of_kind("software")
    known = tuple(vehicle.surroundings.catalogue.flash_sessions(unit))
    cover = cover_checks(flashware, session)
    subject = Subject(vehicle, unit, address, session, flashware, known, task.bench, cover)
    found = yield from run_checks(subject, reader, software, in_boot)
    checks = (*found.checks, *(yield from needs_checks(vehicle, unit.name, session.policy.depends_on)))
    return FlashPlan(task, unit, address, session, found.images, checks, software, in_boot, flashware.package)


def _newest_that_fits(offered: tuple[FlashSession, ...], reader: UnitReader, in_boot: bool) -> Job[FlashSession]:
    """The newest one that the unit has already or may get; the newest of all where none fits (its checks say why)."""
    software = yield from reader.of_kind("software")
    for session in reversed(offered):
        if session.own_software == software or (yield from fits(session, reader, in_boot)):
            return session
    return offered[-1]
