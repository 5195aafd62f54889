"""The CAN way over python-can: real threads on its virtual bus, and a bus in the test's hands for what goes wrong."""

from __future__ import annotations

import errno
import itertools
import random
import threading
import time
from collections.abc import Iterator

import can
import pytest

from core.errors import LocalProtocolError, NoResponse, RemoteProtocolError, VciLost, VciNotFound
from core.vci.python_can import CanVci
from core.vocabulary import Addressing, CanAddress, CanFrame, DoipAddress
from tests.vci.can_unit import CanUnit, HandBus, message_of

ENGINE = CanAddress(0x7E0, 0x7E8)
BRAKES = CanAddress(0x7E2, 0x7EA)
_channels = itertools.count()
PATIENCE = 20.0


def echo(pdu: bytes) -> list[bytes]:
    return [bytes((pdu[0] + 0x40,)) + pdu[1:]]


def soon(seconds: float = PATIENCE) -> float:
    return time.monotonic() + seconds


class Bench:
    """A CanVci on a virtual bus of its own, and what its tap saw."""

    def __init__(self, **options: object) -> None:
        self.channel = f"test-{next(_channels)}"
        self.seen: list[CanFrame] = []
        self.vci = CanVci(self.bus(), uri="can:virtual/x", name="virtual x", tap=self.seen.append, **options)  # type: ignore[arg-type]

    def bus(self) -> can.BusABC:
        return can.Bus(interface="virtual", channel=self.channel)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(fd=True, channel="x")
    yield made
    made.vci.close()


@pytest.fixture
def hand() -> Iterator[tuple[HandBus, CanVci, list[CanFrame]]]:
    bus, seen = HandBus(), []
    vci = CanVci(bus, uri="can:hand/x", name="hand", tap=seen.append, wall_clock=lambda: 2e9)
    yield bus, vci, seen
    bus.gate.set()
    vci.close()
    assert bus.was_shut_down


@pytest.mark.parametrize("options", [{}, {"block_size": 8}, {"block_size": 1}, {"block_size": 5, "st_min": 0xF1}])
def test_long_requests_and_answers(bench: Bench, options: dict[str, int]) -> None:
    link = bench.vci.open_link(ENGINE)
    with CanUnit(bench.bus(), ENGINE, echo, **options):
        for size in (2, 7, 8, 300, 4095):
            pdu = b"\x22" + random.Random(size).randbytes(size - 1)
            link.send(pdu)
            assert link.receive(soon()) == echo(pdu)[0]
            assert link.receiving_since() is None


def test_fd_and_29_bit_and_mixed_addressing(bench: Bench) -> None:
    address = CanAddress(
        0x18CE10F1, 0x18CEF110, True, Addressing.MIXED, tx_extension=7, rx_extension=7, is_fd=True, padding=None
    )
    link = bench.vci.open_link(address)
    with CanUnit(bench.bus(), address, echo):
        pdu = b"\x36" + bytes(9000)
        link.send(pdu)
        assert link.receive(soon()) == echo(pdu)[0]
    assert {len(frame.data) for frame in bench.seen} >= {64} and all(frame.is_fd for frame in bench.seen)


def test_two_units_share_an_identifier_by_extended_addressing(bench: Bench) -> None:
    addresses = [
        CanAddress(0x6F1, 0x600, addressing=Addressing.EXTENDED, tx_extension=unit, rx_extension=unit, functional=None)
        for unit in (0x12, 0x40)
    ]
    links = [bench.vci.open_link(address) for address in addresses]
    units = [CanUnit(bench.bus(), address, echo) for address in addresses]
    with units[0], units[1]:
        for link, text in zip(links, (b"\x22\xf1\x90 one", b"\x22\xf1\x90 two, longer"), strict=True):
            link.send(text)
        assert links[0].receive(soon()) == b"\x62\xf1\x90 one"
        assert links[1].receive(soon()) == b"\x62\xf1\x90 two, longer"
        assert units[0].heard == [b"\x22\xf1\x90 one"]


def test_the_tap_sees_every_frame_once_in_bus_order(bench: Bench) -> None:
    link = bench.vci.open_link(ENGINE)
    stranger = bench.bus()
    with CanUnit(bench.bus(), ENGINE, echo, block_size=2):
        link.send(b"\x22" + bytes(30))
        assert link.receive(soon()) == b"\x62" + bytes(30)
        stranger.send(can.Message(arbitration_id=0x123, data=b"\x01", is_extended_id=False))
        link.send(b"\x3e\x00")
        assert link.receive(soon()) == b"\x7e\x00"
    stranger.shutdown()
    assert [frame.is_rx for frame in bench.seen if frame.arbitration_id == 0x123] == [True]
    ours = [frame for frame in bench.seen if frame.arbitration_id != 0x123]
    kinds = [(frame.is_rx, frame.arbitration_id, frame.data[0] >> 4) for frame in ours]
    ff, cf, fc, sf = 1, 2, 3, 0
    request, answer = (False, 0x7E0), (True, 0x7E8)
    block = [(*request, cf), (*request, cf), (*answer, fc)]
    assert kinds[:6] == [(*request, ff), (*answer, fc), *block, (*request, cf)]
    assert kinds[6:13] == [(*request, cf), (*answer, ff), (*request, fc), *[(*answer, cf)] * 4]
    assert kinds[13:] == [(*request, sf), (*answer, sf)]
    assert all(abs(frame.timestamp - time.time()) < 60 and frame.channel == "x" for frame in bench.seen)


def test_silence_is_none_at_the_deadline(bench: Bench) -> None:
    link = bench.vci.open_link(ENGINE)
    link.send(b"\x3e\x00")
    before = time.monotonic()
    assert link.receive(before + 0.05) is None
    assert time.monotonic() - before >= 0.05


def test_no_flow_control_is_n_bs(bench: Bench) -> None:
    link = bench.vci.open_link(ENGINE)
    with pytest.raises(NoResponse) as caught:
        link.send(bytes(100))
    assert caught.value.timer == "N_Bs"


def test_a_begun_answer_is_waited_for_and_its_end_is_n_cr(
    hand: tuple[HandBus, CanVci, list[CanFrame]],
) -> None:
    bus, vci, _ = hand
    link = vci.open_link(ENGINE)
    bus.inject(message_of(ENGINE, 0x7E8, bytes((0x10, 9)) + bytes(6)))
    assert bus.sent.get(timeout=PATIENCE).data[0] == 0x30
    assert link.receiving_since() is not None
    bus.inject(message_of(ENGINE, 0x7E8, b"\x21" + bytes(3)))
    assert link.receive(time.monotonic() + PATIENCE) == bytes(9)
    bus.inject(message_of(ENGINE, 0x7E8, bytes((0x10, 9)) + bytes(6)))
    bus.sent.get(timeout=PATIENCE)
    with pytest.raises(NoResponse) as caught:
        link.receive(time.monotonic())  # the deadline is over, but an answer has begun
    assert caught.value.timer == "N_Cr"


def test_broken_answer_is_the_units_fault(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, _ = hand
    link = vci.open_link(ENGINE)
    bus.inject(message_of(ENGINE, 0x7E8, bytes((0x10, 9)) + bytes(6)))
    bus.inject(message_of(ENGINE, 0x7E8, b"\x25" + bytes(3)))
    with pytest.raises(RemoteProtocolError):
        link.receive(soon())


def test_an_old_failure_does_not_meet_the_next_request(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, _ = hand
    link, other = vci.open_link(ENGINE), vci.open_link(BRAKES)

    def break_an_answer() -> None:
        bus.inject(message_of(ENGINE, 0x7E8, bytes((0x10, 9)) + bytes(6)))
        bus.inject(message_of(ENGINE, 0x7E8, b"\x25" + bytes(3)))
        bus.inject(message_of(ENGINE, 0x7EA, b"\x01\x51"))
        assert other.receive(soon()) == b"\x51"  # so the others have arrived as well

    break_an_answer()
    assert link.receive(time.monotonic()) is None
    break_an_answer()
    link.send(b"\x3e\x00")
    bus.inject(message_of(ENGINE, 0x7E8, b"\x02\x7e\x00"))
    assert link.receive(soon()) == b"\x7e\x00"


def test_clear_forgets_what_was_not_read(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    link = vci.open_link(ENGINE)
    other = vci.open_link(BRAKES)
    bus.inject(message_of(ENGINE, 0x7E8, b"\x01\x50"))
    bus.inject(message_of(ENGINE, 0x7EA, b"\x01\x51"))
    assert other.receive(soon()) == b"\x51"  # so the first has arrived as well
    link.clear()
    assert link.receive(time.monotonic()) is None
    assert len(seen) == 2


def test_keep_alive_goes_out_in_the_middle_of_a_transfer(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, _ = hand
    link = vci.open_link(ENGINE)
    sender = threading.Thread(target=link.send, args=(bytes(4000),))
    sender.start()
    assert bus.sent.get(timeout=PATIENCE).data[0] == 0x1F
    bus.gate.clear()  # the transmit buffer is full: the first CF waits
    bus.inject(message_of(ENGINE, 0x7E8, b"\x30\x00\x00"))
    assert bus.held.wait(PATIENCE)
    vci.send_functional(ENGINE, b"\x3e\x80")  # returns although the bus stands still
    bus.gate.set()
    sender.join(PATIENCE)
    assert not sender.is_alive()
    identifiers = [bus.sent.get(timeout=PATIENCE).arbitration_id for _ in range(571 + 1)]
    assert identifiers.count(0x7DF) == 1 and identifiers.index(0x7DF) <= 33


def test_functional_needs_no_link_and_is_short(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    vci.send_functional(ENGINE, b"\x3e\x80")
    message = bus.sent.get(timeout=PATIENCE)
    assert (message.arbitration_id, bytes(message.data)) == (0x7DF, bytes.fromhex("023E80CCCCCCCCCC"))
    assert seen[0] == CanFrame(2e9, 0x7DF, bytes.fromhex("023E80CCCCCCCCCC"), is_rx=False)
    with pytest.raises(LocalProtocolError):
        vci.send_functional(ENGINE, bytes(8))
    with pytest.raises(LocalProtocolError):
        vci.send_functional(CanAddress(1, 2, functional=None), b"\x3e\x80")


def test_collecting_functional_answers(bench: Bench) -> None:
    bench.vci.open_link(ENGINE)  # an open link is used, not disturbed
    long = b"\x62\xf1\x90" + bytes(200)
    with (
        CanUnit(bench.bus(), ENGINE, lambda pdu: [b"\x62\xf1\x90E"]),
        CanUnit(bench.bus(), BRAKES, lambda pdu: [b"\x7f\x22\x78", long]),
    ):
        answers = bench.vci.collect_functional(
            (ENGINE, BRAKES, DoipAddress(0x1000)), b"\x22\xf1\x90", time.monotonic() + 0.6
        )
    assert sorted(answers, key=str) == sorted(
        [(ENGINE, b"\x62\xf1\x90E"), (BRAKES, b"\x7f\x22\x78"), (BRAKES, long)], key=str
    )
    assert [frame.arbitration_id for frame in bench.seen].count(0x7DF) == 1
    assert bench.vci.collect_functional((DoipAddress(0x1000),), b"\x3e\x00", soon(60)) == []  # nobody here: no waiting
    link = bench.vci.open_link(BRAKES)  # the one opened for collecting was given back
    assert link.receive(time.monotonic()) is None


def test_what_this_device_cannot_do_is_said(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    _, vci, _ = hand
    with pytest.raises(VciNotFound, match="DoIP"):
        vci.open_link(DoipAddress(0x1000))
    with pytest.raises(VciNotFound, match="DoIP"):
        vci.send_functional(DoipAddress(0x1000), b"\x3e\x80")
    with pytest.raises(VciNotFound, match="FD"):
        vci.open_link(CanAddress(1, 2, is_fd=True))
    link = vci.open_link(ENGINE)
    with pytest.raises(LocalProtocolError):
        vci.open_link(ENGINE)
    link.close()
    link.close()
    with pytest.raises(VciLost):
        link.send(b"\x3e\x00")
    vci.open_link(ENGINE)
    assert vci.voltage() is None and vci.vin_hint() == ""


def test_full_transmit_buffer_is_tried_again(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    bus.failures = [
        can.CanOperationError("full", errno.ENOBUFS),
        can.CanTimeoutError("full"),
        OSError(errno.EAGAIN, ""),
    ]
    vci.open_link(ENGINE).send(b"\x3e\x00")
    assert bus.sent.get(timeout=PATIENCE).arbitration_id == 0x7E0 and len(seen) == 1


def test_transmit_buffer_that_stays_full_is_a_lost_device() -> None:
    ticks = itertools.count()
    bus = HandBus()
    bus.failures = [can.CanOperationError("full", errno.ENOBUFS) for _ in range(1000)]
    vci = CanVci(bus, uri="", name="hand", tap=lambda frame: None, clock=lambda: next(ticks) * 0.05)
    try:
        link = vci.open_link(ENGINE)
        with pytest.raises(VciLost) as caught:
            link.send(b"\x3e\x00")
        assert caught.value.lost_code == str(errno.ENOBUFS)
        with pytest.raises(VciLost):
            vci.open_link(BRAKES)
        with pytest.raises(VciLost):
            vci.send_functional(ENGINE, b"\x3e\x80")
    finally:
        vci.close()


def test_a_device_that_goes_away_while_sending(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, _ = hand
    bus.failures = [can.CanOperationError("no such device", errno.ENODEV)]
    with pytest.raises(VciLost) as caught:
        vci.open_link(ENGINE).send(b"\x3e\x00")
    assert caught.value.lost_code == str(errno.ENODEV)


def test_a_device_that_goes_away_wakes_everybody(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, _ = hand
    link, caught = vci.open_link(ENGINE), []

    def wait() -> None:
        try:
            link.receive(soon(60))
        except VciLost as lost:
            caught.append(lost)

    waiting = threading.Thread(target=wait)
    waiting.start()
    bus.inject(can.CanOperationError("gone", errno.ENETDOWN))
    waiting.join(PATIENCE)
    assert not waiting.is_alive() and caught[0].lost_code == str(errno.ENETDOWN)


def test_closing_wakes_who_waits_and_frees_the_device_once() -> None:
    bus, freed, caught = HandBus(), [], []
    vci = CanVci(bus, uri="", name="hand", tap=lambda frame: None, on_close=lambda: freed.append(bus.was_shut_down))
    link = vci.open_link(ENGINE)

    def wait() -> None:
        with pytest.raises(VciLost) as error:
            link.receive(soon(60))
        caught.append(error.value)

    waiting = threading.Thread(target=wait)
    waiting.start()
    vci.close()
    vci.close()
    waiting.join(PATIENCE)
    assert len(caught) == 1 and freed == [True]


def test_garbage_on_the_line_is_shown_and_survived(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    link = vci.open_link(ENGINE)
    unpackable = can.CanOperationError("could not unpack received message")
    unpackable.__cause__ = TypeError("no CAN frame")
    for _ in range(100):
        bus.inject(unpackable)
    bus.inject(can.Message(arbitration_id=0x7E8, is_extended_id=False, is_error_frame=True, data=b"\x01\x50"))
    bus.inject(can.Message(arbitration_id=0x7E8, is_extended_id=False, is_remote_frame=True, dlc=2))
    bus.inject(can.Message(arbitration_id=0x7E8, is_extended_id=True, data=b"\x01\x51"))
    bus.inject(message_of(ENGINE, 0x7E8, b"\x01\x52"))
    assert link.receive(soon()) == b"\x52"  # no error frame, no remote frame, no 29 bit frame of the same number
    assert [frame.is_error_frame for frame in seen] == [True] * 101 + [False] * 3


def test_our_own_frames_that_a_bus_returns_are_seen_once() -> None:
    bus, seen = HandBus(), []
    vci = CanVci(bus, uri="", name="hand", tap=seen.append, echoes=True)
    try:
        link = vci.open_link(ENGINE)
        for _ in range(2):
            link.send(b"\x3e\x00")
        for _ in range(3):  # the third is not ours: another tester asks the same
            bus.inject(message_of(ENGINE, 0x7E0, bytes.fromhex("023E00CCCCCCCCCC")))
        bus.inject(message_of(ENGINE, 0x7E8, b"\x02\x7e\x00"))
        assert link.receive(soon()) == b"\x7e\x00"
        assert [(frame.arbitration_id, frame.is_rx) for frame in seen] == [
            (0x7E0, False), (0x7E0, False), (0x7E0, True), (0x7E8, True),
        ]  # fmt: skip
    finally:
        vci.close()


def test_adapters_own_time_becomes_the_time_of_day(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    link = vci.open_link(ENGINE)
    bus.inject(message_of(ENGINE, 0x7E8, b"\x01\x50", timestamp=12.5))
    bus.inject(message_of(ENGINE, 0x7E8, b"\x01\x51", timestamp=1.9e9))
    assert link.receive(soon()) == b"\x50" and link.receive(soon()) == b"\x51"
    assert [frame.timestamp for frame in seen] == [2e9, 1.9e9]


def test_random_frames_do_not_stop_the_reader(hand: tuple[HandBus, CanVci, list[CanFrame]]) -> None:
    bus, vci, seen = hand
    source = random.Random(20_260_807)
    link = vci.open_link(ENGINE)
    for _ in range(3000):
        bus.inject(message_of(ENGINE, 0x7E8, source.randbytes(source.randrange(9))))
    marker = vci.open_link(BRAKES)
    bus.inject(message_of(BRAKES, 0x7EA, b"\x01\x50"))
    assert marker.receive(soon()) == b"\x50"
    assert sum(frame.is_rx for frame in seen) == 3001
    link.clear()
    bus.inject(message_of(ENGINE, 0x7E8, b"\x01\x51"))
    assert link.receive(soon()) == b"\x51"
