"""Flash memory of a simulated unit: regions that are erased to 0xFF, programmed and checked. No UDS in here.

An image that starts with a header says itself which software it is: b"PBIMG1\\0", unit name, hardware number and
software version of 16 bytes each, ASCII, NUL padded. The header stands at the first address of the region.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

MAGIC = b"PBIMG1\0"
HEADER_LENGTH = len(MAGIC) + 3 * 16
ERASED = 0xFF


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Who an image is for and what it is. Text is at most 16 ASCII characters."""

    unit: str
    hardware: str
    software: str

    def encode(self) -> bytes:
        """The 55 bytes at the start of an image. ValueError where a text is too long."""
        fields = [text.encode("ascii") for text in (self.unit, self.hardware, self.software)]
        if any(len(field) > 16 for field in fields):
            raise ValueError("a header text is longer than 16 characters")
        return MAGIC + b"".join(field.ljust(16, b"\0") for field in fields)


def read_header(data: bytes | bytearray) -> ImageHeader | None:
    """The header at the start of `data`, None where there is none."""
    if bytes(data[: len(MAGIC)]) != MAGIC or len(data) < HEADER_LENGTH:
        return None
    texts = []
    for at in range(len(MAGIC), HEADER_LENGTH, 16):
        field = bytes(data[at : at + 16]).rstrip(b"\0")
        if not field.isascii():
            return None
        texts.append(field.decode("ascii"))
    return ImageHeader(*texts)


class Region:
    """One block of flash that is erased as a whole. `valid` is the mark that the boot loader sets and reads.

    `used_start` and `used_end` enclose what was programmed since the erase. `changed`: it is no longer the factory's;
    `version` counts every change of the bytes, so that nobody needs to compare them.
    The factory image is fetched (`load`) when its bytes are first asked for: a car of 6 MiB must start at once.
    """

    def __init__(self, name: str, start: int, size: int, load: Callable[[], bytes] | None = None) -> None:
        self.name, self.start, self.size = name, start, size
        self.valid = load is not None
        self.changed = False
        self.version = 0
        self.used_start, self.used_end = (start, start + size) if load is not None else (start, start)
        self._load = load
        self._data: bytearray | None = None

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def data(self) -> bytearray:
        if self._data is None:
            loaded = self._load() if self._load is not None else b""
            self._data = bytearray(loaded[: self.size]) + bytes([ERASED]) * (self.size - len(loaded))
        return self._data

    def restore(self, data: bytes, valid: bool, used: tuple[int, int]) -> None:
        """Bytes, mark and used range as they were stored on disk."""
        self._data = bytearray(data[: self.size]) + bytes([ERASED]) * (self.size - len(data))
        self.valid, self.changed = valid, True
        self.version += 1
        self.used_start, self.used_end = used

    def erase(self) -> None:
        self._data = bytearray([ERASED]) * self.size
        self.valid, self.changed = False, True
        self.version += 1
        self.used_start = self.used_end = self.start

    def program(self, address: int, data: bytes, again: bool = False) -> bool:
        """Write into erased cells; False where a cell is not erased (flash bits only go from 1 to 0).

        `again`: a cell that holds its byte already is right, too; a download that goes on begins a little before
        the place where it stopped.
        """
        at = address - self.start
        cells = self.data[at : at + len(data)]
        if len(cells) != len(data):
            return False
        if cells.count(ERASED) != len(data) and not (again and _may_become(cells, data)):
            return False
        self.data[at : at + len(data)] = data
        if self.used_end == self.start:
            self.used_start = address
        self.used_start = min(self.used_start, address)
        self.used_end = max(self.used_end, address + len(data))
        self.valid, self.changed = False, True
        self.version += 1
        return True

    def crc32(self, address: int | None = None, length: int | None = None) -> int:
        """CRC-32 (ISO 3309, as zlib) over a range, by default the whole region."""
        at = 0 if address is None else address - self.start
        stop = self.size if length is None else at + length
        return zlib.crc32(memoryview(self.data)[at:stop])

    def header(self) -> ImageHeader | None:
        return read_header(self.data[:HEADER_LENGTH])


def _may_become(cells: bytearray, data: bytes) -> bool:
    return all(cell in (ERASED, byte) for cell, byte in zip(cells, data, strict=True))


class FlashMemory:
    """All regions of a unit, numbered from 1 in address order as routines count logical blocks."""

    def __init__(self, regions: list[Region]) -> None:
        self.regions = sorted(regions, key=lambda region: region.start)

    def number(self, block: int) -> Region | None:
        return self.regions[block - 1] if 1 <= block <= len(self.regions) else None

    def holding(self, address: int, length: int) -> Region | None:
        """The one region that contains the whole range, None where there is none."""
        for region in self.regions:
            if region.start <= address and address + length <= region.end and length > 0:
                return region
        return None

    @property
    def valid(self) -> bool:
        return all(region.valid for region in self.regions)

    def header(self) -> ImageHeader | None:
        """The header that names the software: the first region that has one."""
        return next((header for region in self.regions if (header := region.header()) is not None), None)
