"""Certificates of every kind for tests, built with the cryptography package directly: right ones and wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from core.protocol.authentication.certificates import TESTER, encode_chain

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
DAY = 86400.0


@dataclass(frozen=True)
class Holder:
    """A key, its certificate, and those of its issuers without the root."""

    key: Any
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> bytes:
        return encode_chain((self.certificate, *self.issuers))


def new_key(kind: str) -> Any:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind])


def make(
    name: str,
    issuer: Holder | None = None,
    *,
    kind: str = "ed25519",
    ca: bool | None = False,
    path_length: int | None = None,
    signs: bool = True,
    purposes: tuple[x509.ObjectIdentifier, ...] = (TESTER,),
    since: float = NOW - DAY,
    until: float = NOW + 30 * DAY,
    serial: str = "",
    critical: x509.ObjectIdentifier | None = None,
    issuer_name: str = "",
) -> Holder:
    """`ca` None leaves the basic constraints out. Without an issuer it signs itself."""
    key = new_key(kind)
    signer = issuer.key if issuer else key
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    subject += [x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []
    issued_by = issuer.certificate.subject if issuer else x509.Name(subject)
    if issuer_name:
        issued_by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)])
    builder = x509.CertificateBuilder(
        issued_by, x509.Name(subject), key.public_key(), x509.random_serial_number(),
        datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC),
    )  # fmt: skip
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
    builder = builder.add_extension(
        x509.KeyUsage(
            digital_signature=signs and not ca, key_cert_sign=signs and bool(ca), crl_sign=False,
            content_commitment=False, key_encipherment=not signs, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        ),
        critical=True,
    )  # fmt: skip
    if purposes and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if critical is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(critical, b"\x05\x00"), critical=True)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else SHA256()
    issuers = (issuer.certificate, *issuer.issuers) if issuer and issuer.issuers != ("root",) else ()
    return Holder(key, builder.sign(signer, algorithm), issuers)


def root(name: str = "root", **more: Any) -> Holder:
    """A root: what it issues carries no issuers along."""
    made = make(name, ca=True, until=NOW + timedelta(days=3650).total_seconds(), **more)
    return Holder(made.key, made.certificate, ("root",))  # type: ignore[arg-type]
