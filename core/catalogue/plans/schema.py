"""The table of a plan file's keys: section, name, field, kind, and the comment that a written file carries. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tomli_w

from core.catalogue.model import LONGEST_KEEP_ALIVE, POLICY_CHOICES
from core.vocabulary import KWP2000, UDS, Addressing, EuroClass

FORMAT = 1
"""The `format` that this reader understands."""
LONGEST_TEXT = 120
NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` gives the field's value or raises ValueError with words; `show` gives TOML."""

    words: str
    read: Callable[[Any], Any]
    show: Callable[[Any], str]


def toml_value(value: Any) -> str:
    """Texts, lists of texts, booleans and floats as TOML."""
    return tomli_w.dumps({"x": value}).partition("=")[2].strip()


def _number(words: str, low: int, high: int, width: int = 0, *, optional: bool = False) -> Kind:
    """`width` hex digits, 0 for decimal; `optional` takes "none" for None."""

    def read(value: Any) -> int | None:
        if optional and value == NONE:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    def show(value: int | None) -> str:
        return toml_value(NONE) if value is None else f"0x{value:0{width}X}" if width else str(value)

    return Kind(f'{words}, or "none"' if optional else words, read, show)


def _decimal(words: str, low: float, high: float) -> Kind:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError
        if not low < value <= high:
            raise ValueError
        return float(value)

    return Kind(words, read, lambda value: toml_value(float(value)))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text_of(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable() or value != value.strip():
        raise ValueError
    return value


def _filled(value: Any) -> str:
    if not _text_of(value):
        raise ValueError
    return str(value)


def _texts_of(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(_text_of(item) for item in value)


def _choice(choices: tuple[str, ...]) -> Kind:
    known = {choice.casefold(): choice for choice in choices}

    def read(value: Any) -> str:
        found = known.get(value.casefold()) if isinstance(value, str) else None
        if found is None:
            raise ValueError
        return found

    return Kind(f"one of {', '.join(choices)}", read, toml_value)


def _hex_of(digits: int) -> Callable[[Any], str]:
    """So many hexadecimal digits, or none."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError
        text = value.lower()
        if text and (len(text) != digits or set(text) - set("0123456789abcdef")):
            raise ValueError
        return text

    return read


def _security_level(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 0x7D or not value & 1:
        raise ValueError
    return value


def _address_format(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value >> 4 <= 8 or not 1 <= value & 15 <= 8:
        raise ValueError
    return value


PROTOCOL = _choice((UDS, KWP2000))
BOOLEAN = Kind("true or false", _boolean, toml_value)
TEXT = Kind(f"a text of up to {LONGEST_TEXT} characters", _text_of, toml_value)
NAME = Kind("a text that is not empty", _filled, toml_value)
TEXTS = Kind("a list of texts", _texts_of, lambda value: "[" + ", ".join(map(toml_value, value)) + "]")
BYTE = _number("a number from 0 to 0xFF", 0, 0xFF, 2)
BYTE_OR_NONE = _number("a number from 0 to 0xFF", 0, 0xFF, 2, optional=True)
SESSION = _number("a number from 1 to 0xFE", 1, 0xFE, 2)
WORD = _number("a number from 0 to 0xFFFF", 0, 0xFFFF, 4)
WORD_OR_NONE = _number("a number from 0 to 0xFFFF", 0, 0xFFFF, 4, optional=True)
CAN_ID = _number("a CAN identifier", 0, 0x1FFFFFFF, 3)
CAN_ID_OR_NONE = _number("a CAN identifier", 0, 0x1FFFFFFF, 3, optional=True)
ADDRESS = _number("an address", 0, 2**63 - 1, 8)
COUNT = _number("a number of bytes", 0, 2**32 - 1)
POSITION = _number("a whole number", -(2**31), 2**31)
HASH = Kind("64 hexadecimal digits", _hex_of(64), toml_value)
SIGNATURE = Kind("128 hexadecimal digits", _hex_of(128), toml_value)
LEVEL = Kind("an odd number from 1 to 0x7D", _security_level, lambda value: f"0x{value:02X}")
FORMAT_BYTE = Kind("a byte with 1 to 8 in both halves", _address_format, lambda value: f"0x{value:02X}")
SECONDS = _decimal("seconds above 0, up to 600", 0, 600)
KEEP_ALIVE = _decimal(f"seconds above 0, up to {LONGEST_KEEP_ALIVE}", 0, LONGEST_KEEP_ALIVE)
VOLTS = _decimal("volts above 0, up to 60", 0, 60)
METHOD = Kind(
    'the name of a method, or "none"',
    lambda value: None if value == NONE else _filled(value),
    lambda value: toml_value(NONE if value is None else value),
)
EURO = Kind(
    f"one of {', '.join(c.value for c in EuroClass)}",
    lambda value: EuroClass(value) if isinstance(value, str) else EuroClass(None),
    lambda value: toml_value(value.value),
)
ADDRESSING = Kind(
    f"one of {', '.join(a.value for a in Addressing)}",
    lambda value: Addressing(value) if isinstance(value, str) else Addressing(None),
    lambda value: toml_value(value.value),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section: the field that it fills, its kind, and its comment."""

    name: str
    field: str
    kind: Kind
    about: str = ""


def _policy_choice(field: str) -> Kind:
    return _choice(POLICY_CHOICES[field])


POLICY: Mapping[str, tuple[Key, ...]] = {
    "session": (
        Key("extended", "extended_session", SESSION, "10 xx before, for all units"),
        Key("programming", "programming_session", SESSION, "10 xx of this unit, answered by its boot loader"),
    ),
    "security": (
        Key("level", "security_level", LEVEL, "27 xx requestSeed; sendKey is one more"),
        Key("method", "security_method", NAME, "how the key follows from the seed"),
        Key("authentication", "authentication", METHOD, "29: method, none where securityAccess is enough"),
    ),
    "prepare": (
        Key("routine", "precondition_routine", WORD_OR_NONE, "31 01 xxxx: is the unit ready?"),
        Key("dtc_setting", "dtc_setting", BOOLEAN, "85 02: trouble code storage off meanwhile"),
        Key("communication_control", "communication_control", BOOLEAN, "28: normal messages off meanwhile"),
        Key("keep_alive_interval", "keep_alive_interval", KEEP_ALIVE, "3E 80, seconds"),
        Key("fingerprint_did", "fingerprint_did", WORD_OR_NONE, "2E xxxx: date and who did it"),
    ),
    "voltage": (
        Key("minimum", "voltage_minimum", VOLTS, "volts"),
        Key("maximum", "voltage_maximum", VOLTS),
    ),
    "erase": (
        Key(
            "scope", "erase_scope", _policy_choice("erase_scope"), "block: each one; whole: once; none: it erases alone"
        ),
        Key("routine", "erase_routine", WORD, "31 01 xxxx"),
        Key(
            "form",
            "erase_form",
            _policy_choice("erase_form"),
            "number: 01 block; address: format, address, size; empty",
        ),
    ),
    "transfer": (
        Key("address_format", "address_format", FORMAT_BYTE, "bytes of a size (high half), of an address (low half)"),
        Key("max_block", "max_block", COUNT, "bytes of a 36 at most, 0: what unit and device allow"),
        Key("resend_on_timeout", "resend_on_timeout", BOOLEAN, "a 36 without answer is sent once more"),
        Key("resume", "resume", BOOLEAN, "the boot loader goes on with an interrupted download"),
    ),
    "checksum": (
        Key("routine", "checksum_routine", WORD_OR_NONE, "31 01 xxxx after each block"),
        Key(
            "form",
            "checksum_form",
            _policy_choice("checksum_form"),
            "number: 01 block 00 length; address; value: alone",
        ),
        Key("algorithm", "checksum_algorithm", _policy_choice("checksum_algorithm")),
    ),
    "finish": (
        Key("dependency_routine", "dependency_routine", WORD_OR_NONE, "31 01 xxxx: do all blocks belong together?"),
        Key("reset_time", "reset_time", SECONDS, "seconds that the unit may be silent after a reset"),
        Key("clear_dtcs", "clear_dtcs", BOOLEAN, "14 FFFFFF at the end"),
    ),
    "order": (
        Key("depends_on", "depends_on", TEXTS, "units that must have their new software before"),
        Key("position", "unit_order", POSITION, "small ones first, where dependencies leave it open"),
        Key("parallel", "parallel", BOOLEAN, "may be flashed beside other units (DoIP)"),
    ),
    "override": (Key("allowed", "allow_override", BOOLEAN, "a red check may be passed by typing the unit's name"),),
}
"""Section -> keys of FlashPolicy. Every field stands here once (a test holds that)."""

CAN: tuple[Key, ...] = (
    Key("tx", "tx", CAN_ID),
    Key("rx", "rx", CAN_ID),
    Key("extended_id", "is_extended_id", BOOLEAN),
    Key("addressing", "addressing", ADDRESSING),
    Key("tx_extension", "tx_extension", BYTE_OR_NONE),
    Key("rx_extension", "rx_extension", BYTE_OR_NONE),
    Key("functional", "functional", CAN_ID_OR_NONE),
    Key("fd", "is_fd", BOOLEAN),
    Key("padding", "padding", BYTE_OR_NONE),
    Key("functional_extension", "functional_extension", BYTE_OR_NONE),
)
"""[unit] on CAN; only `tx` and `rx` must be there."""

DOIP: tuple[Key, ...] = (Key("address", "logical", WORD), Key("functional_address", "functional", WORD))
"""[unit] on DoIP."""

PLAN: Mapping[str, tuple[Key, ...]] = {
    "": (Key("title", "title", TEXT),),
    "unit": (Key("name", "unit", NAME), Key("protocol", "protocol", PROTOCOL, "what it speaks")),
    "vehicle": (
        Key("euro_class", "euro_class", EURO, "what the vehicle must have been certified for"),
        Key("vin_prefix", "vin_prefixes", TEXTS, "how its VIN begins; empty: not compared"),
    ),
    "expected": (
        Key("hardware", "hardware", TEXTS, "hardware numbers that may get this; empty: not compared"),
        Key("software_after", "software_after", TEXT, "what the unit must report afterwards"),
        Key("software_did", "software_did", WORD_OR_NONE, "where a unit without vehicle data reports it"),
        Key("hardware_did", "hardware_did", WORD_OR_NONE),
    ),
    "image": (
        Key("name", "flashware", TEXT),
        Key("part_number", "part_number", TEXT),
        Key("sha256", "image_sha256", HASH, "over all bytes in address order; empty: not compared"),
        Key(
            "start", "image_start", _number("an address", 0, 2**63 - 1, 8, optional=True), "first byte of a raw binary"
        ),
        Key("data_format", "data_format", BYTE, "byte 2 of 34: compression and encryption"),
        Key("signature", "signature", SIGNATURE, "Ed25519 over the SHA-256 of the bytes as sent; empty: not signed"),
        Key("public_key", "public_key", HASH, "of whoever signed"),
    ),
}
"""Section -> keys of FlashPlanFile itself."""

IDENT: tuple[Key, ...] = (Key("name", "name", NAME), Key("did", "did", WORD), Key("values", "values", TEXTS))
BLOCK: tuple[Key, ...] = (
    Key("name", "name", NAME),
    Key("data_format", "data_format", BYTE),
    Key("sha256", "sha256", HASH),
    Key("index", "index", _number("a number from 0 to 0xFFFF", 0, 0xFFFF, optional=True)),
)
CHECKSUM: tuple[Key, ...] = (
    Key("algorithm", "algorithm", TEXT),
    Key("start", "start", ADDRESS),
    Key("end", "end", ADDRESS),
    Key("result", "result", _number("a number", 0, 2**63 - 1, 8)),
)
