"""Flash images from Intel HEX, S-record and raw binary: foreign files, damage with its line, hostile texts."""

from __future__ import annotations

import hashlib
import random
import time
import zlib
from pathlib import Path

import bincopy
import pytest

from core.catalogue.images import FlashImage, ImageSegment, image_from_file, joined
from core.catalogue.model import Checksum
from core.errors import DataInvalid, UsageError


@pytest.mark.parametrize(
    ("name", "size", "first"),
    [
        ("in.hex", 64, 0x100),
        ("in.s19", 70, 0x0),
        ("empty_main.hex", 1667, 0x400238),
        ("empty_main.s19", 1667, 0x400238),
        ("evkbimxrt1050_iled_blinky_sdram.s19", 19368, 0x80002000),
    ],
)
def test_foreign_files_load(name: str, size: int, first: int, shared_data: Path) -> None:
    path = shared_data / "flash" / name
    image = image_from_file(path)
    theirs = bincopy.BinFile(str(path))
    assert [(s.start, s.data) for s in image.segments] == [(s.address, bytes(s.data)) for s in theirs.segments]
    assert image.size == size and image.segments[0].start == first
    joined_bytes = b"".join(segment.data for segment in image.segments)
    assert image.sha256 == hashlib.sha256(joined_bytes).hexdigest() and image.crc32 == zlib.crc32(joined_bytes)


def test_both_formats_hold_the_same_image(shared_data: Path) -> None:
    one, two = (image_from_file(shared_data / "flash" / f"empty_main.{end}") for end in ("hex", "s19"))
    assert one.segments == two.segments and one.sha256 == two.sha256


def test_bad_checksum_names_its_line(shared_data: Path) -> None:
    with pytest.raises(DataInvalid) as refused:
        image_from_file(shared_data / "flash" / "bad_crc.s19")
    assert refused.value.place == "line 1"
    assert "bad_crc.s19, line 1" in refused.value.message and "crc" in refused.value.message


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.parametrize("name", ["empty_main.hex", "empty_main.s19"])
def test_every_flipped_digit_is_found_in_its_line(name: str, shared_data: Path, tmp_path: Path) -> None:
    lines = _lines(shared_data / "flash" / name)
    generator = random.Random(1)
    for _ in range(40):
        number = generator.randrange(1, len(lines) - 1)
        line = lines[number]
        position = generator.randrange(2, len(line))
        digit = "0123456789ABCDEF"["0123456789ABCDEF".index(line[position].upper()) ^ 1]
        damaged = [*lines[:number], line[:position] + digit + line[position + 1 :], *lines[number + 1 :]]
        (tmp_path / name).write_text("\n".join(damaged))
        with pytest.raises(DataInvalid) as refused:
            image_from_file(tmp_path / name)
        assert refused.value.place == f"line {number + 1}"


@pytest.mark.parametrize("name", ["empty_main.hex", "empty_main.s19"])
def test_a_file_that_was_cut_off_is_refused(name: str, shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "flash" / name).read_text()
    for length in (len(text) // 3, len(text) // 2, len(text) - 14):
        (tmp_path / name).write_text(text[:length])
        with pytest.raises(DataInvalid):
            image_from_file(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (":0100000055AA\n:00000001FF\n", "line 2"),  # data twice at one address
        ("\n\n:01000000GG00\n", "line 3"),
        ("S1\n", "line 1"),
        ("S113000000\x1b[31m0000000000000000000000000000EC\nS9030000FC\n", "line 1"),
        (":00000001FF\n", "line 1"),
        ("S9030000FC\n", "line 1"),
        (":zz\n", "line 1"),
    ],
)
def test_damaged_texts(text: str, place: str, tmp_path: Path) -> None:
    if place == "line 2":
        text = text.replace(":00000001FF", ":0100000055AA\n:00000001FF")
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(DataInvalid) as refused:
        image_from_file(tmp_path / "x.txt")
    assert refused.value.place == place


def test_raw_binary_needs_its_address(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\x7fELF" + bytes(60))
    with pytest.raises(UsageError, match="where it begins"):
        image_from_file(tmp_path / "x.bin")
    image = image_from_file(tmp_path / "x.bin", start=0x8000)
    assert image.segments == (ImageSegment(0x8000, b"\x7fELF" + bytes(60)),)
    (tmp_path / "x.bin").write_bytes(b"")
    with pytest.raises(DataInvalid, match="empty"):
        image_from_file(tmp_path / "x.bin", start=0)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="cannot be read"):
        image_from_file(tmp_path / "none.hex")


def test_many_scattered_records_do_not_hang(tmp_path: Path) -> None:
    """20,000 records in no order: a list of segments that is searched from its start would take minutes."""
    writer = [f":{body}{_checksum(body):02X}" for n in range(20_000) for body in [f"01{n * 3:04X}00AA"]]
    random.Random(3).shuffle(writer)
    (tmp_path / "x.hex").write_text("\n".join([*writer, ":00000001FF"]))
    begin = time.process_time()
    image = image_from_file(tmp_path / "x.hex")
    assert image.size == 20_000 and time.process_time() - begin < 3


def _checksum(body: str) -> int:
    return -sum(bytes.fromhex(body)) & 0xFF


def test_random_texts_never_escape(tmp_path: Path) -> None:
    generator = random.Random(2)
    for _ in range(300):
        head = generator.choice([":", "S1", "S0", "S3", ":00", "S9", ""])
        body = "".join(generator.choice("0123456789ABCDEFabcdef:S\n\r \x00") for _ in range(generator.randrange(80)))
        (tmp_path / "x").write_text(head + body)
        try:
            image_from_file(tmp_path / "x", start=0)
        except DataInvalid as error:
            assert error.place.startswith(("line", "byte"))


IMAGE = FlashImage("i", (ImageSegment(0x100, b"abcd"), ImageSegment(0x104, b"ef"), ImageSegment(0x200, b"gh")))


def test_reading_a_range() -> None:
    assert IMAGE.read(0x101, 0x104) == b"bcde"
    for start, end in ((0xFF, 0x100), (0x104, 0x200), (0x201, 0x202)):
        with pytest.raises(DataInvalid):
            IMAGE.read(start, end)


def test_checksums() -> None:
    assert IMAGE.checksum_holds(Checksum("CRC32", 0x100, 0x105, zlib.crc32(b"abcdef")))
    assert not IMAGE.checksum_holds(Checksum("crc-32", 0x100, 0x105, 1))
    with pytest.raises(DataInvalid, match="SHA-1"):
        IMAGE.checksum_holds(Checksum("SHA-1", 0x100, 0x105, 1))


def test_overlap_is_refused() -> None:
    assert joined([IMAGE.segments[2], IMAGE.segments[0]], "x").segments[0].start == 0x100
    with pytest.raises(DataInvalid, match="overlap"):
        joined([IMAGE.segments[0], ImageSegment(0x103, b"x")], "x")


def test_as_one_block() -> None:
    block = IMAGE.as_block("Data")
    assert (block.name, block.size, block.sha256) == ("Data", 8, IMAGE.sha256)
