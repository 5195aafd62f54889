"""0x29 of a simulated unit: who gets in, who does not and why, how long it lasts. Certificates of every kind."""

from __future__ import annotations

from functools import cache

import pytest

from core.errors import StorageFailed
from core.protocol.authentication import messages, proof
from core.protocol.authentication.certificates import UNIT
from core.protocol.authentication.proof import Exchange
from core.simulation.certificates import Credentials
from tests.protocol.certificate_help import DAY, NOW, Holder, make, root
from tests.simulation.secured import CHALLENGE, ROOT, TESTER, SecuredBench
from tests.simulation.support import CODING_DID, PROGRAMMING, Bench

ERASE = "3101ff000101"


@pytest.fixture
def bench() -> SecuredBench:
    bench = SecuredBench()
    bench.enter_boot()
    return bench


@pytest.mark.parametrize("both", [True, False], ids=["both ways", "one way"])
@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_certificates_open_programming(bench: SecuredBench, both: bool, kind: str) -> None:
    assert bench.ask(ERASE) == ["7f3134"]
    assert bench.ask("3400440000100000000100") == ["7f3434"]
    assert bench.ask("2ef15a01") == ["7f2e34"]
    bench.authenticate(make("tester", ROOT, kind=kind), both)
    assert bench.ask("2ef15a01020304") == ["6ef15a"]
    for address, data in bench.new.items():
        bench.flash_block(address, data)


def test_seed_and_key_open_nothing_here(bench: SecuredBench) -> None:
    bench.unlock(PROGRAMMING)
    assert bench.ask(ERASE) == ["7f3134"]


def test_coding_wants_them_too() -> None:
    bench = SecuredBench()
    write = f"2e{CODING_DID:04x}0210"
    bench.ask("1003")
    bench.unlock(1)
    assert bench.ask(write) == ["7f2e34"]
    bench.authenticate()
    assert bench.ask(write) == [f"6e{CODING_DID:04x}"]


def test_other_units_do_not_know_the_service() -> None:
    bench = Bench()
    bench.ask("1003")
    assert bench.ask("2908") == ["7f2911"] and bench.ask("29020000000000") == ["7f2911"]


def test_it_ends_with_a_reset_the_default_session_and_on_request(bench: SecuredBench) -> None:
    bench.authenticate()
    assert bench.ask("2900") == ["690010"]
    assert bench.ask("2ef15a01") == ["7f2e34"]
    bench.authenticate()
    assert bench.ask("2ef15a01") == ["6ef15a"]
    assert bench.ask("1101") == ["5101"]
    bench.wait(1.0)
    bench.enter_boot()
    assert bench.ask("2ef15a01") == ["7f2e34"]
    bench.authenticate()
    bench.wait(6.0)  # S3
    bench.enter_boot()
    assert bench.ask("2ef15a01") == ["7f2e34"]


def test_it_outlasts_another_session_that_is_no_default_one() -> None:
    bench = SecuredBench()
    bench.ask("1003")
    bench.authenticate()
    bench.ask("1003")
    assert bench.ask(f"2e{CODING_DID:04x}0210") == [f"6e{CODING_DID:04x}"]
    bench.ask("1001")
    bench.ask("1003")
    assert bench.ask(f"2e{CODING_DID:04x}0210") == ["7f2e34"]


@pytest.mark.parametrize(("tester", "nrc"), [
    (make("t", ROOT, since=NOW - 9 * DAY, until=NOW - DAY), 0x50),
    (make("t", root()), 0x51),
    (make("t", root("foreign")), 0x52),
    (make("t", ROOT, purposes=(UNIT,)), 0x53),
    (make("t", ROOT, kind="rsa"), 0x55),
])  # fmt: skip
@pytest.mark.parametrize("both", [True, False])
def test_wrong_certificates_get_their_code(bench: SecuredBench, tester: Holder, nrc: int, both: bool) -> None:
    assert bench.tell(messages.VerifyCertificate(tester.chain, CHALLENGE, both).encode()) == bytes((0x7F, 0x29, nrc))
    assert bench.ask(messages.ProofOfOwnership(bytes(64)).encode()) == ["7f2924"]
    assert bench.ask(ERASE) == ["7f3134"]


def test_a_certificate_without_its_key_is_worth_nothing(bench: SecuredBench) -> None:
    thief = Holder(make("thief", ROOT).key, TESTER.certificate)
    assert bench.prove(bench.verify(thief), thief) == b"\x7f\x29\x58"
    assert bench.ask(ERASE) == ["7f3134"]


def test_a_challenge_serves_once(bench: SecuredBench) -> None:
    first = bench.verify()
    right = messages.ProofOfOwnership(proof.sign(TESTER.key, first.for_client())).encode()
    assert bench.tell(messages.ProofOfOwnership(bytes(64)).encode()) == b"\x7f\x29\x58"
    assert bench.tell(right) == b"\x7f\x29\x24"  # the wrong one has used the challenge up
    second = bench.verify()
    assert second.challenge_server != first.challenge_server
    assert bench.tell(right) == b"\x7f\x29\x58"  # replayed
    bench.verify()
    third = bench.verify()  # makes the one before void
    assert bench.prove(third) == messages.ownership_verified()
    assert bench.tell(right) == b"\x7f\x29\x24"
    assert bench.ask("2ef15a01") == ["6ef15a"]


def test_a_recorded_exchange_opens_no_other_time(bench: SecuredBench) -> None:
    exchange = bench.verify()
    verify = messages.VerifyCertificate(TESTER.chain, CHALLENGE).encode()
    right = messages.ProofOfOwnership(proof.sign(TESTER.key, exchange.for_client())).encode()
    assert bench.tell(right) == messages.ownership_verified()
    bench.ask("2900")
    assert bench.tell(verify)[:3] == b"\x69\x02\x11"
    assert bench.tell(right) == b"\x7f\x29\x58"
    assert bench.ask(ERASE) == ["7f3134"]


def test_the_units_own_proof_is_no_proof_of_the_tester(bench: SecuredBench) -> None:
    pdu = bench.tell(messages.VerifyCertificate(TESTER.chain, CHALLENGE).encode())
    answer = messages.CertificateVerified.decode(pdu)
    assert bench.tell(messages.ProofOfOwnership(answer.proof).encode()) == b"\x7f\x29\x58"


def test_a_new_exchange_takes_back_what_was_granted(bench: SecuredBench) -> None:
    bench.authenticate()
    bench.verify()
    assert bench.ask("2ef15a01") == ["7f2e34"]


def test_no_flipped_bit_gets_in(bench: SecuredBench) -> None:
    """Every bit of the two requests, in one exchange each: 0 accepted."""
    verify = messages.VerifyCertificate(TESTER.chain, CHALLENGE).encode()
    for bit in range(16, 8 * len(verify), 3):
        wrong = bytearray(verify)
        wrong[bit // 8] ^= 1 << bit % 8
        answer = bench.tell(bytes(wrong))
        if answer[0] == 0x69:  # the challenge or the configuration byte: the certificate does not cover them, proofs do
            decoded = messages.CertificateVerified.decode(answer)
            meant = Exchange(CHALLENGE, decoded.challenge, TESTER.chain, decoded.certificate)
            answer = bench.prove(meant)
            assert answer == b"\x7f\x29\x58", bit
    for bit in range(32, 32 + 8 * 64):
        exchange = bench.verify()
        right = bytearray(messages.ProofOfOwnership(proof.sign(TESTER.key, exchange.for_client())).encode())
        right[bit // 8] ^= 1 << bit % 8
        assert bench.tell(bytes(right)) == b"\x7f\x29\x58", bit
    assert bench.ask(ERASE) == ["7f3134"]


def test_lengths_sessions_and_unknown_tasks(bench: SecuredBench) -> None:
    assert bench.ask("2908") == ["690802"]
    assert bench.ask("29") == ["7f2913"] and bench.ask("290800") == ["7f2913"] and bench.ask("290000") == ["7f2913"]
    assert bench.ask("2902") == ["7f2913"] and bench.ask("290200000100") == ["7f2913"]
    assert bench.ask("2903000000") == ["7f2913"] and bench.ask("290300000000") == ["7f2924"]
    assert bench.ask("2904") == ["7f2912"] and bench.ask("2905") == ["7f2912"]
    short = messages.VerifyCertificate(TESTER.chain, b"too short").encode()
    assert bench.ask(short) == ["7f2913"]
    assert bench.ask(messages.VerifyCertificate(b"no certificate", CHALLENGE).encode()) == ["7f2954"]
    bench = SecuredBench()
    assert bench.ask("2908") == ["690802"]  # also in the default session
    assert bench.ask(messages.VerifyCertificate(TESTER.chain, CHALLENGE).encode()) == ["7f297e"]
    assert bench.ask("2908", functional=True) == ["690802"]


def test_suppressed_answers(bench: SecuredBench) -> None:
    assert bench.ask("2988") == []
    bench.authenticate()
    assert bench.ask("2980") == [] and bench.ask("2ef15a01") == ["7f2e34"]


def test_a_garage_without_a_folder_for_certificates_says_so() -> None:
    @cache
    def nothing() -> Credentials:
        raise StorageFailed("no folder")

    bench = SecuredBench(nothing)
    bench.enter_boot()
    assert bench.ask(messages.VerifyCertificate(TESTER.chain, CHALLENGE).encode()) == ["7f295c"]
    assert bench.ask(ERASE) == ["7f3134"]
