"""Every format keeps the frames; traces of others open; damaged and hostile files are DataInvalid, soon."""

from __future__ import annotations

import random
import sqlite3
import struct
import zlib
from collections import Counter
from pathlib import Path

import can
import pytest

from core.errors import DataInvalid, StorageFailed, UsageError
from core.trace import SUFFIXES, open_writer, read_trace
from core.vocabulary import CanFrame, DoipMessage
from tests.trace.records import BEGIN, bus, doip, rare

CAN_ONLY = tuple(suffix for suffix in SUFFIXES if suffix != ".pcapng")


def write(path: Path, records: list[CanFrame | DoipMessage]) -> Path:
    with open_writer(path) as writer:
        for record in records:
            writer.write(record)
    return path


def essence(frame: CanFrame | DoipMessage) -> tuple[int, bytes, bool]:
    assert isinstance(frame, CanFrame)
    return frame.arbitration_id, frame.data, frame.is_extended_id


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_round_trip_keeps_every_frame(suffix: str, tmp_path: Path) -> None:
    frames = bus(6000)  # more than any writer's buffer
    read = list(read_trace(write(tmp_path / f"drive{suffix}", [*frames])))
    assert [essence(frame) for frame in read] == [essence(frame) for frame in frames]
    for was, now in zip(frames, read, strict=True):
        # TRC has no better clock than a tenth of a millisecond, ASC counts from a begin in whole milliseconds
        assert abs((now.timestamp - read[0].timestamp) - (was.timestamp - frames[0].timestamp)) < 2e-4
    if suffix not in (".csv", ".db"):  # these two do not say who sent
        assert [frame.is_rx for frame in read] == [frame.is_rx for frame in frames]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [f"drive{suffix}"]


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".trc"])
def test_fd_remote_and_error_frames_stay_what_they_are(suffix: str, tmp_path: Path) -> None:
    read = list(read_trace(write(tmp_path / f"rare{suffix}", [*rare()])))
    fd, remote, error = (frame for frame in read if isinstance(frame, CanFrame))
    assert fd.is_fd and fd.data == bytes(range(64))
    assert remote.is_remote_frame and remote.arbitration_id == 0x124 and not remote.data
    assert error.is_error_frame


def test_what_a_format_cannot_hold_is_counted(tmp_path: Path) -> None:
    with open_writer(tmp_path / "old.trc") as writer:
        for record in [*bus(10), *rare(), doip(0x8001, b"\x0e\x00\x10\x01\x3e\x00")]:
            writer.write(record)
    assert (writer.frames, writer.messages, writer.left_out) == (10, 0, 4)
    assert len(list(read_trace(tmp_path / "old.trc"))) == 10


def test_foreign_traces_open(shared_data: Path) -> None:
    frames = [frame for frame in read_trace(shared_data / "trace" / "candump.log") if isinstance(frame, CanFrame)]
    assert len(frames) == 12_974
    assert len({frame.arbitration_id for frame in frames}) == 180
    assert {frame.channel for frame in frames} == {"vcan0"}
    analyser = [f for f in read_trace(shared_data / "trace" / "CarBusAnalyzer.trc") if isinstance(f, CanFrame)]
    # counted in the file by its own line ends
    lines = (shared_data / "trace" / "CarBusAnalyzer.trc").read_bytes().split(b"\r")
    assert len(analyser) == sum(bool(line.strip()) for line in lines[1:])
    assert analyser[0] == CanFrame(46.016, 0x45A, bytes.fromhex("5A04000000000000"), channel="1")


@pytest.mark.parametrize("suffix", CAN_ONLY)
def test_files_of_python_can_itself_open(suffix: str, tmp_path: Path) -> None:
    """With its own logger, as its own tools use it."""
    frames = bus(400)
    with can.Logger(tmp_path / f"theirs{suffix}") as logger:
        for frame in frames:
            logger.on_message_received(
                can.Message(
                    timestamp=frame.timestamp, arbitration_id=frame.arbitration_id, data=frame.data,
                    is_extended_id=frame.is_extended_id, is_rx=frame.is_rx, channel=0,
                )
            )  # fmt: skip
    read = list(read_trace(tmp_path / f"theirs{suffix}"))
    # python-can's SQLite writer loses what waits when it is stopped: what is in the file has to come out
    assert [essence(frame) for frame in read] == [essence(frame) for frame in frames[: len(read)]]
    assert len(read) == len(frames) or suffix == ".db"


@pytest.mark.parametrize("suffix", CAN_ONLY)
def test_python_can_itself_opens_ours(suffix: str, tmp_path: Path) -> None:
    frames = bus(400)
    path = write(tmp_path / f"ours{suffix}", [*frames])
    reader = can.LogReader(path)
    try:
        read = [(m.arbitration_id, bytes(m.data), m.is_extended_id) for m in reader]
    finally:
        reader.stop()
    assert read == [essence(frame) for frame in frames]


def test_the_first_bytes_count_more_than_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.blf", [*bus(5)])
    path.rename(tmp_path / "a.trace")
    assert len(list(read_trace(tmp_path / "a.trace"))) == 5


def test_what_is_no_trace_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir")
    with pytest.raises(UsageError, match=r"letter\.txt") as refused:
        list(read_trace(tmp_path / "letter.txt"))
    assert ".pcapng" in refused.value.advice
    with pytest.raises(DataInvalid, match="cannot be read"):
        list(read_trace(tmp_path / "nowhere.log"))
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(DataInvalid):
        list(read_trace(tmp_path / "nowhere.db"))
    assert not (tmp_path / "nowhere.db").exists()  # SQLite would make one
    with pytest.raises(StorageFailed):
        open_writer(tmp_path / "letter.txt" / "below.log")


def test_damage_is_named_with_its_line(tmp_path: Path) -> None:
    good = "(1.0) can0 123#0011\n"
    (tmp_path / "torn.log").write_text(good * 41 + "(2.0) can0 12\n" + good)
    read = read_trace(tmp_path / "torn.log")
    assert sum(1 for _ in zip(range(41), read, strict=False)) == 41
    with pytest.raises(DataInvalid) as refused:
        next(read)
    assert refused.value.place == "line 42" and "torn.log" in refused.value.message


@pytest.mark.parametrize("line", ["(nan) can0 1#", "(1.0) can0 1#" + "00" * 65, "(1.0) can0 " + "1" * 5000 + "#00"])
def test_what_no_bus_carries_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "mad.log").write_text(line + "\n")
    with pytest.raises(DataInvalid, match="line"):
        list(read_trace(tmp_path / "mad.log"))


def blf(*objects: bytes) -> bytes:
    """A BLF file with the header of python-can's."""
    head = b"LOGG" + struct.pack("<L", 144) + bytes(136)
    return head + b"".join(objects)


def container(data: bytes, method: int = 2) -> bytes:
    body = struct.pack("<H6xL4x", method, len(data)) + (zlib.compress(data, 9) if method == 2 else data)
    whole = struct.pack("<4sHHLL", b"LOBJ", 16, 1, 16 + len(body), 10) + body
    return whole + bytes(len(whole) % 4)


@pytest.mark.parametrize(
    "content",
    [
        blf(container(struct.pack("<4sHHLL", b"LOBJ", 16, 9, 0, 86) + bytes(64))),  # an object of size 0
        blf(*[container(struct.pack("<4sHHLL", b"LOBJ", 16, 1, 1 << 31, 86) + bytes(8 << 20))] * 10),  # never whole
        blf(container(bytes(80 << 20))),  # 80 MiB of zeros
        blf(struct.pack("<4sHHLL", b"LOBJ", 16, 1, 3, 10) + bytes(64)),
        b"LOGG",
    ],
    ids=["endless", "never-ending", "bomb", "short", "cut"],
)
def test_hostile_blf_files_end_soon(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "evil.blf").write_bytes(content)
    with pytest.raises(DataInvalid, match=r"evil\.blf"):
        list(read_trace(tmp_path / "evil.blf"))


def test_a_view_in_place_of_the_table_is_not_asked(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "evil.db")
    query = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, 1, 0, 0, 0, 0, x'00' FROM n"
    base.execute(f"CREATE VIEW messages AS {query}")
    base.close()
    with pytest.raises(DataInvalid, match="no table"):
        list(read_trace(tmp_path / "evil.db"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_mangled_files_give_records_or_data_invalid(suffix: str, tmp_path: Path) -> None:
    whole = write(tmp_path / f"good{suffix}", [*bus(60), *rare()]).read_bytes()
    chance, path, ends = random.Random(suffix), tmp_path / f"mangled{suffix}", Counter[str]()
    for _ in range(150):
        mangled = bytearray(whole[: chance.randrange(8, len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 6)):
            mangled[chance.randrange(len(mangled))] = chance.choice((0, 255, 32, 10, 48, chance.randrange(256)))
        path.write_bytes(mangled)
        try:
            read = list(read_trace(path))
            assert all(len(frame.data) <= 64 for frame in read if isinstance(frame, CanFrame))
            ends["read"] += 1
        except DataInvalid as refused:
            assert refused.file == str(path)
            ends["refused"] += 1
        except UsageError:  # its first bytes are gone, and .csv.x says nothing
            ends["unknown"] += 1
    assert ends["refused"] and not ends["unknown"]


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="power"), open_writer(tmp_path / "a.asc") as writer:
        writer.write(CanFrame(BEGIN, 1, b"\x01"))
        raise RuntimeError("power")
    assert not [path for path in tmp_path.iterdir() if path.is_file()]
