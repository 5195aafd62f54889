"""The signature of an image: Ed25519 (RFC 8032) over the SHA-256 of its bytes in the order of sending. No key store.

It proves that the bytes are those that the holder of the named key signed. Whether that key is the maker's is for
whoever gave the data or the flash plan to know; the line shows its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.diagnosis.preflight import names
from core.errors import SetupError
from core.vocabulary import FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import FlashSession

METHOD = "ED25519"
WANTED = "signature holds"


def signature_check(session: FlashSession, sha256: str) -> FlashCheck:
    """`sha256` as hex over the bytes that would be sent, "" for a damaged image. Unsigned is no warning."""
    if not session.signature:
        return FlashCheck(names.SIGNATURE, True, "not signed", "none")
    if not session.public_key:
        reason = f"The flashware {session.name} is signed, but no public key is there to check it."
        advice = "Ask for the maker's public key."
        return FlashCheck(names.SIGNATURE, None, "not checked", WANTED, reason, advice=advice)
    shown = f"key {session.public_key[:16]}"
    if sha256 and signature_holds(session.public_key, session.signature, sha256):
        return FlashCheck(names.SIGNATURE, True, f"signed by {shown}", WANTED)
    reason = f"The signature of {session.name} does not hold: these are not the bytes that were signed ({shown})."
    advice = "Fetch the flashware again from its source; do not use this one."
    return FlashCheck(names.SIGNATURE, False, "does not hold", WANTED, reason, advice=advice)


def signature_holds(public_key: str, signature: str, sha256: str) -> bool:
    """All three in hex: 32 bytes, 64 bytes, 32 bytes. Anything else does not hold. SetupError without the library."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise SetupError("The library 'cryptography' is missing.", "Install Passbay again, completely.") from error
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), bytes.fromhex(sha256))
    except (InvalidSignature, ValueError):
        return False
    return True
