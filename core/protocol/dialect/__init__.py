"""How each diagnosis protocol spells what the jobs want: one object a protocol, found by the unit's address or name."""

from core.protocol.dialect.base import Dialect
from core.protocol.dialect.kwp2000 import Kwp2000Dialect
from core.protocol.dialect.uds import UdsDialect
from core.vocabulary import KWP2000, UDS, EcuAddress

_DIALECTS: dict[str, Dialect] = {UDS: UdsDialect(), KWP2000: Kwp2000Dialect()}


def knows(protocol: str) -> bool:
    """Whether this protocol is spoken here."""
    return protocol.upper() in _DIALECTS


def dialect_of(where: EcuAddress | str) -> Dialect:
    """By address or protocol name; UDS for a name that nobody knows."""
    name = where.upper() if isinstance(where, str) else where.protocol
    return _DIALECTS.get(name) or _DIALECTS[UDS]


__all__ = ["Dialect", "Kwp2000Dialect", "UdsDialect", "dialect_of", "knows"]
