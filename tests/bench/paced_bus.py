"""A python-can bus that takes the time of a real one: two processes, one wire at 500 kbit/s. It never loses a frame.

The wire is a time in shared memory: a frame starts when the wire is free, at the earliest now, and ends its bits
later; the receiver gets it at that end, not before. The order is first come, first sent (no arbitration: in these
measurements the two sides never compete). A sender waits while its transmit buffer of TX_BUFFER frames is full.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import select
import socket
import struct
import threading
import time
from collections import deque
from typing import Any

import can

BITRATE = 500_000
TX_BUFFER = 16  # frames an adapter holds
_HEAD = struct.Struct("<dIB")
_PR_SET_TIMERSLACK = 29


def frame_bits(size: int) -> int:
    """Bits of a classic 11 bit frame with `size` data bytes, interframe space included (ISO 11898-1).

    47 fixed bits and 8 a byte, and stuff bits: 34 + 8 * size bits can be stuffed, of random bits one in 32 gets one.
    """
    return 47 + 8 * size + (34 + 8 * size) // 32


FRAME_SECONDS = tuple(frame_bits(size) / BITRATE for size in range(9))


class Wire:
    """What both ends share; handed to the other process when it starts."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.free_at = context.Value("d", 0.0)  # time.monotonic, one clock for all processes of a machine
        self.frames = context.Array("L", 2)  # sent by end 0 and by end 1
        self.ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def close(self) -> None:
        for end in self.ends:
            end.close()


class PacedBus(can.BusABC):
    """End 0 or 1 of a wire."""

    def __init__(self, wire: Wire, end: int, **kwargs: Any) -> None:
        super().__init__(channel="paced", **kwargs)
        self.channel_info = f"paced bus, end {end}"
        self._free_at, self._frames, self._socket, self._end = wire.free_at, wire.frames, wire.ends[end], end
        self._buffered: deque[float] = deque()
        self._sending = threading.Lock()
        self._precise = threading.local()

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        data = bytes(msg.data)
        with self._sending:
            now = time.monotonic()
            buffered = self._buffered
            while buffered and (buffered[0] <= now or len(buffered) >= TX_BUFFER):
                if buffered[0] > now:
                    self._wait_until(buffered[0])
                    now = time.monotonic()
                buffered.popleft()
            with self._free_at.get_lock():
                end = max(now, self._free_at.value) + FRAME_SECONDS[len(data)]
                self._free_at.value = end
                self._frames[self._end] += 1
            buffered.append(end)
            self._socket.send(_HEAD.pack(end, msg.arbitration_id, msg.is_extended_id) + data)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not select.select([self._socket], [], [], timeout)[0]:
            return None, False
        record = self._socket.recv(64)
        if not record:
            raise can.CanOperationError("the other end is gone")
        end, identifier, extended = _HEAD.unpack_from(record)
        self._wait_until(end)
        data = record[_HEAD.size :]
        return can.Message(time.time(), identifier, bool(extended), data=data, check=False), False

    def _wait_until(self, moment: float) -> None:
        if not hasattr(self._precise, "slack"):
            # Linux rounds sleeps up by 50 us to save power; a CAN controller's interrupt comes at once
            self._precise.slack = ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        while (left := moment - time.monotonic()) > 0:
            time.sleep(left)

    def shutdown(self) -> None:
        super().shutdown()
