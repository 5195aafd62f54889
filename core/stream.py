"""EventStream: publish from any thread, drain from one. Facts are never lost; bus traffic is a bounded ring.

The screen pulls (page 2 of the plan: pulling at 10 Hz costs a fifth of pushing). Not a queue between jobs.
"""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice

from core.events import Event
from core.vocabulary import CanFrame, DoipMessage

Traffic = CanFrame | DoipMessage


RING_BYTES = 32 * 1024 * 1024
"""What the ring's payloads may hold together: 20,000 CAN frames are 160 KB, but as many DoIP blocks a gigabyte."""


class TrafficRing:
    """The last `capacity` frames and messages, `most_bytes` of payload at most.

    Writers never wait; a reader that is too slow is told what it lost.
    """

    def __init__(self, capacity: int = 20_000, most_bytes: int = RING_BYTES) -> None:
        self._capacity = capacity
        self._most_bytes = most_bytes
        self._ring: deque[Traffic] = deque()
        self._bytes = 0
        self._total = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """How many were ever seen."""
        return self._total

    def append(self, record: Traffic) -> None:
        with self._lock:
            ring = self._ring
            ring.append(record)
            self._bytes += len(record[2])  # both kinds of record carry their payload there
            self._total += 1
            while len(ring) > self._capacity or (self._bytes > self._most_bytes and len(ring) > 1):
                self._bytes -= len(ring.popleft()[2])

    def read_since(self, cursor: int) -> tuple[list[Traffic], int, int]:
        """Everything since `cursor` (0 at first): records, the new cursor, how many were overwritten unread."""
        with self._lock:
            oldest = self._total - len(self._ring)
            start = max(cursor, oldest)
            skip = start - oldest
            count = self._total - start
            if count <= 0:
                return [], self._total, 0
            records = list(self._ring) if skip == 0 else list(islice(reversed(self._ring), count))[::-1]
            return records, self._total, start - cursor


class EventStream:
    """Facts from any thread to the one that drains, plus the ring of bus traffic."""

    def __init__(self, traffic_capacity: int = 20_000) -> None:
        self._events: deque[Event] = deque()
        self.traffic = TrafficRing(traffic_capacity)

    def publish(self, event: Event) -> None:
        self._events.append(event)  # deque.append is atomic: no lock on the path of a keep-alive

    def drain(self) -> list[Event]:
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events
