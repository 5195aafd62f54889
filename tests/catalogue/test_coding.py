"""Coding arithmetic: meanings and numbers, both directions, and nothing but the wanted bits changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue.coding import apply, decode_items, factory_meanings, item_states, raw_of, read_raw
from core.catalogue.model import CodingRecord, OptionChoice, OptionItem
from core.errors import DataInvalid, ValueRefused

LIGHT = OptionItem("Light", "Daytime light", 0, 0, 2, (OptionChoice("off", 0), OptionChoice("on", 1)), factory=1)
DELAY = OptionItem("Delay", "Delay", 1, 4, 12, factor=0.1, offset=-5.0, minimum=0.0, maximum=100.0, unit="s")
SPEED = OptionItem("Speed", "Speed limit", 3, 0, 8, factor=5.0)
RECORD = CodingRecord("Body", "Body", 0x0100, 4, (LIGHT, DELAY, SPEED), factory=bytes.fromhex("01 06 40 19"))
# Delay: 12 bits at bit 4 of bytes 1..2: 0x064 = 100 -> 5 s; Speed 0x19 = 25 -> 125


def test_meanings() -> None:
    assert decode_items(RECORD, RECORD.factory) == {"Light": "on", "Delay": "5", "Speed": "125"}
    other = decode_items(RECORD, bytes.fromhex("FE 03 3F 00"))
    assert other == {"Light": "undefined (0x2)", "Delay": "0.1", "Speed": "0"}


def test_states_carry_what_a_screen_needs() -> None:
    light, delay, _ = item_states(RECORD, bytes(4))
    assert (light.now, light.factory, light.choices, light.record) == ("off", "on", ("off", "on"), "Body")
    assert (delay.now, delay.factory, delay.minimum, delay.maximum, delay.unit) == ("-5", "5", 0.0, 100.0, "s")


def test_factory_of_single_items() -> None:
    assert factory_meanings(replace(RECORD, factory=b"")) == {"Light": "on"}


def test_apply_changes_only_the_named_bits() -> None:
    before = bytes.fromhex("FD FF FF FF")
    assert apply(RECORD, before, {"Light": "off"}) == bytes.fromhex("FC FF FF FF")
    assert apply(RECORD, before, {"delay": "12.3"}).hex() == "fd0adfff"
    assert apply(RECORD, bytes(4), {"SPEED": "1275", "light": "ON"}).hex() == "010000ff"
    assert apply(RECORD, before, {}) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Light": "blue"}, "off, on"),
        ({"Nonsense": "on"}, "Light, Delay, Speed"),
        ({"Delay": "100.1"}, "from 0 to 100 s"),
        ({"Delay": "-0.1"}, "from 0 to 100 s"),
        ({"Delay": "nan"}, "from 0 to 100 s"),
        ({"Delay": "fast"}, "from 0 to 100 s"),
        ({"Delay": "1.23"}, "Take 1.2"),
        ({"Speed": "126"}, "Take 125"),
        ({"Speed": "1280"}, "from 0 to 1275"),
        ({"Light": "on", "Speed": "1e400"}, "from 0 to 1275"),
    ],
)
def test_refused_values_name_the_choices(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        apply(RECORD, bytes(4), changes)
    assert words in refused.value.advice


def test_a_record_of_another_length_is_no_such_record() -> None:
    for wrong in (b"", bytes(3), bytes(5)):
        with pytest.raises(DataInvalid, match="4 in the diagnostic data"):
            decode_items(RECORD, wrong)
        with pytest.raises(DataInvalid):
            apply(RECORD, wrong, {"Light": "on"})


def test_an_item_outside_its_record_is_refused() -> None:
    with pytest.raises(DataInvalid, match="outside"):
        read_raw(replace(SPEED, byte=4), bytes(4))
    with pytest.raises(DataInvalid, match="outside"):
        read_raw(replace(SPEED, byte=-1), bytes(4))


def test_meanings_that_differ_only_in_case_need_their_case() -> None:
    item = replace(LIGHT, choices=(OptionChoice("On", 1), OptionChoice("ON", 2)))
    assert raw_of(item, "ON") == 2 and raw_of(item, "On") == 1
    with pytest.raises(ValueRefused):
        raw_of(item, "on")


@settings(max_examples=150)
@given(
    data=st.binary(min_size=6, max_size=6),
    byte=st.integers(0, 3),
    bit=st.integers(0, 7),
    length=st.integers(1, 16),
    raw=st.integers(0, 65535),
)
def test_what_is_written_is_read_back(data: bytes, byte: int, bit: int, length: int, raw: int) -> None:
    item = OptionItem("X", "X", byte, bit, length, factor=0.25, offset=3.0)
    record = CodingRecord("R", "R", 1, 6, (item,))
    raw &= (1 << length) - 1
    changed = apply(record, data, {"X": str(raw * 0.25 + 3.0)})
    assert read_raw(item, changed) == raw
    last = byte + (bit + length + 7) // 8
    mask = ~(((1 << length) - 1) << bit)
    assert changed[:byte] == data[:byte] and changed[last:] == data[last:]
    assert int.from_bytes(changed[byte:last], "big") & mask == int.from_bytes(data[byte:last], "big") & mask
