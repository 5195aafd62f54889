"""Flash images of the garage's units and their text forms: Intel HEX, Motorola S-record, plain hex. Deterministic.

An image is a page of 4 KiB repeated with a page counter: it looks like a program to a checksum, and still compresses
well, so that 20 MiB of images cost the repository less than 1 MB. Records carry 192 bytes: a shorter record would
triple the compressed size, as every record has an address and a checksum of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from core.simulation.ecu.memory import ImageHeader
from core.simulation.pdx_writer.tables.model import Block, Unit

PAGE, RECORD = 4096, 192


def image(unit: Unit, software: str, block: Block) -> bytes:
    """All bytes of one block; the unit's first block begins with the header that names the software."""
    seed = f"{unit.name} {unit.hardware[-1]} {software} {block.name}"
    page = hashlib.shake_128(seed.encode()).digest(PAGE - 4)
    pages = range(-(-block.size // PAGE))
    data = bytearray(b"".join(number.to_bytes(4, "big") + page for number in pages)[: block.size])
    if block is unit.blocks[0]:
        header = ImageHeader(unit.name, unit.hardware[-1], software).encode()
        data[: len(header)] = header
    return bytes(data)


def _records(start: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(data), RECORD):
        yield start + at, data[at : at + RECORD]


def _hex_line(body: bytes) -> str:
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


def intel_hex(start: int, data: bytes) -> str:
    """Intel HEX with extended linear addresses (type 04)."""
    lines, upper = [], -1
    for address, chunk in _records(start, data):
        if address >> 16 != upper:
            upper = address >> 16
            lines.append(_hex_line(bytes((2, 0, 0, 4)) + upper.to_bytes(2, "big")))
        lines.append(_hex_line(bytes((len(chunk),)) + (address & 0xFFFF).to_bytes(2, "big") + b"\0" + chunk))
    lines.append(":00000001FF")
    return "\n".join(lines) + "\n"


def _s_line(kind: int, address: int, width: int, chunk: bytes) -> str:
    body = bytes((width + len(chunk) + 1,)) + address.to_bytes(width, "big") + chunk
    return f"S{kind}{body.hex().upper()}{~sum(body) & 0xFF:02X}"


def s_record(start: int, data: bytes, title: str) -> str:
    """Motorola S-record with 32 bit addresses (S3, S7) and the title in S0."""
    lines = [_s_line(0, 0, 2, title.encode("ascii"))]
    lines += [_s_line(3, address, 4, chunk) for address, chunk in _records(start, data)]
    lines.append(_s_line(7, start, 4, b""))
    return "\n".join(lines) + "\n"


def plain_hex(data: bytes) -> str:
    """Hex digits in lines, as DATA of intern BINARY flashdata takes them (xsd:hexBinary)."""
    return "\n".join(data[at : at + 64].hex().upper() for at in range(0, len(data), 64))
