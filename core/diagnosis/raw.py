"""Raw requests to one unit, answers as bytes and in words (`passbay uds`). Checks nothing: the technician asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, ReadClock, Request, Step
from core.errors import CatalogueError
from core.protocol import uds
from core.protocol.dialect import dialect_of
from core.vocabulary import EcuAddress, UdsExchange, UdsResult

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.model import UnitInfo


def raw(
    name: str, address: EcuAddress, pdus: Sequence[bytes], catalogue: Catalogue | None = None,
    unit: UnitInfo | None = None,
) -> Job[UdsResult]:  # fmt: skip
    """Sends each PDU as it is. Negative answers are results; silence raises NoResponse unless the request wants it."""
    yield Step("uds", f"Raw requests to {name}")
    dialect = dialect_of(address)
    exchanges = []
    for pdu in pdus:
        start, _ = yield ReadClock()
        answer = yield Request(name, address, pdu, raise_negative=False, suppressed=dialect.is_suppressed(pdu))
        end, _ = yield ReadClock()
        decoded = _decoded(catalogue, unit, answer) if catalogue is not None and unit is not None else ()
        words = dialect.describe(answer) if answer else "no answer, as asked"
        exchanges.append(
            UdsExchange(pdu, answer, dialect.describe(pdu), words, uds.is_negative(answer), end - start, decoded)
        )
    return UdsResult(name, address, tuple(exchanges))


def _decoded(catalogue: Catalogue, unit: UnitInfo, answer: bytes) -> tuple[tuple[str, str], ...]:
    """(name, value) of a positive answer, by the first variant that knows the service; () where none does."""
    if not answer or uds.is_negative(answer):
        return ()
    for name in (*(variant.name for variant in unit.variants), ""):
        try:
            decoded = catalogue.variant(unit, name).decode(answer, requests=False)
        except CatalogueError:
            continue
        return tuple((leaf.name, f"{leaf.value} {leaf.unit}".rstrip()) for leaf in decoded.leaves)
    return ()
