"""The last minutes of the traffic, always kept: packed and bounded in records, bytes and age. Writes no file itself.

It follows the ring of the live panel, which holds a second or two of a full bus. Packed and deflated a frame of real
traffic takes about a tenth of what it takes as an object: by estimate, five minutes of a full bus are 20 MiB, not 600.
"""

from __future__ import annotations

import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from core.vocabulary import CanFrame, DoipMessage

Record = CanFrame | DoipMessage
ReadSince = Callable[[int], tuple[list[Record], int, int]]

MOST_RECORDS = 5_000_000  # five minutes of four buses at 4,000 frames a second
MOST_BYTES = 64 << 20
LONGEST_SECONDS = 900.0
SEALED_BYTES = 1 << 17  # what is packed at a time: 5,000 frames, 2 ms of deflate
SEALED_SECONDS = 5.0
FOLLOW_SECONDS = 0.2

_HEAD = struct.Struct("<dIIBB")  # timestamp, identifier or payload type, length, flags, channel
_EXTENDED, _FD, _RX, _ERROR, _REMOTE, _DOIP = 1, 2, 4, 8, 16, 32
_MOST_CHANNELS = 255


class _Chunk(NamedTuple):
    since: float
    until: float
    records: int
    data: bytes


class LastMinutes:
    """`clock` is any steady clock. `follow` runs a thread of its own until `close`; `take` may be called by hand."""

    def __init__(
        self, read_since: ReadSince, cursor: int = 0, *, clock: Callable[[], float] = time.monotonic,
        most_records: int = MOST_RECORDS, most_bytes: int = MOST_BYTES, longest: float = LONGEST_SECONDS,
    ) -> None:  # fmt: skip
        self.dropped = 0
        """Records that the ring overwrote before they were taken."""
        self._read_since, self._cursor, self._clock = read_since, cursor, clock
        self._most_records, self._most_bytes, self._longest = most_records, most_bytes, longest
        self._chunks: deque[_Chunk] = deque()
        self._records = self._bytes = 0
        self._open: list[bytes] = []
        self._open_records = self._open_bytes = 0
        self._open_since = self._open_until = 0.0
        self._channels: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def kept(self) -> tuple[int, int]:
        """(records, bytes that they take)."""
        with self._lock:
            return self._records + self._open_records, self._bytes + self._open_bytes

    @property
    def reach(self) -> float:
        """How many seconds the oldest kept record lies back."""
        with self._lock:
            oldest = self._chunks[0].since if self._chunks else self._open_since if self._open_records else None
            return 0.0 if oldest is None else self._clock() - oldest

    def follow(self) -> None:
        """From now on it keeps itself up to date."""
        self._thread = threading.Thread(target=self._follow, name="last minutes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; what was kept stays. Idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def take(self) -> None:
        """Packs what came since the last time."""
        with self._lock:
            records, self._cursor, missed = self._read_since(self._cursor)
            self.dropped += missed
            now = self._clock()
            if now - self._open_since >= SEALED_SECONDS:
                self._seal()
            for start in range(0, len(records), 1000):
                self._pack(records[start : start + 1000], now)
            while self._chunks and now - self._chunks[0].until > self._longest:
                self._forget()

    def records(self, seconds: float) -> tuple[int, Iterator[Record]]:
        """How many came within the last `seconds`, and each of them, oldest first. To a second or five."""
        self.take()
        with self._lock:
            now = self._clock()
            self._seal()
            chunks = [chunk for chunk in self._chunks if now - chunk.until < seconds]
            names = list(self._channels)
        return sum(chunk.records for chunk in chunks), (each for chunk in chunks for each in _unpacked(chunk, names))

    def _follow(self) -> None:
        while not self._stop.wait(FOLLOW_SECONDS):
            self.take()

    def _pack(self, records: list[Record], now: float) -> None:
        pack, channels = _HEAD.pack, self._channels
        parts = self._open
        if not parts:
            self._open_since = now
        size = 0
        for record in records:
            number = channels.get(record.channel)
            if number is None:
                number = channels.setdefault(record.channel, len(channels)) if len(channels) < _MOST_CHANNELS else 0
            data = record[2]
            if type(record) is CanFrame:
                at, key, _, extended, fd, rx, error, _, remote = record
                flags = extended * _EXTENDED | fd * _FD | rx * _RX | error * _ERROR | remote * _REMOTE
            else:
                at, key, flags = record[0], record[1], _DOIP | record.is_rx * _RX
            parts.append(pack(at, key, len(data), flags, number) + data)
            size += len(data) + _HEAD.size
        self._open_until = now
        self._open_records += len(records)
        self._open_bytes += size
        if self._open_bytes >= SEALED_BYTES:
            self._seal()

    def _seal(self) -> None:
        if not self._open_records:
            return
        chunk = _Chunk(self._open_since, self._open_until, self._open_records, zlib.compress(b"".join(self._open), 1))
        self._open.clear()
        self._open_records = self._open_bytes = 0
        self._chunks.append(chunk)
        self._records += chunk.records
        self._bytes += len(chunk.data)
        while len(self._chunks) > 1 and (self._records > self._most_records or self._bytes > self._most_bytes):
            self._forget()

    def _forget(self) -> None:
        chunk = self._chunks.popleft()
        self._records -= chunk.records
        self._bytes -= len(chunk.data)


def _unpacked(chunk: _Chunk, channels: list[str]) -> Iterator[Record]:
    data, position = zlib.decompress(chunk.data), 0
    while position < len(data):
        at, key, length, flags, number = _HEAD.unpack_from(data, position)
        position += _HEAD.size + length
        payload, rx, channel = data[position - length : position], bool(flags & _RX), channels[number]
        if flags & _DOIP:
            yield DoipMessage(at, key, payload, rx, channel)
        else:
            yield CanFrame(
                at, key, payload, bool(flags & _EXTENDED), bool(flags & _FD), rx, bool(flags & _ERROR), channel,
                bool(flags & _REMOTE),
            )  # fmt: skip
