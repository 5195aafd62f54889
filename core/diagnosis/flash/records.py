"""What erase and checksum routines are told, as the policy of the unit wants it (ISO 14229-1 clause 13). Pure."""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from core.errors import DataInvalid
from core.protocol.dialect import Dialect, dialect_of

if TYPE_CHECKING:
    from core.catalogue.images import FlashImage
    from core.catalogue.model import DataBlock, FlashPolicy

BY_NUMBER = 0x01


def _crc32(data: bytes, before: int | None) -> int:
    return zlib.crc32(data, before or 0)


def _crc16(data: bytes, before: int | None) -> int:
    return binascii.crc_hqx(data, 0xFFFF if before is None else before)


def _sum32(data: bytes, before: int | None) -> int:
    return ((before or 0) + sum(data)) & 0xFFFFFFFF


_FOLDED: Mapping[str, tuple[Callable[[bytes, int | None], int], int]] = {
    "CRC32": (_crc32, 4), "CRC16": (_crc16, 2), "SUM32": (_sum32, 4),
}  # fmt: skip
_DIGEST_BYTES = 32


def checksum_of(algorithm: str, image: FlashImage) -> bytes:
    """Over the bytes of all segments in address order, big-endian; gaps do not count."""
    if algorithm == "SHA256":
        return bytes.fromhex(image.sha256)
    fold, length = _FOLDED[algorithm]
    value: int | None = None
    for segment in image.segments:
        value = fold(segment.data, value)
    return (fold(b"", None) if value is None else value).to_bytes(length, "big")


def erase_record(policy: FlashPolicy, number: int, blocks: Sequence[DataBlock]) -> bytes:
    """Behind 31 01 and the routine: block `number`, or the range from the first to the last byte of `blocks`."""
    if policy.erase_form == "empty":
        return b""
    if policy.erase_form == "number":
        return _numbered(number)
    first = min(part.start for block in blocks for part in block.segments)
    end = max(part.start + part.length for block in blocks for part in block.segments)
    return place(policy, first, end - first)


def checksum_records(policy: FlashPolicy, number: int, block: DataBlock, image: FlashImage) -> Iterator[bytes]:
    """One for the block; by address one for each stretch that lies together."""
    known = _known(policy.checksum_algorithm, block)
    if policy.checksum_form != "address":
        value = known[0][2] if known else checksum_of(policy.checksum_algorithm, image)
        head = _numbered(number) + len(value).to_bytes(2, "big") if policy.checksum_form == "number" else b""
        yield head + value
    elif known:
        for start, size, value in known:
            yield place(policy, start, size) + value
    else:
        for stretch in _stretches(image):
            size = stretch.size
            yield place(policy, stretch.segments[0].start, size) + checksum_of(policy.checksum_algorithm, stretch)


def try_all(policy: FlashPolicy, blocks: Sequence[DataBlock], protocol: str = "") -> None:
    """DataInvalid where one of the records could not be made: found before the first erase."""
    dialect = dialect_of(protocol)
    for routine in (policy.precondition_routine, policy.erase_routine, policy.checksum_routine,
                    policy.dependency_routine):  # fmt: skip
        if routine is not None:
            dialect.routine(routine)
    if policy.erase_scope == "whole":
        erase_record(policy, 1, blocks)
    for number, block in enumerate(blocks, 1):
        if policy.erase_scope == "block":
            erase_record(policy, number, (block,))
        if policy.checksum_form == "number":
            _numbered(number)
        for part in block.segments:
            download(policy, block.data_format, part.start, part.length, dialect)


def _numbered(number: int) -> bytes:
    if number > 0xFF:
        raise DataInvalid(f"Block number {number} does not fit one byte.", "Name fewer blocks, or erase by address.")
    return bytes((BY_NUMBER, number))


def place(policy: FlashPolicy, start: int, size: int) -> bytes:
    """addressAndLengthFormatIdentifier, address, size. DataInvalid where they do not fit their fields."""
    return bytes((policy.address_format,)) + b"".join(_fields(policy, start, size))


def _fields(policy: FlashPolicy, start: int, size: int) -> tuple[bytes, bytes]:
    where, much = policy.address_format & 0x0F, policy.address_format >> 4
    try:
        return start.to_bytes(where, "big"), size.to_bytes(much, "big")
    except OverflowError:
        words = f"Address 0x{start:X} or size 0x{size:X} does not fit the address format {policy.address_format:02X}."
        raise DataInvalid(words, "Correct the plan.") from None


def download(policy: FlashPolicy, data_format: int, start: int, size: int, dialect: Dialect) -> bytes:
    """0x34 for these bytes."""
    return dialect.request_download(data_format, policy.address_format, *_fields(policy, start, size))


def _known(algorithm: str, block: DataBlock) -> list[tuple[int, int, bytes]]:
    """(start, size, value) of what the flashware itself says by this algorithm."""
    length = _FOLDED[algorithm][1] if algorithm in _FOLDED else _DIGEST_BYTES
    return [
        (known.start, known.end - known.start + 1, known.result.to_bytes(length, "big"))
        for known in block.checksums
        if known.algorithm.upper().replace("-", "").replace("_", "") == algorithm
        and known.result.bit_length() <= 8 * length
    ]


def _stretches(image: FlashImage) -> Iterator[FlashImage]:
    """Segments that touch each other, as images of their own."""
    from core.catalogue.images import FlashImage

    together = list(image.segments[:1])
    for segment in image.segments[1:]:
        if segment.start != together[-1].end + 1:
            yield FlashImage(image.name, tuple(together))
            together = []
        together.append(segment)
    yield FlashImage(image.name, tuple(together))
