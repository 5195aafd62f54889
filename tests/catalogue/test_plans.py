"""Flash plans as TOML: lossless, every problem with its line, broken files of every kind, images cut into blocks."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import bincopy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue.model import POLICY_CHOICES, Checksum, ExpectedIdent, FlashPolicy
from core.catalogue.plans import (
    FlashPlanFile,
    PlanBlock,
    describe,
    package,
    plan_from_text,
    plan_from_toml,
    plan_to_toml,
    schema,
)
from core.errors import DataInvalid, UsageError
from core.vocabulary import Addressing, CanAddress, DoipAddress, EuroClass

words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
routine = st.none() | st.integers(0, 0xFFFF)
seconds = st.floats(0.01, 600, allow_nan=False)

policies = st.builds(
    FlashPolicy,
    programming_session=st.integers(1, 0x7F),
    security_level=st.integers(0, 0x3E).map(lambda n: 2 * n + 1),
    security_method=words,
    fingerprint_did=routine,
    precondition_routine=routine,
    erase_routine=st.integers(0, 0xFFFF),
    checksum_routine=routine,
    dependency_routine=routine,
    voltage_minimum=st.floats(0.1, 12),
    voltage_maximum=st.floats(12.5, 60),
    resend_on_timeout=st.booleans(),
    max_block=st.integers(0, 2**32 - 1),
    reset_time=seconds,
    resume=st.booleans(),
    erase_scope=st.sampled_from(("block", "none")),
    erase_form=st.sampled_from(POLICY_CHOICES["erase_form"]),
    checksum_form=st.sampled_from(POLICY_CHOICES["checksum_form"]),
    checksum_algorithm=st.sampled_from(POLICY_CHOICES["checksum_algorithm"]),
    address_format=st.integers(1, 8).flatmap(lambda high: st.integers(4, 8).map(lambda low: high << 4 | low)),
    extended_session=st.integers(1, 0x7F),
    dtc_setting=st.booleans(),
    communication_control=st.booleans(),
    clear_dtcs=st.booleans(),
    keep_alive_interval=st.floats(0.1, 2.5),
    parallel=st.booleans(),
    unit_order=st.integers(-100, 100),
    depends_on=st.lists(words.map(lambda name: name + "."), max_size=3).map(tuple),
    allow_override=st.booleans(),
    authentication=st.none() | words.filter(lambda name: name != "none"),
)
addresses = st.one_of(
    st.none(),
    st.builds(DoipAddress, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)),
    st.builds(
        CanAddress,
        tx=st.integers(0, 0x1FFFFFFF),
        rx=st.integers(0, 0x1FFFFFFF),
        is_extended_id=st.booleans(),
        addressing=st.sampled_from(Addressing),
        tx_extension=st.none() | st.integers(0, 255),
        functional=st.none() | st.integers(0, 0x7FF),
        padding=st.none() | st.integers(0, 255),
    ),
)
plans = st.builds(
    FlashPlanFile,
    unit=words,
    policy=policies,
    title=st.just("") | words,
    file=st.just("plan.toml"),
    address=addresses,
    euro_class=st.sampled_from(EuroClass),
    vin_prefixes=st.lists(words, max_size=2).map(tuple),
    software_after=st.just("") | words,
    hardware=st.lists(words, max_size=2).map(tuple),
    expected_idents=st.lists(
        st.builds(ExpectedIdent, words, st.integers(0, 0xFFFF), st.lists(words, min_size=1, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    software_did=routine,
    flashware=st.just("") | words,
    image_start=st.none() | st.integers(0, 2**40),
    data_format=st.integers(0, 255),
    blocks=st.just(())
    | st.just(
        (
            PlanBlock("A", ((0, 15), (32, 47)), 0x11, "ab" * 32, (Checksum("CRC32", 0, 15, 7),), 3),
            PlanBlock("B", ((16, 31),)),
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_what_is_written_reads_back_the_same(plan: FlashPlanFile) -> None:
    assert plan_from_text(plan_to_toml(plan).encode(), plan.file) == plan
    assert all(line and line.isprintable() for line in describe(plan))


def test_every_field_of_the_policy_has_one_key() -> None:
    said = [key.field for keys in schema.POLICY.values() for key in keys]
    assert sorted(said) == sorted(field.name for field in fields(FlashPolicy))
    said = [key.field for keys in schema.PLAN.values() for key in keys]
    apart = {"policy", "file", "address", "expected_idents", "blocks"}
    assert sorted(said) == sorted({field.name for field in fields(FlashPlanFile)} - apart)


def test_a_short_plan_has_the_usual_values() -> None:
    plan = plan_from_text(b'format = 1\nunit.name = "ENGINE"\n', "p.toml")
    assert plan == FlashPlanFile("ENGINE", file="p.toml")
    assert plan.is_proven and not replace(plan, policy=FlashPolicy(checksum_routine=None)).is_proven


WRONG: dict[str, tuple[str, int, str]] = {
    'format = 2\n[unit]\nname = "A"': ("must be 1", 1, "format"),
    'format = true\n[unit]\nname = "A"': ("must be 1", 1, "format"),
    "format = 1\n": ("name is missing", 1, "unit"),
    'format = 1\n[unit]\nnam = "A"': ("is not known here; known: name", 3, "unit.nam"),
    'format = 1\n[units]\nname = "A"': ("is not known here", 2, "units"),
    'format = 1\nunit = "A"': ("must be a table", 2, "unit"),
    'format = 1\n[unit]\nname = "A"\n[erase]\n\nscope = "all"': ("one of block, whole, none", 6, "erase.scope"),
    'format = 1\n[unit]\nname = "A"\n[erase]\nscope = "whole"': ('"address" or "empty"', 4, "erase.form"),
    'format = 1\n[unit]\nname = "A"\n[erase]\nroutine = "none"': ("0 to 0xFFFF", 5, "erase.routine"),
    'format = 1\n[unit]\nname = "A"\n[prepare]\nkeep_alive_interval = 2.6': ("up to 2.5", 5, "prepare.keep_alive_"),
    'format = 1\n[unit]\nname = "A"\n[prepare]\nkeep_alive_interval = nan': ("up to 2.5", 5, "prepare.keep_alive_"),
    'format = 1\n[unit]\nname = "A"\n[security]\nlevel = 0x12': ("odd", 5, "security.level"),
    'format = 1\n[unit]\nname = "A"\n[transfer]\nmax_block = true': ("number of bytes", 5, "transfer.max_block"),
    'format = 1\n[unit]\nname = "A"\n[voltage]\nminimum = 16': ("below maximum", 4, "voltage"),
    'format = 1\n[unit]\nname = "A"\ntx = 0x7E0': ("tx and rx must be there", 2, "unit"),
    'format = 1\n[unit]\nname = "A"\ntx = 1\nrx = 2\naddress = 3': ("one address", 6, "unit.address"),
    'format = 1\n[unit]\nname = "A"\n[order]\ndepends_on = ["a"]': ("the unit itself", 5, "order.depends_on"),
    'format = 1\n[unit]\nname = "A"\n[vehicle]\neuro_class = "EURO 7"': ("EURO 6", 5, "vehicle.euro_class"),
    'format = 1\n[unit]\nname = "A"\n[image]\nsha256 = "abc"': ("64 hexadecimal", 5, "image.sha256"),
    'format = 1\nblocks = 1\n[unit]\nname = "A"': ("array of tables", 2, "blocks"),
    'format = 1\n[unit]\nname = "A"\n[[blocks]]\nname = "B"': ("needs name and ranges", 4, "blocks[1]"),
    'format = 1\n[unit]\nname = "A"\n[[blocks]]\nname = "B"\nranges = [[2, 1]]': (
        "first address", 6, "blocks[1].ranges",
    ),
    'format = 1\n[unit]\nname = "A"\n[[blocks]]\nname = "B"\nranges = [[0, 9]]\n[[blocks]]\nname = "C"\n'
    "ranges = [[9, 12]]": ("0x9 belongs to two blocks", 9, "blocks[2].ranges"),
    'format = 1\n[unit]\nname = "A"\n[[blocks]]\nname = "B"\nranges = [[0, 0x100000000]]': (
        "does not fit the address format", 6, "blocks[1].ranges",
    ),
    'format = 1\n[unit]\nname = "A"\n[[expected.idents]]\nname = "S"\ndid = 1': (
        "at least one", 4, "expected.idents[1]",
    ),
    'format = 1\n[unit]\nname = "A"\n[voltage\nminimum = 1': ("line 4", 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_with_line_and_key(text: str) -> None:
    said, line, key = WRONG[text]
    with pytest.raises(DataInvalid) as caught:
        plan_from_text(text.encode(), "/somewhere/plan.toml")
    assert said in caught.value.message and caught.value.file == "/somewhere/plan.toml"
    assert caught.value.place.startswith(f"line {line} {key}" if line else "")
    assert "plan.toml" in caught.value.message and "/somewhere" not in caught.value.message


def test_several_problems_are_told_together() -> None:
    text = 'format = 1\n[unit]\nname = ""\nbus = 1\n[erase]\nscope = 1\nform = 2\nx = 3\n[order]\nparallel = "yes"\n'
    with pytest.raises(DataInvalid) as caught:
        plan_from_text(text.encode(), "p.toml")
    assert caught.value.place == "line 3 unit.name" and caught.value.message.endswith("; and 1 more.")


def test_a_hundred_corrupt_plans_end_in_a_clear_no_or_in_a_plan() -> None:
    """Bytes flipped, lines doubled, cut and swapped, values replaced; nothing else than DataInvalid comes out."""
    good = plan_to_toml(
        FlashPlanFile("ENGINE", address=CanAddress(0x7E0, 0x7E8), blocks=(PlanBlock("A", ((0, 15),)),))
    ).encode()  # fmt: skip
    chance = random.Random(20240817)
    values = [
        b"nan",
        b"-1",
        b"[]",
        b"{}",
        b'"\x00"',
        b"1e999",
        b"0x" + b"F" * 40,
        b"9" * 5000,
        b"[[[1]]]",
        b"1979-05-27",
    ]
    refused = 0
    for _ in range(100):
        lines = good.splitlines(keepends=True)
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                flipped = bytearray(good)
                flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
                data = bytes(flipped)
            case 1:
                data = good[: chance.randrange(len(good))]
            case 2:
                data = b"".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])
            case 3:
                chance.shuffle(lines)
                data = b"".join(lines)
            case _:
                key = lines[at].partition(b"=")[0]
                data = b"".join([*lines[:at], key + b"= " + chance.choice(values) + b"\n", *lines[at + 1 :]])
        try:
            plan_from_text(data, "p.toml")
        except DataInvalid as error:
            refused += 1
            assert error.message and error.file == "p.toml" and error.place
    assert refused > 60


def test_files_that_are_no_plans(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    with pytest.raises(DataInvalid, match="cannot be read"):
        plan_from_toml(path)
    for content in (b"\xff\xfe", b"a = " + b"[" * 5000, b"x" * (1 << 21)):
        path.write_bytes(content)
        with pytest.raises(DataInvalid):
            plan_from_toml(path)


# -- plan and image

CODE, DATA = bytes(range(256)) * 2, b"calibration" * 5
LAYOUT = FlashPlanFile(
    "ENGINE",
    FlashPolicy(max_block=99),
    software_after="02.00",
    blocks=(PlanBlock("CODE", ((0x1000, 0x11FF),), 0x11), PlanBlock("DATA", ((0x1200, 0x1200 + len(DATA) - 1),))),
)


def _binary() -> bincopy.BinFile:
    file = bincopy.BinFile()
    file.add_binary(CODE + DATA, address=0x1000)
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [("i.hex", lambda: _binary().as_ihex()), ("i.s19", lambda: _binary().as_srec()), ("i.bin", lambda: CODE + DATA)],
    ids=["hex", "s19", "bin"],
)
def test_an_image_is_cut_into_the_blocks_of_the_plan(
    tmp_path: Path, name: str, content: Callable[[], str | bytes]
) -> None:
    path, made = tmp_path / name, content()
    path.write_bytes(made if isinstance(made, bytes) else made.encode())
    flashware = package(LAYOUT, path)
    session = flashware.session
    assert session is not None and session.policy is LAYOUT.policy and session.own_software == "02.00"
    assert [(b.name, b.data_format, b.size) for b in session.blocks] == [("CODE", 0x11, 512), ("DATA", 0, len(DATA))]
    for block, wanted in zip(session.blocks, (CODE, DATA), strict=True):
        assert b"".join(part.data for part in flashware.image(session, block).segments) == wanted
    sealed = replace(LAYOUT, image_sha256=flashware.images[0].sha256)
    with pytest.raises(DataInvalid, match="not the image of this plan"):
        package(sealed, path)


def test_without_blocks_the_whole_image_is_one(tmp_path: Path) -> None:
    path = tmp_path / "i.bin"
    path.write_bytes(CODE)
    with pytest.raises(UsageError, match="where it begins"):
        package(FlashPlanFile("ENGINE"), path)
    flashware = package(FlashPlanFile("ENGINE", image_start=0x2000, data_format=0x22), path)
    assert flashware.session is not None
    (block,) = flashware.session.blocks
    assert (block.segments[0].start, block.size, block.data_format) == (0x2000, 512, 0x22)
    assert zlib.crc32(CODE) == flashware.images[0].crc32


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ((PlanBlock("CODE", ((0x1000, 0x11FF),)),), "bytes at 0x1200 that no block"),
        ((*LAYOUT.blocks, PlanBlock("MORE", ((0x9000, 0x9FFF),))), "no byte for block MORE"),
        ((PlanBlock("CODE", ((0x1000, 0x1FFF),)),), "cut off"),
    ],
)
def test_image_and_plan_that_do_not_belong_together(tmp_path: Path, blocks: tuple[PlanBlock, ...], words: str) -> None:
    path = tmp_path / "i.bin"
    path.write_bytes(CODE + DATA)
    with pytest.raises(DataInvalid, match=words) as caught:
        package(replace(LAYOUT, blocks=blocks), path)
    assert caught.value.file == str(path)


def test_an_s_record_file_that_counts_its_records_is_believed_only_when_the_count_holds(tmp_path: Path) -> None:
    """bincopy writes S5 (the count) and no S7: a line that is missing shows in the count."""
    path, lines = tmp_path / "i.s19", _binary().as_srec().splitlines()
    assert lines[-1].startswith("S5")
    path.write_text("\n".join([*lines[:3], *lines[4:]]))
    with pytest.raises(DataInvalid, match=f"line {len(lines) - 1}: {len(lines) - 1} data records"):
        package(LAYOUT, path)
