"""X.509 certificates of service 0x29 (ISO 14229-1 clause 10.6): a chain is read, and trusted or refused with its NRC.

What a chain must show is stricter than RFC 5280 where that costs nothing in a workshop: Ed25519 or ECDSA P-256 with
SHA-256 only, the exact DER that was signed, no critical extension that is not known here, at most four certificates.
No revocation lists, no name constraints. Pure: the time is given, nothing is read from a disk.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, SignatureAlgorithmOID

Certificate = x509.Certificate
ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)

LONGEST_CHAIN: Final = 4
LARGEST_CHAIN: Final = 16 * 1024  # bytes

# NRCs of ISO 14229-1 (2020) Annex A that a refused certificate gets
TIME_PERIOD: Final = 0x50
SIGNATURE: Final = 0x51
CHAIN_OF_TRUST: Final = 0x52
TYPE: Final = 0x53
FORMAT: Final = 0x54
CONTENT: Final = 0x55
SCOPE: Final = 0x56

TESTER: Final = ExtendedKeyUsageOID.CLIENT_AUTH
"""Extended key usage of a tester's certificate: it is the client of a unit."""
UNIT: Final = ExtendedKeyUsageOID.SERVER_AUTH

_SIGNATURES = (SignatureAlgorithmOID.ED25519, SignatureAlgorithmOID.ECDSA_WITH_SHA256)
_KNOWN_EXTENSIONS = (
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
)  # fmt: skip
# cryptography reads extensions when they are asked for, and says each kind of nonsense with another class
_UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
               UnsupportedAlgorithm, CryptographyDeprecationWarning)  # fmt: skip
# It only warns of what RFC 5280 forbids and it will refuse one day (a serial number below 1): here it is refused now.
warnings.filterwarnings("error", category=CryptographyDeprecationWarning, module=__name__.replace(".", r"\."))


class CertificateRefused(Exception):
    """Why a certificate is not trusted: `nrc` for the other side, `reason` for a technician ("has expired on ...")."""

    def __init__(self, nrc: int, reason: str) -> None:
        super().__init__(reason)
        self.nrc = nrc
        self.reason = reason


def encode_chain(certificates: Sequence[Certificate]) -> bytes:
    """The holder's certificate first, then those that issued each other up to the root (which may be left out)."""
    return b"".join(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def decode_chain(data: bytes) -> tuple[Certificate, ...]:
    """DER certificates one behind the other. CertificateRefused (invalid format) for anything else."""
    if not 0 < len(data) <= LARGEST_CHAIN:
        raise CertificateRefused(FORMAT, "is missing" if not data else "is too large")
    found: list[Certificate] = []
    while data:
        length = _der_length(data)
        try:
            certificate = x509.load_der_x509_certificate(data[:length])
            same = certificate.public_bytes(Encoding.DER) == data[:length]
            # the count of unused bits of the signature is covered by no signature: a whole number of bytes, always
            same = same and data[:length].endswith(b"\0" + certificate.signature)
        except _UNREADABLE as problem:
            raise CertificateRefused(FORMAT, "cannot be read") from problem
        if not same or len(found) == LONGEST_CHAIN:
            raise CertificateRefused(FORMAT, "is not in DER" if not same else "has too many issuers")
        found.append(certificate)
        data = data[length:]
    return tuple(found)


def _der_length(data: bytes) -> int:
    """Bytes of the SEQUENCE at the start (X.690, 8.1.3)."""
    if len(data) < 4 or data[0] != 0x30:
        raise CertificateRefused(FORMAT, "is not in DER")
    if data[1] < 0x80:
        length = 2 + data[1]
    else:
        size = data[1] & 0x7F
        if size not in (1, 2):  # 64 KiB is more than a field of 0x29 can carry
            raise CertificateRefused(FORMAT, "is not in DER")
        length = 2 + size + int.from_bytes(data[2 : 2 + size], "big")
    if length > len(data):
        raise CertificateRefused(FORMAT, "is cut off")
    return length


def verify_chain(data: bytes, roots: Sequence[Certificate], purpose: x509.ObjectIdentifier, now: float) -> Certificate:
    """The holder's certificate, trusted through `data` up to one of `roots` at `now` (seconds since the epoch).

    `purpose` is TESTER or UNIT. CertificateRefused with the NRC that ISO 14229-1 has for the reason.
    """
    chain = decode_chain(data)
    try:
        _verify_path(chain, roots, now)
        _check_holder(chain[0], purpose)
    except _UNREADABLE as problem:
        raise CertificateRefused(FORMAT, "has an extension that cannot be read") from problem
    return chain[0]


def check_own(data: bytes, purpose: x509.ObjectIdentifier, now: float) -> None:
    """What a holder can see of its own chain: dates, kind, each issued by the next. CertificateRefused."""
    chain = decode_chain(data)
    try:
        for certificate, issuer in pairwise(chain):
            if not _issued(issuer, certificate):
                raise CertificateRefused(SIGNATURE, "is not signed by the issuer that comes with it")
        for certificate in chain:
            _check_itself(certificate, now)
        _check_holder(chain[0], purpose)
    except _UNREADABLE as problem:
        raise CertificateRefused(FORMAT, "has an extension that cannot be read") from problem


def _verify_path(chain: tuple[Certificate, ...], roots: Sequence[Certificate], now: float) -> None:
    """From the holder's certificate upwards: each is issued by the next one, or by a root, where the path ends."""
    for depth, certificate in enumerate(chain):
        _check_itself(certificate, now)
        named = [root for root in roots if root.subject == certificate.issuer]
        for root in named:
            if _issued(root, certificate):
                _check_itself(root, now)
                _check_issuer(root, depth)
                if chain[depth + 1 :] not in ((), (root,)):  # nothing comes along that nobody has verified
                    raise CertificateRefused(CHAIN_OF_TRUST, "comes with issuers that it does not need")
                return
        if depth + 1 == len(chain):
            if named:
                raise CertificateRefused(SIGNATURE, "is not signed by the issuer that it names")
            issued_by = name_of(certificate.issuer)
            raise CertificateRefused(CHAIN_OF_TRUST, f"was issued by {issued_by}, which is not trusted")
        issuer = chain[depth + 1]
        if issuer.subject != certificate.issuer:
            raise CertificateRefused(CHAIN_OF_TRUST, "does not belong to the issuers that come with it")
        if not _issued(issuer, certificate):
            raise CertificateRefused(SIGNATURE, "is not signed by the issuer that comes with it")
        _check_issuer(issuer, depth)


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _check_itself(certificate: Certificate, now: float) -> None:
    """What every certificate of a path must show."""
    if certificate.version is not x509.Version.v3:
        raise CertificateRefused(FORMAT, "is no X.509 version 3")
    if certificate.signature_algorithm_oid not in _SIGNATURES or not _usable(certificate):
        raise CertificateRefused(CONTENT, "uses another algorithm than Ed25519 or ECDSA P-256")
    try:
        today = datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise CertificateRefused(TIME_PERIOD, "cannot be compared with the clock") from problem
    if today < certificate.not_valid_before_utc:
        raise CertificateRefused(TIME_PERIOD, f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
    if today > certificate.not_valid_after_utc:
        raise CertificateRefused(TIME_PERIOD, f"has expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _KNOWN_EXTENSIONS:
            raise CertificateRefused(CONTENT, f"demands {extension.oid.dotted_string}, which is not known here")


def _usable(certificate: Certificate) -> bool:
    key = certificate.public_key()
    return isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    )


def _check_issuer(issuer: Certificate, depth: int) -> None:
    """RFC 5280, 6.1.4: a CA that may sign certificates, with `depth` issuers below it at most."""
    limits = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if limits is None or not limits.ca or usage is None or not usage.key_cert_sign:
        raise CertificateRefused(TYPE, f"was issued by {name_of(issuer.subject)}, which may issue none")
    if limits.path_length is not None and depth > limits.path_length:
        raise CertificateRefused(CHAIN_OF_TRUST, f"has more issuers than {name_of(issuer.subject)} allows")


def _check_holder(certificate: Certificate, purpose: x509.ObjectIdentifier) -> None:
    limits = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    holder = "a tester" if purpose == TESTER else "a control unit"
    signs = usage is not None and usage.digital_signature
    if (limits is not None and limits.ca) or not signs or purposes is None or purpose not in purposes:
        raise CertificateRefused(TYPE, f"was not issued for {holder}")


def _extension(certificate: Certificate, kind: type[ExtensionT]) -> ExtensionT | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def name_of(name: x509.Name) -> str:
    """The common name, else all of it; characters as the certificate has them (clean them before they are shown)."""
    return _attribute(name, NameOID.COMMON_NAME) or name.rfc4514_string() or "nobody"


def serial_of(name: x509.Name) -> str:
    """serialNumber (2.5.4.5), "" where it has none: the VIN in a unit's certificate."""
    return _attribute(name, NameOID.SERIAL_NUMBER)


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for attribute in name.get_attributes_for_oid(oid):
        return attribute.value if isinstance(attribute.value, str) else attribute.value.decode("latin-1")
    return ""


def fingerprint(certificate: Certificate) -> str:
    """SHA-256 over the DER in hex: what two people compare over the phone."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
