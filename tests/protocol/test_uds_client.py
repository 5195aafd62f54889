"""The UDS client machine, rule by rule (plan page 3, 3.1 to 3.3), with a clock that is a number."""

from __future__ import annotations

import pytest

from core.errors import LocalProtocolError
from core.protocol.uds_client import (
    BUSY_LIMIT,
    DEFAULT_TOTAL,
    NETWORK_ALLOWANCE,
    REPEAT_AFTER,
    Note,
    Notice,
    State,
    UdsClient,
    echo_of,
)

READ_VIN = b"\x22\xf1\x90"
VIN = b"\x62\xf1\x90XPBMX"
PENDING_READ = b"\x7f\x22\x78"


def asked(pdu: bytes = READ_VIN, client: UdsClient | None = None, now: float = 0.0, **options: object) -> UdsClient:
    """A client whose request has just left at `now`."""
    client = client or UdsClient(p2=1.0, p2_star=6.0)
    client.send(pdu, now, **options)  # type: ignore[arg-type]
    transmit(client, now)
    return client


def transmit(client: UdsClient, now: float) -> bytes:
    pdu = client.pdu_to_send(now)
    assert pdu is not None
    client.sent(now)
    return pdu


def expire(client: UdsClient) -> float:
    """Let the next deadline pass; returns when that was."""
    deadline = client.next_deadline()
    assert deadline is not None
    client.handle_timeout(deadline)
    return deadline


def test_a_positive_answer_ends_the_request() -> None:
    client = asked()
    client.receive(VIN, 0.04)
    assert client.finished
    assert client.next_pdu() == VIN
    assert client.next_pdu() is None
    assert client.next_deadline() is None
    assert client.notices == []


def test_p2_runs_from_the_end_of_sending_and_ends_in_silence() -> None:
    client = UdsClient(p2=1.0)
    client.send(READ_VIN, 10.0)
    transmit(client, 12.5)  # two and a half seconds of frames
    assert client.next_deadline() == 13.5
    client.handle_timeout(13.49)
    assert not client.finished
    client.handle_timeout(13.5)
    assert client.finished and client.state is State.SILENT
    assert client.timer == "P2"
    assert client.next_pdu() is None


def test_each_0x78_arms_p2_star_again_and_its_count_has_no_limit() -> None:
    client = asked(total=10_000.0)
    now = 0.0
    for number in range(1, 1001):
        now += 5.9
        client.receive(PENDING_READ, now)
        assert client.next_deadline() == pytest.approx(now + 6.0)
        assert client.notices[-1] == Note(Notice.PENDING, PENDING_READ, number)
    client.receive(VIN, now + 5.9)
    assert client.next_pdu() == VIN


def test_silence_after_0x78_is_p2_star() -> None:
    client = asked()
    client.receive(PENDING_READ, 0.5)
    assert expire(client) == 6.5
    assert client.timer == "P2*"


def test_0x78_is_held_by_the_total_limit() -> None:
    client = asked()
    now = 0.0
    while now + 2.0 < DEFAULT_TOTAL:
        now += 2.0
        client.receive(PENDING_READ, now)
        assert not client.finished
    assert expire(client) == DEFAULT_TOTAL
    assert client.timer == "total"


def test_a_job_may_give_more_total_time_and_another_p2() -> None:
    client = asked(total=120.0, p2=3.0)
    assert client.next_deadline() == 3.0
    for now in range(2, 118, 4):
        client.receive(PENDING_READ, float(now))
    assert not client.finished
    client.receive(VIN, 119.0)
    assert client.next_pdu() == VIN
    assert asked(client=client, now=200.0).next_deadline() == 201.0  # for that request only


@pytest.mark.parametrize("code", [0x21, 0x94])
def test_busy_repeats_the_same_request_every_200_ms_up_to_25_s(code: int) -> None:
    client = asked(total=60.0)
    now, sent = 0.0, 1
    refusal = bytes((0x7F, 0x22, code))
    while True:
        client.receive(refusal, now)
        if client.finished:
            break
        assert client.pdu_to_send(now + REPEAT_AFTER - 0.001) is None
        assert client.next_deadline() == pytest.approx(now + REPEAT_AFTER)
        now += REPEAT_AFTER
        assert transmit(client, now) == READ_VIN
        sent += 1
    assert client.next_pdu() == refusal
    assert BUSY_LIMIT - REPEAT_AFTER - 1e-6 <= now <= BUSY_LIMIT
    assert sent == client.transmissions == pytest.approx(BUSY_LIMIT / REPEAT_AFTER, abs=1)


def test_busy_then_answered() -> None:
    client = asked()
    client.receive(b"\x7f\x22\x21", 0.1)
    expire(client)
    transmit(client, 0.3)
    assert client.next_deadline() == 1.3
    client.receive(VIN, 0.4)
    assert client.next_pdu() == VIN
    assert [note.notice for note in client.notices] == [Notice.BUSY]


def test_an_answer_that_comes_while_waiting_to_repeat_is_skipped() -> None:
    client = asked()
    client.receive(b"\x7f\x22\x21", 0.1)
    client.receive(VIN, 0.2)
    assert client.state is State.BUSY
    assert client.notices[-1].notice is Notice.SKIPPED


def test_suppressed_silence_within_p2_is_success() -> None:
    client = asked(b"\x3e\x80", suppressed=True)
    assert expire(client) == 1.0
    assert client.next_pdu() == b""
    assert client.timer == ""


def test_suppressed_but_pending_the_final_answer_comes_all_the_same() -> None:
    client = asked(b"\x28\x81\x01", suppressed=True)
    client.receive(b"\x7f\x28\x78", 0.02)
    client.handle_timeout(1.5)
    assert not client.finished
    client.receive(b"\x68\x01", 3.0)
    assert client.next_pdu() == b"\x68\x01"


def test_suppressed_and_pending_without_a_final_answer_is_an_error() -> None:
    client = asked(b"\x28\x81\x01", suppressed=True)
    client.receive(b"\x7f\x28\x78", 0.02)
    expire(client)
    assert client.timer == "P2*"
    assert client.next_pdu() is None


def test_suppressed_does_not_hide_a_refusal() -> None:
    client = asked(b"\x85\x82", suppressed=True)
    client.receive(b"\x7f\x85\x22", 0.02)
    assert client.next_pdu() == b"\x7f\x85\x22"


@pytest.mark.parametrize(
    ("request_pdu", "stale"),
    [
        (READ_VIN, b"\x7e\x00"),  # the keep-alive of before (plan 3.6)
        (READ_VIN, b"\x62\xf1\x87ABC"),  # another identifier
        (READ_VIN, b"\x7f\x3e\x11"),  # a refusal of another service
        (READ_VIN, b"\x7f\x36\x78"),  # somebody else's pending
        (READ_VIN, b"\x7f\x22"),  # half a refusal
        (READ_VIN, b""),
        (b"\x36\x02DATA", b"\x76\x01"),  # the answer to the block before, sent twice
        (b"\x36\x02DATA", b"\x76"),
        (b"\x31\x01\xff\x01", b"\x71\x01\xff\x00\x00"),
        (b"\x31\x03\xff\x00", b"\x71\x01\xff\x00\x00"),
        (b"\x27\x02KEY", b"\x67\x01SEED"),
        (b"\x10\x02", b"\x50\x03\x00\x32\x01\xf4"),
        (b"\x2e\xf1\x5a\x00", b"\x6e\xf1\x98"),
        (b"\x19\x02\xff", b"\x59\x04"),
    ],
)
def test_stale_and_foreign_answers_are_skipped_and_do_not_stop_the_clock(request_pdu: bytes, stale: bytes) -> None:
    client = asked(request_pdu)
    client.receive(stale, 0.5)
    assert not client.finished
    assert client.notices == [Note(Notice.SKIPPED, stale, 1)]
    assert client.next_deadline() == 1.0
    good = echo_of(request_pdu) + (b"\xf1\x90X" if request_pdu == READ_VIN else b"\x00")
    client.receive(good, 0.6)
    assert client.next_pdu() == good


def test_answers_after_the_end_are_skipped() -> None:
    client = asked()
    client.receive(VIN, 0.1)
    client.receive(VIN, 0.2)
    client.answer_begun(0.3)
    assert client.next_pdu() == VIN
    assert client.notices == [Note(Notice.SKIPPED, VIN, 1)]


def test_several_identifiers_may_come_without_the_unknown_ones() -> None:
    client = asked(b"\x22\xf1\x90\xf1\x87")
    client.receive(b"\x62\xf1\x87ABC", 0.1)
    assert client.next_pdu() == b"\x62\xf1\x87ABC"


def test_a_begun_multi_frame_answer_stops_p2() -> None:
    client = asked()
    client.answer_begun(0.9)
    client.handle_timeout(1.0)
    assert not client.finished
    assert client.next_deadline() == DEFAULT_TOTAL
    client.receive(VIN, 7.5)
    assert client.next_pdu() == VIN


def test_a_begun_answer_that_turns_out_foreign_starts_p2_anew() -> None:
    client = asked()
    client.answer_begun(0.9)
    client.receive(b"\x62\xf1\x87" + bytes(20), 1.4)
    assert client.next_deadline() == 2.4
    expire(client)
    assert client.timer == "P2"


def test_a_begun_foreign_answer_after_0x78_starts_p2_star_anew() -> None:
    client = asked()
    client.receive(PENDING_READ, 0.5)
    client.answer_begun(0.9)
    client.receive(b"\x62\xf1\x87" + bytes(20), 1.5)
    assert client.next_deadline() == 7.5


def test_a_begun_answer_is_still_under_the_total_limit() -> None:
    client = asked()
    client.answer_begun(0.9)
    assert expire(client) == DEFAULT_TOTAL
    assert client.timer == "total"


def test_after_silence_the_same_block_is_resent_once() -> None:
    block = b"\x36\x05" + bytes(100)
    client = asked(block, attempts=2)
    expire(client)
    assert transmit(client, 1.0) == block
    assert client.notices == [Note(Notice.RESENT, block, 1)]
    client.receive(b"\x76\x05", 1.2)
    assert client.next_pdu() == b"\x76\x05"


def test_the_resend_happens_once_only() -> None:
    client = asked(b"\x36\x05DATA", attempts=2)
    expire(client)
    transmit(client, 1.0)
    assert expire(client) == 2.0
    assert client.finished and client.timer == "P2"
    assert client.transmissions == 2


def test_a_unit_that_must_not_see_a_resend_sees_none() -> None:
    client = asked(b"\x36\x05DATA", attempts=1)
    expire(client)
    assert client.pdu_to_send(1.0) is None
    assert client.finished and client.transmissions == 1


@pytest.mark.parametrize("code", [0x70, 0x71, 0x72, 0x73])
def test_after_a_refused_transfer_nothing_is_resent(code: int) -> None:
    client = asked(b"\x36\x05DATA", attempts=2)
    client.receive(bytes((0x7F, 0x36, code)), 0.1)
    assert client.finished
    client.handle_timeout(99.0)
    assert client.pdu_to_send(99.0) is None
    assert client.transmissions == 1
    assert client.next_pdu() == bytes((0x7F, 0x36, code))


def test_a_transport_timer_counts_as_silence() -> None:
    client = UdsClient()
    client.send(b"\x36\x05DATA", 0.0, attempts=2)
    assert client.pdu_to_send(0.0) is not None
    client.transport_failed("N_Bs", 1.0)  # no flow control came
    assert client.pdu_to_send(1.0) == b"\x36\x05DATA"
    client.transport_failed("N_Bs", 2.0)
    assert client.finished and client.timer == "N_Bs"
    broken = asked(now=5.0)
    broken.answer_begun(5.1)
    broken.transport_failed("N_Cr", 6.1)
    assert broken.timer == "N_Cr"
    broken.transport_failed("N_Cr", 6.2)
    assert broken.timer == "N_Cr"


def test_no_resend_when_the_total_time_is_over() -> None:
    client = asked(attempts=5, total=2.5)
    for now in (1.0, 2.0):
        expire(client)
        transmit(client, now)
    client.transport_failed("N_Cr", 2.5)
    assert client.finished and client.timer == "N_Cr"


def test_longer_session_times_are_taken_over_and_fall_back() -> None:
    client = asked(b"\x10\x02", UdsClient(p2=1.0, p2_star=6.0))
    client.receive(bytes.fromhex("5002 07D0 0BB8"), 0.1)  # P2 2000 x 1 ms, P2* 3000 x 10 ms
    assert client.p2 == 2.0 + NETWORK_ALLOWANCE
    assert client.p2_star == 30.0 + NETWORK_ALLOWANCE
    asked(client=client, now=1.0, total=100.0)
    assert client.next_deadline() == pytest.approx(3.05)
    client.receive(PENDING_READ, 2.0)
    assert client.next_deadline() == pytest.approx(32.05)
    client.receive(VIN, 3.0)
    asked(b"\x10\x03", client, now=4.0)
    client.receive(bytes.fromhex("5003 0032 01F4"), 4.1)  # 50 ms, 5 s: smaller than the data's
    assert (client.p2, client.p2_star) == (1.0, 6.0)


def test_session_times_of_a_reset_unit_are_forgotten() -> None:
    client = asked(b"\x10\x02")
    client.receive(bytes.fromhex("5002 07D0 0BB8"), 0.1)
    client.forget_session()
    assert (client.p2, client.p2_star) == (1.0, 6.0)


def test_a_session_answer_without_times_changes_nothing() -> None:
    client = asked(b"\x10\x03")
    client.receive(b"\x50\x03", 0.1)
    assert client.next_pdu() == b"\x50\x03"
    assert (client.p2, client.p2_star) == (1.0, 6.0)


def test_abandoned_requests_leave_the_client_ready() -> None:
    client = asked()
    client.abandon()
    assert client.finished and client.next_pdu() is None
    client.receive(VIN, 0.2)
    assert asked(client=client, now=1.0).next_deadline() == 2.0


def test_our_own_bugs_are_named() -> None:
    client = UdsClient()
    with pytest.raises(LocalProtocolError):
        client.send(b"", 0.0)
    with pytest.raises(LocalProtocolError):
        client.sent(0.0)
    asked(client=client)
    with pytest.raises(LocalProtocolError):
        client.send(READ_VIN, 0.1)


def test_a_deadline_is_not_served_early_and_idle_has_none() -> None:
    client = UdsClient()
    assert client.next_deadline() is None
    client.handle_timeout(5.0)
    assert client.state is State.IDLE
    client.send(READ_VIN, 3.0)
    assert client.next_deadline() == 3.0
    client.handle_timeout(4.0)
    assert client.state is State.TO_SEND
