"""Values as bytes and back: msgpack with a closed table of our own classes (vocabulary, events, errors). No pickle.

Nothing but the plain values of Python and the classes of that table can be built from bytes, whoever sent them. Lists,
tuples and frozen sets stay what they are; a path arrives as text. The fingerprint tells two builds apart.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Callable, Mapping, Set
from pathlib import PurePath
from typing import Any

import msgpack

from core import errors, events, vocabulary
from core.errors import LocalProtocolError, ProductError, RemoteProtocolError

MAX_DEPTH = 32  # every level costs msgpack 40 KiB of stack: far from the end of a thread's 8 MiB
_TUPLE, _SET, _RECORD, _ENUM, _ERROR = range(1, 6)
_PACKAGES = ("core.vocabulary", "core.events", "core.errors")


def _is_ours(value: object) -> bool:
    return isinstance(value, type) and value.__module__.startswith(_PACKAGES)


_CLASSES: tuple[type, ...] = tuple(
    value
    for _, value in sorted(
        {name: v for module in (vocabulary, events, errors) for name, v in vars(module).items() if _is_ours(v)}.items()
    )
)
_NUMBERS = {cls: number for number, cls in enumerate(_CLASSES)}


def _field_names(cls: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls) if field.init)
    return tuple(getattr(cls, "_fields", ()))


_FIELDS = {cls: _field_names(cls) for cls in _CLASSES}
FINGERPRINT = hashlib.sha256(repr([(cls.__name__, _FIELDS[cls]) for cls in _CLASSES]).encode()).hexdigest()[:16]
"""Of all classes and their fields: two processes understand each other where it is the same."""


def encode(value: object) -> bytes:
    """LocalProtocolError for a value that has no place in the table."""
    try:
        return _pack(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LocalProtocolError(f"A {type(value).__name__} cannot travel to another process: {error}.") from error


def decode(data: bytes) -> Any:
    """RemoteProtocolError for bytes that `encode` did not make."""
    try:
        return _Reader().read(data)
    except (TypeError, ValueError, OverflowError, RecursionError, MemoryError, msgpack.UnpackException) as error:
        raise RemoteProtocolError(
            f"A message of another process cannot be understood: {type(error).__name__}: {str(error)[:200]}",
            standard="vehicle host",
        ) from error


def _pack(value: object) -> bytes:
    # strict_types: a NamedTuple or IntEnum comes to _outward instead of passing as tuple or int
    packed = msgpack.packb(value, default=_outward, strict_types=True, unicode_errors="surrogatepass")
    return bytes(packed)


def _outward(value: Any) -> Any:
    cls = type(value)
    if cls is tuple:
        return msgpack.ExtType(_TUPLE, _pack(list(value)))
    number = _NUMBERS.get(cls)
    if number is not None:
        if isinstance(value, enum.Enum):
            return msgpack.ExtType(_ENUM, _pack([number, value.name]))
        if isinstance(value, ProductError):
            return msgpack.ExtType(_ERROR, _pack([number, _details(value)]))
        return msgpack.ExtType(_RECORD, _pack([number, *[getattr(value, name) for name in _FIELDS[cls]]]))
    if isinstance(value, Set):
        return msgpack.ExtType(_SET, _pack(list(value)))
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{cls.__module__}.{cls.__name__} is not in the table")


def _details(error: ProductError) -> dict[str, Any]:
    """Everything that its constructor stored: message, advice and what the class adds."""
    return {name: value for name, value in vars(error).items() if not name.startswith("_")}


class _Reader:
    """One message being read."""

    def __init__(self) -> None:
        self._depth = 0
        self._makers: dict[int, Callable[[Any], Any]] = {
            _TUPLE: tuple, _SET: frozenset, _RECORD: _record, _ENUM: _enum, _ERROR: _error
        }  # fmt: skip

    def read(self, data: bytes) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        value = msgpack.unpackb(
            data, ext_hook=self._inward, strict_map_key=False, unicode_errors="surrogatepass", timestamp=1
        )
        self._depth -= 1
        return value

    def _inward(self, code: int, data: bytes) -> Any:
        value = self.read(data)
        maker = self._makers.get(code)
        if maker is None or not isinstance(value, list):
            raise ValueError(f"it has an unknown part {code}")
        return maker(value)


def _class(value: list[Any]) -> Any:
    number = value[0] if value else None
    if type(number) is not int or not 0 <= number < len(_CLASSES):
        raise ValueError(f"it names an unknown class {number!r:.40}")
    return _CLASSES[number]


def _record(value: list[Any]) -> Any:
    cls = _class(value)
    names = _FIELDS[cls]
    if not names or len(value) != len(names) + 1:
        raise ValueError(f"{cls.__name__} does not have {len(value) - 1} fields")
    return cls(**dict(zip(names, value[1:], strict=True)))


def _enum(value: list[Any]) -> enum.Enum:
    cls = _class(value)
    if not issubclass(cls, enum.Enum) or len(value) != 2 or value[1] not in cls.__members__:
        raise ValueError(f"{cls.__name__} has no such member")
    member: enum.Enum = cls.__members__[value[1]]
    return member


def _error(value: list[Any]) -> ProductError:
    cls = _class(value)
    details = value[1] if len(value) == 2 else None
    if not issubclass(cls, ProductError) or not isinstance(details, dict) or "message" not in details:
        raise ValueError(f"{cls.__name__} is no error that was told")
    error: ProductError = cls.__new__(cls, details["message"])  # its own arguments differ from class to class
    for name, detail in details.items():
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise ValueError("an error has a field without a name")
        if hasattr(cls, name) and name not in ("message", "advice"):
            raise ValueError(f"an error cannot change its {name}")
        setattr(error, name, detail)
    return error
