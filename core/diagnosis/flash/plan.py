"""Chooses the flashware for one unit and checks all that can be checked before the first erase. Erases nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, Step
from core.diagnosis.idents import UnitReader
from core.diagnosis.preflight import NO_BENCH, Bench, Subject, require_known, run_checks
from core.diagnosis.survey import fits
from core.errors import DataMissing
from core.vocabulary import EcuAddress, FlashCheck, FlashPreview, Interrupted

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.images import FlashImage
    from core.catalogue.model import FlashSession, UnitInfo
    from core.diagnosis.identify import KnownVehicle


@dataclass(frozen=True)
class FlashTask:
    """What the technician asked for. `flashware` is None (the newest that fits), a session's name, or FILE[#SESSION].

    `open_data` compiles a PDX that is not in the catalogue; `pending` counts the 0x78 answers of this job so far.
    """

    vehicle: KnownVehicle
    ecu: str
    flashware: str | None
    open_data: Callable[[Path], Catalogue]
    pending: Callable[[], int] = lambda: 0
    interrupted: Interrupted | None = None
    """What the journal says of this unit: where it was left in programming, its word on its software is no proof."""
    resume: bool = False  # go on with the interrupted one where its boot loader does that
    bench: Bench = NO_BENCH  # the PC and the line, for the pre-flight


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

    @property
    def up_to_date(self) -> bool:
        """The unit says so, and no flash of it was cut before its blocks were checked."""
        left = self.task.interrupted
        if self.in_boot or (left is not None and not left.complete):
            return False
        return bool(self.software_before) and self.software_before == self.session.own_software

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
        )  # fmt: skip

    def _steps(self) -> tuple[str, ...]:
        policy = self.session.policy
        steps = ["Extended session for all units, trouble code storage and normal messages off"]
        if policy.precondition_routine is not None:
            steps.append("Ask the unit whether it is ready for programming")
        steps.append("Programming session and security access")
        if policy.fingerprint_did is not None:
            steps.append("Write the fingerprint")
        for number, block in enumerate(self.session.blocks, 1):
            check = ", compare the checksum" if policy.checksum_routine is not None else ""
            steps.append(f"Block {number} {block.name}: erase, transfer {block.size} bytes{check}")
        if policy.dependency_routine is not None:
            steps.append("Check that all blocks belong together")
        steps += ["Reset, read the software version back", "Trouble code storage and normal messages on"]
        return tuple(steps)


def prepare(task: FlashTask) -> Job[FlashPlan]:
    """Reads what must be compared and judges it. DataMissing for an unknown vehicle, unit or flashware.

    Silence of a unit that should answer raises NoResponse; a unit that cannot be reached is a failed check.
    """
    vehicle = task.vehicle
    require_known(vehicle)
    unit = vehicle.unit(task.ecu)
    address = vehicle.address(unit)
    offered = _offered(task, unit)
    session, reader, software, in_boot = offered[-1], None, "", False
    if address is not None:
        yield Step("check", f"Check {unit.name} and its flashware")
        reader = UnitReader(unit, address)
        variant = yield from reader.variant(vehicle.surroundings.catalogue)
        in_boot = variant is not None and variant.is_boot
        session = yield from _newest_that_fits(offered, reader, in_boot)
        software = yield from reader.of_kind("software")
    known = tuple(one.own_software for one in vehicle.surroundings.catalogue.flash_sessions(unit))
    subject = Subject(vehicle, unit, address, session, _source(task, session), known, task.bench)
    found = yield from run_checks(subject, reader, software, in_boot)
    return FlashPlan(task, unit, address, session, found.images, found.checks, software, in_boot)


def _offered(task: FlashTask, unit: UnitInfo) -> tuple[FlashSession, ...]:
    """What was asked for, at least one, newest last."""
    catalogue, wanted = task.vehicle.surroundings.catalogue, (task.flashware or "").strip()
    known = catalogue.flash_sessions(unit)
    if wanted:
        named = [s for s in known if s.name.casefold() == wanted.casefold()]
        known = tuple(named) or _from_file(task, unit, wanted)
    if not known:
        raise DataMissing(f"There is no flashware for {unit.name}.", "Give a flashware file, or load newer data.")
    return known


def _from_file(task: FlashTask, unit: UnitInfo, wanted: str) -> tuple[FlashSession, ...]:
    """FILE[#SESSION]. A session of another unit is offered too where it is all there is: its check then says no."""
    path, name = split_flashware(wanted)
    if not path.is_file():
        names = ", ".join(s.name for s in task.vehicle.surroundings.catalogue.flash_sessions(unit))
        raise DataMissing(
            f"There is neither a file nor a flashware {wanted!r} for {unit.name}.",
            f"Known flashware: {names or 'none'}. A file is given as FILE.pdx or FILE.pdx#SESSION.",
        )
    catalogue = task.open_data(path)
    every = catalogue.sessions
    if name:
        every = tuple(s for s in every if s.name.casefold() == name.casefold())
        if not every:
            raise DataMissing(f"{path.name} holds no flashware {name!r}.", "`passbay data check` lists what it holds.")
    own = tuple(s for s in every if s.unit.casefold() == unit.name.casefold())
    if not (own or every):
        raise DataMissing(f"{path.name} holds no flashware.", "`passbay data check` lists what it holds.")
    return own or every[-1:]


def split_flashware(text: str) -> tuple[Path, str]:
    """FILE#SESSION -> (FILE, SESSION); a file whose own name has a # is found first."""
    if Path(text).is_file() or "#" not in text:
        return Path(text), ""
    file, _, session = text.rpartition("#")
    return Path(file), session


def _source(task: FlashTask, session: FlashSession) -> Catalogue:
    """The catalogue that holds the session's bytes."""
    own = task.vehicle.surroundings.catalogue
    if any(s is session for s in own.sessions):
        return own
    return task.open_data(Path(session.file))


def _newest_that_fits(offered: tuple[FlashSession, ...], reader: UnitReader, in_boot: bool) -> Job[FlashSession]:
    """The newest one that the unit has already or may get; the newest of all where none fits (its checks say why)."""
    software = yield from reader.of_kind("software")
    for session in reversed(offered):
        if session.own_software == software or (yield from fits(session, reader, in_boot)):
            return session
    return offered[-1]
