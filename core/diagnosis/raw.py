"""Raw requests to one unit, answers as bytes and in words (`passbay uds`). Checks nothing: the technician asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, ReadClock, Request, Step
from core.protocol import uds
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
    exchanges = []
    for pdu in pdus:
        start, _ = yield ReadClock()
        answer = yield Request(name, address, pdu, raise_negative=False, suppressed=uds.is_suppressed(pdu))
        end, _ = yield ReadClock()
        decoded: tuple[tuple[str, str], ...] = ()
        if catalogue is not None and unit is not None and answer and not uds.is_negative(answer):
            decoded = catalogue.decode_answer(unit, answer)
        words = uds.describe(answer) if answer else "no answer, as asked"
        exchanges.append(
            UdsExchange(pdu, answer, uds.describe(pdu), words, uds.is_negative(answer), end - start, decoded)
        )
    return UdsResult(name, address, tuple(exchanges))
