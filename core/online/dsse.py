"""DSSE envelopes with one Ed25519 signature, in one canonical text form: sign, verify. No network, no files.

The signature covers type and payload (DSSE's pre-authentication encoding), so one kind of paper never passes as
another. Everything else is held by form: an envelope that is not byte for byte what `sign` writes is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import StartKeyInvalid
from core.online.wire.codec import WireError, dumps, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_ENVELOPE = 40_000


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """PAE of the DSSE protocol, version 1."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """The name of a key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(payload_type: str, payload: bytes, private: Ed25519PrivateKey) -> str:
    """The envelope as text."""
    signature = private.sign(pre_authentication(payload_type, payload))
    return _envelope(payload_type, payload, key_id(private.public_key().public_bytes_raw()), signature)


def _envelope(payload_type: str, payload: bytes, keyid: str, signature: bytes) -> str:
    return dumps(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": payload_type,
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode("ascii")}],
        }
    ).decode("ascii")


def verify(envelope: str, payload_type: str, keys: Mapping[str, bytes]) -> bytes:
    """The payload, when one of `keys` (raw public keys by key_id) has signed exactly this; else StartKeyInvalid."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    keyid, payload, signature = _take_apart(envelope, payload_type)
    if keyid not in keys:
        raise StartKeyInvalid("The signature is of a key that is not known here.")
    try:
        Ed25519PublicKey.from_public_bytes(keys[keyid]).verify(signature, pre_authentication(payload_type, payload))
    except (InvalidSignature, ValueError):
        raise StartKeyInvalid("The signature does not belong to this paper.") from None
    return payload


def _take_apart(envelope: str, payload_type: str) -> tuple[str, bytes, bytes]:
    """keyid, payload and signature of an envelope in canonical form."""
    if len(envelope) > MAX_ENVELOPE:
        raise StartKeyInvalid("The paper is too long.")
    try:
        fields = parse(envelope)
        payload = base64.b64decode(fields["payload"], validate=True)
        (mark,) = fields["signatures"]
        signature = base64.b64decode(mark["sig"], validate=True)
        keyid, kind = mark["keyid"], fields["payloadType"]
        whole = isinstance(keyid, str) and envelope == _envelope(str(kind), payload, keyid, signature)
    except (WireError, KeyError, TypeError, ValueError, binascii.Error) as problem:
        raise StartKeyInvalid("This is no signed paper of Passbay.") from problem
    if not whole:
        raise StartKeyInvalid("The signed paper was changed.")
    if kind != payload_type:
        raise StartKeyInvalid("This is a signed paper of another kind.")
    return keyid, payload, signature
