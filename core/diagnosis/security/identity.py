"""The tester's identity for service 0x29: its certificates, the right to sign for them, the roots it trusts. PEM files.

    FOLDER/identity.pem       the tester's certificate first, then its issuers; its private key too, unless a program
                              or a server signs for it
    FOLDER/roots.pem          roots that a unit's certificate may come from, with FOLDER/roots/*.pem
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.diagnosis.security.methods import PROOF, Signer
from core.errors import DataInvalid, PreconditionNotMet, StorageFailed

if TYPE_CHECKING:
    from core.protocol.authentication.certificates import Certificate

IDENTITY, ROOTS = "identity.pem", "roots.pem"
LARGEST_FILE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """`chain` is what goes into the message (DER); `sign(data, vin, unit)` proves that it is ours."""

    method: str
    chain: bytes
    roots: tuple[Certificate, ...]
    sign: Callable[[bytes, str, str], bytes]
    place: str = ""

    def problem(self, now: float) -> str:
        """Why no unit would take it at `now` (seconds since the epoch), "" where nothing speaks against it."""
        from core.protocol.authentication import certificates

        try:
            certificates.check_own(self.chain, certificates.TESTER, now)
        except certificates.CertificateRefused as refused:
            return f"The tester's certificate for {self.method!r} {refused.reason}."
        return ""


def load_identity(method: str, folder: Path, signer: Signer | None = None) -> Identity:
    """The identity in `folder`; `signer` signs where no private key is there.

    PreconditionNotMet for missing files, DataInvalid for damaged ones, StorageFailed for unreadable ones.
    """
    from cryptography import x509

    from core.protocol.authentication import certificates

    path = folder / IDENTITY
    content = _read(path)
    if content is None:
        raise PreconditionNotMet(
            f"No certificate for the method {method!r} is installed.",
            f"Put the tester's certificate with its private key into {path}, the trusted roots into {folder / ROOTS}.",
        )
    try:
        chain = x509.load_pem_x509_certificates(content)
    except ValueError as problem:
        raise DataInvalid(f"{IDENTITY} of {method!r} holds no readable certificate.", file=str(path)) from problem
    roots = _roots(method, folder)
    return Identity(method, certificates.encode_chain(chain), roots, _sign_with(method, path, content, chain, signer),
                    str(path))  # fmt: skip


def _sign_with(
    method: str, path: Path, content: bytes, chain: Sequence[Certificate], signer: Signer | None
) -> Callable[[bytes, str, str], bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from core.protocol.authentication import proof

    if b"PRIVATE KEY-----" not in content:
        if signer is None:
            raise PreconditionNotMet(
                f"There is a certificate for the method {method!r}, but nothing that signs for it.",
                f"Put its private key into {path}, or configure a program in [security.{method}].",
            )
        return lambda data, vin, unit: signer(
            PROOF, {"method": method, "data": data.hex().upper(), "vin": vin, "unit": unit}
        )
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # not chained: nothing of a key file belongs into a log
        raise DataInvalid(f"The private key in {path} cannot be read (it may ask for a password).") from None
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise DataInvalid(f"The private key in {path} is neither Ed25519 nor ECDSA P-256.", file=str(path))
    if not proof.owns(key, chain[0]):
        raise DataInvalid(f"The private key in {path} does not belong to the certificate there.", file=str(path))
    return lambda data, vin, unit: proof.sign(key, data)


def _roots(method: str, folder: Path) -> tuple[Certificate, ...]:
    from cryptography import x509

    found: list[Certificate] = []
    for path in (folder / ROOTS, *sorted((folder / "roots").glob("*.pem"))):
        content = _read(path)
        try:
            found += x509.load_pem_x509_certificates(content) if content is not None else []
        except ValueError as problem:
            raise DataInvalid(f"{path.name} of {method!r} holds no certificates in PEM.", file=str(path)) from problem
    if not found:
        raise PreconditionNotMet(
            f"No root is trusted for the method {method!r}: nobody could tell a control unit from a false one.",
            f"Put the certificates of the trusted roots into {folder / ROOTS}.",
        )
    return tuple(found)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise StorageFailed(f"{path} cannot be read: {problem.strerror or problem}.") from problem
