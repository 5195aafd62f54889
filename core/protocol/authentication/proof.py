"""Proof of ownership of service 0x29 (ISO 14229-1 clause 10.6): what is signed, signing, verifying. Holds no key.

The standard leaves the contents to the vehicle's maker; this is the garage's method "garage-certificate". A side signs
    label, challenge of the other side, its own challenge, certificate of the other side, its own, its ephemeral key,
    communicationConfiguration as one byte
each with its length in four bytes before it. So a proof holds for one exchange between these two and in one direction:
it cannot be replayed, reflected, or carried to another unit. Ed25519 signs the bytes, ECDSA P-256 their SHA-256 (DER).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey

CHALLENGE_LENGTH: Final = 32
SHORTEST_CHALLENGE: Final = 16
"""Bytes: a shorter one could be met again."""
_CLIENT, _SERVER = b"Passbay 0x29 client", b"Passbay 0x29 server"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What both sides have seen in one exchange; certificates as they stood in the messages."""

    challenge_client: bytes
    challenge_server: bytes
    certificate_client: bytes
    certificate_server: bytes
    configuration: int = 0

    def for_client(self, ephemeral_key: bytes = b"") -> bytes:
        """What the tester signs."""
        return _joined(
            _CLIENT, self.challenge_server, self.challenge_client, self.certificate_server, self.certificate_client,
            ephemeral_key, bytes((self.configuration,)),
        )  # fmt: skip

    def for_server(self, ephemeral_key: bytes = b"") -> bytes:
        """What the unit signs."""
        return _joined(
            _SERVER, self.challenge_client, self.challenge_server, self.certificate_client, self.certificate_server,
            ephemeral_key, bytes((self.configuration,)),
        )  # fmt: skip


def _joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sign(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, ECDSA(SHA256()))


def holds(certificate: Certificate, proof: bytes, data: bytes) -> bool:
    """Whether the owner of `certificate` (verified before) has signed `data`."""
    key = certificate.public_key()
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(proof, data)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(proof, data, ECDSA(SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def owns(key: PrivateKey, certificate: Certificate) -> bool:
    """Whether this private key belongs to the certificate."""
    return key.public_key() == certificate.public_key()
