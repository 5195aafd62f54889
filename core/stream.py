"""EventStream: publish from any thread, drain from one. Facts are never lost; bus traffic is a bounded ring.

The screen pulls (page 2 of the plan: pulling at 10 Hz costs a fifth of pushing). Not a queue between jobs.
"""

from __future__ import annotations

import threading
from collections import deque

from core.events import Event
from core.vocabulary import CanFrame, DoipMessage

Traffic = CanFrame | DoipMessage


class TrafficRing:
    """The last `capacity` frames and messages. Writers never wait; a reader that is too slow is told what it lost."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._ring: deque[Traffic] = deque(maxlen=capacity)
        self._total = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """How many were ever seen."""
        return self._total

    def append(self, record: Traffic) -> None:
        with self._lock:
            self._ring.append(record)
            self._total += 1

    def read_since(self, cursor: int) -> tuple[list[Traffic], int, int]:
        """Everything since `cursor` (0 at first): records, the new cursor, how many were overwritten unread."""
        with self._lock:
            oldest = self._total - len(self._ring)
            start = max(cursor, oldest)
            skip = start - oldest
            count = self._total - start
            if count <= 0:
                return [], self._total, 0
            records = list(self._ring) if skip == 0 else [self._ring[i] for i in range(-count, 0)]
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
