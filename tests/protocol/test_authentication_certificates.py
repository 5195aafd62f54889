"""Which certificates are trusted: right chains, each kind of wrong one with its NRC, and no flipped bit at all."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from core.protocol.authentication import certificates
from core.protocol.authentication.certificates import (
    CHAIN_OF_TRUST,
    CONTENT,
    FORMAT,
    SIGNATURE,
    TESTER,
    TIME_PERIOD,
    TYPE,
    UNIT,
    CertificateRefused,
    decode_chain,
    encode_chain,
    verify_chain,
)
from tests.protocol.certificate_help import DAY, NOW, Holder, make, root

ROOT = root()
TRUSTED = (ROOT.certificate,)
WORKSHOP = make("workshop", ROOT, ca=True, path_length=0)
WORKSHOP_CA = Holder(WORKSHOP.key, WORKSHOP.certificate, ())


def below(issuer: Holder, **more: object) -> Holder:
    """A tester's certificate that carries its issuer along."""
    made = make("tester", issuer, **more)  # type: ignore[arg-type]
    return Holder(made.key, made.certificate, (issuer.certificate, *issuer.issuers))


def refusal(chain: bytes, trusted: tuple[x509.Certificate, ...] = TRUSTED, at: float = NOW) -> CertificateRefused:
    with pytest.raises(CertificateRefused) as caught:
        verify_chain(chain, trusted, TESTER, at)
    return caught.value


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
@pytest.mark.parametrize("root_kind", ["ed25519", "p256"])
def test_a_certificate_of_a_trusted_root(kind: str, root_kind: str) -> None:
    issuer = root(kind=root_kind)
    tester = make("tester", issuer, kind=kind)
    assert verify_chain(tester.chain, (ROOT.certificate, issuer.certificate), TESTER, NOW) == tester.certificate
    with_root = encode_chain([tester.certificate, issuer.certificate])
    assert verify_chain(with_root, (issuer.certificate,), TESTER, NOW) == tester.certificate


def test_a_chain_over_a_workshop() -> None:
    tester = below(WORKSHOP_CA)
    assert verify_chain(tester.chain, TRUSTED, TESTER, NOW) == tester.certificate
    assert refusal(encode_chain([tester.certificate])).nrc == CHAIN_OF_TRUST  # its issuer is not known here
    swapped = encode_chain([tester.certificate, make("other", ROOT, ca=True).certificate])
    assert refusal(swapped).nrc == CHAIN_OF_TRUST
    double = encode_chain([tester.certificate, WORKSHOP.certificate, WORKSHOP.certificate])
    assert refusal(double).nrc == CHAIN_OF_TRUST


def test_a_workshop_makes_no_further_issuers() -> None:
    branch = make("branch", WORKSHOP_CA, ca=True)
    tester = make("tester", Holder(branch.key, branch.certificate, ()))
    chain = encode_chain([tester.certificate, branch.certificate, WORKSHOP.certificate])
    assert refusal(chain).nrc == CHAIN_OF_TRUST
    free = make("free", ROOT, ca=True)
    below_free = make("branch", Holder(free.key, free.certificate, ()), ca=True)
    leaf = make("tester", Holder(below_free.key, below_free.certificate, ()))
    chain = encode_chain([leaf.certificate, below_free.certificate, free.certificate])
    assert verify_chain(chain, TRUSTED, TESTER, NOW) == leaf.certificate
    assert refusal(chain + encode_chain([ROOT.certificate, ROOT.certificate])).nrc == FORMAT  # more than four


@pytest.mark.parametrize(("wrong", "nrc", "words"), [
    (make("t", ROOT, until=NOW - DAY, since=NOW - 3 * DAY), TIME_PERIOD, "has expired on 2026-11-22"),
    (make("t", ROOT, since=NOW + DAY), TIME_PERIOD, "is not valid before 2026-11-24"),
    (make("t", root("foreign")), CHAIN_OF_TRUST, "was issued by foreign, which is not trusted"),
    (make("t", root("root")), SIGNATURE, "is not signed by the issuer that it names"),  # another root of the same name
    (make("t"), CHAIN_OF_TRUST, "was issued by t, which is not trusted"),
    (make("t", ROOT, purposes=(UNIT,)), TYPE, "was not issued for a tester"),
    (make("t", ROOT, purposes=()), TYPE, "was not issued for a tester"),
    (make("t", ROOT, signs=False), TYPE, "was not issued for a tester"),
    (make("t", ROOT, ca=True), TYPE, "was not issued for a tester"),
    (make("t", ROOT, kind="rsa"), CONTENT, "another algorithm"),
    (make("t", ROOT, kind="p384"), CONTENT, "another algorithm"),
    (make("t", ROOT, critical=x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")), CONTENT, "1.3.6.1.4.1.99999.1"),
    (below(make("t", ROOT)), TYPE, "which may issue none"),
    (below(make("t", ROOT, ca=True, signs=False)), TYPE, "which may issue none"),
    (below(make("w", ROOT, ca=True, until=NOW - DAY, since=NOW - 9 * DAY)), TIME_PERIOD, "has expired"),
])  # fmt: skip
def test_each_kind_of_wrong_one(wrong: Holder, nrc: int, words: str) -> None:
    if wrong.issuers[:1] == ("root",):
        wrong = Holder(wrong.key, wrong.certificate)
    refused = refusal(wrong.chain)
    assert (refused.nrc, words in refused.reason) == (nrc, True), refused.reason


def test_an_expired_root_and_a_root_that_is_none() -> None:
    tester = make("tester", ROOT, until=NOW + 9000 * DAY)
    assert refusal(tester.chain, at=NOW + 8000 * DAY).nrc == TIME_PERIOD
    assert refusal(tester.chain, at=1e18).nrc == TIME_PERIOD
    no_issuer = make("plain")
    fake = make("tester", Holder(no_issuer.key, no_issuer.certificate, ()))
    assert refusal(encode_chain([fake.certificate]), (no_issuer.certificate,)).nrc == TYPE


def test_no_trust_without_roots() -> None:
    assert refusal(make("tester", ROOT).chain, ()).nrc == CHAIN_OF_TRUST


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_no_flipped_bit_is_accepted(kind: str) -> None:
    """All bits of the tester's certificate and of the workshop's that comes with it."""
    chain = below(WORKSHOP_CA, kind=kind).chain
    assert verify_chain(chain, TRUSTED, TESTER, NOW)
    accepted = []
    for bit in range(len(chain) * 8):
        flipped = bytearray(chain)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            verify_chain(bytes(flipped), TRUSTED, TESTER, NOW)
        except CertificateRefused:
            continue
        accepted.append(bit)
    assert accepted == []


def test_no_shortened_or_lengthened_chain_is_accepted() -> None:
    chain = below(WORKSHOP_CA).chain
    for end in range(len(chain)):
        assert refusal(chain[:end]).nrc in (FORMAT, CHAIN_OF_TRUST)
    for more in (b"\0", b"\x30\0", b"\x30\x80", chain):
        refusal(chain + more)
    assert refusal(bytes(certificates.LARGEST_CHAIN + 1)).nrc == FORMAT


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_any_bytes_are_refused_in_order(data: bytes) -> None:
    for text in (data, b"\x30" + data, b"\x30\x82" + data):
        with pytest.raises(CertificateRefused):
            verify_chain(text, TRUSTED, TESTER, NOW)


def test_what_a_holder_sees_of_its_own_chain() -> None:
    certificates.check_own(below(WORKSHOP_CA).chain, TESTER, NOW)
    for wrong, nrc in (
        (make("t", ROOT, until=NOW - DAY, since=NOW - 3 * DAY).chain, TIME_PERIOD),
        (make("t", ROOT, purposes=(UNIT,)).chain, TYPE),
        (encode_chain([make("t", root("x")).certificate, WORKSHOP.certificate]), SIGNATURE),
        (b"", FORMAT),
    ):
        with pytest.raises(CertificateRefused) as caught:
            certificates.check_own(wrong, TESTER, NOW)
        assert caught.value.nrc == nrc


def test_names_of_a_certificate() -> None:
    unit = make("DRIVE", ROOT, purposes=(UNIT,), serial="XPBDP4E03S2000042").certificate
    assert certificates.name_of(unit.subject) == "DRIVE"
    assert certificates.serial_of(unit.subject) == "XPBDP4E03S2000042"
    assert certificates.serial_of(ROOT.certificate.subject) == ""
    assert certificates.name_of(x509.Name([])) == "nobody"
    assert len(certificates.fingerprint(unit)) == 64
    assert decode_chain(unit.public_bytes(Encoding.DER)) == (unit,)
