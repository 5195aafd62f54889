"""Whether a unit's answers fit a variant pattern (ISO 22901-1, 7.3.3.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalogue.codec.variant import Variant
from core.catalogue.model import DtcText, VariantPattern
from core.errors import CatalogueError


def fits(pattern: VariantPattern, answers: Mapping[int, bytes], base: Variant) -> bool:
    """Every match holds. An answer that the data cannot decode is compared as plain text."""
    paths = pattern.parameters or ("",) * len(pattern.matches)
    return all(
        did in answers and _holds(expected, path, did, answers[did], base)
        for (did, expected), path in zip(pattern.matches, paths, strict=True)
    )


def _holds(expected: str, path: str, did: int, record: bytes, base: Variant) -> bool:
    values = None
    for start in _answers(did):
        try:
            values = base.decode(start + record, requests=False).values
        except CatalogueError:
            continue
        break
    if values is None:
        return record.rstrip(b"\0 ").decode("latin-1") == expected
    found = _at(values, path.split(".")) if path else list(values.values())
    return any(_equal(value, expected) for value in found)


def _answers(did: int) -> tuple[bytes, ...]:
    """How the answer that brought a record may have begun: UDS, and KWP2000 where the DID is a service and one byte."""
    local = {0x1A: b"\x5a", 0x21: b"\x61"}.get(did >> 8)
    uds = b"\x62" + did.to_bytes(2, "big")
    return (uds,) if local is None else (uds, local + bytes((did & 0xFF,)))


def _at(value: Any, path: list[str]) -> list[Any]:
    """What stands at a short name path; a field fits when one of its items does, so all are returned."""
    if isinstance(value, tuple) and len(value) == 2:  # table row or multiplexer case: (name, values)
        value = value[1]
    if isinstance(value, list):
        return [found for item in value for found in _at(item, path)]
    if not path:
        return [value]
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _equal(value: Any, expected: str) -> bool:
    """The comparisons that odxtools makes: hex for bytes, a tolerance for floating point, else as text."""
    if isinstance(value, float):
        try:
            return abs(float(expected) - value) < 1e-8
        except ValueError:
            return False
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex().upper() == expected.upper()
    if isinstance(value, DtcText):
        return hex(value.code).upper() == expected.upper()
    return str(value) == expected or (isinstance(value, str) and value.rstrip("\0 ") == expected)
