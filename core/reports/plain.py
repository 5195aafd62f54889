"""Results of jobs as plain values that JSON has words for: names of fields become keys. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """Dataclasses and mappings become dicts, sequences lists, bytes hex text, enums their value, NaN None."""
    if value is None or isinstance(value, bool | int | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, Enum):
        return plain(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, Set):
        return sorted((plain(part) for part in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return str(value)


def result_of(value: Any) -> dict[str, Any]:
    """A job's result with the name of its class as "type"; {} for none."""
    if value is None:
        return {}
    found = plain(value)
    content = found if isinstance(found, dict) else {"value": found}
    return {"type": type(value).__name__, **content}
