"""Messages of service 0x29, with udsoncan's codec as the judge of both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from udsoncan import Request, Response
from udsoncan.services import Authentication

from core.errors import LocalProtocolError, RemoteProtocolError
from core.protocol import uds
from core.protocol.authentication import messages
from core.protocol.authentication.messages import CertificateVerified, ProofOfOwnership, VerifyCertificate

FIELD = st.binary(max_size=700)
Task = Authentication.AuthenticationTask


def judged(pdu: bytes) -> Authentication.ResponseData:
    """The answer as udsoncan reads it; it refuses missing and left-over bytes."""
    response = Response.from_payload(pdu)
    return Authentication.interpret_response(response).service_data


def made(*arguments: object, **fields: object) -> bytes:
    request = Authentication.make_request(*arguments, **fields)  # type: ignore[arg-type]
    assert isinstance(request, Request)
    return bytes(request.get_payload())


@given(certificate=FIELD, challenge=FIELD, both=st.booleans(), configuration=st.integers(0, 255))
def test_the_tester_shows_its_certificate(certificate: bytes, challenge: bytes, both: bool, configuration: int) -> None:
    request = VerifyCertificate(certificate, challenge, both, configuration)
    task = Task.verifyCertificateBidirectional if both else Task.verifyCertificateUnidirectional
    theirs = made(
        task, communication_configuration=configuration, certificate_client=certificate, challenge_client=challenge
    )
    assert request.encode() == theirs
    assert VerifyCertificate.decode(theirs) == request


@given(proof=FIELD, key=FIELD)
def test_the_tester_proves_its_ownership(proof: bytes, key: bytes) -> None:
    request = ProofOfOwnership(proof, key)
    theirs = made(Task.proofOfOwnership, proof_of_ownership_client=proof, ephemeral_public_key_client=key)
    assert request.encode() == theirs
    assert ProofOfOwnership.decode(theirs) == request


@given(challenge=FIELD, certificate=FIELD, proof=FIELD, key=FIELD)
def test_the_unit_answers_both_ways(challenge: bytes, certificate: bytes, proof: bytes, key: bytes) -> None:
    answer = CertificateVerified(challenge, certificate, proof, key)
    told = judged(answer.encode())
    assert (told.authentication_task_echo, told.return_value) == (2, 0x11)
    assert (told.challenge_server, told.certificate_server) == (challenge, certificate)
    assert (told.proof_of_ownership_server, told.ephemeral_public_key_server) == (proof, key)
    assert CertificateVerified.decode(answer.encode()) == answer


def test_the_unit_answers_one_way() -> None:
    answer = CertificateVerified(b"challenge", bidirectional=False, ephemeral_key=b"k")
    told = judged(answer.encode())
    assert (told.challenge_server, told.ephemeral_public_key_server) == (b"challenge", b"k")
    assert CertificateVerified.decode(answer.encode()) == answer


def test_short_tasks_and_their_answers() -> None:
    assert messages.task_request(messages.DE_AUTHENTICATE) == made(Task.deAuthenticate)
    assert messages.task_request(messages.CONFIGURATION) == made(Task.authenticationConfiguration)
    pdu = messages.task_answer(messages.CONFIGURATION, messages.CONFIGURATION_APCE)
    assert judged(pdu).return_value == 2 == messages.result_of(pdu, messages.CONFIGURATION)
    done = messages.ownership_verified(b"info")
    assert judged(done).session_key_info == b"info"
    assert messages.result_of(done, messages.PROOF_OF_OWNERSHIP) == messages.COMPLETE


@pytest.mark.parametrize("pdu", [
    VerifyCertificate(b"certificate", b"challenge").encode(), VerifyCertificate(b"c", b"", False).encode(),
])  # fmt: skip
def test_a_request_that_is_cut_or_too_long_is_refused(pdu: bytes) -> None:
    for end in range(2, len(pdu)):
        with pytest.raises(RemoteProtocolError):
            VerifyCertificate.decode(pdu[:end])
    with pytest.raises(RemoteProtocolError):
        VerifyCertificate.decode(pdu + b"\0")


def test_an_answer_that_is_cut_too_long_or_another_is_refused() -> None:
    pdu = CertificateVerified(b"challenge", b"certificate", b"proof").encode()
    for wrong in (*(pdu[:end] for end in range(len(pdu))), pdu + b"\0", b"\x68" + pdu[1:], b"\x69\x03" + pdu[2:]):
        with pytest.raises(RemoteProtocolError) as caught:
            CertificateVerified.decode(wrong)
        assert caught.value.clause == "10.6"
    for wrong in (b"", b"\x69\x03", b"\x69\x03\x12", b"\x69\x03\x12\x00\x01", b"\x69\x08\x02"):
        with pytest.raises(RemoteProtocolError):
            messages.result_of(wrong, messages.PROOF_OF_OWNERSHIP)
    with pytest.raises(RemoteProtocolError):
        messages.result_of(b"\x69\x08\x02\x00", messages.CONFIGURATION)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for decode in (VerifyCertificate.decode, ProofOfOwnership.decode, CertificateVerified.decode):
        try:
            decode(data)
        except RemoteProtocolError:
            continue


def test_a_field_holds_64_kib() -> None:
    assert len(ProofOfOwnership(bytes(0xFFFF)).encode()) == 2 + 2 + 0xFFFF + 2
    with pytest.raises(LocalProtocolError):
        ProofOfOwnership(bytes(0x10000)).encode()


def test_the_panel_names_the_tasks() -> None:
    assert uds.describe(VerifyCertificate(b"c" * 400, b"x" * 32).encode()).startswith(
        "Authentication verify certificate, both ways"
    )
    assert "authenticated" in uds.describe(messages.ownership_verified())
    assert uds.describe(messages.task_request(messages.CONFIGURATION)) == "Authentication which method"
    assert "certificates (APCE)" in uds.describe(messages.task_answer(8, 2))
