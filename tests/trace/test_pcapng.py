"""pcapng as Wireshark wants it: blocks, DoIP as valid IP packets, files of others, damage, tshark itself."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from core.errors import DataInvalid
from core.trace import open_writer, read_trace
from core.trace.packets import DoipWriter
from core.vocabulary import CanFrame, DoipMessage
from tests.trace.records import BEGIN, bus, doip, rare

TALK = [
    doip(0x0005, bytes.fromhex("0E000000000000"), is_rx=False),
    doip(0x0006, bytes.fromhex("0E00100010 00000000".replace(" ", "")), at=0.01),
    doip(0x8001, bytes.fromhex("0E00101022F190"), is_rx=False, at=0.02),
    doip(0x8002, bytes.fromhex("10100E0000"), at=0.03),
    doip(0x8001, bytes.fromhex("10100E0062F190") + b"XPBMX000000000001", at=0.04),
    doip(0x8001, bytes.fromhex("0E00101036") + bytes(150_000), is_rx=False, at=0.05),
    doip(0x0004, bytes(33), at=0.06),
]


def write(path: Path, records: list[CanFrame | DoipMessage]) -> Path:
    with open_writer(path) as writer:
        for record in records:
            writer.write(record)
    return path


def checksum(data: bytes) -> int:
    """RFC 1071, written anew: 0 over a header that holds its own."""
    total = 0
    for at in range(0, len(data) + len(data) % 2, 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def test_can_and_doip_come_back_in_their_order(tmp_path: Path) -> None:
    records: list[CanFrame | DoipMessage] = [*bus(20), *rare(), *TALK, *bus(5)]
    read = list(read_trace(write(tmp_path / "both.pcapng", records)))
    assert [type(r) for r in read] == [type(r) for r in records]
    for was, now in zip(records, read, strict=True):
        assert now[1:5] == was[1:5] and abs(now.timestamp - was.timestamp) < 1e-6


def test_channels_stay_apart(tmp_path: Path) -> None:
    names = ("can0", "can1", "can0")
    records: list[CanFrame | DoipMessage] = [CanFrame(BEGIN, 1, b"\x01", channel=name) for name in names]
    records += [DoipMessage(BEGIN, 0x8001, bytes(2000), True, name) for name in ("left", "right")]
    read = list(read_trace(write(tmp_path / "two.pcapng", records)))
    assert [record.channel for record in read] == ["can0", "can1", "can0", "left", "right"]


def test_the_packets_are_valid_ip() -> None:
    writer = DoipWriter(3)
    ahead = {True: 1, False: 1}
    for message in TALK:
        rest = b""
        for packet in writer.packets(message):
            assert checksum(packet[:20]) == 0
            protocol, segment = packet[9], packet[20:]
            assert int.from_bytes(packet[2:4], "big") == len(packet) <= 0xFFFF
            assert checksum(packet[12:20] + struct.pack(">HH", protocol, len(segment)) + segment) == 0
            ports = struct.unpack_from(">HH", segment)
            assert ports[0 if message.is_rx else 1] == 13400
            if protocol == 6:
                assert int.from_bytes(segment[4:8], "big") == ahead[message.is_rx]
                ahead[message.is_rx] += len(segment) - 20
                rest += segment[20:]
            else:
                assert (protocol, message.payload_type) == (17, 0x0004)
                rest += segment[8:]
        assert rest == struct.pack(">HHI", 0x02FD, message.payload_type, len(message.payload)) + message.payload


def block(order: str, kind: int, body: bytes) -> bytes:
    length = len(body) + 12 + -len(body) % 4
    return struct.pack(f"{order}II", kind, length) + body + bytes(-len(body) % 4) + struct.pack(f"{order}I", length)


@pytest.mark.parametrize("order", ["<", ">"])
def test_files_of_others_open(order: str, tmp_path: Path) -> None:
    """Both byte orders, nanoseconds, unknown blocks and link types, simple packets, Ethernet with VLAN."""
    frame = struct.pack(">IBBBB", 0x80000000 | 0x18DAF110, 2, 0, 0, 0) + b"\x7e\x00"
    message = struct.pack(">HHI", 0x02FD, 0x8001, 6) + bytes.fromhex("0E0010103E00")
    tcp = struct.pack(">HHIIBBHHH", 50000, 13400, 77, 0, 0x50, 0x18, 0, 0, 0)
    ip6 = struct.pack(">IHBB", 6 << 28, 20 + len(message), 6, 64) + bytes(15) + b"\x01" + bytes(15) + b"\x02"
    ethernet = bytes(12) + bytes.fromhex("8100000186DD") + ip6
    nanoseconds = struct.pack(f"{order}HHB3xI", 9, 1, 9, 0)

    def packet(interface: int, data: bytes) -> bytes:
        time = 1_700_000_000_500_000_000
        head = struct.pack(f"{order}IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
        return block(order, 6, head + data)

    content = block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    for link in (227, 1, 250):
        content += block(order, 1, struct.pack(f"{order}HHI", link, 0, 0) + nanoseconds)
    content += block(order, 5, bytes(12)) + block(order, 3, struct.pack(f"{order}I", len(frame)) + frame)
    content += packet(0, frame) + packet(2, b"anything")
    first, again = message[:9], message[5:]  # in two segments that overlap
    content += packet(1, ethernet + tcp + first)
    content += packet(1, ethernet + tcp[:4] + struct.pack(">I", 77 + 5) + tcp[8:] + again)
    (tmp_path / "theirs.pcapng").write_bytes(content)
    simple, timed, talk = read_trace(tmp_path / "theirs.pcapng")
    assert simple == CanFrame(0.0, 0x18DAF110, b"\x7e\x00", True)
    assert timed == CanFrame(1_700_000_000.5, 0x18DAF110, b"\x7e\x00", True)
    assert talk == DoipMessage(1_700_000_000.5, 0x8001, message[8:], False)


def test_after_a_gap_in_the_stream_it_goes_on_with_the_next_message(tmp_path: Path) -> None:
    path = write(tmp_path / "gap.pcapng", [*TALK[2:5], TALK[4]])
    content = bytearray(path.read_bytes())
    at = content.rindex(bytes.fromhex("02FD8001")) - 16  # the sequence number of the last answer
    content[at : at + 4] = struct.pack(">I", 5000)
    path.write_bytes(content)
    assert [r[1] for r in read_trace(path)] == [0x8001, 0x8002, 0x8001, 0x8001]


@pytest.mark.parametrize("length", [0, 8, 13, 2 << 20])
def test_blocks_that_cannot_be_are_refused(length: int, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.pcapng", [*bus(3)])
    content = bytearray(path.read_bytes())
    start = len(content) - int.from_bytes(content[-4:], "little")
    content[start + 4 : start + 8] = struct.pack("<I", length)
    path.write_bytes(content)
    with pytest.raises(DataInvalid, match="block 5") as refused:  # section, interface, two frames
        list(read_trace(path))
    assert refused.value.place == "block 5"


def test_a_file_that_is_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.pcapng", [*bus(10)])
    path.write_bytes(path.read_bytes()[:-5])
    read = read_trace(path)
    assert [next(read)[1] for _ in range(9)] == [frame[1] for frame in bus(9)]
    with pytest.raises(DataInvalid, match="cut off"):
        next(read)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark (Wireshark) is not installed on this machine")
def test_tshark_finds_as_many_frames_and_messages(tmp_path: Path) -> None:
    path = write(tmp_path / "both.pcapng", [*bus(50), *TALK])

    def count(wanted: str) -> int:
        done = subprocess.run(
            ["tshark", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", wanted,
             "-T", "fields", "-e", "frame.number"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return len(done.stdout.splitlines())

    assert count("can") == 50
    assert count("doip") >= len(TALK)
    assert count("ip.checksum.status == 0 || tcp.checksum.status == 0") == 0  # 0 is "bad"
