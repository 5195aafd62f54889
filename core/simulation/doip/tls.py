"""TLS of a simulated vehicle's DoIP entity: its certificate from the garage's root, and whether testers need one."""

from __future__ import annotations

import os
import ssl
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.errors import StorageFailed, UsageError
from core.simulation.certificates import Authority, issue
from core.vci.doip.tls import TlsTrust, load_own

WORDS = ("yes", "client")
"""yes: the entity wants TLS; client: and a certificate from the tester."""


def server_context(authority: Authority, name: str, vin: str, word: str) -> ssl.SSLContext:
    """UsageError for another word than WORDS."""
    if word not in WORDS:
        raise UsageError(f"tls cannot be {word!r}.", "It is yes or client.")
    root = authority.ensure()
    pair = issue(root, f"{name} DoIP", ExtendedKeyUsageOID.SERVER_AUTH, time.time(), serial=vin)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if word == "client":
        context.verify_mode = ssl.CERT_REQUIRED
        trusted = b"".join(each.public_bytes(Encoding.PEM) for each in authority.trusted(root))
        context.load_verify_locations(cadata=trusted.decode())
    _load(context, pair.pem())
    return context


def garage_trust(folder: Path, port: int = 3496) -> TlsTrust:
    """What a tester of this installation brings to its own garage."""
    authority = Authority(folder)
    authority.ensure()
    return TlsTrust((authority.roots_file,), authority.tls_identity, True, port)


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """The ssl module reads keys from files only: it is there for a moment, for this user alone."""
    try:
        handle, name = tempfile.mkstemp(suffix=".pem")
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        try:
            load_own(context, Path(name))
        finally:
            Path(name).unlink()
    except OSError as error:
        raise StorageFailed(f"No temporary file can be written: {error}.") from error
