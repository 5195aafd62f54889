"""A plan and an image become flashware as the jobs know it, and flashware becomes a plan. Opens no PDX."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue.images import FlashImage, ImageSegment, image_from_file, is_raw_binary
from core.catalogue.model import DataBlock, FlashSession, UnitInfo
from core.catalogue.plans.model import FlashPlanFile, PlanBlock
from core.catalogue.plans.schema import LONGEST_TEXT
from core.errors import DataInvalid
from core.vocabulary import UDS, EuroClass

if TYPE_CHECKING:
    from core.catalogue.model import VehicleInfo

WHOLE_IMAGE = "IMAGE"
"""Name of the block where a plan names none."""


@dataclass(frozen=True)
class FlashPackage:
    """A plan with, where there is one, the image file cut into its blocks.

    Without an image only the policy counts, for flashware that comes from a PDX.
    """

    plan: FlashPlanFile
    session: FlashSession | None = None
    images: tuple[FlashImage, ...] = ()

    @property
    def sessions(self) -> tuple[FlashSession, ...]:
        return (self.session,) if self.session is not None else ()

    def image(self, session: FlashSession, block: DataBlock) -> FlashImage:
        """The bytes of one block, as a catalogue gives them."""
        for known, image in zip(session.blocks, self.images, strict=True):
            if known.name == block.name:
                return image
        raise DataInvalid(f"There are no bytes for block {block.name}.", file=session.file, place=block.name)


def package(plan: FlashPlanFile, image_file: Path | None) -> FlashPackage:
    """Cuts the image into the plan's blocks. DataInvalid where bytes lie outside of them or a block stays empty."""
    if image_file is None:
        return FlashPackage(plan)
    start = plan.image_start
    if start is None and plan.blocks:
        start = min(first for block in plan.blocks for first, _ in block.ranges)
    image = image_from_file(image_file, start=start)
    if not plan.blocks:
        blocks: tuple[PlanBlock, ...] = (PlanBlock(WHOLE_IMAGE, ((0, 2**64),), plan.data_format),)
    else:
        blocks = plan.blocks
    images = tuple(_part(block, image, image_file) for block in blocks)
    _nothing_left(image, images, image_file)
    _compare(plan, image, image_file)
    if plan.blocks and is_raw_binary(image_file):
        _nothing_missing(blocks, images, image_file)
    made = tuple(
        replace(part.as_block(block.name), data_format=block.data_format, checksums=block.checksums, index=block.index,
                sha256=block.sha256 or (part.sha256 if plan.image_sha256 else ""))
        for block, part in zip(blocks, images, strict=True)
    )  # fmt: skip
    name = plan.flashware or image_file.name
    session = FlashSession(
        name, plan.title or name, plan.unit, str(image_file), plan.expected_idents, plan.software_after, made,
        plan.policy, plan.hardware, part_number=plan.part_number, signature=plan.signature, public_key=plan.public_key,
    )  # fmt: skip
    return FlashPackage(plan, session, images)


def _part(block: PlanBlock, image: FlashImage, file: Path) -> FlashImage:
    parts = []
    for segment in image.segments:
        for first, last in sorted(block.ranges):
            low, high = max(first, segment.start), min(last, segment.end)
            if low <= high:
                parts.append(ImageSegment(low, segment.data[low - segment.start : high - segment.start + 1]))
    if not parts:
        spans = ", ".join(f"0x{first:X} to 0x{last:X}" for first, last in block.ranges)
        raise DataInvalid(
            f"{file.name} holds no byte for block {block.name} ({spans}).", "Image and plan do not belong together.",
            file=str(file), place=block.name,
        )  # fmt: skip
    return FlashImage(f"{file.name}/{block.name}", tuple(parts))


def _nothing_left(image: FlashImage, parts: tuple[FlashImage, ...], file: Path) -> None:
    taken = sum(part.size for part in parts)
    if taken == image.size:
        return
    ends = {segment.start: segment.end for part in parts for segment in part.segments}
    for segment in image.segments:
        at = segment.start
        while at in ends:
            at = ends[at] + 1
        if at <= segment.end:
            raise DataInvalid(
                f"{file.name} has bytes at 0x{at:X} that no block of the plan takes.",
                "Image and plan do not belong together, or a block is missing in the plan.",
                file=str(file), place=f"0x{at:X}",
            )  # fmt: skip


def _nothing_missing(blocks: tuple[PlanBlock, ...], parts: tuple[FlashImage, ...], file: Path) -> None:
    """Raw binary has no end record: only its length shows that it was cut off."""
    for block, part in zip(blocks, parts, strict=True):
        size = sum(last - first + 1 for first, last in block.ranges)
        if part.size != size:
            raise DataInvalid(
                f"{file.name} has {part.size} of the {size} bytes of block {block.name}: it was cut off, or the plan "
                "is for another image.",
                "Fetch the image again; nothing was changed.", file=str(file), place=block.name,
            )  # fmt: skip


def _compare(plan: FlashPlanFile, image: FlashImage, file: Path) -> None:
    """An image that is not the one of the plan is refused before anybody connects."""
    if plan.image_sha256 and image.sha256 != plan.image_sha256:
        raise DataInvalid(
            f"{file.name} is not the image of this plan: its SHA-256 is {image.sha256[:16]}..., the plan says "
            f"{plan.image_sha256[:16]}...",
            "Fetch the image again; nothing was changed.", file=str(file), place="image.sha256",
        )  # fmt: skip


def plan_of_session(session: FlashSession, unit: UnitInfo | None, vehicle: VehicleInfo | None) -> FlashPlanFile:
    """What an ODX-F session compiles to: its policy and layout, and what vehicle and unit it is for."""
    kinds = {kind: next((i.did for i in (unit.idents if unit else ()) if i.kind == kind), None)
             for kind in ("software", "hardware")}  # fmt: skip
    blocks = tuple(
        PlanBlock(
            block.name, tuple((part.start, part.start + part.length - 1) for part in block.segments if part.length),
            block.data_format, block.sha256, block.checksums, block.index,
        )
        for block in session.blocks
    )  # fmt: skip
    return FlashPlanFile(
        session.unit, session.policy, _one_line(session.title), session.file, unit.address if unit else None,
        vehicle.euro_class if vehicle else EuroClass.UNKNOWN, vehicle.vin_patterns if vehicle else (),
        software_after=session.own_software, hardware=session.hardware, expected_idents=session.expected_idents,
        software_did=kinds["software"], hardware_did=kinds["hardware"], flashware=session.name,
        part_number=_one_line(session.part_number), blocks=blocks,
        signature=session.signature if session.public_key else "", public_key=session.public_key,
        protocol=unit.protocol if unit else UDS,
    )  # fmt: skip


def _one_line(text: str) -> str:
    """What a plan may hold of a title that somebody else wrote."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_TEXT].strip()
