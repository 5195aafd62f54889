"""Rules of 0x29 authentication (ISO 14229-1:2020, 10.6): certificates both ways or one way, proof, end. No ACR.

A unit without credentials does not know the service. What is granted opens programming and coding and ends with
deAuthenticate, a reset, and the way back to the default session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import ProductError, RemoteProtocolError
from core.protocol.authentication import messages
from core.simulation.ecu.rules import (
    ALL_SESSIONS,
    CONFIGURATION_DATA_FAILED,
    INCORRECT_LENGTH,
    NON_DEFAULT,
    OWNERSHIP_FAILED,
    REQUEST_SEQUENCE_ERROR,
    SERVICE_NOT_SUPPORTED,
    Refusal,
    Reply,
    Service,
)

if TYPE_CHECKING:
    from core.protocol.authentication.certificates import Certificate
    from core.protocol.authentication.proof import Exchange
    from core.simulation.ecu.server import UdsServer

SUB_FUNCTIONS = {
    messages.DE_AUTHENTICATE: ALL_SESSIONS,
    messages.VERIFY_UNIDIRECTIONAL: NON_DEFAULT,
    messages.VERIFY_BIDIRECTIONAL: NON_DEFAULT,
    messages.PROOF_OF_OWNERSHIP: NON_DEFAULT,
    messages.CONFIGURATION: ALL_SESSIONS,
}


class Authentication:
    """Whether somebody is authenticated, and the exchange whose proof is awaited: each challenge serves once."""

    def __init__(self) -> None:
        self.granted = False
        self.waiting: tuple[Exchange, Certificate] | None = None

    def end(self) -> None:
        self.granted = False
        self.waiting = None


def _sub_functions(server: UdsServer) -> Mapping[int, frozenset[int]]:
    if server.model.credentials is None:
        raise Refusal(SERVICE_NOT_SUPPORTED)
    return SUB_FUNCTIONS


def authentication(server: UdsServer, pdu: bytes, now: float) -> Reply:
    """0x29, by its task."""
    task = pdu[1] & 0x7F
    try:
        if task in (messages.VERIFY_UNIDIRECTIONAL, messages.VERIFY_BIDIRECTIONAL):
            return _verify_certificate(server, messages.VerifyCertificate.decode(pdu))
        if task == messages.PROOF_OF_OWNERSHIP:
            return _verify_proof(server, messages.ProofOfOwnership.decode(pdu))
    except RemoteProtocolError as problem:
        raise Refusal(INCORRECT_LENGTH) from problem
    if len(pdu) != 2:
        raise Refusal(INCORRECT_LENGTH)
    if task == messages.CONFIGURATION:
        return messages.task_answer(task, messages.CONFIGURATION_APCE)
    server.authentication.end()
    return messages.task_answer(task, messages.DE_AUTHENTICATED)


def _verify_certificate(server: UdsServer, request: messages.VerifyCertificate) -> bytes:
    """Tasks 01 and 02. A new exchange makes an older one and what it granted void."""
    from core.protocol.authentication import certificates, proof

    server.authentication.end()
    if request.bidirectional and len(request.challenge) < proof.SHORTEST_CHALLENGE:
        raise Refusal(INCORRECT_LENGTH)
    assert server.model.credentials is not None  # _sub_functions has refused otherwise
    try:
        own = server.model.credentials()
    except ProductError as problem:  # the garage's folder cannot be used
        raise Refusal(CONFIGURATION_DATA_FAILED) from problem
    try:
        tester = certificates.verify_chain(request.certificate, own.roots, certificates.TESTER, own.wall_clock())
    except certificates.CertificateRefused as refused:
        raise Refusal(refused.nrc) from refused
    challenge = server.model.entropy(proof.CHALLENGE_LENGTH)
    shown = own.chain if request.bidirectional else b""
    exchange = proof.Exchange(
        request.challenge, challenge, request.certificate, shown, request.communication_configuration
    )
    server.authentication.waiting = (exchange, tester)
    signature = own.sign(exchange.for_server()) if request.bidirectional else b""
    return messages.CertificateVerified(challenge, shown, signature, bidirectional=request.bidirectional).encode()


def _verify_proof(server: UdsServer, request: messages.ProofOfOwnership) -> bytes:
    """Task 03, once for each challenge."""
    from core.protocol.authentication import proof

    waiting, server.authentication.waiting = server.authentication.waiting, None
    if waiting is None:
        raise Refusal(REQUEST_SEQUENCE_ERROR)
    exchange, tester = waiting
    if not proof.holds(tester, request.proof, exchange.for_client(request.ephemeral_key)):
        raise Refusal(OWNERSHIP_FAILED)
    server.authentication.granted = True
    return messages.ownership_verified()


AUTHENTICATION_SERVICES: dict[int, Service] = {
    0x29: Service(authentication, 2, sub_functions=_sub_functions),
}
