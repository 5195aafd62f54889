"""Flash images: addressed bytes from Intel HEX, Motorola S-record or raw binary files (bincopy). Nothing is sent here.

The images of a PDX are compiled into the cache; `Catalogue.image(session, block)` brings them as the same class.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.catalogue.model import Checksum, DataBlock, Segment
from core.errors import DataInvalid, UsageError
from core.pc.files import open_file

LARGEST_FILE = 512 * 1024 * 1024  # bytes of text or binary that are read into memory at all


@dataclass(frozen=True, slots=True)
class ImageSegment:
    """Bytes that lie together, `start` is the address of the first."""

    start: int
    data: bytes

    @property
    def end(self) -> int:
        """Address of the last byte."""
        return self.start + len(self.data) - 1


@dataclass(frozen=True)
class FlashImage:
    """Segments in address order without overlap. Gaps are gaps: they are never filled."""

    name: str
    segments: tuple[ImageSegment, ...]

    @property
    def size(self) -> int:
        """Bytes that would be transferred."""
        return sum(len(segment.data) for segment in self.segments)

    @cached_property
    def sha256(self) -> str:
        """Hex digest over the segments' bytes in address order."""
        return _sha256(segment.data for segment in self.segments)

    @cached_property
    def crc32(self) -> int:
        """CRC-32 (ISO 3309) over the segments' bytes in address order, without gaps."""
        value = 0
        for segment in self.segments:
            value = zlib.crc32(segment.data, value)
        return value

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end` inclusive. Raises DataInvalid where one of them is not in the image."""
        pieces = []
        for segment in self.segments:
            if segment.start <= start <= segment.end:
                pieces.append(segment.data[start - segment.start : end - segment.start + 1])
                start = segment.end + 1
            if start > end:
                return b"".join(pieces)
        raise DataInvalid(f"{self.name} has no byte at address 0x{start:X}.", file=self.name, place=f"0x{start:X}")

    def checksum_holds(self, checksum: Checksum) -> bool:
        """Whether the bytes give the expected result. Only CRC32 is known: another algorithm raises DataInvalid."""
        if checksum.algorithm.upper().replace("-", "").replace("_", "") != "CRC32":
            raise DataInvalid(f"The checksum {checksum.algorithm!r} is not known.", file=self.name, place="CHECKSUM")
        return zlib.crc32(self.read(checksum.start, checksum.end)) == checksum.result

    def as_block(self, name: str = "") -> DataBlock:
        """This image as one logical block, for a file that comes without a flash session."""
        segments = tuple(Segment(segment.start, len(segment.data)) for segment in self.segments)
        return DataBlock(name or self.name, segments, sha256=self.sha256)


def image_from_file(path: Path, *, start: int | None = None) -> FlashImage:
    """Reads an Intel HEX, S-record or raw binary file; the content decides, not the name.

    `start` is the address of a raw binary file's first byte and is refused with UsageError where it is missing.
    Raises DataInvalid with the line (place "line 2") for a damaged record, a missing end record (a file that was
    cut off) or addresses that are written twice.
    """
    data = _read_file(path)
    kind = _kind_of(data)
    if kind == "binary":
        if start is None:
            raise UsageError(
                f"{path.name} is raw binary: it does not say where it begins.", "Give the address of its first byte."
            )
        if not data:
            raise DataInvalid(f"{path.name} is empty.", file=str(path), place="byte 0")
        return FlashImage(path.name, (ImageSegment(start, data),))
    text = data.decode("ascii", errors="replace")
    return FlashImage(path.name, segments_of_text(text, kind, file=str(path)))


def is_raw_binary(path: Path) -> bool:
    """Neither Intel HEX nor S-record: the file says neither where it begins nor where it ends."""
    return _kind_of(_read_file(path)) == "binary"


def segments_of_text(text: str, kind: str, *, file: str) -> tuple[ImageSegment, ...]:
    """Parses "hex" (Intel HEX) or "srec" (Motorola S-record) text. Raises DataInvalid with the line.

    bincopy reads the records; they are put together here, because its list of segments is searched from the start for
    every record: seconds for an ordinary image, hours for one that was made to hurt.
    """
    pieces: list[tuple[int, int, bytes]] = []
    ended = False
    for line, address, data in _records(text, kind, file):
        ended = ended or address is None
        if address is not None and data:
            pieces.append((address, line, data))
    lines = text.count("\n") + 1
    if not ended:
        reason = f"{Path(file).name} ends after line {lines} without an end record: it was cut off."
        raise DataInvalid(reason, file=file, place=f"line {lines}")
    if not pieces:
        raise DataInvalid(f"{Path(file).name} holds no data record.", file=file, place="line 1")
    return _grown_together(sorted(pieces, key=lambda piece: piece[0]), file)


def _records(text: str, kind: str, file: str) -> Iterator[tuple[int, int | None, bytes]]:
    """(line, address, data) of every data record; address None is an end record."""
    import bincopy

    base, counted = 0, 0
    for line, record in enumerate(text.splitlines(), start=1):
        record = record.strip()
        if not record:
            continue
        try:
            kind_of_record, address, _, data = (
                bincopy.unpack_ihex(record) if kind == "hex" else bincopy.unpack_srec(record)
            )
        except (bincopy.Error, ValueError, IndexError) as error:
            reason = str(error).replace(f" in record {record}", "").replace(f"'{record}' ", "")
            raise _bad_line(file, line, reason) from None
        if kind == "hex":
            if kind_of_record in (2, 4) and len(data) == 2:  # extended segment and linear address
                base = int.from_bytes(data, "big") << (4 if kind_of_record == 2 else 16)
            elif kind_of_record in (0, 1):
                yield line, None if kind_of_record == 1 else base + address, bytes(data)
            elif kind_of_record not in (3, 5):  # start addresses say nothing to us
                raise _bad_line(file, line, f"record type {kind_of_record} does not exist")
        elif kind_of_record in "123":
            counted += 1
            yield line, address, bytes(data)
        elif kind_of_record in "56":  # the number of data records before: an end as good as any
            if address != counted % (1 << (16 if kind_of_record == "5" else 24)):
                raise _bad_line(file, line, f"{address} data records should be before it, there are {counted}")
            yield line, None, b""
        elif kind_of_record in "789":
            yield line, None, bytes(data)


def _grown_together(pieces: list[tuple[int, int, bytes]], file: str) -> tuple[ImageSegment, ...]:
    """Neighbours become one segment; an address that is written twice is refused with the later line."""
    segments: list[ImageSegment] = []
    parts: list[bytes] = []
    start = end = pieces[0][0]
    before = 0
    for address, line, data in pieces:
        if address < end:
            raise _bad_line(file, max(line, before), f"address 0x{address:X} is written twice")
        if address > end:
            segments.append(ImageSegment(start, b"".join(parts)))
            start, parts = address, []
        parts.append(data)
        end, before = address + len(data), line
    return (*segments, ImageSegment(start, b"".join(parts)))


def _bad_line(file: str, line: int, reason: str) -> DataInvalid:
    return DataInvalid(f"{Path(file).name}, line {line}: {reason}.", file=file, place=f"line {line}")


def joined(segments: Iterable[ImageSegment], name: str) -> FlashImage:
    """Sorts, joins neighbours and refuses overlap with DataInvalid."""
    result: list[ImageSegment] = []
    for segment in sorted(segments, key=lambda s: s.start):
        if result and segment.start <= result[-1].end:
            raise DataInvalid(f"Two segments overlap at 0x{segment.start:X}.", file=name, place=f"0x{segment.start:X}")
        result.append(segment)
    return FlashImage(name, tuple(result))


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataInvalid(f"{path.name} is larger than {LARGEST_FILE // 2**20} MiB.", file=str(path), place="size")
        with open_file(path) as stream:
            return stream.read()
    except OSError as error:
        raise DataInvalid(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check the path and its rights.", file=str(path)
        ) from error


def _kind_of(data: bytes) -> str:
    """Text that begins like a record is meant as records: a damaged first line must not turn it into a binary."""
    head = data[:4096].lstrip()
    if head[:1] == b":" and _looks_like_text(head):
        return "hex"
    if len(head) > 1 and head[:1] == b"S" and head[1:2].isdigit() and _looks_like_text(head):
        return "srec"
    return "binary"


def _looks_like_text(head: bytes) -> bool:
    return all(0 < byte < 0x7F for byte in head[:64])


def _sha256(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
