"""Messages of service 0x29, ISO 14229-1 (2020) clause 10.6, with certificates (APCE). Codec only; ACR is not spoken.

Both sides: requests are built by the tester and read by the garage, answers the other way round. Every field of
variable length has its length in two bytes before it. Reading is strict: what is left over or missing raises
RemoteProtocolError, which a server answers with 0x13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import LocalProtocolError, RemoteProtocolError

REQUEST, ANSWER = 0x29, 0x69

# authenticationTask, table 74
DE_AUTHENTICATE: Final = 0x00
VERIFY_UNIDIRECTIONAL: Final = 0x01
VERIFY_BIDIRECTIONAL: Final = 0x02
PROOF_OF_OWNERSHIP: Final = 0x03
CONFIGURATION: Final = 0x08

# authenticationReturnParameter, table B.5
CONFIGURATION_APCE: Final = 0x02
DE_AUTHENTICATED: Final = 0x10
OWNERSHIP_NECESSARY: Final = 0x11
COMPLETE: Final = 0x12


@dataclass(frozen=True, slots=True)
class VerifyCertificate:
    """Tasks 01 and 02: the tester's certificate (and its issuers') and, both ways, its challenge to the unit."""

    certificate: bytes
    challenge: bytes = b""
    bidirectional: bool = True
    communication_configuration: int = 0

    def encode(self) -> bytes:
        task = VERIFY_BIDIRECTIONAL if self.bidirectional else VERIFY_UNIDIRECTIONAL
        head = bytes((REQUEST, task, self.communication_configuration))
        return head + _field(self.certificate) + _field(self.challenge)

    @classmethod
    def decode(cls, pdu: bytes) -> VerifyCertificate:
        """The request as a server reads it; bit 7 of the task (suppressPosRsp) does not count."""
        if len(pdu) < 3:
            raise _broken("is too short")
        certificate, challenge = _fields(pdu[3:], 2)
        return cls(certificate, challenge, pdu[1] & 0x7F == VERIFY_BIDIRECTIONAL, pdu[2])


@dataclass(frozen=True, slots=True)
class CertificateVerified:
    """The answer to it. `certificate` and `proof` are the unit's own, both ways only."""

    challenge: bytes
    certificate: bytes = b""
    proof: bytes = b""
    ephemeral_key: bytes = b""
    bidirectional: bool = True
    result: int = OWNERSHIP_NECESSARY

    def encode(self) -> bytes:
        if self.bidirectional:
            head = bytes((ANSWER, VERIFY_BIDIRECTIONAL, self.result))
            return head + b"".join(map(_field, (self.challenge, self.certificate, self.proof, self.ephemeral_key)))
        return bytes((ANSWER, VERIFY_UNIDIRECTIONAL, self.result)) + _field(self.challenge) + _field(self.ephemeral_key)

    @classmethod
    def decode(cls, pdu: bytes) -> CertificateVerified:
        task = _task_of(pdu, VERIFY_BIDIRECTIONAL, VERIFY_UNIDIRECTIONAL)
        if task == VERIFY_BIDIRECTIONAL:
            challenge, certificate, proof, key = _fields(pdu[3:], 4)
            return cls(challenge, certificate, proof, key, True, pdu[2])
        challenge, key = _fields(pdu[3:], 2)
        return cls(challenge, ephemeral_key=key, bidirectional=False, result=pdu[2])


@dataclass(frozen=True, slots=True)
class ProofOfOwnership:
    """Task 03: the tester signs the unit's challenge."""

    proof: bytes
    ephemeral_key: bytes = b""

    def encode(self) -> bytes:
        return bytes((REQUEST, PROOF_OF_OWNERSHIP)) + _field(self.proof) + _field(self.ephemeral_key)

    @classmethod
    def decode(cls, pdu: bytes) -> ProofOfOwnership:
        return cls(*_fields(pdu[2:], 2))


def task_request(task: int) -> bytes:
    """deAuthenticate or authenticationConfiguration: the task alone."""
    return bytes((REQUEST, task))


def task_answer(task: int, result: int) -> bytes:
    return bytes((ANSWER, task, result))


def ownership_verified(session_key_info: bytes = b"") -> bytes:
    """The answer to a proof that holds."""
    return bytes((ANSWER, PROOF_OF_OWNERSHIP, COMPLETE)) + _field(session_key_info)


def result_of(pdu: bytes, task: int) -> int:
    """authenticationReturnParameter of the answer to `task`. RemoteProtocolError for any other message."""
    _task_of(pdu, task)
    if task == PROOF_OF_OWNERSHIP:
        _fields(pdu[3:], 1)
    elif task in (DE_AUTHENTICATE, CONFIGURATION) and len(pdu) != 3:
        raise _broken("is too long")
    return pdu[2]


def _task_of(pdu: bytes, *expected: int) -> int:
    if len(pdu) < 3 or pdu[0] != ANSWER or pdu[1] not in expected:
        raise _broken(f"answers something else ({pdu[:3].hex(' ').upper()})")
    return pdu[1]


def _field(data: bytes) -> bytes:
    if len(data) > 0xFFFF:
        raise LocalProtocolError(f"{len(data)} bytes do not fit a field of service 0x29.")
    return len(data).to_bytes(2, "big") + data


def _fields(data: bytes, count: int) -> tuple[bytes, ...]:
    """`count` fields, and nothing behind them."""
    found, at = [], 0
    for _ in range(count):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise _broken("ends in the middle of a field")
        found.append(data[at + 2 : end])
        at = end
    if at != len(data):
        raise _broken("is too long")
    return tuple(found)


def _broken(what: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"A message of service 0x29 {what}.", standard="ISO 14229-1", clause="10.6")
