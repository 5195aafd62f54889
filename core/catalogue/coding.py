"""Arithmetic of coding records (ODX-E, ISO 22901-1, 7.6): bytes to meanings and back. Pure; it asks no unit.

A record is the value of one DID. Bits of an item: `bit` counts from the least significant bit of the last byte that
the item touches, bytes are big-endian (as ODX places a BIT-POSITION in a multi-byte value).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from core.catalogue.model import CodingRecord, OptionItem
from core.errors import DataInvalid, ValueRefused
from core.vocabulary import CodingItemState

UNDEFINED = "undefined"


def decode_items(record: CodingRecord, data: bytes) -> dict[str, str]:
    """Item name to meaning, in the record's order. A raw value that no choice has reads "undefined (0x..)".

    Raises DataInvalid where `data` has not the record's length: the unit is then not what the data describes.
    """
    _check_length(record, data)
    return {item.name: meaning_of(item, read_raw(item, data)) for item in record.items}


def item_states(record: CodingRecord, data: bytes) -> tuple[CodingItemState, ...]:
    """Every item with its meaning now, its factory meaning ("" where unknown) and what may be chosen."""
    now = decode_items(record, data)
    factory = factory_meanings(record)
    return tuple(
        CodingItemState(
            name=item.name,
            title=item.title,
            record=record.name,
            now=now[item.name],
            factory=factory.get(item.name, ""),
            choices=tuple(choice.meaning for choice in item.choices),
            minimum=item.minimum,
            maximum=item.maximum,
            unit=item.unit,
        )
        for item in record.items
    )


def factory_meanings(record: CodingRecord) -> dict[str, str]:
    """What the factory set, item by item; items without a known factory value are left out."""
    if record.factory:
        return decode_items(record, record.factory)
    return {item.name: meaning_of(item, item.factory) for item in record.items if item.factory is not None}


def apply(record: CodingRecord, data: bytes, changes: Mapping[str, str]) -> bytes:
    """`data` with the named items set to the given meanings or numbers; every other bit stays as it is.

    Names and meanings are matched exactly first, then without regard to case. Raises ValueRefused for an unknown
    item, a meaning that is not offered, or a number that is outside its range or between two steps; nothing is
    changed then. Raises DataInvalid for a wrong length.
    """
    _check_length(record, data)
    changed = bytearray(data)
    for name, text in changes.items():
        item = find_item(record, name)
        _write_raw(item, changed, raw_of(item, text))
    return bytes(changed)


def require_plausible(record: CodingRecord, data: bytes, present: bytes) -> None:
    """Every item of `data` says something that the record allows, or what it says in `present` already.

    Raises ValueRefused with what may be chosen, DataInvalid for a wrong length.
    """
    _check_length(record, data)
    for item in record.items:
        raw = read_raw(item, data)
        if raw == read_raw(item, present):
            continue
        meaning = meaning_of(item, raw)
        if raw_of(item, meaning) != raw:  # two choices with one meaning: the first counts
            raise ValueRefused(f"{item.name} cannot be {meaning!r} by the raw value {raw}.")


def find_item(record: CodingRecord, name: str) -> OptionItem:
    """The item of that name, without regard to case where only one fits. Raises ValueRefused with the names."""
    exact = [item for item in record.items if item.name == name]
    close = exact or [item for item in record.items if item.name.casefold() == name.strip().casefold()]
    if len(close) != 1:
        names = ", ".join(item.name for item in record.items)
        raise ValueRefused(f"{record.name} has no item {name!r}.", f"Choose one of: {names}.")
    return close[0]


def read_raw(item: OptionItem, data: bytes) -> int:
    """The item's bits as an unsigned number. Raises DataInvalid where they lie outside `data`."""
    last = item.byte + _byte_count(item)
    if item.byte < 0 or last > len(data):
        raise DataInvalid(f"Item {item.name} lies outside the {len(data)} bytes of its record.", place=item.name)
    word = int.from_bytes(data[item.byte : last], "big")
    return (word >> item.bit) & ((1 << item.bit_length) - 1)


def meaning_of(item: OptionItem, raw: int) -> str:
    """The choice that has this raw value, or the number in physical units without the unit."""
    if not item.choices:
        return _as_text(Decimal(raw) * _exact(item.factor) + _exact(item.offset))
    for choice in item.choices:
        if choice.raw == raw:
            return choice.meaning
    return f"{UNDEFINED} (0x{raw:0{(item.bit_length + 3) // 4}X})"


def raw_of(item: OptionItem, text: str) -> int:
    """The raw value for a meaning or a number. Raises ValueRefused, with what may be chosen as advice."""
    return _raw_of_choice(item, text) if item.choices else _raw_of_number(item, text)


def _raw_of_choice(item: OptionItem, text: str) -> int:
    exact = [choice for choice in item.choices if choice.meaning == text]
    close = exact or [choice for choice in item.choices if choice.meaning.casefold() == text.strip().casefold()]
    # two choices may share a meaning and even a raw value: the first is as good as the second, another raw is not
    if len({choice.raw for choice in close}) != 1 or close[0].raw >> item.bit_length:
        meanings = ", ".join(choice.meaning for choice in item.choices)
        raise ValueRefused(f"{item.name} cannot be {text!r}.", f"Choose one of: {meanings}.")
    return close[0].raw


def _raw_of_number(item: OptionItem, text: str) -> int:
    advice = f"Give a number {_range_words(item)}."
    try:
        wanted = Decimal(text.strip())
    except InvalidOperation:
        raise ValueRefused(f"{item.name} cannot be {text!r}: it is a number.", advice) from None
    low, high = _limits(item)
    if not wanted.is_finite() or not low <= wanted <= high:
        raise ValueRefused(f"{item.name} cannot be {text!r}: it is out of range.", advice)
    raw = (wanted - _exact(item.offset)) / _exact(item.factor)
    if raw != raw.to_integral_value():
        below = _as_text(Decimal(int(raw)) * _exact(item.factor) + _exact(item.offset))
        raise ValueRefused(f"{item.name} cannot be {text!r}: its step is {_as_text(_exact(item.factor))}.",
                           f"Take {below}, for example.")  # fmt: skip
    return int(raw)


def _limits(item: OptionItem) -> tuple[Decimal, Decimal]:
    """Physical limits: what the bits can hold, narrowed by the data's own minimum and maximum."""
    ends = [Decimal(raw) * _exact(item.factor) + _exact(item.offset) for raw in (0, (1 << item.bit_length) - 1)]
    low = min(ends) if item.minimum is None else max(min(ends), _exact(item.minimum))
    high = max(ends) if item.maximum is None else min(max(ends), _exact(item.maximum))
    return low, high


def _range_words(item: OptionItem) -> str:
    low, high = _limits(item)
    return f"from {_as_text(low)} to {_as_text(high)} {item.unit}".rstrip()


def _write_raw(item: OptionItem, data: bytearray, raw: int) -> None:
    read_raw(item, bytes(data))  # refuses bits outside the record
    last = item.byte + _byte_count(item)
    mask = ((1 << item.bit_length) - 1) << item.bit
    word = int.from_bytes(data[item.byte : last], "big") & ~mask | raw << item.bit
    data[item.byte : last] = word.to_bytes(last - item.byte, "big")


def _byte_count(item: OptionItem) -> int:
    return (item.bit + item.bit_length + 7) // 8


def _check_length(record: CodingRecord, data: bytes) -> None:
    if len(data) != record.length:
        raise DataInvalid(
            f"Coding {record.name} has {len(data)} bytes in the unit, {record.length} in the diagnostic data.",
            "Load the diagnostic data that belongs to this unit; nothing was changed.",
            place=record.name,
        )


def _exact(number: float) -> Decimal:
    """The decimal that the data's author wrote: 0.1 stays 0.1 and does not become its binary neighbour."""
    return Decimal(repr(number))


def _as_text(number: Decimal) -> str:
    return f"{number.normalize():f}" if number else "0"
