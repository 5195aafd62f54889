"""From machine traits to the hardware ID, and whether two sets of traits are of one machine. Pure: reads nothing.

    traits      raw values in the order of TRAITS, "" where the machine tells none; they stay in this process
    digests     HMAC-SHA256 of each, keyed with app ID and the trait's name: what a StartKey and an export hold
    hardware ID the first 12 hex digits of an HMAC over all digests

A StartKey holds the digests, so that a changed network card does not lock a shop out; the short ID alone could not
tell a changed card from another PC.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

APP_ID = 252
"""Names this product in StartKeys: one of another product never fits."""
TRAITS = ("installation", "board", "network", "disk")
"""The order of traits. `installation` is copied with a disk image, the others stay with the machine."""
DIGEST_DIGITS = 32
_PLACEHOLDERS = re.compile(
    r"(0+|f+|x+|-+|none|null|na|n/a|unknown|default string|default|not specified|not applicable|invalid|"
    r"to be filled by o\.?e\.?m\.?|system serial number|system product name|empty|03000200-0400-0500-0006-000700080009)"
)


def usable(value: str) -> str:
    """The value in one form, "" for what vendors write where they know nothing: many machines would be one."""
    text = " ".join(value.replace("\0", " ").split()).lower()
    return "" if len(text) < 4 or _PLACEHOLDERS.fullmatch(text.replace(":", "")) else text


def digests(raw: Sequence[str], app_id: int = APP_ID) -> tuple[str, ...]:
    """One keyed digest for each trait, "" where there is none."""
    found = []
    for name, value in zip(TRAITS, raw, strict=True):
        text = usable(value)
        key = f"passbay {app_id} {name}".encode()
        found.append(hmac.digest(key, text.encode(), "sha256").hex()[:DIGEST_DIGITS] if text else "")
    return tuple(found)


def hardware_id_of(traits: Sequence[str], app_id: int = APP_ID) -> str:
    """12 hex digits of these digests."""
    whole = "\0".join(traits).encode()
    return hmac.new(f"passbay {app_id} hardware".encode(), whole, hashlib.sha256).hexdigest()[:12].upper()


def same_machine(known: Sequence[str], now: Sequence[str]) -> bool:
    """Two thirds of the traits that `known` has must be there now (2 of 3, 3 of 4; with two, both)."""
    there = [(before, after) for before, after in zip(known, now, strict=False) if before]
    if not there or len(known) != len(now):
        return False
    kept = sum(hmac.compare_digest(before, after) for before, after in there)
    return kept * 3 >= len(there) * 2
