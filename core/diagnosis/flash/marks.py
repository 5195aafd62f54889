"""What a flash writes into the journal, and where an interrupted one goes on. Pure: it makes the records."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from core.diagnosis.commands import Record
from core.errors import JobCancelled, ProductError
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue.images import FlashImage, ImageSegment
    from core.diagnosis.flash.plan import FlashPlan

RESUME_ALIGNMENT = 256
"""Bytes: a page of flash memory. What was sent after the last mark is sent again, from the start of its page."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Blocks before `block` (from 1) are programmed; `offset` bytes of this one are."""

    block: int
    offset: int


def opening(plan: FlashPlan, address: EcuAddress, force: bool) -> tuple[Record, Record]:
    """Before anything is changed: who is flashed, and with what."""
    vehicle, session = plan.task.vehicle, plan.session
    started = {
        "unit": plan.unit.name, "vin": vehicle.vin, "vehicle": vehicle.info.name if vehicle.info else "",
        "address": str(address),
    }  # fmt: skip
    about = {
        "unit": plan.unit.name, "sha256": plan.sha256, "plan": digest(plan), "flashware": session.name,
        "file": plan.source, "blocks": len(session.blocks), "bytes": session.size,
        "software_before": plan.software_before, "software_after": session.own_software,
        "resume": _may_resume(plan), "forced": force,
    }  # fmt: skip
    return Record("started", started), Record("plan", about)


def ended(
    plan: FlashPlan, result: str, *, left_in_programming: bool, error: BaseException | None = None
) -> Record:  # fmt: skip
    if isinstance(error, JobCancelled):
        result = "cancelled"
    words = f"{error.code} {error.message}" if isinstance(error, ProductError) else str(error or "")
    fields = {"unit": plan.unit.name, "result": result, "left_in_programming": left_in_programming, "error": words}
    return Record("ended", fields)


def confirmed(plan: FlashPlan) -> Record:
    """The unit's own word on its software, read just now."""
    return Record(
        "confirmed", {"vin": plan.task.vehicle.vin, "unit": plan.unit.name, "software": plan.software_before}
    )


def digest(plan: FlashPlan) -> str:
    """Over the policy and the layout of the blocks: an interrupted flash goes on only with the very same sequence."""
    blocks = [asdict(block) for block in plan.session.blocks]
    content = {"policy": asdict(plan.session.policy), "blocks": blocks, "unit": plan.unit.name}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _may_resume(plan: FlashPlan) -> bool:
    """Only where the unit itself compares the checksum afterwards: nothing else would find a wrong seam."""
    policy = plan.session.policy
    return policy.resume and policy.checksum_routine is not None and policy.erase_scope == "block"


def resume_point(plan: FlashPlan) -> ResumePoint | None:
    """Where this flash goes on with an interrupted one; None where it begins with the erase."""
    left = plan.task.interrupted
    if not plan.task.resume or left is None or not (left.resumable and _may_resume(plan)):
        return None
    if (left.sha256, left.plan) != (plan.sha256, digest(plan)) or left.complete:
        return None
    if left.block < 1 or (left.block == 1 and left.offset < RESUME_ALIGNMENT):
        return None  # nothing is there that would save time
    return ResumePoint(left.block, left.offset)


def remaining(image: FlashImage, offset: int) -> tuple[tuple[int, int, ImageSegment], ...]:
    """(bytes of the block before this segment, bytes of it that are skipped, segment) of what is still to be sent."""
    parts, before = [], 0
    for segment in image.segments:
        length = len(segment.data)
        skip = max(0, min(length, offset - before))
        if 0 < skip < length:
            skip = max(0, skip - (segment.start + skip) % RESUME_ALIGNMENT)
        if skip < length or not length:
            parts.append((before, skip, segment))
        before += length
    return tuple(parts)
