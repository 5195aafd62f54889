"""Puts recorded CAN frames onto a bus in their own time (or faster). Sends no DoIP: that needs a vehicle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import can

from core.errors import VciLost
from core.trace.can_files import message_of
from core.vocabulary import CanFrame, DoipMessage

N_AS = 1.0  # seconds a frame may wait for the bus (ISO 15765-2, 9.8)
RETRY = 0.002


class Replay:
    """One run. `sent` counts frames, `left_out` DoIP messages, error frames, and FD frames on a bus without FD."""

    def __init__(self, bus: can.BusABC, *, speed: float = 1.0, fd: bool = False) -> None:
        self.sent = self.left_out = 0
        self.late = 0.0
        """By how many seconds the latest frame came too late."""
        self._bus, self._speed, self._fd = bus, speed, fd

    def run(self, records: Iterable[CanFrame | DoipMessage], stop: threading.Event) -> None:
        """Until the records or `stop` end it. VciLost when the bus goes."""
        begin, first = time.monotonic(), None
        for record in records:
            if isinstance(record, DoipMessage) or record.is_error_frame or (record.is_fd and not self._fd):
                self.left_out += 1
                continue
            if first is None:
                first = record.timestamp
            due = begin + (record.timestamp - first) / self._speed
            ahead = due - time.monotonic()
            if ahead > 0 and stop.wait(ahead):
                return
            if stop.is_set():
                return
            self.late = max(self.late, -ahead)
            self._send(message_of(record), stop)
            self.sent += 1

    def _send(self, message: can.Message, stop: threading.Event) -> None:
        """A full transmit buffer is waited for."""
        message.channel = None  # that of the recording is not the one of this bus
        give_up = time.monotonic() + N_AS
        while True:
            try:
                self._bus.send(message)
                return
            except (can.CanError, OSError) as error:
                if time.monotonic() >= give_up or stop.wait(RETRY):
                    raise VciLost(f"The bus takes no more frames: {error}.") from error
