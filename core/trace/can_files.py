"""CAN trace files through python-can: ASC, BLF, candump, TRC, CSV, SQLite. Its exceptions end here; knows no DoIP."""

from __future__ import annotations

import io
import logging
import math
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import can
from can.io.blf import BLFParseError, BLFReader

from core.errors import DataInvalid, StorageFailed
from core.vocabulary import CanFrame, DoipMessage

LONGEST_LINE = 4096  # a CAN FD frame in the widest of these formats takes some 300 characters
LARGEST_CONTAINER = 64 << 20  # of a BLF file, inflated; Vector's own tools and python-can make 128 KiB
_SAFE_CONTAINER = LARGEST_CONTAINER // 1032  # deflate cannot inflate more than that
_OBJECT = struct.Struct("<4sHHII")
_CONTAINER_TYPE = 10

# all that python-can's readers raise for broken text or bytes, as fuzzing showed
_BROKEN = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error, zlib.error, sqlite3.Error,
    EOFError, AssertionError, NotImplementedError, RuntimeError, can.CanError, BLFParseError,
)  # fmt: skip
_WRITERS: dict[str, Callable[[Path], Any]] = {
    ".asc": can.ASCWriter,
    ".blf": can.BLFWriter,
    ".log": can.CanutilsLogWriter,
    ".trc": can.TRCWriter,
    ".csv": can.CSVWriter,
}

# a logger without a handler writes warnings to stderr, which is the screen
logging.getLogger("can").addHandler(logging.NullHandler())


class _Lines(io.TextIOWrapper):
    """A text file whose lines are counted and bounded."""

    number = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), encoding="utf-8", errors="replace")

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        line = super().readline(LONGEST_LINE)
        if len(line) >= LONGEST_LINE:
            raise ValueError("a line is too long for a trace")
        self.number += bool(line)
        return line

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class _BoundedBlf(BLFReader):
    """python-can's reader loops for ever over an object of size 0, and keeps whatever an object claims to hold."""

    containers = 0

    def _parse_container(self, data: bytes) -> Iterator[can.Message]:
        self.containers += 1
        whole = self._tail + data
        if len(whole) > LARGEST_CONTAINER:
            raise BLFParseError("an object is larger than any CAN frame")
        position, end = 0, len(whole) - _OBJECT.size
        while (position := whole.find(b"LOBJ", position, position + 8)) >= 0 and position <= end:
            size = _OBJECT.unpack_from(whole, position)[3]
            if size < _OBJECT.size:
                raise BLFParseError("an object is shorter than its header")
            position += size
        yield from super()._parse_container(data)


def read_can(path: Path, suffix: str) -> Iterator[CanFrame]:
    """The frames of a file of the kind that `suffix` names. DataInvalid names the line, container or frame."""
    with ExitStack() as stack:
        place: Callable[[], str] = str
        count = 0
        try:
            reader, place = _reader(path, suffix, stack)
            for message in reader:
                count += 1
                yield _frame(message)
        except _BROKEN as error:
            where = place() or f"frame {count + 1}"
            why = str(error)[:200] or type(error).__name__
            raise DataInvalid(f"{path.name} is damaged at {where}: {why}.", file=str(path), place=where) from error
        except OSError as error:
            raise DataInvalid(f"{path} cannot be read: {error.strerror or error}.", file=str(path)) from error


def _reader(path: Path, suffix: str, stack: ExitStack) -> tuple[Iterator[can.Message], Callable[[], str]]:
    if suffix == ".blf":
        _check_containers(path)
        blf = _BoundedBlf(stack.enter_context(path.open("rb")))
        return iter(blf), lambda: f"container {blf.containers}" if blf.containers else "the file header"
    if suffix == ".db":
        return _sqlite(path, stack), lambda: ""
    lines = stack.enter_context(_Lines(path))
    if suffix == ".asc":
        messages: Any = can.ASCReader(lines, relative_timestamp=False)
    else:
        readers: dict[str, Any] = {".log": can.CanutilsLogReader, ".trc": can.TRCReader, ".csv": can.CSVReader}
        messages = readers[suffix](lines)
    return iter(messages), lambda: f"line {lines.number}"


def _sqlite(path: Path, stack: ExitStack) -> Iterator[can.Message]:
    """Only a plain table is read: a view may hold a query that never ends."""
    with closing(sqlite3.connect(f"file:{path.absolute().as_posix()}?mode=ro", uri=True)) as base:
        kinds = base.execute("SELECT type FROM sqlite_master WHERE name = 'messages'").fetchall()
    if kinds != [("table",)]:
        raise ValueError("it has no table of messages")
    reader = can.SqliteReader(path)
    stack.callback(reader.stop)
    return iter(reader)


def _check_containers(path: Path) -> None:
    """Sizes before anything is inflated."""
    with path.open("rb") as stream:
        head = stream.read(8)
        if len(head) < 8:
            raise ValueError("the file header is cut off")
        stream.seek(int.from_bytes(head[4:8], "little"))
        while len(header := stream.read(_OBJECT.size)) == _OBJECT.size:
            signature, _, _, size, kind = _OBJECT.unpack(header)
            if signature != b"LOBJ" or not _OBJECT.size <= size <= LARGEST_CONTAINER:
                raise ValueError("an object's header is garbled")
            if kind == _CONTAINER_TYPE and size > _SAFE_CONTAINER:
                data = stream.read(size - _OBJECT.size)[16:]
                inflater = zlib.decompressobj()
                inflater.decompress(data, LARGEST_CONTAINER)
                if inflater.unconsumed_tail:
                    raise ValueError("a container inflates to more than any recorder writes")
                stream.seek(size % 4, io.SEEK_CUR)
            else:
                stream.seek(size - _OBJECT.size + size % 4, io.SEEK_CUR)


def _frame(message: can.Message) -> CanFrame:
    identifier, timestamp, data = message.arbitration_id, float(message.timestamp), bytes(message.data or b"")
    if not 0 <= identifier <= 0x1FFFFFFF or len(data) > 64 or not math.isfinite(timestamp):
        raise ValueError("a frame cannot be one of CAN")
    channel = message.channel
    return CanFrame(
        timestamp,
        identifier,
        data,
        bool(message.is_extended_id),
        message.is_fd or len(data) > 8,  # CSV and SQLite do not say
        bool(message.is_rx),
        bool(message.is_error_frame),
        "" if channel is None else str(channel)[:64],
        bool(message.is_remote_frame),
    )


class CanFileWriter:
    """A python-can writer behind our face. StorageFailed; DoIP messages never come here."""

    def __init__(self, path: Path, suffix: str) -> None:
        self._path = path
        self._writer = _Table(path) if suffix == ".db" else _WRITERS[suffix](path)
        self._classic_only = suffix == ".trc"  # python-can's writer drops the others in silence

    def write(self, record: CanFrame | DoipMessage) -> bool:
        assert isinstance(record, CanFrame)
        if self._classic_only and (record.is_fd or record.is_error_frame or record.is_remote_frame):
            return False
        try:
            self._writer.on_message_received(message_of(record))
        except (OSError, sqlite3.Error) as error:
            raise StorageFailed(f"The trace {self._path} cannot be written: {error}.") from error
        return True

    def close(self) -> None:
        try:
            self._writer.stop()
        except (OSError, sqlite3.Error) as error:
            raise StorageFailed(f"The trace {self._path} cannot be written: {error}.") from error


class _Table:
    """python-can's table of messages, written by us: its own writer loses what waits in its thread when it stops."""

    BATCH = 5000

    def __init__(self, path: Path) -> None:
        try:
            self._base = sqlite3.connect(path)
            self._base.execute(
                "CREATE TABLE messages (ts REAL, arbitration_id INTEGER, extended INTEGER, remote INTEGER,"
                " error INTEGER, dlc INTEGER, data BLOB)"
            )
        except sqlite3.Error as error:
            raise StorageFailed(f"The trace {path} cannot be written: {error}.") from error
        self._rows: list[tuple[object, ...]] = []

    def on_message_received(self, m: can.Message) -> None:
        flags = (m.is_extended_id, m.is_remote_frame, m.is_error_frame)
        self._rows.append((m.timestamp, m.arbitration_id, *flags, m.dlc, bytes(m.data)))
        if len(self._rows) >= self.BATCH:
            self._flush()

    def stop(self) -> None:
        try:
            self._flush()
        finally:
            self._base.close()

    def _flush(self) -> None:
        with self._base:
            self._base.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()


def message_of(frame: CanFrame) -> can.Message:
    """As python-can's writers and buses want it."""
    channel: Any = int(frame.channel) if frame.channel.isdecimal() else frame.channel or None
    return can.Message(
        timestamp=frame.timestamp,
        arbitration_id=frame.arbitration_id,
        is_extended_id=frame.is_extended_id,
        is_remote_frame=frame.is_remote_frame,
        is_error_frame=frame.is_error_frame,
        channel=channel,
        dlc=len(frame.data),
        data=None if frame.is_remote_frame else frame.data,
        is_fd=frame.is_fd,
        bitrate_switch=frame.is_fd,
        is_rx=frame.is_rx,
        check=False,
    )
