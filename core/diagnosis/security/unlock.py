"""Seed and key: SecurityAccess by ISO 14229-1 clause 10.4 (KWP2000: the same), as a part of jobs. No algorithm."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from core.diagnosis.commands import Command, Request, Tell, Wait
from core.diagnosis.security.methods import BUILT_IN, SecurityMethods
from core.errors import NegativeResponse, PreconditionNotMet, RemoteProtocolError
from core.events import Noted
from core.protocol import nrc, uds
from core.protocol.dialect import dialect_of
from core.vocabulary import EcuAddress

DELAY_STEP = 2.0
LONGEST_DELAY = 60.0
"""Seconds that a running delay timer (0x37) is waited out before the technician is told to."""
TELL_EVERY = 10.0  # seconds between two sentences on the same delay


def unlock(
    unit: str,
    address: EcuAddress,
    level: int,
    method: str,
    *,
    methods: SecurityMethods = BUILT_IN,
    vin: str = "",
    longest_delay: float = LONGEST_DELAY,
) -> Generator[Command, Any, None]:
    """Seed and key at `level` (requestSeed sub-function). A unit that is open already (seed of zeros) is left so.

    0x37 is waited out up to `longest_delay` seconds and asked again, with the remaining time told; a wrong key (0x35)
    and 0x36 end it at once: another try would only lengthen the delay. PreconditionNotMet for those and, before
    anything is sent, where the method is not installed; NegativeResponse for other refusals.
    """
    methods.signer(method)
    seed = yield from _seed(unit, address, level, longest_delay)
    if not any(seed):
        return  # clause 10.4.2.2: all zero says "not locked"
    key = methods.key(method, seed, level, vin=vin, unit=unit)
    answer = yield Request(unit, address, uds.send_key(level, key), raise_negative=False)
    if not uds.is_negative(answer):
        methods.forget_wrong_keys(vin, unit, level)
        return
    dialect = dialect_of(address)
    message, advice = dialect.explain(answer[1], answer[2])
    if answer[2] in (nrc.INVALID_KEY, nrc.EXCEEDED_NUMBER_OF_ATTEMPTS):
        count = methods.count_wrong_key(vin, unit, level)
        raise PreconditionNotMet(f"{unit} was not unlocked. {message} {_counted(count)}", advice)
    if answer[2] == nrc.REQUIRED_TIME_DELAY_NOT_EXPIRED:
        raise PreconditionNotMet(f"{unit} was not unlocked. {message}", advice)
    raise NegativeResponse(f"{unit}: {message}", advice, sid=answer[1], nrc=answer[2], protocol=dialect.name)


def _counted(count: int) -> str:
    if count == 1:
        return "It was the first wrong key; after a few the unit starts its delay timer."
    return f"It was wrong key number {count} since this unit last took one."


def _seed(unit: str, address: EcuAddress, level: int, longest_delay: float) -> Generator[Command, Any, bytes]:
    waited = 0.0
    told = -TELL_EVERY
    while True:
        answer: bytes = yield Request(unit, address, uds.request_seed(level), raise_negative=False)
        if not uds.is_negative(answer):
            if len(answer) < 3:
                raise RemoteProtocolError(f"{unit} sent an empty seed.", standard="ISO 14229-1", clause="10.4")
            return answer[2:]
        code = answer[2]
        message, advice = dialect_of(address).explain(answer[1], code)
        if code == nrc.EXCEEDED_NUMBER_OF_ATTEMPTS:
            raise PreconditionNotMet(f"{unit} was not unlocked. {message}", advice)
        if code != nrc.REQUIRED_TIME_DELAY_NOT_EXPIRED:
            raise NegativeResponse(f"{unit}: {message}", advice, sid=answer[1], nrc=code, protocol=address.protocol)
        if waited >= longest_delay:
            patience = f"Passbay has waited {waited:.0f} s for it." if waited else ""
            raise PreconditionNotMet(f"{unit} was not unlocked. {message} {patience}".rstrip(), advice)
        if waited - told >= TELL_EVERY:
            told = waited
            yield Tell(Noted(0.0, "info", _waiting(unit, longest_delay - waited)))
        yield Wait(DELAY_STEP)
        waited += DELAY_STEP


def _waiting(unit: str, left: float) -> str:
    return (
        f"{unit} lets its delay after wrong keys run out: asked again every {DELAY_STEP:.0f} s,"
        f" for {left:.0f} s more at most."
    )
