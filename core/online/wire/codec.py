"""Strict JSON of flat dataclasses: what travels is decoded field by field, or refused with the place. Pure: no I/O.

A field says by `Annotated[str, Text(...)]`, `Number`, `Many` what it may hold; OpenAPI is made from the same words.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
MAX_INTEGER = 2**53 - 1  # what every JSON reader can hold
MAX_TEXT = 200
MAX_ITEMS = 1000
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_MISSING = dataclasses.MISSING


class WireError(ValueError):
    """What came is not what the contract says; `place` names the field. Each side translates it into its own error."""

    def __init__(self, place: str, words: str) -> None:
        super().__init__(f"{place}: {words}" if place else words)
        self.place = place


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """What a text may hold; `lines`: line feeds and tabs are allowed in it, other control characters never."""

    most: int = MAX_TEXT
    least: int = 0
    pattern: str = ""
    lines: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """What a whole number may be."""

    least: int = 0
    most: int = MAX_INTEGER


@dataclasses.dataclass(frozen=True, slots=True)
class Many:
    """How many texts a list may hold, and what each must match."""

    most: int = MAX_ITEMS
    pattern: str = ""


_FIELDS: dict[type, tuple[tuple[dataclasses.Field[Any], Any], ...]] = {}


def fields_of(cls: type) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
    """The fields of `cls` with their types, resolved once."""
    if cls not in _FIELDS:
        hints = typing.get_type_hints(cls, include_extras=True)
        _FIELDS[cls] = tuple((field, hints[field.name]) for field in dataclasses.fields(cls))
    return _FIELDS[cls]


def encode(value: Any) -> Any:
    """Plain JSON values of a dataclass."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field, _ in fields_of(type(value))}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def dumps(value: Any) -> bytes:
    """The one canonical JSON of a value: sorted names, no blanks, ASCII. Signatures and hashes are made over it."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("", "a name stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise WireError("", f"{name} is no JSON")


def parse(raw: bytes | str) -> Any:
    """JSON without duplicate names, NaN, endless numbers or endless nesting."""
    try:
        words = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        return json.loads(words, object_pairs_hook=_unique, parse_constant=_no_constant)
    except WireError:
        raise
    except (ValueError, RecursionError) as problem:  # JSONDecodeError, UnicodeDecodeError, too many digits
        raise WireError("", "this is no JSON") from problem


def loads(cls: type[T], raw: bytes | str, *, lenient: bool = False) -> T:
    """Decode one `cls`. `lenient`: names that are not known are left out (answers of a newer server)."""
    return decode(cls, parse(raw), lenient=lenient)


def decode(cls: type[T], value: Any, *, lenient: bool = False, place: str = "") -> T:
    """`value` (of JSON) as a `cls`, or WireError."""
    if not isinstance(value, dict):
        raise WireError(place, "an object is expected")
    found: dict[str, Any] = {}
    for field, hint in fields_of(cls):
        where = f"{place}.{field.name}" if place else field.name
        if field.name in value:
            found[field.name] = _value(hint, value[field.name], None, where, lenient)
        elif field.default is _MISSING:
            raise WireError(where, "is missing")
    if not lenient and len(found) != len(value):
        odd = sorted(set(value) - set(found))[0]
        raise WireError(place, f"the name {odd[:40]!r} is not known here")
    return cls(**found)


def _value(hint: Any, value: Any, limits: Any, place: str, lenient: bool) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _value(hint.__origin__, value, hint.__metadata__[0], place, lenient)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
        return _value(inner, value, limits, place, lenient)
    if origin is tuple:
        return _tuple(typing.get_args(hint)[0], value, limits, place, lenient)
    if hint is bool:
        if not isinstance(value, bool):
            raise WireError(place, "true or false is expected")
        return value
    if hint is int:
        return _integer(value, limits or Number(), place)
    if hint is str:
        return _text(value, limits or Text(), place)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _member(hint, value, place)
    return decode(hint, value, lenient=lenient, place=place)


def _tuple(inner: Any, value: Any, limits: Any, place: str, lenient: bool) -> tuple[Any, ...]:
    many = limits or Many()
    if not isinstance(value, list):
        raise WireError(place, "a list is expected")
    if len(value) > many.most:
        raise WireError(place, "the list is too long")
    each = Text(pattern=many.pattern) if inner is str else None
    return tuple(_value(inner, item, each, f"{place}[{i}]", lenient) for i, item in enumerate(value))


def _integer(value: Any, limits: Number, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireError(place, "a whole number is expected")
    if not limits.least <= value <= limits.most:
        raise WireError(place, "the number is out of range")
    return value


def _text(value: Any, limits: Text, place: str) -> str:
    if not isinstance(value, str):
        raise WireError(place, "a text is expected")
    if not limits.least <= len(value) <= limits.most:
        raise WireError(place, "the text is too short or too long")
    plain = value.replace("\n", "").replace("\t", "") if limits.lines else value
    if _CONTROL.search(plain):
        raise WireError(place, "control characters are not allowed")
    if limits.pattern and not re.fullmatch(limits.pattern, value):
        raise WireError(place, f"does not match {limits.pattern}")
    return value


def _member(hint: type[Enum], value: Any, place: str) -> Enum:
    for member in hint:
        if isinstance(value, str) and member.value == value:
            return member
    raise WireError(place, "is none of " + ", ".join(str(member.value) for member in hint))
