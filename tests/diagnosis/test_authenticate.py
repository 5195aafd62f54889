"""0x29 on the tester's side: against the garage's rules, against units that are not what they say, with PEM files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from core.diagnosis.commands import ReadClock, Request
from core.diagnosis.security import Identity, SecurityMethods, authenticate, end_authentication, load_identity
from core.diagnosis.security.methods import PROOF
from core.errors import DataInvalid, NegativeResponse, PreconditionNotMet, ProductError, RemoteProtocolError
from core.protocol.authentication import messages, proof
from core.protocol.authentication.certificates import UNIT, encode_chain
from core.simulation.certificates import Credentials
from core.vocabulary import DoipAddress
from tests.protocol.certificate_help import DAY, NOW, Holder, make, root
from tests.simulation.secured import BODY, ROOT, TESTER, SecuredBench
from tests.simulation.support import VIN

ADDRESS = DoipAddress(0x1003)
Unit = Callable[[bytes], bytes]


def identity_of(tester: Holder = TESTER, roots: tuple[Any, ...] = (ROOT.certificate,)) -> Identity:
    return Identity("garage-certificate", tester.chain, roots, lambda data, vin, unit: proof.sign(tester.key, data),
                    "identity.pem")  # fmt: skip


def play(unit: Unit, identity: Identity, vin: str = VIN) -> tuple[list[int], ProductError | None]:
    """The tasks that were sent, and how it ended."""
    job = authenticate("BODY", ADDRESS, identity, vin=vin)
    sent: list[int] = []
    answer: Any = None
    try:
        while True:
            command = job.send(answer)
            if isinstance(command, ReadClock):
                answer = (0.0, NOW)
            else:
                assert isinstance(command, Request) and command.pdu[0] == 0x29 and not command.raise_negative
                sent.append(command.pdu[1])
                answer = unit(command.pdu)
    except StopIteration:
        return sent, None
    except ProductError as error:
        return sent, error


def body(own: Holder = BODY, roots: tuple[Any, ...] = (ROOT.certificate,)) -> SecuredBench:
    bench = SecuredBench(lambda: Credentials(own.chain, own.key, roots, lambda: NOW))
    bench.enter_boot()
    return bench


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_both_sides_prove_who_they_are(kind: str) -> None:
    bench = body(make("BODY", ROOT, kind=kind, purposes=(UNIT,), serial=VIN))
    assert play(bench.tell, identity_of(make("tester", ROOT, kind=kind))) == ([8, 2, 3], None)
    assert bench.ask("2ef15a01") == ["6ef15a"]
    command = next(end_authentication("BODY", ADDRESS))
    assert isinstance(command, Request) and bench.tell(command.pdu) == b"\x69\x00\x10"
    assert bench.ask("2ef15a01") == ["7f2e34"]


def test_challenges_are_new_each_time() -> None:
    seen: list[bytes] = []

    def watching(pdu: bytes) -> bytes:
        if pdu[1] == 2:
            seen.append(messages.VerifyCertificate.decode(pdu).challenge)
        return body().tell(pdu)

    for _ in range(3):
        play(watching, identity_of())
    assert len(set(seen)) == 3 and {len(challenge) for challenge in seen} == {proof.CHALLENGE_LENGTH}


@pytest.mark.parametrize(("tester", "code", "words"), [
    (make("t", root("foreign")), "0x52", "certificate chain not trusted"),
    (make("t", root()), "0x51", "certificate signature wrong"),
])  # fmt: skip
def test_a_tester_that_the_unit_does_not_know(tester: Holder, code: str, words: str) -> None:
    sent, error = play(body().tell, identity_of(tester))
    assert sent == [8, 2] and isinstance(error, PreconditionNotMet)
    assert code in error.message and words in error.message and "Nothing was changed" in error.advice


@pytest.mark.parametrize(("tester", "words"), [
    (make("t", ROOT, since=NOW - 9 * DAY, until=NOW - DAY), "has expired on 2026-11-22"),
    (make("t", ROOT, since=NOW + DAY), "is not valid before 2026-11-24"),
    (make("t", ROOT, purposes=(UNIT,)), "was not issued for a tester"),
])  # fmt: skip
def test_a_certificate_that_is_no_use_is_not_even_shown(tester: Holder, words: str) -> None:
    sent, error = play(body().tell, identity_of(tester))
    assert sent == [] and isinstance(error, PreconditionNotMet) and words in error.message
    assert "identity.pem" in error.advice


def test_a_certificate_whose_key_another_one_has() -> None:
    thief = Holder(make("thief", ROOT).key, TESTER.certificate)
    sent, error = play(body().tell, identity_of(thief))
    assert sent == [8, 2, 3] and isinstance(error, PreconditionNotMet) and "0x58" in error.message


@pytest.mark.parametrize(("own", "words"), [
    (make("BODY", root("foreign"), purposes=(UNIT,), serial=VIN), "was issued by foreign, which is not trusted"),
    (make("BODY", ROOT, purposes=(UNIT,), serial=VIN, since=NOW - 9 * DAY, until=NOW - DAY), "has expired"),
    (make("BODY", ROOT, serial=VIN), "was not issued for a control unit"),
    (make("DOOR", ROOT, purposes=(UNIT,), serial=VIN), "shows the certificate of DOOR"),
    (make("BODY", ROOT, purposes=(UNIT,), serial="XPBTS000000000002"), "of BODY in XPBTS000000000002"),
    (make("BODY", ROOT, purposes=(UNIT,)), "shows the certificate of BODY"),
    (Holder(make("x", ROOT).key, BODY.certificate), "could not prove that its certificate is its own"),
])  # fmt: skip
def test_a_false_unit_gets_no_proof_of_the_tester(own: Holder, words: str) -> None:
    sent, error = play(body(own).tell, identity_of())
    assert sent == [8, 2] and isinstance(error, PreconditionNotMet)
    assert words in error.message and "cannot be trusted" in error.message and "Do not program it" in error.advice


def test_a_name_in_a_certificate_cannot_act_on_a_terminal() -> None:
    _, error = play(body(make("\x1b[2J", ROOT, purposes=(UNIT,))).tell, identity_of())
    assert error is not None and "\x1b" not in error.message


def test_without_a_vin_the_name_alone_counts() -> None:
    assert play(body(make("body", ROOT, purposes=(UNIT,))).tell, identity_of(), vin="") == ([8, 2, 3], None)


Change = Callable[[messages.CertificateVerified], messages.CertificateVerified]


def changed(bench: SecuredBench, change: Change) -> Unit:
    """The unit, with its answer to task 02 changed on the way."""

    def answer(pdu: bytes) -> bytes:
        told = bench.tell(pdu)
        return change(messages.CertificateVerified.decode(told)).encode() if pdu[1] == 2 else told

    return answer


def test_no_flipped_bit_of_the_units_answer_is_believed() -> None:
    bench = body()
    told = messages.CertificateVerified.decode(bench.tell(messages.VerifyCertificate(TESTER.chain, bytes(32)).encode()))
    sizes = {"challenge": len(told.challenge), "certificate": len(told.certificate), "proof": len(told.proof)}
    for name, size in sizes.items():
        for bit in range(0, 8 * size, 5):

            def flip(answer: messages.CertificateVerified, name: str = name, bit: int = bit) -> Any:
                field = bytearray(getattr(answer, name))
                field[bit // 8] ^= 1 << bit % 8
                return replace(answer, **{name: bytes(field)})  # type: ignore[arg-type]

            sent, error = play(changed(bench, flip), identity_of())
            assert sent == [8, 2] and isinstance(error, PreconditionNotMet), (name, bit)


def test_a_replayed_answer_of_the_unit_is_not_believed() -> None:
    recorded: list[messages.CertificateVerified] = []

    def keep(answer: messages.CertificateVerified) -> messages.CertificateVerified:
        recorded.append(answer)
        return answer

    assert play(changed(body(), keep), identity_of())[1] is None
    sent, error = play(changed(body(), lambda answer: recorded[0]), identity_of())
    assert sent == [8, 2] and error is not None and "could not prove" in error.message


@pytest.mark.parametrize("answer", [
    b"\x69", b"\x69\x02", b"\x69\x02\x11", b"\x69\x01\x11\0\0\0\0", b"\x69\x02\x11" + bytes(8), b"\x69\x02\x11\xff\xff",
])  # fmt: skip
def test_answers_that_break_the_rules(answer: bytes) -> None:
    sent, error = play(lambda pdu: b"\x69\x08\x02" if pdu[1] == 8 else answer, identity_of())
    assert sent == [8, 2] and isinstance(error, RemoteProtocolError)


def test_units_with_another_method_or_none() -> None:
    sent, error = play(lambda pdu: b"\x69\x08\x03", identity_of())
    assert sent == [8] and isinstance(error, PreconditionNotMet) and "asymmetric (ACR)" in error.message
    sent, error = play(lambda pdu: b"\x7f\x29\x11", identity_of())
    assert sent == [8, 2] and isinstance(error, PreconditionNotMet) and "takes no certificates" in error.message
    sent, error = play(lambda pdu: b"\x7f\x29\x22", identity_of())
    assert isinstance(error, NegativeResponse) and (error.sid, error.nrc) == (0x29, 0x22)


def test_a_unit_that_tells_no_method_may_take_certificates() -> None:
    bench = body()
    sent, error = play(lambda pdu: b"\x7f\x29\x12" if pdu[1] == 8 else bench.tell(pdu), identity_of())
    assert error is None and sent == [8, 2, 3]


def test_access_that_is_not_complete_is_none() -> None:
    bench = body()
    half = b"\x69\x03\x13\x00\x00"
    _, error = play(lambda pdu: half if pdu[1] == 3 else bench.tell(pdu), identity_of())
    assert isinstance(error, PreconditionNotMet) and "certificate verified" in error.message


# -- the identity's files


def pem(holder: Holder, password: bytes = b"", key: bool = True) -> bytes:
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    private = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden) if key else b""
    return private + b"".join(c.public_bytes(Encoding.PEM) for c in (holder.certificate, *holder.issuers))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roots.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return tmp_path


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_an_identity_from_its_files(folder: Path, kind: str) -> None:
    workshop = make("workshop", ROOT, ca=True)
    made = make("tester", Holder(workshop.key, workshop.certificate), kind=kind)
    tester = Holder(made.key, made.certificate, (workshop.certificate,))
    (folder / "identity.pem").write_bytes(pem(tester))
    identity = load_identity("oem", folder)
    assert identity.chain == encode_chain([made.certificate, workshop.certificate])
    assert identity.roots == (ROOT.certificate,) and identity.problem(NOW) == ""
    assert play(body().tell, identity) == ([8, 2, 3], None)


def test_a_signer_signs_where_no_key_is_there(folder: Path) -> None:
    (folder / "identity.pem").write_bytes(pem(TESTER, key=False))
    asked: list[tuple[str, Any]] = []

    def sign(kind: str, payload: Any) -> bytes:
        asked.append((kind, payload))
        return proof.sign(TESTER.key, bytes.fromhex(payload["data"]))

    assert play(body().tell, load_identity("oem", folder, sign)) == ([8, 2, 3], None)
    (kind, payload), = asked  # fmt: skip
    assert kind == PROOF and (payload["method"], payload["vin"], payload["unit"]) == ("oem", VIN, "BODY")
    with pytest.raises(PreconditionNotMet) as caught:
        load_identity("oem", folder)
    assert "nothing that signs" in caught.value.message and "[security.oem]" in caught.value.advice


def test_more_roots_in_their_folder(folder: Path) -> None:
    (folder / "identity.pem").write_bytes(pem(TESTER))
    other = root("other").certificate
    (folder / "roots").mkdir()
    (folder / "roots" / "other.pem").write_bytes(other.public_bytes(Encoding.PEM))
    assert load_identity("oem", folder).roots == (ROOT.certificate, other)
    (folder / "roots" / "broken.pem").write_text("nothing")
    with pytest.raises(DataInvalid):
        load_identity("oem", folder)


@pytest.mark.parametrize(("content", "error"), [
    (None, PreconditionNotMet), (b"nonsense", DataInvalid), (pem(TESTER, password=b"secret"), DataInvalid),
    (pem(Holder(make("x").key, TESTER.certificate)), DataInvalid), (pem(make("t", ROOT, kind="rsa")), DataInvalid),
])  # fmt: skip
def test_files_that_are_missing_or_damaged(folder: Path, content: bytes | None, error: type[ProductError]) -> None:
    if content is not None:
        (folder / "identity.pem").write_bytes(content)
    with pytest.raises(error) as caught:
        load_identity("oem", folder)
    assert "identity.pem" in caught.value.message + caught.value.advice


def test_nobody_is_trusted_without_roots(tmp_path: Path) -> None:
    (tmp_path / "identity.pem").write_bytes(pem(TESTER))
    with pytest.raises(PreconditionNotMet) as caught:
        load_identity("oem", tmp_path)
    assert "No root is trusted" in caught.value.message and "roots.pem" in caught.value.advice


def test_methods_hand_their_signer_to_the_identity() -> None:
    given: list[object] = []

    def find(method: str, signer: object) -> Identity:
        given.append(signer)
        return identity_of()

    def sign(kind: str, payload: Any) -> bytes:
        return b""

    methods = SecurityMethods({"oem": sign}, find)
    methods.identity("oem")
    methods.identity("other")
    assert given == [sign, None]
