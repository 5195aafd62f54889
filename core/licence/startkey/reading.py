"""A StartKey's envelope to its content, or a refusal. Pure: keys, device and time are arguments.

What is accepted is exactly what a trusted key signed as a StartKey (DSSE over its own payload type), in the one
canonical form, for this product and this machine. There is no algorithm field that a forger could choose.
"""

from __future__ import annotations

from core.errors import StartKeyInvalid, StartKeyOtherPc
from core.licence.hardware.identity import APP_ID, same_machine
from core.licence.startkey.trust import TrustedKeys
from core.online.dsse import verify
from core.online.wire import STARTKEY, StartKey, WireError, dumps, loads
from core.vocabulary import DeviceData

LEAST_TRAITS = 2


def read_startkey(envelope: str, keys: TrustedKeys) -> StartKey:
    """StartKeyInvalid for anything that is not a StartKey of this product, signed by a key trusted at its issue."""
    try:
        payload = verify(envelope, STARTKEY, keys.public)
    except StartKeyInvalid:
        if not keys.distrusted:
            raise
        verify(envelope, STARTKEY, keys.known)  # else it says what is wrong
        raise StartKeyInvalid(
            "The key that signed this StartKey was reported stolen.",
            "Press Activate StartKey in ConfigAssist: that brings a new one.",
        ) from None
    try:
        paper = loads(StartKey, payload)
    except WireError as problem:
        raise StartKeyInvalid(f"The StartKey cannot be read: {problem}.") from problem
    if dumps(paper) != payload:
        raise StartKeyInvalid("The StartKey is not in its canonical form.")
    if paper.app_id != APP_ID:
        raise StartKeyInvalid(f"This is a StartKey of another product (app ID {paper.app_id}).")
    if not 0 < paper.issued < paper.expires:
        raise StartKeyInvalid("The StartKey's times make no sense.")
    if sum(bool(trait) for trait in paper.traits) < LEAST_TRAITS:
        raise StartKeyInvalid("The StartKey is bound to no machine.", "Order it with the file that Export writes.")
    if not keys.may_have_signed(envelope, paper.issued):
        raise StartKeyInvalid("The key that signed this StartKey had been retired before.")
    return paper


def refuse_foreign(paper: StartKey, device: DeviceData) -> None:
    """StartKeyOtherPc unless it was made for this machine: 2 of 3 traits, not the short ID, which can be typed."""
    if not same_machine(paper.traits, device.traits):
        raise StartKeyOtherPc(
            f"The StartKey was made for hardware ID {paper.hardware_id}, this PC has {device.hardware_id}."
        )
