"""BODY of the test car opened by certificates only, and a tester that has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.protocol.authentication import certificates, messages, proof
from core.protocol.authentication.certificates import UNIT
from core.protocol.authentication.proof import Exchange
from core.simulation.certificates import Credentials
from core.simulation.ecu.server import UdsServer
from tests.protocol.certificate_help import NOW, Holder, make, root
from tests.simulation.support import VIN, Bench

ROOT = root()
TESTER = make("tester", ROOT)
BODY = make("BODY", ROOT, purposes=(UNIT,), serial=VIN)
CHALLENGE = b"client's challenge, 32 bytes of it"


class SecuredBench(Bench):
    """BODY opened by certificates only."""

    def __init__(self, give: Callable[[], Credentials] | None = None) -> None:
        super().__init__()
        own = Credentials(BODY.chain, BODY.key, (ROOT.certificate,), lambda: NOW)
        model = replace(self.server.model, credentials=give or (lambda: own))
        self.server = UdsServer(model, self.state, self.conditions, self.now)

    def tell(self, pdu: bytes) -> bytes:
        answers = self.ask(pdu)
        assert len(answers) == 1
        return bytes.fromhex(answers[0])

    def verify(self, tester: Holder = TESTER, both: bool = True) -> Exchange:
        """Tasks 01 or 02 as far as the unit's answer."""
        request = messages.VerifyCertificate(tester.chain, CHALLENGE if both else b"", both)
        pdu = self.tell(request.encode())
        assert pdu[:1] == b"\x69", pdu.hex()
        answer = messages.CertificateVerified.decode(pdu)
        exchange = Exchange(request.challenge, answer.challenge, tester.chain, answer.certificate)
        if both:
            shown = certificates.verify_chain(answer.certificate, (ROOT.certificate,), UNIT, NOW)
            assert proof.holds(shown, answer.proof, exchange.for_server())
        return exchange

    def prove(self, exchange: Exchange, tester: Holder = TESTER) -> bytes:
        return self.tell(messages.ProofOfOwnership(proof.sign(tester.key, exchange.for_client())).encode())

    def authenticate(self, tester: Holder = TESTER, both: bool = True) -> None:
        assert self.prove(self.verify(tester, both), tester) == messages.ownership_verified()
