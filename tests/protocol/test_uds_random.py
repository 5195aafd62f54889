"""Whatever a unit answers, the client ends within its total time, and every word about it is harmless."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RemoteProtocolError
from core.protocol import dtc, nrc, uds
from core.protocol.uds_client import UdsClient

REQUESTS = (
    b"\x22\xf1\x90",
    b"\x36\x01DATA",
    b"\x10\x03",
    b"\x31\x01\xff\x00",
    b"\x3e\x80",
    b"\x19\x02\xff",
    b"\xba\x01",
)


def run_to_the_end(
    client: UdsClient, request: bytes, answers: list[tuple[float, bytes | None]], **options: int
) -> float:
    """Pump `client` with (delay, answer; None begins a multi-frame answer); returns the time at the end.

    What is left of `answers` when the request has ended arrives late.
    """
    now = 0.0
    client.send(request, now, **options)  # type: ignore[arg-type]
    queue = iter(answers)
    coming = next(queue, None)
    turns = 0
    while not client.finished:
        turns += 1
        assert turns < 10_000
        if client.pdu_to_send(now) is not None:
            client.sent(now)
        deadline = client.next_deadline()
        assert deadline is not None
        if coming is not None and now + coming[0] <= deadline:
            now += coming[0]
            if coming[1] is None:
                client.answer_begun(now)
            else:
                client.receive(coming[1], now)
            coming = next(queue, None)
        else:
            now = max(now, deadline)
            client.handle_timeout(now)
    for _, late in [coming or (0.0, b""), *queue]:
        client.receive(late or b"", now)
    return now


def test_100_000_random_answers_crash_and_hang_nothing() -> None:
    chance = random.Random(20_240_901)
    client = UdsClient()
    seen = 0
    while seen < 100_000:
        request = chance.choice(REQUESTS)
        answers: list[tuple[float, bytes | None]] = []
        for _ in range(chance.randrange(1, 40)):
            pdu = chance.randbytes(chance.choice((0, 1, 2, 3, 4, 6, 8, 20, 300)))
            kind = chance.random()
            if kind < 0.2:
                pdu = bytes((0x7F, request[0])) + pdu
            elif kind < 0.5:
                pdu = bytes((0x7F, request[0], chance.choice((0x78, 0x21, 0x94, 0x78)))) + pdu[:1]
            answers.append((chance.random() * 3, pdu if kind < 0.95 else None))
        seen += len(answers)
        end = run_to_the_end(client, request, answers, attempts=chance.randrange(1, 4))
        assert end <= client.data_total + 1e-6
        for _, answer in answers:
            assert_harmless(uds.describe(answer or b""))
        client.notices.clear()


def assert_harmless(text: str) -> None:
    assert text and text.isascii() and text.isprintable() and len(text) < 200
    assert "[" not in text


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_described_harmlessly(pdu: bytes) -> None:
    assert_harmless(uds.describe(pdu))
    for reader in (dtc.parse_records, dtc.parse_count, uds.max_block_length, lambda p: uds.data_of(p, 0xF190)):
        try:
            reader(pdu)
        except RemoteProtocolError as error:
            assert error.standard == "ISO 14229-1" and error.message.isascii()
    uds.session_timing(pdu)
    uds.routine_status(pdu)


@given(st.integers(0, 255), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_every_refusal_is_explained(sid: int, code: int) -> None:
    message, advice = nrc.explain(sid, code)
    assert f"0x{code:02X}" in message and message.endswith(".") and advice.endswith(".")


@given(
    st.sampled_from(REQUESTS),
    st.lists(
        st.tuples(
            st.floats(0, 30, allow_nan=False),
            st.one_of(st.none(), st.binary(max_size=8), st.sampled_from([b"\x7f\x22\x78", b"\x7f\x36\x21"])),
        ),
        max_size=30,
    ),
    st.integers(1, 3),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_every_request_ends_within_its_total_time(
    request: bytes, answers: list[tuple[float, bytes | None]], attempts: int, suppressed: bool
) -> None:
    client = UdsClient()
    end = run_to_the_end(client, request, answers, attempts=attempts, suppressed=suppressed)
    assert end <= client.data_total + 1e-6
    answer = client.next_pdu()
    assert (answer is None) == bool(client.timer)
    assert client.transmissions >= 1
