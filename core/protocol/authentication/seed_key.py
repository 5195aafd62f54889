"""Security methods by name: seed to key for ISO 14229-1 clause 10.4. Holds one, of our own; makers' are never here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from core.errors import DataMissing

Method = Callable[[bytes, int], bytes]
"""(seed, level) -> key. `level` is the requestSeed sub-function (odd)."""

GARAGE = "passbay-garage"

# Published on purpose: it guards simulated vehicles only
_GARAGE_SECRET = b"passbay garage: published, for simulated vehicles only"


def _garage(seed: bytes, level: int) -> bytes:
    """HMAC-SHA256 over level and seed, cut to the length of the seed (4 bytes at least)."""
    return hmac.digest(_GARAGE_SECRET, bytes([level & 0x7F]) + seed, hashlib.sha256)[: max(4, len(seed))]


_METHODS: dict[str, Method] = {GARAGE: _garage}


def register(name: str, method: Method) -> None:
    """Add a method under `name` (or replace it)."""
    _METHODS[name] = method


def names() -> tuple[str, ...]:
    return tuple(_METHODS)


def key_for(name: str, seed: bytes, level: int) -> bytes:
    """The key that answers `seed`. DataMissing where no method has this name."""
    method = _METHODS.get(name)
    if method is None:
        raise DataMissing(f"The security method {name!r} is not installed.", "Install the method that the data names.")
    return method(seed, level)
