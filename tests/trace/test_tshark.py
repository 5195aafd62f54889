"""Our pcapng in Wireshark's own tool: the same frame count, and of 1,000 UDS exchanges the same decoding."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from core.protocol.uds import NEGATIVE, POSITIVE_OFFSET
from core.trace import decode, open_writer
from core.vocabulary import CanFrame, DoipMessage, MessageLine
from tests.diagnosis.test_traffic import ENGINE, conversation

EXCHANGES = 1000
FIELDS = ("uds.sid", "uds.reply", "uds.err.sid", "uds.err.code")
pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark (Wireshark) is not installed on this machine"
)


def exchanges(seed: int = 1) -> list[tuple[bytes, bytes]]:
    """Requests of many services with positive and negative answers, short and in many frames."""
    chance = random.Random(seed)
    made = []
    for n in range(EXCHANGES):
        request = chance.choice(
            (b"\x10\x03", b"\x11\x01", b"\x22\xf1\x90", b"\x27\x11", b"\x2e\xf1\x5a" + chance.randbytes(9),
             b"\x31\x01\xff\x00", b"\x34\x00\x44" + chance.randbytes(8), b"\x3e\x00", b"\x14\xff\xff\xff",
             b"\x36" + bytes([n & 0xFF]) + chance.randbytes(chance.randint(1, 300)))
        )  # fmt: skip
        if chance.random() < 0.3:
            answer = bytes((NEGATIVE, request[0], chance.choice((0x12, 0x22, 0x31, 0x33, 0x72, 0x78))))
        else:
            answer = bytes([request[0] + POSITIVE_OFFSET]) + request[1:3] + chance.randbytes(chance.randint(0, 60))
        made.append((request, answer))
    return made


def ours(line: MessageLine) -> tuple[int, bool, int, int]:
    """(service, is an answer, refused service, code) as Wireshark's fields say it."""
    data = line.data
    if data[0] == NEGATIVE:
        return NEGATIVE - POSITIVE_OFFSET, True, data[1], data[2]
    return data[0] - (0 if line.is_request else POSITIVE_OFFSET), not line.is_request, 0, 0


def theirs(path: Path, *options: str) -> list[tuple[int, bool, int, int]]:
    command = ["tshark", "-r", str(path), *options, "-Y", "uds", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    found = []
    for row in done.stdout.splitlines():
        sid, reply, refused, code = (int(text or "0", 0) for text in (*row.split("\t"), *[""] * 4)[:4])
        found.append((sid & ~POSITIVE_OFFSET, bool(reply), refused, code))
    return found


def frames_in(path: Path) -> int:
    done = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.number"], capture_output=True, text=True, check=True,
        timeout=110,
    )  # fmt: skip
    return len(done.stdout.splitlines())


def test_a_thousand_exchanges_on_can_are_decoded_as_wireshark_does(tmp_path: Path) -> None:
    path, at, records = tmp_path / "can.pcapng", 1e9, []
    for request, answer in exchanges():
        for identifier, data in conversation(ENGINE, request, answer):
            at += 0.0005
            records.append(CanFrame(at, identifier, data))
    with open_writer(path) as writer:
        for record in records:
            writer.write(record)
    assert frames_in(path) == len(records)
    lines = list(decode(records))
    assert len(lines) == 2 * EXCHANGES
    wireshark = theirs(path, "-d", "can.subdissector,iso15765", "-d", "iso15765.subdissector,uds")
    assert [ours(line) for line in lines] == wireshark


def test_a_thousand_exchanges_on_doip_are_decoded_as_wireshark_does(tmp_path: Path) -> None:
    path, at, records = tmp_path / "doip.pcapng", 1e9, []
    for request, answer in exchanges(2):
        for is_rx, head, pdu in ((False, b"\x0e\x00\x10\x10", request), (True, b"\x10\x10\x0e\x00", answer)):
            at += 0.0005
            records.append(DoipMessage(at, 0x8001, head + pdu, is_rx))
    with open_writer(path) as writer:
        for record in records:
            writer.write(record)
    assert frames_in(path) == len(records)
    lines = list(decode(records))
    assert [ours(line) for line in lines] == theirs(path)
