"""What leaves the shop in a bundle holds no VIN, name, token or key: in texts, in hex, and cut into frames on a bus."""

from __future__ import annotations

import json
import random

import pytest

from core.support.masking import Masker
from core.support.traffic import TrafficMasker
from core.vocabulary import CanFrame, DoipMessage

VIN = "XPBMX2A0XR1000001"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"


@pytest.fixture
def masker() -> Masker:
    return Masker(names=["Erika Mustermann", "Garage Muster"], vins=[VIN], secrets=["sk-canary-4711"])


@pytest.mark.parametrize(
    "text",
    [
        f"VIN {VIN} was read",
        f'{{"vin":"{VIN}"}}',
        f"vehicle {VIN.lower()}",
        f"22 F1 90 -> 62 F1 90 {' '.join(f'{b:02X}' for b in VIN.encode())}",
        f"62f190{VIN.encode().hex()}",
        "another WVWZZZ1JZ3W386752 car",
        "logged in as erika mustermann of Garage Muster",
        "key sk-canary-4711.",
        f"Authorization: Bearer {TOKEN}",
        TOKEN,
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\ncut in the middle MC4CAQ",
        'refresh_token = "c2VjcmV0"',
        '{"access_token": "c2VjcmV0 with \\" a quote", "other": 1}',
        "password: c2VjcmV0",
        "mail erika@example.org",
        "EID 02:00:5e:10:00:01",
        "http://user:c2VjcmV0@proxy.example:3128",
    ],
)
def test_nothing_of_it_is_left(masker: Masker, text: str) -> None:
    masked, count = masker.text(text)
    assert count >= 1
    lowered = masked.casefold()
    for canary in (
        VIN.casefold(), VIN.encode().hex(), "wvwzzz1jz3w386752", "mustermann", "canary", "c2vjcmv0", "eyjhbgci",
        "mc4caq", "erika@", "02:00:5e", VIN.encode().hex(" "),
    ):  # fmt: skip
        assert canary not in lowered, masked


@pytest.mark.parametrize(
    "text",
    ["ENGINE 2063.12 -> 2063.15", "P0301-00 0x2F", "01234567890123456", "ABCDEFGHABCDEFGHA", "block 812 of 1310", ""],
)
def test_what_a_helper_needs_stays(masker: Masker, text: str) -> None:
    assert masker.text(text) == (text, 0)


def test_json_stays_json(masker: Masker) -> None:
    masked, _ = masker.text(json.dumps({"access_token": "c2VjcmV0", "vin": VIN, "n": 1}))
    assert json.loads(masked)["n"] == 1


def test_equal_vins_stay_equal_and_others_other(masker: Masker) -> None:
    masked, _ = masker.text(f"{VIN} {VIN} WVWZZZ1JZ3W386752")
    first, second, third = masked.replace("<VIN ", "<VIN-").split(" ")
    assert first == second != third
    assert first.startswith("XPB")


def isotp(identifier: int, payload: bytes, extension: bytes = b"") -> list[CanFrame]:
    """First frame and consecutive frames, classic CAN, padded."""
    room = 8 - len(extension)
    head = bytes([0x10 | len(payload) >> 8, len(payload) & 0xFF]) + payload[: room - 2]
    frames, rest, number = [extension + head], payload[room - 2 :], 1
    while rest:
        frames.append((extension + bytes([0x20 | number & 15]) + rest[: room - 1]).ljust(8, b"\xcc"))
        rest, number = rest[room - 1 :], number + 1
    return [CanFrame(float(n), identifier, data, channel="can0") for n, data in enumerate(frames)]


def all_bytes(records: list[CanFrame]) -> bytes:
    """The payload as a reader would put it together again: consecutive bytes behind the frames' first one or two."""
    return b"".join(frame.data[1:] for frame in records)


@pytest.mark.parametrize("extension", [b"", b"\xf1"])
@pytest.mark.parametrize("known", [True, False])
def test_a_vin_in_frames_is_overwritten_and_lengths_stay(extension: bytes, known: bool) -> None:
    masker = TrafficMasker(Masker(vins=[VIN] if known else []))
    frames = isotp(0x7E8, b"\x62\xf1\x90" + VIN.encode(), extension)
    noise = [CanFrame(0.5, 0x123, bytes(range(8)), channel="can0")]
    mixed = [frames[0], *noise, *frames[1:2], *noise, *frames[2:]]
    masked = list(masker.records(mixed))
    assert masker.masked >= 1
    assert [len(frame.data) for frame in masked] == [len(frame.data) for frame in mixed]
    assert [frame.timestamp for frame in masked] == [frame.timestamp for frame in mixed]
    mine = [frame for frame in masked if frame.arbitration_id == 0x7E8]
    assert [f.data[: 1 + len(extension)] for f in mine] == [f.data[: 1 + len(extension)] for f in frames]
    left = b"".join(frame.data[1 + len(extension) :] for frame in mine)
    assert not any(VIN.encode()[n : n + 4] in left for n in range(14))
    assert b"X" * 6 in left
    assert [f for f in masked if f.arbitration_id == 0x123] == noise * 2


def test_a_trace_that_begins_or_ends_in_the_middle() -> None:
    frames = isotp(0x7E8, b"\x62\xf1\x90" + VIN.encode())
    for part in (frames[1:], frames[:-1], frames[1:2]):
        left = all_bytes(list(TrafficMasker(Masker(vins=[VIN])).records(part)))
        assert not any(VIN.encode()[n : n + 4] in left for n in range(14))


def test_doip_announcements_and_answers() -> None:
    announcement = VIN.encode() + bytes(15)
    answer = b"\x10\x10\x0e\x00\x62\xf1\x90" + VIN.encode()
    records = [DoipMessage(0.0, 4, announcement), DoipMessage(1.0, 0x8001, answer)]
    masked = list(TrafficMasker(Masker()).records(records))
    assert all(VIN.encode() not in record.payload for record in masked)
    assert masked[1].payload[:7] == answer[:7]


def test_what_is_no_vin_is_left_alone() -> None:
    maker = random.Random(7)
    records = [
        CanFrame(float(n), maker.randrange(0x800), maker.randbytes(maker.randrange(9)), channel="can0")
        for n in range(20_000)
    ]
    masker = TrafficMasker(Masker(vins=[VIN]))
    assert list(masker.records(records)) == records
    assert masker.masked == 0


def test_records_are_not_held_back_for_ever() -> None:
    """A first frame whose end never comes."""
    first = CanFrame(0.0, 0x7E8, b"\x1f\xff" + b"\x01" * 6, channel="can0")
    stream = TrafficMasker(Masker()).records(
        iter([first, *(CanFrame(1.0, 0x100, b"\x00", channel="can0") for _ in range(40_000))])
    )
    assert next(stream) == first
