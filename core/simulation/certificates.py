"""The certificates of one installation's garage: its own root, a tester's identity, one for each unit (X.509, Ed25519).

Nothing secret comes with the product: the root is made at the first use and kept in the data folder, so that a garage
served by another process of the same user accepts the tester, and the tester its units. Another installation's tester
is accepted only where its root is named (`roots` folder, `garage serve --auth-root`). For simulated vehicles only.

    authority.pem     the root's private key and certificate; nobody else may read it
    identity.pem      the tester's private key and certificate
    tls.pem           the same for TLS below DoIP
    roots.pem         the root's certificate: what another installation imports
    roots/*.pem       certificates of further roots that are trusted
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import DataInvalid, StorageFailed
from core.pc.files import write_file
from core.protocol.authentication import proof
from core.protocol.authentication.certificates import TESTER, UNIT, encode_chain

AUTHORITY, IDENTITY, ROOTS, MORE_ROOTS = "authority.pem", "identity.pem", "roots.pem", "roots"
TLS_IDENTITY = "tls.pem"
DAYS_VALID: Final = 20 * 365  # longer than any simulated car is needed; nobody renews a demonstration
CLOCK_SKEW: Final = timedelta(days=1)
_WAIT_FOR_LOCK = 20.0  # seconds that another process may take to make its files


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a unit (or a tester) proves itself with, and whom it trusts. `chain` as it stands in a message."""

    chain: bytes
    key: proof.PrivateKey
    roots: tuple[x509.Certificate, ...]
    wall_clock: Callable[[], float] = time.time

    def sign(self, data: bytes) -> bytes:
        return proof.sign(self.key, data)


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key with its certificate."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    def pem(self) -> bytes:
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + self.certificate.public_bytes(Encoding.PEM)


def new_root(name: str, now: float) -> Pair:
    """A root that signs itself; no issuer below it."""
    key = Ed25519PrivateKey.generate()
    subject = _name(name)
    builder = _builder(subject, subject, key, now, now + DAYS_VALID * 86400)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Pair(key, builder.sign(key, None))


def issue(
    root: Pair, name: str, purpose: x509.ObjectIdentifier, now: float, *, serial: str = "", until: float | None = None
) -> Pair:
    """A certificate for a tester or a unit, valid from a day before `now`. `serial` is the VIN in a unit's name."""
    key = Ed25519PrivateKey.generate()
    end = until if until is not None else now + DAYS_VALID * 86400
    builder = _builder(_name(name, serial), root.certificate.subject, key, now, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return Pair(key, builder.sign(root.key, None))


def _name(name: str, serial: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if serial:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey, now: float, end: float
) -> x509.CertificateBuilder:
    """Everything but the extensions. Years beyond the calendar of X.509 are not asked for here."""
    last = datetime.fromtimestamp(end, UTC)
    first = min(datetime.fromtimestamp(now, UTC), last) - CLOCK_SKEW
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(first).not_valid_after(last)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


class Authority:
    """The root of the installation in `folder`, made there when it is first needed.

    `extra_roots` are PEM files of other roots that the garage's units trust, too. StorageFailed where the folder
    cannot be written, DataInvalid where a file in it is damaged.
    """

    def __init__(
        self, folder: Path, extra_roots: Sequence[Path] = (), wall_clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._extra_roots = tuple(extra_roots)
        self._wall_clock = wall_clock

    @property
    def roots_file(self) -> Path:
        return self.folder / ROOTS

    @property
    def tls_identity(self) -> Path:
        return self.folder / TLS_IDENTITY

    def ensure(self) -> Pair:
        """The root; it and the tester's identity are on the disk afterwards."""
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self.folder / ".lock", timeout=_WAIT_FOR_LOCK):
                return self._complete()
        except (OSError, Timeout) as problem:
            raise StorageFailed(f"The garage's certificates in {self.folder} cannot be used: {problem}.") from problem

    def _complete(self) -> Pair:
        now = self._wall_clock()
        path = self.folder / AUTHORITY
        if path.exists():
            root = _read_pair(path)
        else:
            root = new_root(f"Passbay garage demo root {os.urandom(4).hex()}", now)
            write_file(path, root.pem())
        if not (self.folder / IDENTITY).exists():
            write_file(self.folder / IDENTITY, issue(root, "Passbay garage demo tester", TESTER, now).pem())
        if not (self.folder / TLS_IDENTITY).exists():
            pair = issue(root, "Passbay garage demo tester", ExtendedKeyUsageOID.CLIENT_AUTH, now)
            write_file(self.folder / TLS_IDENTITY, pair.pem())
        public = root.certificate.public_bytes(Encoding.PEM)
        if not (self.folder / ROOTS).exists():
            write_file(self.folder / ROOTS, public)
        return root

    def unit(self, name: str, vin: str) -> Credentials:
        """A fresh key and certificate for the unit `name` of the car `vin`."""
        root = self.ensure()
        pair = issue(root, name, UNIT, self._wall_clock(), serial=vin)
        return Credentials(encode_chain([pair.certificate]), pair.key, self.trusted(root), self._wall_clock)

    def trusted(self, root: Pair) -> tuple[x509.Certificate, ...]:
        """The own root and the further ones."""
        files = (*sorted((self.folder / MORE_ROOTS).glob("*.pem")), *self._extra_roots)
        return (root.certificate, *(certificate for path in files for certificate in read_roots(path)))


def read_roots(path: Path) -> list[x509.Certificate]:
    """All certificates of a PEM file. DataInvalid, StorageFailed."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as problem:
        words = problem.strerror or str(problem)
        raise StorageFailed(f"The certificates in {path} cannot be read: {words}.", "Check its name.") from problem
    except ValueError as problem:
        raise DataInvalid(f"{path.name} holds no certificates in PEM.", file=str(path)) from problem
    return found


def _read_pair(path: Path) -> Pair:
    content = path.read_bytes()
    try:
        key = load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except (ValueError, TypeError) as problem:
        raise DataInvalid(f"{path.name} is damaged.", _ANEW, file=str(path)) from problem
    if not isinstance(key, Ed25519PrivateKey) or not proof.owns(key, certificate):
        raise DataInvalid(f"{path.name} holds a key that does not belong to its certificate.", _ANEW, file=str(path))
    return Pair(key, certificate)


_ANEW = "Delete this file and identity.pem and roots.pem beside it: they are made anew, for simulated vehicles only."
