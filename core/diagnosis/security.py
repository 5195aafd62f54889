"""Unlocking a unit: SecurityAccess by ISO 14229-1 clause 10.4, as a part that jobs `yield from`. Knows no algorithm."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from core.diagnosis.commands import Command, Request, Wait
from core.errors import NegativeResponse, PreconditionNotMet, RemoteProtocolError
from core.protocol import nrc, seed_key, uds
from core.vocabulary import EcuAddress

DELAY_STEP = 2.0
LONGEST_DELAY = 60.0
"""Seconds that a running delay timer (0x37) is waited out before the technician is told to."""


def unlock(
    unit: str, address: EcuAddress, level: int, method: str, *, longest_delay: float = LONGEST_DELAY
) -> Generator[Command, Any, None]:
    """Seed and key at `level` (requestSeed sub-function). A unit that is open already (seed of zeros) is left so.

    0x37 is waited out up to `longest_delay` seconds and asked again; a wrong key (0x35) and 0x36 end it at once:
    another try would only lengthen the delay. PreconditionNotMet for those, NegativeResponse for other refusals,
    DataMissing where the method is not installed.
    """
    seed = yield from _seed(unit, address, level, longest_delay)
    if not any(seed):
        return  # clause 10.4.2.2: all zero says "not locked"
    key = seed_key.key_for(method, seed, level)
    answer = yield Request(unit, address, uds.send_key(level, key), raise_negative=False)
    if not uds.is_negative(answer):
        return
    message, advice = nrc.explain(answer[1], answer[2])
    if answer[2] in (nrc.INVALID_KEY, nrc.EXCEEDED_NUMBER_OF_ATTEMPTS, nrc.REQUIRED_TIME_DELAY_NOT_EXPIRED):
        raise PreconditionNotMet(f"{unit} was not unlocked. {message}", advice)
    raise NegativeResponse(f"{unit}: {message}", advice, sid=answer[1], nrc=answer[2])


def _seed(unit: str, address: EcuAddress, level: int, longest_delay: float) -> Generator[Command, Any, bytes]:
    waited = 0.0
    while True:
        answer: bytes = yield Request(unit, address, uds.request_seed(level), raise_negative=False)
        if not uds.is_negative(answer):
            if len(answer) < 3:
                raise RemoteProtocolError(f"{unit} sent an empty seed.", standard="ISO 14229-1", clause="10.4")
            return answer[2:]
        code = answer[2]
        message, advice = nrc.explain(answer[1], code)
        if code == nrc.EXCEEDED_NUMBER_OF_ATTEMPTS:
            raise PreconditionNotMet(f"{unit} was not unlocked. {message}", advice)
        if code != nrc.REQUIRED_TIME_DELAY_NOT_EXPIRED:
            raise NegativeResponse(f"{unit}: {message}", advice, sid=answer[1], nrc=code)
        if waited >= longest_delay:
            raise PreconditionNotMet(f"{unit} was not unlocked. {message}", advice)
        yield Wait(DELAY_STEP)
        waited += DELAY_STEP
