"""What a server's certificate says, in words: who issued it, until when, and why it was refused. Asks no network."""

from __future__ import annotations

import ssl
import time
from typing import Any

from core.vocabulary.shop.check import NetworkTarget

EXPIRES_SOON_DAYS = 14
# OpenSSL's verify codes (x509_vfy.h)
_NOT_YET, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = (18, 19, 20, 21)  # self-signed, root not known, issuer missing, first certificate alone
_OTHER_NAME = (62, 64)  # host name, address


def peer_words(certificate: dict[str, Any]) -> str:
    """ "issued by Example CA, 87 days left" for a certificate as getpeercert() tells it."""
    issuer = _name(certificate.get("issuer", ()))
    left = _days_left(certificate)
    return f"issued by {issuer}" + (f", {left} days left" if left is not None else "")


def expiry_warning(host: str, certificate: dict[str, Any]) -> str:
    left = _days_left(certificate)
    if left is None or left >= EXPIRES_SOON_DAYS:
        return ""
    return f"The certificate of {host} ends in {left} days: whoever runs that server must renew it."


def refusal_words(target: NetworkTarget, problem: ssl.SSLCertVerificationError, refused: bytes) -> tuple[str, str]:
    """(words, advice). `refused` is the certificate in DER, b"" where it could not be had."""
    issuer = _issuer(refused)
    code = problem.verify_code
    if code in _OTHER_NAME:
        return (
            f"the certificate belongs to another name (issued by {issuer})",
            f"Something else answers for {target.host}: a name server or a filter redirects. Let it through untouched.",
        )
    if code == _EXPIRED:
        return (
            f"the certificate has expired (issued by {issuer})",
            "Check date and time of this PC; if they are right, whoever runs that server must renew it.",
        )
    if code == _NOT_YET:
        return "the certificate is not valid yet", "Check date and time of this PC."
    if code in _UNKNOWN_ISSUER:
        return (
            f"the issuer {issuer} is not trusted here",
            f"A proxy may open TLS: exempt {target.host} from inspection, or name its root as ca_file in the settings.",
        )
    return f"the certificate was refused ({problem.verify_message})", f"Ask whoever runs {target.host}."


def _issuer(der: bytes) -> str:
    if not der:
        return "an issuer that was not told"
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        issuer = x509.load_der_x509_certificate(der).issuer
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
            found = issuer.get_attributes_for_oid(kind)
            if found:
                return f"{str(found[0].value)[:80]!r}"
    except ValueError:
        pass
    return "an issuer without a name"


def _name(pairs: Any) -> str:
    names = {key: value for row in pairs for key, value in row}
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")[:80]


def _days_left(certificate: dict[str, Any]) -> int | None:
    told = certificate.get("notAfter")
    return int((ssl.cert_time_to_seconds(told) - time.time()) // 86400) if told else None
