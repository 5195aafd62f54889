"""Proofs of ownership: they hold for one exchange, in one direction, between two certificates; no bit may flip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.protocol.authentication import proof
from core.protocol.authentication.proof import Exchange, holds, owns, sign
from tests.protocol.certificate_help import Holder, make, root

ROOT = root()
EXCHANGE = Exchange(b"c" * 32, b"s" * 32, b"client's certificate", b"server's certificate")


@pytest.fixture(params=["ed25519", "p256"], scope="module")
def holder(request: pytest.FixtureRequest) -> Holder:
    return make("tester", ROOT, kind=request.param)


def test_a_proof_holds_for_its_own_exchange_only(holder: Holder) -> None:
    given = sign(holder.key, EXCHANGE.for_client())
    assert holds(holder.certificate, given, EXCHANGE.for_client())
    names = [name for name in Exchange.__dataclass_fields__ if name != "configuration"]
    others = [replace(EXCHANGE, **{name: b"x" * 32}) for name in names]  # type: ignore[arg-type]
    others.append(replace(EXCHANGE, configuration=1))
    others.append(Exchange(b"cc", b"ss" * 16, EXCHANGE.certificate_client, EXCHANGE.certificate_server))
    assert not any(holds(holder.certificate, given, other.for_client()) for other in others)
    assert not holds(holder.certificate, given, EXCHANGE.for_server())  # reflected
    assert not holds(holder.certificate, given, EXCHANGE.for_client(b"another ephemeral key"))
    mirrored = Exchange(
        EXCHANGE.challenge_server, EXCHANGE.challenge_client, EXCHANGE.certificate_server, EXCHANGE.certificate_client
    )
    assert not holds(holder.certificate, given, mirrored.for_server())


def test_fields_do_not_run_into_each_other() -> None:
    assert Exchange(b"ab", b"c", b"", b"").for_client() != Exchange(b"a", b"bc", b"", b"").for_client()


def test_nobody_else_can_sign(holder: Holder) -> None:
    stranger = make("tester", ROOT)
    assert not holds(holder.certificate, sign(stranger.key, EXCHANGE.for_client()), EXCHANGE.for_client())
    assert owns(holder.key, holder.certificate) and not owns(stranger.key, holder.certificate)


def test_no_flipped_bit_is_accepted(holder: Holder) -> None:
    data = EXCHANGE.for_client()
    given = sign(holder.key, data)
    for bit in range(len(given) * 8):
        wrong = bytearray(given)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not holds(holder.certificate, bytes(wrong), data), bit
    for bit in range(len(data) * 8):
        other = bytearray(data)
        other[bit // 8] ^= 1 << bit % 8
        assert not holds(holder.certificate, given, bytes(other)), bit


def test_cut_and_lengthened_proofs(holder: Holder) -> None:
    given = sign(holder.key, EXCHANGE.for_client())
    for wrong in (*(given[:end] for end in range(len(given))), given + b"\0", given * 2):
        assert not holds(holder.certificate, wrong, EXCHANGE.for_client())


def test_a_key_of_another_kind_proves_nothing() -> None:
    rsa = make("tester", ROOT, kind="rsa")
    assert not holds(rsa.certificate, bytes(256), EXCHANGE.for_client())
    assert proof.CHALLENGE_LENGTH >= proof.SHORTEST_CHALLENGE
