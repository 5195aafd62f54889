"""Authentication with certificates, both ways: service 0x29 (ISO 14229-1:2020 clause 10.6, APCE), tester's side.

Nothing is granted to a unit here: it must show a certificate that a trusted root has issued to this unit of this
vehicle, and prove that it is its own, before the tester proves anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, ReadClock, Request
from core.diagnosis.security.identity import Identity
from core.errors import NegativeResponse, PreconditionNotMet, RemoteProtocolError
from core.protocol import nrc, uds
from core.protocol.authentication import GARAGE_METHOD, messages
from core.vocabulary import EcuAddress
from core.vocabulary.cleaning import clean

if TYPE_CHECKING:
    from core.protocol.authentication.proof import Exchange

OWN_CERTIFICATE_REFUSED = range(0x50, 0x59)  # 0x50 to 0x57 the certificate, 0x58 the proof
CHAIN_OF_TRUST = 0x52
_NOT_KNOWN = (0x11, 0x12, 0x7E, 0x7F)
_TRUST = {True: " A simulated vehicle of another installation: `passbay garage auth-root --trust FILE`.", False: ""}
_FALSE_UNIT = "Do not program it: check which unit is fitted, and which roots are trusted. Nothing was changed."


def authenticate(
    unit: str,
    address: EcuAddress,
    identity: Identity,
    *,
    vin: str = "",
    entropy: Callable[[int], bytes] = os.urandom,
) -> Job[None]:
    """Both sides prove who they are; then the unit grants its access. In a session that allows 0x29.

    PreconditionNotMet where one side does not trust the other, with the reason: nothing was changed. `vin` is the
    vehicle's, which a unit's certificate must carry (in serialNumber); "" leaves that out.
    """
    from core.protocol.authentication import proof

    _, now = yield ReadClock()
    if problem := identity.problem(now):
        raise PreconditionNotMet(f"{unit} was not asked for access. {problem}", _renew(identity))
    yield from _ask_method(unit, address)
    request = messages.VerifyCertificate(identity.chain, entropy(proof.CHALLENGE_LENGTH))
    pdu = yield from _send(unit, address, identity, request.encode())
    answer = messages.CertificateVerified.decode(pdu)
    if not answer.bidirectional or len(answer.challenge) < proof.SHORTEST_CHALLENGE:
        raise RemoteProtocolError(
            f"{unit} sent no challenge that could be signed.", standard="ISO 14229-1", clause="10.6"
        )
    exchange = proof.Exchange(
        request.challenge, answer.challenge, identity.chain, answer.certificate, request.communication_configuration
    )
    _judge_unit(unit, vin, identity, answer, exchange, now)
    own = messages.ProofOfOwnership(identity.sign(exchange.for_client(), vin, unit))
    pdu = yield from _send(unit, address, identity, own.encode())
    result = messages.result_of(pdu, messages.PROOF_OF_OWNERSHIP)
    if result != messages.COMPLETE:
        words = uds.AUTHENTICATION_RESULTS.get(result, f"0x{result:02X}")
        raise PreconditionNotMet(f"{unit} does not grant access: {words}.", _renew(identity))


def end_authentication(unit: str, address: EcuAddress) -> Job[None]:
    """deAuthenticate; a unit that does not want to hear it is left as it is (the default session ends it, too)."""
    yield Request(unit, address, messages.task_request(messages.DE_AUTHENTICATE), raise_negative=False)


def _ask_method(unit: str, address: EcuAddress) -> Job[None]:
    """authenticationConfiguration: certificates (APCE)? A unit that does not tell may still take them."""
    pdu = yield Request(unit, address, messages.task_request(messages.CONFIGURATION), raise_negative=False)
    if pdu[0] == messages.ANSWER:
        method = messages.result_of(pdu, messages.CONFIGURATION)
        if method != messages.CONFIGURATION_APCE:
            words = uds.AUTHENTICATION_RESULTS.get(method, f"0x{method:02X}")
            raise PreconditionNotMet(
                f"{unit} asks for another authentication than certificates: {words}.",
                "Check that the diagnostic data fits this unit. Nothing was changed.",
            )


def _send(unit: str, address: EcuAddress, identity: Identity, pdu: bytes) -> Job[bytes]:
    answer: bytes = yield Request(unit, address, pdu, raise_negative=False)
    if answer[0] != 0x7F:
        return answer
    code = answer[2]
    entry = nrc.lookup(code)
    if code in OWN_CERTIFICATE_REFUSED:
        raise PreconditionNotMet(
            f"{unit} does not accept this tester: {entry.words} ({nrc.label(code)}).", _advice(code, identity)
        )
    if code in _NOT_KNOWN:
        raise PreconditionNotMet(
            f"{unit} takes no certificates here ({nrc.label(code)}), though its data asks for them.",
            "Check that the diagnostic data fits this unit's software. Nothing was changed.",
        )
    message, advice = nrc.explain(answer[1], code)
    raise NegativeResponse(f"{unit}: {message}", advice, sid=answer[1], nrc=code)


def _judge_unit(
    unit: str, vin: str, identity: Identity, answer: messages.CertificateVerified, exchange: Exchange, now: float
) -> None:
    """The unit's certificate leads to a trusted root, names this unit and vehicle, and its proof holds."""
    from core.protocol.authentication import certificates, proof

    try:
        shown = certificates.verify_chain(answer.certificate, identity.roots, certificates.UNIT, now)
    except certificates.CertificateRefused as refused:
        foreign = identity.method == GARAGE_METHOD and refused.nrc == CHAIN_OF_TRUST
        raise PreconditionNotMet(
            f"{unit} cannot be trusted: its certificate {clean(refused.reason)}.", _FALSE_UNIT + _TRUST[foreign]
        ) from refused
    name, serial = certificates.name_of(shown.subject), certificates.serial_of(shown.subject)
    if name.casefold() != unit.casefold() or (vin and serial != vin):
        whose = f"{name} in {serial}" if serial else name
        raise PreconditionNotMet(f"{unit} cannot be trusted: it shows the certificate of {clean(whose)}.", _FALSE_UNIT)
    if not proof.holds(shown, answer.proof, exchange.for_server(answer.ephemeral_key)):
        raise PreconditionNotMet(
            f"{unit} cannot be trusted: it could not prove that its certificate is its own.", _FALSE_UNIT
        )


def _advice(code: int, identity: Identity) -> str:
    if code != CHAIN_OF_TRUST:
        return _renew(identity)
    garage = " A garage of another installation is told to trust it by `passbay garage serve --auth-root`."
    return (
        f"The unit does not know who issued the tester's certificate ({identity.place}): use the one that is meant for"
        f" this vehicle.{garage if identity.method == GARAGE_METHOD else ''} Nothing was changed."
    )


def _renew(identity: Identity) -> str:
    place = f" in {identity.place}" if identity.place else ""
    return f"Renew the tester's certificate{place} and check the clock of the PC. Nothing was changed."
