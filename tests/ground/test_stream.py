"""Facts are never lost; the ring of traffic is bounded and says what a slow reader missed."""

from __future__ import annotations

import threading

from core.events import Noted
from core.stream import EventStream, TrafficRing
from core.vocabulary import CanFrame, DoipMessage


def _frame(number: int) -> CanFrame:
    return CanFrame(float(number), number, b"")


def test_events_of_many_threads_arrive_once_and_in_each_ones_order() -> None:
    stream = EventStream()
    threads = [
        threading.Thread(target=lambda w=w: [stream.publish(Noted(float(i), str(w), "")) for i in range(500)])
        for w in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = stream.drain()
    assert len(events) == 2000 and stream.drain() == []
    for worker in range(4):
        assert [e.at for e in events if e.severity == str(worker)] == [float(i) for i in range(500)]


def test_a_reader_that_keeps_up_sees_all() -> None:
    ring, cursor, seen = TrafficRing(10), 0, []
    for number in range(100):
        ring.append(_frame(number))
        if number % 7 == 0:
            records, cursor, lost = ring.read_since(cursor)
            assert lost == 0
            seen += records
    records, cursor, lost = ring.read_since(cursor)
    assert [f.arbitration_id for f in seen + records] == list(range(100)) and lost == 0
    assert ring.read_since(cursor) == ([], 100, 0)


def test_a_slow_reader_is_told_what_it_lost() -> None:
    ring = TrafficRing(10)
    for number in range(25):
        ring.append(_frame(number))
    records, cursor, lost = ring.read_since(3)
    assert [f.arbitration_id for f in records] == list(range(15, 25))
    assert (cursor, lost) == (25, 12)


def test_large_messages_leave_sooner() -> None:
    ring = TrafficRing(100, most_bytes=1000)
    for number in range(10):
        ring.append(DoipMessage(float(number), 0x8001, bytes(300)))
    records, cursor, lost = ring.read_since(0)
    assert [m.timestamp for m in records] == [7.0, 8.0, 9.0]
    assert (cursor, lost) == (10, 7)
    ring.append(DoipMessage(10.0, 0x8001, bytes(5000)))  # one record is always kept, however large
    assert [m.timestamp for m in ring.read_since(cursor)[0]] == [10.0]
