"""DIAG-CODED-TYPE: how long an atomic value is in the PDU (ISO 22901-1, 7.3.6.2). Pure; built from compiled data."""

from __future__ import annotations

from typing import Any

from core.catalogue.codec.values import TEXTS, Atom, DecodeState, EncodeState
from core.errors import DataInvalid, ValueRefused


class CodedType:
    """A base type with a rule for its length. Subclasses follow ODX: standard, leading, min-max, param length."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.atom = Atom(data["b"], data.get("e"), data.get("hl", True))

    @property
    def static_bits(self) -> int | None:
        return None

    def encode(self, value: Any, state: EncodeState) -> None:
        raise NotImplementedError

    def decode(self, state: DecodeState) -> Any:
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        return value_of_text(self.atom.base, text)


class StandardLength(CodedType):
    """A fixed number of bits, perhaps with a bit mask (condensed: the masked-out bits take no room)."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.bits: int = data["n"]
        self.mask: int | None = data.get("m")
        self.condensed: bool = data.get("c", False)

    @property
    def static_bits(self) -> int | None:
        return self.mask.bit_count() if self.mask is not None and self.condensed else self.bits

    def encode(self, value: Any, state: EncodeState) -> None:
        if self.mask is None:
            self.atom.encode(value, self.bits, state)
            return
        number, width = _as_number(value)
        number = _gather(number, self.mask) if self.condensed else number & self.mask
        taken = (1 << self.mask.bit_count()) - 1 if self.condensed else self.mask
        used = taken & ((1 << self.bits) - 1)
        masked: Any = number if width is None else number.to_bytes(width, "big")
        self.atom.encode(masked, self.bits, state, used.to_bytes((self.bits + 7) // 8, "big"))

    def decode(self, state: DecodeState) -> Any:
        raw = self.atom.decode(self.bits, state)
        if self.mask is None:
            return raw
        number, width = _as_number(raw)
        number = _scatter(number, self.mask) if self.condensed else number & self.mask
        return number if width is None else number.to_bytes(width, "big")


class LeadingLength(CodedType):
    """A length field of `n` bits counts the bytes that follow."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.bits: int = data["n"]
        self._length = Atom("A_UINT32", None, self.atom.high_low)

    def encode(self, value: Any, state: EncodeState) -> None:
        count = len(_bytes_of(self.atom, value))
        self._length.encode(count, self.bits, state)
        self.atom.encode(value, 8 * count, state)

    def decode(self, state: DecodeState) -> Any:
        count = self._length.decode(self.bits, state)
        return self.atom.decode(8 * count, state)


class MinMaxLength(CodedType):
    """Between `min` and `max` bytes, ended by the end of the PDU, by zero or by 0xFF."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.minimum: int = data["min"]
        self.maximum: int | None = data.get("max")
        width = 2 if self.atom.base == "A_UNICODE2STRING" else 1
        self._end = {"ZERO": b"\0" * width, "HEX-FF": b"\xff" * width}.get(data["term"], b"")

    def encode(self, value: Any, state: EncodeState) -> None:
        coded = _bytes_of(self.atom, value)
        if len(coded) < self.minimum or (self.maximum is not None and len(coded) > self.maximum):
            limits = f"{self.minimum} to {self.maximum if self.maximum is not None else 'any number of'}"
            raise ValueRefused(f"The value has {len(coded)} bytes, {limits} are allowed.")
        if not self._end and not state.at_end:
            raise ValueRefused("A value that ends with the PDU is not the last one.")
        state.put(coded)
        if not state.at_end and len(coded) != self.maximum:
            state.put(self._end)

    def decode(self, state: DecodeState) -> Any:
        start, data = state.cursor, state.data
        if start + self.minimum > len(data):
            raise DataInvalid("The message ends before the minimum length.", place=f"byte {start}")
        last = len(data) if self.maximum is None else min(len(data), start + self.maximum)
        length = (self._end_position(data, start, last) if self._end else last) - start
        value = self.atom.decode(8 * length, state)
        if self._end and state.cursor != len(data) and state.cursor - start != self.maximum:
            state.cursor += len(self._end)
        return value

    def _end_position(self, data: bytes, start: int, last: int) -> int:
        """Where the terminator begins: a two byte terminator counts only on an even distance from the start."""
        position = start + self.minimum
        while (position := data.find(self._end, position, last)) >= 0:
            if (position - start) % len(self._end) == 0:
                return position
            position += 1
        return last


class ParamLength(CodedType):
    """A LENGTH-KEY parameter gives the number of bits; when encoding it may follow from the value."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.key: str = data["key"]

    def encode(self, value: Any, state: EncodeState) -> None:
        bits = state.length_keys.get(self.key)
        if bits is None:
            bits = state.length_keys[self.key] = self._bits_needed(value)
        self.atom.encode(value, bits, state)

    def decode(self, state: DecodeState) -> Any:
        bits = state.length_keys.get(self.key)
        if bits is None:
            raise DataInvalid(f"The length key {self.key} does not stand before its user.", place=self.key)
        return self.atom.decode(bits, state)

    def _bits_needed(self, value: Any) -> int:
        base = self.atom.base
        if base == "A_BYTEFIELD" or base in TEXTS:
            return (16 if base == "A_UNICODE2STRING" else 8) * len(value)
        if base in ("A_INT32", "A_UINT32"):
            bits = int(value).bit_length() + (base == "A_INT32")
            return (bits + 7) // 8 * 8
        return 32 if base == "A_FLOAT32" else 64


_KINDS: dict[str, type[CodedType]] = {
    "std": StandardLength,
    "lead": LeadingLength,
    "minmax": MinMaxLength,
    "plen": ParamLength,
}


def coded_type(data: dict[str, Any]) -> CodedType:
    return _KINDS[data["k"]](data)


def value_of_text(base: str, text: str) -> Any:
    """A value of an ODX base type from text, as the command line gives it. Raises ValueRefused."""
    try:
        if base in ("A_INT32", "A_UINT32"):
            return int(text, 0)
        if base in ("A_FLOAT32", "A_FLOAT64"):
            return float(text)
        return bytes.fromhex(text) if base == "A_BYTEFIELD" else text
    except ValueError:
        raise ValueRefused(f"{text!r} is no value of type {base}.") from None


def _bytes_of(atom: Atom, value: Any) -> bytes:
    if isinstance(value, str) and atom.base in TEXTS:
        return atom.text_bytes(value)
    if isinstance(value, bytes | bytearray) and atom.base == "A_BYTEFIELD":
        return bytes(value)
    raise ValueRefused(f"{value!r} is no value of type {atom.base}.")


def _as_number(value: Any) -> tuple[int, int | None]:
    """The value as a number, and its width in bytes where it is a byte field."""
    if isinstance(value, bytes | bytearray):
        return int.from_bytes(value, "big"), len(value)
    if isinstance(value, int):
        return value, None
    raise ValueRefused(f"A bit mask cannot be applied to {value!r}.")


def _gather(number: int, mask: int) -> int:
    """The bits of `number` under `mask`, moved together."""
    result, position = 0, 0
    for bit in range(mask.bit_length()):
        if mask >> bit & 1:
            result |= (number >> bit & 1) << position
            position += 1
    return result


def _scatter(number: int, mask: int) -> int:
    """The inverse of `_gather`."""
    result, position = 0, 0
    for bit in range(mask.bit_length()):
        if mask >> bit & 1:
            result |= (number >> position & 1) << bit
            position += 1
    return result
