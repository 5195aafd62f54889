"""Offline decoding: conversations of a recorded bus in words, named by addresses, the VIN found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.trace import decode, find_vin, open_writer, read_trace
from core.vocabulary import CanAddress, CanFrame, DoipAddress, DoipMessage
from tests.trace.records import BEGIN, ENGINE, bus, doip, talk

VIN = "XPBMX000000000001"


def test_a_thousand_exchanges_are_put_together_as_they_were_said(tmp_path: Path) -> None:
    """Long ones too, with the traffic of a bus in between, from a file."""
    chance = random.Random(14229)
    said = []
    for n in range(1000):
        did = bytes((0xF1, n & 0xFF))
        said.append((b"\x22" + did, b"\x62" + did + chance.randbytes(chance.choice((1, 4, 5, 17, 200)))))
    frames = talk(said)
    noise = [frame for frame in bus(2000) if not 0x7DF <= frame.arbitration_id <= 0x7EF]
    mixed: list[CanFrame] = sorted([*frames, *noise], key=lambda frame: frame.timestamp)
    with open_writer(tmp_path / "long.blf") as writer:
        for frame in mixed:
            writer.write(frame)
    lines = list(decode(read_trace(tmp_path / "long.blf"), [("ENGINE", ENGINE)]))
    assert [(line.is_request, line.length, line.data) for line in lines] == [
        (is_request, len(pdu), pdu[:32]) for pair in said for is_request, pdu in zip((True, False), pair, strict=True)
    ]
    assert {line.unit for line in lines} == {"ENGINE"} and "F100" in lines[0].words


def test_a_message_is_told_once_though_several_vehicles_use_the_identifier() -> None:
    frames = talk([(b"\x3e\x00", b"\x7e\x00")])
    units = [("ENGINE", ENGINE), ("MOTOR", ENGINE), ("OTHER", CanAddress(0x701, 0x709))]
    assert [line.unit for line in decode(frames, units)] == ["ENGINE", "ENGINE"]


def test_doip_is_named_by_the_logical_address() -> None:
    records = [
        doip(0x8001, bytes.fromhex("0E00101022F190"), is_rx=False),
        doip(0x8001, bytes.fromhex("10100E007F2231")),
    ]
    asked, refused = decode(records, [("HEADUNIT", DoipAddress(0x1010))])
    assert (asked.unit, asked.is_request, refused.unit, refused.is_negative) == ("HEADUNIT", True, "HEADUNIT", True)


@pytest.mark.parametrize(
    "records",
    [
        talk([(b"\x3e\x00", b"\x7e\x00"), (b"\x22\xf1\x90", b"\x62\xf1\x90" + VIN.encode())]),
        [doip(0x8001, bytes.fromhex("10100E0062F190") + VIN.encode())],
        [doip(0x0004, VIN.encode() + bytes(16))],
    ],
    ids=["can", "doip", "announcement"],
)
def test_the_vin_is_found(records: list[CanFrame | DoipMessage]) -> None:
    assert find_vin(records) == VIN


def test_what_is_no_vin_is_none() -> None:
    assert find_vin(talk([(b"\x22\xf1\x90", b"\x62\xf1\x90" + b"\xff" * 17)])) == ""
    assert find_vin([CanFrame(BEGIN, 0x7E8, b"\x02\x7e\x00")]) == ""


def test_the_real_log_holds_its_known_conversation(shared_data: Path) -> None:
    pair = [("7C0", CanAddress(0x7C0, 0x7C8, functional=None))]
    lines = list(decode(read_trace(shared_data / "trace" / "CarBusAnalyzer.trc"), pair))
    assert [line.words for line in lines[:2]] == ["TesterPresent", "ok: TesterPresent"]
    requests = [line for line in lines if line.is_request]
    assert len(requests) * 2 == len(lines) > 20
