"""A wrong, corrupt, foreign or older image never reaches the erase: 0 times 31 01 FF00 on the bus, CAN and DoIP."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import bincopy
import pytest

from core.catalogue import Catalogue, load
from core.catalogue.images import FlashImage
from core.catalogue.model import FlashSession
from core.catalogue.plans import FlashPlanFile, PlanBlock, plan_of_session, plan_to_toml
from core.errors import CatalogueError, PreconditionNotMet, ProductError
from core.simulation.vehicle_files import pdx_path
from core.workbench import Vehicle, Workbench
from tests.diagnosis.garage_help import PATIENCE

SEED = 20260131
FLIPS = 64
CARS = {"CAN": "car-mixed", "DoIP": "car-doip"}
UNIT, OTHER = "BODY", "BRAKES"
ERASE = b"\x31\x01\xff\x00"


@dataclass
class Car:
    """A connected car, the flashware of one of its units, and what was on the bus so far."""

    workbench: Workbench
    vehicle: Vehicle
    catalogue: Catalogue
    pdx: Path
    unit: str
    other: str
    folder: Path
    cursor: int = 0

    def sessions(self, unit: str = "") -> tuple[FlashSession, ...]:
        return self.catalogue.flash_sessions(self.catalogue.unit(unit or self.unit))

    def images(self, session: FlashSession) -> list[FlashImage]:
        return [self.catalogue.image(session, block) for block in session.blocks]

    def plan(self, session: FlashSession) -> FlashPlanFile:
        return plan_of_session(session, self.catalogue.unit(session.unit), self.catalogue.vehicles[0])

    def flash(self, plan: FlashPlanFile, image: Path, ecu: str = "") -> ProductError | None:
        """What the flash ends with; None where it ends well."""
        file = self.folder / "plan.toml"
        file.write_text(plan_to_toml(plan), encoding="utf-8")
        return self.order(f"{file}#{image}", ecu)

    def order(self, flashware: str | None, ecu: str = "") -> ProductError | None:
        try:
            self.vehicle.flash(ecu or self.unit, flashware).wait(PATIENCE)
        except ProductError as error:
            return error
        return None

    def erases(self) -> int:
        """Requests to erase on the bus since the last call; nothing may have been lost unseen."""
        records, self.cursor, lost = self.workbench.stream.traffic.read_since(self.cursor)
        assert lost == 0
        return sum(ERASE in record[2] for record in records)


@pytest.fixture(params=["CAN", "DoIP"])
def car(request: pytest.FixtureRequest, workbench: Workbench, tmp_path: Path, compiled_cache: Path) -> Iterator[Car]:
    pdx = pdx_path(CARS[request.param])
    catalogue = load([pdx], compiled_cache / "catalogue")
    with workbench.connect(f"sim:{CARS[request.param]}") as vehicle:
        vehicle.identify().wait(PATIENCE)
        cursor = workbench.stream.traffic.total
        yield Car(workbench, vehicle, catalogue, pdx, UNIT, OTHER, tmp_path, cursor)


def written(kind: str, images: list[FlashImage], file: Path) -> Path:
    whole = bincopy.BinFile()
    for image in images:
        for segment in image.segments:
            whole.add_binary(segment.data, segment.start)
    text = {"hex": whole.as_ihex, "s19": whole.as_srec}.get(kind)
    file.write_bytes(text().encode() if text is not None else bytes(whole.as_binary()))
    return file


def same_text(kind: str, one: bytes, other: bytes) -> bool:
    """The flip of a letter's case, or of a line's end into another one, leaves the very same records."""
    if kind == "bin":
        return False
    return one.decode().upper().splitlines() == other.decode("latin-1").upper().splitlines()


def refused(error: ProductError | None, *, of: tuple[type[ProductError], ...]) -> None:
    assert error is not None, "it was flashed"
    assert isinstance(error, of), error
    assert error.message.endswith((".", ")"))
    assert error.advice


@pytest.mark.parametrize("kind", ["hex", "s19", "bin"])
def test_64_flipped_bits_and_every_cut_are_refused_before_the_erase(car: Car, kind: str) -> None:
    new = car.sessions()[-1]
    plan = replace(car.plan(new), image_start=min(block.segments[0].start for block in new.blocks))
    good = written(kind, car.images(new), car.folder / f"image.{kind}").read_bytes()
    bad, chance, flipped = car.folder / f"bad.{kind}", random.Random(SEED), 0
    while flipped < FLIPS:
        bit = chance.randrange(len(good) * 8)
        broken = bytearray(good)
        broken[bit // 8] ^= 1 << bit % 8
        bad.write_bytes(broken)
        if same_text(kind, good, bytes(broken)):
            continue
        flipped += 1
        refused(car.flash(plan, bad), of=(CatalogueError, PreconditionNotMet))
    whole = len(good.rstrip()) if kind != "bin" else len(good)  # a last line without its end is whole all the same
    for length in (0, 1, whole // 2, whole - 1, *chance.sample(range(whole), 12)):
        bad.write_bytes(good[:length])
        refused(car.flash(plan, bad), of=(CatalogueError, PreconditionNotMet))
    assert car.erases() == 0
    assert car.flash(plan, car.folder / f"image.{kind}") is None
    assert car.erases() == len(new.blocks)


def test_a_bit_that_passes_the_file_s_own_checks_is_found_by_the_plan(car: Car) -> None:
    """Line checksums of a hex file are right here: only the hash of the plan tells."""
    new = car.sessions()[-1]
    images = car.images(new)
    first = images[0].segments[0]
    flipped = replace(first, data=bytes((first.data[0] ^ 0x10,)) + first.data[1:])
    images[0] = FlashImage(images[0].name, (flipped, *images[0].segments[1:]))
    refused(car.flash(car.plan(new), written("hex", images, car.folder / "bad.hex")), of=(PreconditionNotMet,))
    assert car.erases() == 0


def test_the_image_of_another_unit_is_refused(car: Car) -> None:
    other = car.sessions(car.other)[-1]
    theirs = written("hex", car.images(other), car.folder / "other.hex")
    mine = car.plan(car.sessions()[-1])
    refused(car.flash(mine, theirs), of=(CatalogueError, PreconditionNotMet))  # my plan, their image
    refused(car.flash(car.plan(other), theirs, car.unit), of=(ProductError,))  # all theirs, my unit
    renamed = replace(car.plan(other), unit=car.unit, address=mine.address)
    refused(car.flash(renamed, theirs), of=(CatalogueError, PreconditionNotMet))  # theirs, called mine
    disguised = replace(renamed, hardware=(), expected_idents=(), software_after=mine.software_after)
    # without any word on hardware and hash, the unit's memory tells
    refused(car.flash(replace(disguised, blocks=()), theirs), of=(PreconditionNotMet,))
    assert car.erases() == 0


def test_an_older_image_is_refused(car: Car) -> None:
    old, new = car.sessions()[0], car.sessions()[-1]
    assert car.order(new.name) is None
    assert car.erases() == len(new.blocks)
    before = written("hex", car.images(old), car.folder / "old.hex")
    error = car.flash(car.plan(old), before)
    refused(error, of=(PreconditionNotMet,))
    assert error is not None
    assert "newer software" in error.message
    refused(car.order(old.name), of=(PreconditionNotMet,))
    assert car.erases() == 0


def test_a_block_outside_of_the_unit_s_memory_is_refused(car: Car) -> None:
    """The same bytes at another address, with a plan that agrees with them."""
    new = car.sessions()[-1]
    plan, away = car.plan(new), 0x0100_0000
    images = [
        FlashImage(image.name, tuple(replace(part, start=part.start + away) for part in image.segments))
        for image in car.images(new)
    ]
    blocks = tuple(
        PlanBlock(block.name, tuple((a + away, b + away) for a, b in block.ranges), block.data_format, block.sha256)
        for block in plan.blocks
    )
    error = car.flash(replace(plan, blocks=blocks), written("hex", images, car.folder / "away.hex"))
    refused(error, of=(PreconditionNotMet,))
    assert error is not None
    assert "memory" in error.message
    assert car.erases() == 0


def test_a_damaged_pdx_is_refused(car: Car) -> None:
    """Bits of the entries' own bytes, and truncations: what the archive itself does not notice is compared after it."""
    good = car.pdx.read_bytes()
    with zipfile.ZipFile(car.pdx) as archive:
        data = [i for i in archive.infolist() if i.compress_size > 200]
    chance, bad = random.Random(SEED), car.folder / "bad.pdx"
    for number in range(FLIPS // 16):
        entry = data[number % len(data)]
        # the local header: 30 bytes, the name and an extra field of unknown length before the bytes
        start = entry.header_offset + 30 + len(entry.filename.encode()) + 64
        at = chance.randrange(start, entry.header_offset + 30 + len(entry.filename.encode()) + entry.compress_size)
        broken = bytearray(good)
        broken[at] ^= 1 << chance.randrange(8)
        bad.write_bytes(broken)
        refused(car.order(str(bad)), of=(CatalogueError, PreconditionNotMet))
    for length in (0, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:length])
        refused(car.order(str(bad)), of=(CatalogueError, PreconditionNotMet))
    assert car.erases() == 0
