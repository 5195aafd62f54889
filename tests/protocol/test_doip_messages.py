"""DoIP codec and the generic header handler (ISO 13400-2 clause 7.1), with streams cut at every index."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.protocol import doip_messages as dm
from core.protocol.doip_messages import DoipStream, Fault, HeaderNack, Message, PayloadType

EID = bytes.fromhex("0200c0ffee01")
VIN = b"XPBDP12345T000042"


def test_the_header_is_version_inverse_type_and_length() -> None:
    assert dm.encode(0x8001, b"\x0e\x00\x10\x01\x3e\x00") == bytes.fromhex("02fd8001000000060e0010013e00")
    assert dm.encode(0x0001, b"", 0x03) == bytes.fromhex("03fc000100000000")
    assert dm.encode(0x0001, b"", dm.ANY_VERSION) == bytes.fromhex("ff00000100000000")


@pytest.mark.parametrize(
    ("header", "nack"),
    [
        ("02fd000100000000", None),
        ("03fc000100000000", None),
        ("ff00000100000000", None),  # FF is good for identification ...
        ("ff00000200000006", None),
        ("ff00000300000011", None),
        ("ff00000500000007", HeaderNack.INCORRECT_PATTERN),  # ... and for nothing else
        ("02fc000100000000", HeaderNack.INCORRECT_PATTERN),
        ("04fb000100000000", HeaderNack.INCORRECT_PATTERN),
        ("00ff000100000000", HeaderNack.INCORRECT_PATTERN),
        ("02fd000900000000", HeaderNack.UNKNOWN_PAYLOAD_TYPE),
        ("02fdf00000000004", HeaderNack.UNKNOWN_PAYLOAD_TYPE),
        ("02fd800100000101", HeaderNack.MESSAGE_TOO_LARGE),
        ("02fd800100000100", None),
        ("02fd800100000005", None),
        ("02fd800100000004", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000500000007", None),
        ("02fd00050000000b", None),
        ("02fd000500000008", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000200000005", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000300000010", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000400000020", None),
        ("02fd000400000021", None),
        ("02fd000400000022", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000700000001", HeaderNack.INVALID_PAYLOAD_LENGTH),
        ("02fd000800000002", None),
        ("02fd400200000003", None),
        ("02fd400200000007", None),
        ("02fd400200000004", HeaderNack.INVALID_PAYLOAD_LENGTH),
        # the order of the rules: pattern before type before size before length
        ("02fcf000ffffffff", HeaderNack.INCORRECT_PATTERN),
        ("02fdf000ffffffff", HeaderNack.UNKNOWN_PAYLOAD_TYPE),
        ("02fd0007ffffffff", HeaderNack.MESSAGE_TOO_LARGE),
    ],
)
def test_the_header_handler(header: str, nack: HeaderNack | None) -> None:
    version, inverse, payload_type, length = dm.HEADER.unpack(bytes.fromhex(header))
    assert dm.header_fault(version, inverse, payload_type, length, 0x100) == nack


def test_a_message_too_large_is_skipped_without_being_kept_and_the_next_one_is_read() -> None:
    stream = DoipStream(limit=100)
    found = stream.feed(dm.encode(0x8001, b"x" * 1000)[:500])
    assert found == [Fault(HeaderNack.MESSAGE_TOO_LARGE, 0x8001, 0x02)]
    assert not stream.unfinished
    assert stream.feed(b"x" * 508 + dm.encode(0x0007)) == [Message(0x0007, b"", 0x02)]


def test_an_unknown_type_is_skipped_even_if_it_claims_four_gigabytes() -> None:
    stream = DoipStream()
    assert stream.feed(b"\x02\xfd\xf0") == []
    assert stream.feed(b"\x00\xff\xff\xff\xff") == [Fault(HeaderNack.UNKNOWN_PAYLOAD_TYPE, 0xF000, 0x02)]
    for _ in range(100):
        assert stream.feed(b"x" * 1000) == []
        assert len(stream.unfinished) < 8


@pytest.mark.parametrize("nack", [HeaderNack.INCORRECT_PATTERN, HeaderNack.INVALID_PAYLOAD_LENGTH])
def test_after_a_closing_fault_nothing_is_read_any_more(nack: HeaderNack) -> None:
    bad = b"GET / HTTP/1.1\r\n\r\n" if nack is HeaderNack.INCORRECT_PATTERN else dm.encode(0x0007, b"x")
    stream = DoipStream()
    assert [f.nack for f in stream.feed(bad + dm.encode(0x0007)) if isinstance(f, Fault)] == [nack]
    assert stream.broken
    assert stream.feed(dm.encode(0x0007)) == []


MIXTURE = [
    dm.encode(0x0007),
    dm.encode(0x8001, dm.diagnostic(0x0E00, 0x1001, bytes(range(60)))),
    dm.encode(0xF123, b"maker's own"),
    dm.encode(0x8002, dm.acknowledgement(0x1001, 0x0E00, 0), 0x03),
    dm.encode(0x0004, dm.Identification(VIN, 0x1000, EID, EID).pack()),
    dm.encode(0x8003, dm.acknowledgement(0x1001, 0x0E00, 5, b"\x36\x01")),
]


def test_a_stream_cut_at_every_pair_of_indexes_gives_the_same_messages() -> None:
    whole = b"".join(MIXTURE)
    expected = DoipStream().feed(whole)
    assert [type(m) for m in expected] == [Message, Message, Fault, Message, Message, Message]
    for first in range(len(whole) + 1):
        for second in range(first, len(whole) + 1, 7):
            stream = DoipStream()
            found = stream.feed(whole[:first]) + stream.feed(whole[first:second]) + stream.feed(whole[second:])
            assert found == expected
            assert not stream.unfinished


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_stream_in_pieces_of_any_size_gives_the_same_messages(sizes: list[int]) -> None:
    whole = b"".join(MIXTURE)
    stream, found, position, number = DoipStream(), [], 0, 0
    while position < len(whole):
        size = sizes[number % len(sizes)]
        found += stream.feed(whole[position : position + size])
        position, number = position + size, number + 1
    assert found == DoipStream().feed(whole)


def test_the_sender_of_an_unfinished_message_is_known_when_its_address_is_here() -> None:
    message = dm.encode(0x8001, dm.diagnostic(0x1001, 0x0E00, b"\x76\x01" * 50))
    for index in range(len(message)):
        stream = DoipStream()
        stream.feed(message[:index])
        assert stream.unfinished_source() == (0x1001 if index >= 10 else None)
        assert stream.missing == (len(message) - index if index >= 8 else 8 - index if index else 0)


def test_a_hundred_thousand_random_chunks_break_nothing() -> None:
    dice = random.Random(13400)
    seeds = [*MIXTURE, b"\x02\xfd", b"\x02\xfd\x80\x01\x00\x00"]
    stream = DoipStream(limit=4096)
    for _ in range(100_000):
        chunk = dice.choice(seeds) if dice.random() < 0.5 else dice.randbytes(dice.randrange(24))
        if chunk and dice.random() < 0.2:
            at = dice.randrange(len(chunk))
            chunk = chunk[:at] + dice.randbytes(1) + chunk[at + 1 :]
        for found in stream.feed(chunk):
            if isinstance(found, Message):
                assert len(found.payload) <= 4096
        assert len(stream.unfinished) <= 4096 + 8
        if stream.broken:
            stream = DoipStream(limit=4096)


# ---- datagrams


def test_a_datagram_holds_exactly_one_message() -> None:
    assert dm.parse_datagram(dm.encode(0x0001)) == Message(0x0001, b"", 0x02)
    assert dm.parse_datagram(b"\x02\xfd\x00") is None
    assert dm.parse_datagram(dm.encode(0x0001) * 2) == Fault(HeaderNack.INVALID_PAYLOAD_LENGTH, 0x0001, 0x02)
    assert dm.parse_datagram(dm.encode(0x0002, EID)[:-1]) == Fault(HeaderNack.INVALID_PAYLOAD_LENGTH, 0x0002, 0x02)
    assert dm.parse_datagram(b"\x02\xf0" + bytes(6)) == Fault(HeaderNack.INCORRECT_PATTERN, 0x0000, 0x02)


# ---- payloads


@pytest.mark.parametrize(("sync", "length"), [(None, 32), (0x10, 33)])
def test_identification_has_32_or_33_bytes(sync: int | None, length: int) -> None:
    said = dm.Identification(VIN, 0x1000, EID, b"\xff" * 6, 0x10, sync)
    assert len(said.pack()) == length
    assert said.pack()[:19] == VIN + b"\x10\x00"
    assert dm.Identification.unpack(said.pack()) == said


def test_routing_activation_has_7_or_11_and_9_or_13_bytes() -> None:
    plain, own = dm.RoutingActivationRequest(0x0E01), dm.RoutingActivationRequest(0x0E01, 0xE0, b"oem!")
    assert plain.pack() == bytes.fromhex("0e010000000000")
    assert own.pack() == bytes.fromhex("0e01e000000000") + b"oem!"
    for request in (plain, own):
        assert dm.RoutingActivationRequest.unpack(request.pack()) == request
    for response in (
        dm.RoutingActivationResponse(0x0E01, 0x1000, 0x10),
        dm.RoutingActivationResponse(0x0E01, 0x1000, 0x11, b"oem!"),
    ):
        assert len(response.pack()) == 9 + len(response.oem)
        assert dm.RoutingActivationResponse.unpack(response.pack()) == response


@pytest.mark.parametrize("size", [None, 0xFFFF_FFFF])
def test_entity_status_has_3_or_7_bytes(size: int | None) -> None:
    status = dm.EntityStatus(0x01, 4, 2, size)
    assert len(status.pack()) == (3 if size is None else 7)
    assert dm.EntityStatus.unpack(status.pack()) == status


@pytest.mark.parametrize(
    "kind", [dm.Identification, dm.RoutingActivationRequest, dm.RoutingActivationResponse, dm.EntityStatus]
)
def test_payloads_of_a_wrong_length_are_refused(kind: type[dm.EntityStatus]) -> None:
    for length in (0, 2, 8, 34):
        with pytest.raises(ValueError, match="bytes where"):
            kind.unpack(bytes(length))
    with pytest.raises(ValueError, match="17 are due"):
        dm.Identification(b"SHORT", 0x1000, EID, EID).pack()


def test_every_code_has_words() -> None:
    assert set(dm.ACTIVATION_WORDS) == set(dm.Activation)
    assert set(dm.DIAGNOSTIC_NACK_WORDS) == set(dm.DiagnosticNack)
    assert set(dm.HEADER_NACK_WORDS) == set(dm.HeaderNack)
    assert {PayloadType(t) for t in (0x0000, 0x0008, 0x4004, 0x8003)} <= set(PayloadType)
