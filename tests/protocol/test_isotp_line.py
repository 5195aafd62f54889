"""ISO-TP, both sides back to back: every single frame dropped, doubled, swapped; any sizes; random frames."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.protocol.isotp import IsoTpMachine, mirrored
from core.protocol.isotp_frames import FD_LENGTHS
from core.vocabulary import Addressing, CanAddress
from tests.protocol.isotp_line import Line, double, drop, swap

NORMAL = CanAddress(0x7E0, 0x7E8)
PDU = bytes(random.Random(2).randbytes(6 + 7 * 19 + 3))  # the sequence number wraps, the last frame is short
FRAMES = {0: 22, 8: 24}  # FF, FC, 20 CFs, and with BS 8 two more FCs


def line(block_size: int, **options: object) -> Line:
    return Line(IsoTpMachine(NORMAL), IsoTpMachine(mirrored(NORMAL), block_size=block_size), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("block_size", [0, 8])
def test_without_faults_each_frame_is_needed(block_size: int) -> None:
    both = line(block_size)
    both.left.send(PDU, 0.0)
    both.run()
    assert both.right.next_pdu() == PDU and both.errors == []
    assert len(both.frames) == FRAMES[block_size] and both.now == 0.0


@pytest.mark.parametrize("fault", [drop, double, swap])
@pytest.mark.parametrize(
    ("block_size", "index"), [(size, index) for size, count in FRAMES.items() for index in range(count)]
)
def test_a_fault_at_any_frame_never_delivers_wrong_bytes_and_never_hangs(fault, block_size: int, index: int) -> None:
    both = line(block_size, mangle=fault(index))
    both.left.send(PDU, 0.0)
    both.run()
    arrived = both.right.next_pdu()
    assert arrived in (PDU, None) and both.right.next_pdu() is None
    assert arrived is not None or both.errors, "a message was lost and nobody noticed"
    if fault is drop:
        assert arrived is None
    assert not both.left.sending and both.right.receiving_since is None
    both.mangle = lambda number, frame: [frame]
    both.left.send(PDU[::-1], both.now)  # both sides are as good as new
    both.run()
    assert both.right.next_pdu() == PDU[::-1]


def test_st_min_of_the_receiver_is_kept_on_the_line() -> None:
    both = Line(IsoTpMachine(NORMAL), IsoTpMachine(mirrored(NORMAL), block_size=4, st_min=0xF5))
    both.left.send(PDU, 0.0)
    both.run()
    assert both.right.next_pdu() == PDU
    times = [now for now, side, frame in both.frames if side == "left" and frame[0] >> 4 == 2]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    within_blocks = [gap for number, gap in enumerate(gaps, start=1) if number % 4]
    assert all(gap >= 0.0005 - 1e-9 for gap in within_blocks)


addresses = st.builds(
    CanAddress,
    tx=st.just(1),
    rx=st.just(2),
    is_extended_id=st.booleans(),
    addressing=st.sampled_from(Addressing),
    tx_extension=st.integers(0, 255),
    rx_extension=st.integers(0, 255),
    is_fd=st.booleans(),
    padding=st.none() | st.integers(0, 255),
)


@settings(max_examples=60, deadline=None)
@given(
    address=addresses,
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=3),
    answer=st.integers(1, 300),
    block_size=st.integers(0, 255),
    st_min=st.sampled_from([0, 1, 0x7F, 0xF1, 0xF9, 0x80]),
    tx_dl=st.sampled_from(FD_LENGTHS),
    seed=st.integers(0, 999),
)
def test_whatever_is_sent_arrives(
    address: CanAddress, sizes: list[int], answer: int, block_size: int, st_min: int, tx_dl: int, seed: int
) -> None:
    source = random.Random(seed)
    pdus = [source.randbytes(size) for size in sizes]
    back = source.randbytes(answer)
    both = Line(
        IsoTpMachine(address, tx_dl=tx_dl if address.is_fd else 8),
        IsoTpMachine(mirrored(address), block_size=block_size, st_min=st_min),
    )
    for pdu in pdus:
        both.left.send(pdu, 0.0)
    both.right.send(back, 0.0)
    both.run()
    assert [both.right.next_pdu() for _ in pdus] == pdus
    assert both.left.next_pdu() == back and both.errors == []


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 400),
    block_size=st.integers(0, 20),
    faults=st.dictionaries(st.integers(0, 80), st.sampled_from(["drop", "double", "late"]), max_size=6),
)
def test_many_faults_at_once_end_in_rest(size: int, block_size: int, faults: dict[int, str]) -> None:
    held: list[bytes] = []

    def mangle(index: int, frame: bytes) -> list[bytes]:
        what = faults.get(index)
        late, held[:] = list(held), []
        if what == "late":
            held.append(frame)
            return late
        return late + {"drop": [], "double": [frame, frame]}.get(what or "", [frame])

    pdu = random.Random(size).randbytes(size)
    both = line(block_size, mangle=mangle)
    both.left.send(pdu, 0.0)
    both.run()
    while (arrived := both.right.next_pdu()) is not None:
        assert arrived == pdu
    assert not both.left.sending and both.right.receiving_since is None


def test_hundred_thousand_random_frames_break_nothing() -> None:
    source = random.Random(20_260_807)
    machines = [
        IsoTpMachine(NORMAL, block_size=3),
        IsoTpMachine(CanAddress(1, 2, is_fd=True)),
        IsoTpMachine(CanAddress(1, 2, addressing=Addressing.EXTENDED, tx_extension=1, rx_extension=0x10)),
        IsoTpMachine(NORMAL, functional=True),
    ]
    now, sizes = 0.0, (0, 1, 2, 3, 8, 8, 8, 8, 12, 16, 64, 63)
    for number in range(100_000):
        machine = machines[number & 3]
        data = source.randbytes(sizes[number % len(sizes)])
        if data and number % 3:
            data = bytes((data[0] & 0x3F,)) + data[1:]
        machine.receive(data, now)
        if number % 50 == 0:
            now += source.random()
            machine.send(data[:7] or b"\x3e", now)
        for frame in machine.frames_to_send(now):
            assert 1 <= len(frame) <= 64
        machine.handle_timeout(now)
    for machine in machines:
        for _ in range(40):
            now += 2.0
            machine.handle_timeout(now)
            machine.frames_to_send(now)
        machine.clear()
        while machine.error() is not None:
            pass
        assert not machine.sending and machine.receiving_since is None and machine.next_deadline() is None
        offset = b"\x10" if machine is machines[2] else b""
        machine.receive(offset + b"\x02\x7e\x00", now)
        assert machine.next_pdu() == b"\x7e\x00"
