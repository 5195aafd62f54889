"""Atomic values in a PDU: bits, byte order and base types (ISO 22901-1, 7.3.6.3 and 7.3.6.4). Pure; no odxtools.

The rules are those that odxtools 11 follows, because files are written and tried with it; where it refuses, so do we:
ValueRefused when encoding, DataInvalid when decoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from core.errors import DataInvalid, ValueRefused

NUMBERS = frozenset({"A_INT32", "A_UINT32", "A_FLOAT32", "A_FLOAT64"})
TEXTS = frozenset({"A_ASCIISTRING", "A_UTF8STRING", "A_UNICODE2STRING"})
_EMPTY: dict[str, Any] = {"A_BYTEFIELD": b"", "A_INT32": 0, "A_UINT32": 0, "A_FLOAT32": 0.0, "A_FLOAT64": 0.0}
_FLOAT_FORMAT = {"A_FLOAT32": (">f", 32), "A_FLOAT64": (">d", 64)}
_TEXT_CODECS = {"UTF-8": "utf-8", "ISO-8859-1": "iso-8859-1", "ISO-8859-2": "iso-8859-2", "WINDOWS-1252": "cp1252"}


class Mismatch(DataInvalid):
    """A PDU that belongs to another response of the service (NRC-CONST, ISO 22901-1, 7.3.5.3)."""


@dataclass
class EncodeState:
    """Where encoding stands: the bytes so far, which of their bits are taken, and what keys have been set."""

    data: bytearray = field(default_factory=bytearray)
    used: bytearray = field(default_factory=bytearray)
    origin: int = 0
    cursor: int = 0
    bit: int = 0
    request: bytes | None = None
    length_keys: dict[str, int] = field(default_factory=dict)
    table_keys: dict[str, str] = field(default_factory=dict)
    key_positions: dict[str, int] = field(default_factory=dict)
    at_end: bool = True  # the object being encoded is the last one of the PDU
    allow_unknown: bool = False
    journal: list[tuple[Any, Any]] = field(default_factory=list)  # (parameter, its value), for ENV-DATA-DESC

    def put(self, new: bytes, mask: bytes | None = None) -> None:
        """Places bytes at the cursor and moves it behind them. `mask` names the bits that count, None for all."""
        missing = self.cursor + len(new) - len(self.data)
        if missing > 0:
            self.data += bytes(missing)
            self.used += bytes(missing)
        for index, byte in enumerate(new, start=self.cursor):
            bits = 0xFF if mask is None else mask[index - self.cursor]
            self.data[index] = self.data[index] & ~bits & 0xFF | byte & bits
            self.used[index] |= bits
        self.cursor += len(new)


@dataclass
class DecodeState:
    """Where decoding stands in `data`. The journal holds every parameter with its value, in order."""

    data: bytes
    origin: int = 0
    cursor: int = 0
    bit: int = 0
    length_keys: dict[str, int] = field(default_factory=dict)
    table_rows: dict[str, Any] = field(default_factory=dict)
    journal: list[tuple[Any, Any]] = field(default_factory=list)
    depth: int = 0
    environment: list[tuple[int, int]] = field(default_factory=list)  # ranges of the journal that are ENV-DATA


@dataclass(frozen=True, slots=True)
class Atom:
    """How one atomic value lies in the bytes: base type, encoding (ODX name or None), byte order."""

    base: str
    encoding: str | None = None
    high_low: bool = True

    def encode(self, value: Any, bit_length: int, state: EncodeState, mask: bytes | None = None) -> None:
        """Places `value` at the cursor with `bit_length` bits. Raises ValueRefused where it does not fit."""
        raw = self._raw_number(value, bit_length)
        if bit_length == 0:
            state.put(b"")
            return
        count = (state.bit + bit_length + 7) // 8
        coded = (raw << state.bit).to_bytes(count, "big")
        bits = (1 << bit_length) - 1 if mask is None else int.from_bytes(mask, "big")  # the mask is big-endian
        used = (bits << state.bit).to_bytes(count, "big")
        if not self.high_low and self.base in NUMBERS:
            coded, used = coded[::-1], used[::-1]
        state.bit = 0
        state.put(coded, used)

    def decode(self, bit_length: int, state: DecodeState) -> Any:
        """Takes `bit_length` bits from the cursor on. Raises DataInvalid where the PDU is too short."""
        if bit_length == 0:
            return _EMPTY.get(self.base, "")
        if self.base in _FLOAT_FORMAT:
            bit_length = _FLOAT_FORMAT[self.base][1]
        count = (bit_length + state.bit + 7) // 8
        piece = state.data[state.cursor : state.cursor + count]
        if len(piece) < count or bit_length < 0:
            raise DataInvalid(
                f"The message has {len(state.data)} bytes, {state.cursor + count} are needed.",
                place=f"byte {state.cursor}",
            )
        if not self.high_low and self.base in NUMBERS:
            piece = piece[::-1]
        raw = (int.from_bytes(piece, "big") >> state.bit) & ((1 << bit_length) - 1)
        value = self._value_of(raw, bit_length, state)
        state.cursor += count
        state.bit = 0
        return value

    def text_codec(self) -> str:
        """The Python name of the character encoding. UCS-2 follows the byte order."""
        if self.encoding == "UCS-2" or (self.base == "A_UNICODE2STRING" and self.encoding is None):
            return "utf-16-be" if self.high_low else "utf-16-le"
        if self.encoding is None:
            return "utf-8" if self.base == "A_UTF8STRING" else "iso-8859-1"
        try:
            return _TEXT_CODECS[self.encoding]
        except KeyError:
            raise DataInvalid(f"Text in encoding {self.encoding} is not supported.", place=self.base) from None

    def text_bytes(self, text: str) -> bytes:
        try:
            return text.encode(self.text_codec())
        except UnicodeEncodeError:
            raise ValueRefused(f"The text {text!r} has characters that {self.text_codec()} has not.") from None

    def _raw_number(self, value: Any, bit_length: int) -> int:
        if self.base == "A_BYTEFIELD":
            if not isinstance(value, bytes | bytearray):
                raise ValueRefused(f"{value!r} is not a byte field.")
            return _fitting(int.from_bytes(value, "big"), 8 * len(value), bit_length, value)
        if self.base in TEXTS:
            if not isinstance(value, str):
                raise ValueRefused(f"{value!r} is not a text.")
            coded = self.text_bytes(value)
            return _fitting(int.from_bytes(coded, "big"), 8 * len(coded), bit_length, value)
        if self.base in _FLOAT_FORMAT:
            return self._raw_float(value, bit_length)
        if not isinstance(value, int):
            raise ValueRefused(f"{value!r} is not a whole number.")
        raw = self._raw_signed(value, bit_length) if self.base == "A_INT32" else self._raw_unsigned(value)
        return _fitting(raw, raw.bit_length(), bit_length, value)

    def _raw_float(self, value: Any, bit_length: int) -> int:
        layout, wanted = _FLOAT_FORMAT[self.base]
        if not isinstance(value, int | float) or bit_length != wanted:
            raise ValueRefused(f"{value!r} cannot be coded as {self.base} of {bit_length} bits.")
        try:
            return int.from_bytes(struct.pack(layout, float(value)), "big")
        except OverflowError:
            raise ValueRefused(f"{value!r} is too large for {self.base}.") from None

    def _raw_signed(self, value: int, bit_length: int) -> int:
        if value >= 0:
            return value
        if self.encoding == "1C":
            return (1 << bit_length) - 1 + value
        if self.encoding == "SM":
            return (1 << (bit_length - 1)) - value
        raw = (1 << bit_length) + value
        if raw < 0:
            raise ValueRefused(f"{value!r} does not fit into {bit_length} bits.")
        return raw

    def _raw_unsigned(self, value: int) -> int:
        if value < 0:
            raise ValueRefused(f"{value!r} is negative.")
        if self.encoding in ("BCD-P", "BCD-UP"):
            return int(("" if self.encoding == "BCD-P" else "0").join(str(value)), 16)
        return value

    def _value_of(self, raw: int, bit_length: int, state: DecodeState) -> Any:
        if self.base == "A_BYTEFIELD":
            return raw.to_bytes((bit_length + 7) // 8, "big")
        if self.base in TEXTS:
            try:
                return raw.to_bytes((bit_length + 7) // 8, "big").decode(self.text_codec())
            except UnicodeDecodeError:
                place = f"byte {state.cursor}"
                raise DataInvalid("The text has bytes that its encoding has not.", place=place) from None
        if self.base in _FLOAT_FORMAT:
            layout, _ = _FLOAT_FORMAT[self.base]
            return float(struct.unpack(layout, raw.to_bytes(bit_length // 8, "big"))[0])
        if self.base == "A_INT32":
            return self._signed_of(raw, bit_length)
        if self.encoding in ("BCD-P", "BCD-UP"):
            return _from_bcd(raw, 4 if self.encoding == "BCD-P" else 8)
        return raw

    def _signed_of(self, raw: int, bit_length: int) -> int:
        sign = 1 << (bit_length - 1)
        if raw < sign:
            return raw
        if self.encoding == "1C":
            return raw - (1 << bit_length) + 1
        if self.encoding == "SM":
            return sign - raw
        return raw - (1 << bit_length)


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1 by ISO 22901-1, 7.3.6.5: numbers as numbers, texts as texts, byte fields padded with zeros."""
    if isinstance(a, bytes | bytearray) and isinstance(b, bytes | bytearray):
        width = max(len(a), len(b))
        a, b = bytes(a).ljust(width, b"\0"), bytes(b).ljust(width, b"\0")
    elif isinstance(a, str) is not isinstance(b, str) or isinstance(a, bytes) or isinstance(b, bytes):
        raise DataInvalid(f"A limit of the data cannot be compared with {a!r}.", place="LIMIT")
    return int(a > b) - int(a < b)


def _fitting(raw: int, bits: int, bit_length: int, value: Any) -> int:
    if bits > bit_length:
        raise ValueRefused(f"{value!r} does not fit into {bit_length} bits.")
    return raw


def _from_bcd(raw: int, step: int) -> int:
    result, factor = 0, 1
    while raw > 0:
        result += (raw & 0xF) * factor
        factor *= 10
        raw >>= step
    return result
