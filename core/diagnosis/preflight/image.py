"""The image before the first erase: bytes against hash and checksums, place in memory, age. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from core.diagnosis.preflight import names
from core.errors import DataInvalid
from core.vocabulary import FlashCheck

if TYPE_CHECKING:
    from core.catalogue.images import FlashImage
    from core.catalogue.model import DataBlock, FlashSession

FETCH_AGAIN = "Fetch the flashware again from its source."
OTHER_WARE = "Choose flashware that is made for this unit."
HOLDS = "checksum holds"


class ImageSource(Protocol):
    """A catalogue, or a plan with its image file."""

    def image(self, session: FlashSession, block: DataBlock) -> FlashImage: ...


def load_images(session: FlashSession, source: ImageSource) -> tuple[tuple[FlashImage, ...], FlashCheck]:
    """The bytes of all blocks, compared with hash and checksums of the session. A damaged image is a failed check."""
    images = []
    try:
        for block in session.blocks:
            image = source.image(session, block)
            images.append(image)
            _compare(block, image)
    except DataInvalid as problem:
        reason = f"The flashware {session.name} is damaged: {problem.message}"
        return (), FlashCheck(names.IMAGE, False, "damaged", HOLDS, reason, advice=FETCH_AGAIN)
    size = sum(image.size for image in images)
    unproven = [block.name for block in session.blocks if not (block.sha256 or block.checksums)]
    if unproven:
        reason = f"Nothing says whether the bytes of {', '.join(unproven)} are right: no hash, no checksum."
        advice = "Put the image's SHA-256 into the flash plan, or compare it by hand."
        return tuple(images), FlashCheck(names.IMAGE, None, f"{size} bytes", HOLDS, reason, advice=advice)
    return tuple(images), FlashCheck(names.IMAGE, True, f"{size} bytes, {HOLDS}", HOLDS)


def _compare(block: DataBlock, image: FlashImage) -> None:
    if image.size != block.size:
        raise DataInvalid(f"block {block.name} has {image.size} bytes instead of {block.size}.")
    if block.sha256 and image.sha256 != block.sha256:
        raise DataInvalid(f"the bytes of block {block.name} are not those that the data describes.")
    for checksum in block.checksums:
        if not image.checksum_holds(checksum):
            raise DataInvalid(f"the checksum of block {block.name} does not hold.")


def size_check(session: FlashSession, memory: Iterable[tuple[int, int]] = ()) -> FlashCheck:
    """Every segment fits the address format of 0x34, and `memory` (first and last addresses) where it is described."""
    blocks = len(session.blocks)
    measured = f"{session.size} bytes in {blocks} blocks" if blocks != 1 else f"{session.size} bytes in one block"
    wanted = "inside the unit's memory" if memory else "inside the address format"
    highest = 1 << 8 * (session.policy.address_format & 0x0F)
    largest = 1 << 8 * (session.policy.address_format >> 4)
    regions = _merged(memory)
    if not session.size:
        reason = f"The flashware {session.name} holds no bytes."
        return FlashCheck(names.SIZE, False, measured, wanted, reason, advice=OTHER_WARE)
    for block in session.blocks:
        for part in block.segments:
            end = part.start + part.length
            if end > highest or part.length >= largest:
                reason = f"Block {block.name} ends at 0x{end - 1:X}, beyond what the unit's address format can name."
            elif regions and not any(low <= part.start and end - 1 <= high for low, high in regions):
                reason = f"Block {block.name} (0x{part.start:X} to 0x{end - 1:X}) lies outside of the unit's memory."
            else:
                continue
            return FlashCheck(names.SIZE, False, measured, wanted, reason, advice=OTHER_WARE)
    return FlashCheck(names.SIZE, True, measured, wanted)


def _merged(regions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last addresses, neighbours joined: an image may run over the border of two."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(regions):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def unit_check(session: FlashSession, unit: str) -> FlashCheck:
    """The flashware names this unit."""
    ok = session.unit.casefold() == unit.casefold()
    reason = "" if ok else f"The flashware {session.name} is for {session.unit}, not for {unit}."
    return FlashCheck(names.FLASHWARE, ok, session.unit, unit, reason, advice="" if ok else OTHER_WARE)


def older_check(unit: str, session: FlashSession, software: str, known: Iterable[str]) -> FlashCheck | None:
    """No way back to older software by accident. None where nothing tells which of the two is older.

    `known` is the software of the known flashware, newest last; where it does not hold both, two numbers of the same
    shape are compared ("ENG-01.02" and "ENG-01.10", never "A-7" and "B-3").
    """
    order, new = list(known), session.own_software
    if software in order and new in order:
        older = order.index(new) < order.index(software)
    else:
        before, after = _shape(software), _shape(new)
        if not (before[1] and before[0] == after[0]):
            return None
        older = after[1] < before[1]
    wanted = f"not newer than {new}"
    if not older:
        return FlashCheck(names.NOT_OLDER, True, software, wanted)
    reason = f"{unit} has newer software ({software}) than this flashware ({new})."
    advice = "Choose newer flashware, or go back on purpose (force)."
    return FlashCheck(names.NOT_OLDER, False, software, wanted, reason, overridable=True, advice=advice)


def _shape(version: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """(what stands between the numbers, the numbers)."""
    parts = re.split(r"(\d+)", version.strip().casefold())
    return tuple(parts[::2]), tuple(int(part) for part in parts[1::2])
