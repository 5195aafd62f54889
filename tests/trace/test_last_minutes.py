"""The last minutes of traffic: kept whole within their bounds, in time that runs as fast as the test wants."""

from __future__ import annotations

import random

from core.stream import TrafficRing
from core.trace.last_minutes import LastMinutes
from core.vocabulary import CanFrame, DoipMessage
from tests.trace.records import BEGIN, bus, doip, rare


class Hour:
    """A ring, a clock and what follows them."""

    def __init__(self, **bounds: int) -> None:
        self.now = 0.0
        self.ring = TrafficRing()
        self.minutes = LastMinutes(self.ring.read_since, clock=lambda: self.now, **bounds)

    def pass_by(self, records: list[CanFrame | DoipMessage], seconds: float = 0.2) -> None:
        for record in records:
            self.ring.append(record)
        self.now += seconds
        self.minutes.take()


def test_everything_comes_back_as_it_was() -> None:
    hour = Hour()
    records: list[CanFrame | DoipMessage] = [*bus(9000), *rare(), doip(0x8001, bytes(70_000), is_rx=False)]
    records += [CanFrame(BEGIN, 1, b"\x01", channel="can1"), DoipMessage(BEGIN, 4, b"", True, "eth0")]
    hour.pass_by(records)
    count, kept = hour.minutes.records(300)
    assert list(kept) == records and count == len(records)
    assert hour.minutes.dropped == 0
    assert list(hour.minutes.records(300)[1]) == records  # asking takes nothing away


def test_only_the_last_minutes_are_given() -> None:
    hour = Hour()
    for minute in range(20):
        hour.pass_by([CanFrame(BEGIN + minute * 60, minute, b"")], 60.0)
    assert [record[1] for record in hour.minutes.records(300)[1]] == [15, 16, 17, 18, 19]
    assert [record[1] for record in hour.minutes.records(1e9)[1]] == list(range(4, 20))  # 15 minutes are kept


def test_twelve_hours_stay_within_the_bounds() -> None:
    """600 records a second for 12 hours of its clock, four seconds at a time; bounds as of a smaller machine."""
    hour = Hour(most_records=50_000, most_bytes=1 << 20)
    batch = bus(2400)
    heaviest = 0
    for _ in range(1200):
        hour.pass_by([*batch], 36.0)
        records, size = hour.minutes.kept
        heaviest = max(heaviest, size)
        assert records <= 50_000 + 2 * 5000 and size <= (1 << 20) + (1 << 18)
    assert hour.minutes.dropped == 0 and heaviest > 1 << 18
    count, kept = hour.minutes.records(1e9)
    assert sum(1 for _ in kept) == count <= 55_000


def test_the_bytes_of_a_download_are_bounded_too() -> None:
    hour = Hour(most_bytes=1 << 20)
    chance = random.Random(5)
    for _ in range(40):
        hour.pass_by([doip(0x8001, chance.randbytes(100_000))])
        assert hour.minutes.kept[1] <= (1 << 20) + (1 << 18)
    assert hour.minutes.records(300)[0] >= 8


def test_what_the_ring_overwrote_is_counted() -> None:
    hour = Hour()
    hour.pass_by([CanFrame(BEGIN, n, b"") for n in range(20_500)])
    assert hour.minutes.dropped == 500 and hour.minutes.records(300)[0] == 20_000


def test_more_channels_than_it_can_name_are_no_end() -> None:
    hour = Hour()
    hour.pass_by([CanFrame(BEGIN, n, b"", channel=f"can{n}") for n in range(300)])
    channels = [record.channel for record in hour.minutes.records(300)[1]]
    assert channels[:255] == [f"can{n}" for n in range(255)] and set(channels[255:]) == {"can0"}


def test_it_follows_by_itself() -> None:
    ring = TrafficRing()
    minutes = LastMinutes(ring.read_since)
    minutes.follow()
    try:
        for frame in bus(100):
            ring.append(frame)
        assert minutes.records(60)[0] == 100
    finally:
        minutes.close()
        minutes.close()
