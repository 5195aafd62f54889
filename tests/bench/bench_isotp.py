"""ISO-TP: TransferData side by side with udsoncan on can-isotp. `python -m tests.bench.bench_isotp [BYTES]`.

Both testers send the same blocks of 4095 bytes to the same responder. (a) On a bus paced at 500 kbit/s (paced_bus.py;
the responder is a process of its own, so that it shares no interpreter lock with either tester) the figure is the
wire time of exactly the frames that ISO-TP needs, with no gap between them, divided by the time that was taken; that
the frames on the wire are as many is asserted. (b) On python-can's virtual bus, which lives in one process, it is the
CPU time of the whole process, responder included, divided by the other's: the middle of three runs in turns, each on
one core (threads that share an interpreter lock cost up to twice as much on two cores, by chance for one or the other).
(c) Two bare machines, frames a CPU second.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import can

from core.diagnosis.commands import Request
from core.diagnosis.tester import Tester
from core.protocol.isotp import IsoTpMachine, mirrored
from core.stream import TrafficRing
from core.vci.python_can import CanVci
from core.vocabulary import CanAddress
from tests.bench.paced_bus import FRAME_SECONDS, PacedBus, Wire

MIB = 1 << 20
BLOCK = 4093  # bytes of data in a TransferData of 4095
ADDRESS = CanAddress(0x7E0, 0x7E8)
Row = tuple[str, str, str]


def blocks(size: int) -> list[bytes]:
    """The requests: 0x36, blockSequenceCounter, data."""
    data = random.Random(15765).randbytes(size)
    pieces = [data[at : at + BLOCK] for at in range(0, size, BLOCK)]
    return [bytes((0x36, (index + 1) & 0xFF)) + piece for index, piece in enumerate(pieces)]


def respond(bus: can.BusABC, block_size: int, stopped: Callable[[], bool]) -> None:
    """The control unit: our machine, FC with STmin 0, answers each TransferData."""
    machine, clock = IsoTpMachine(mirrored(ADDRESS), block_size=block_size), time.monotonic
    while not stopped():
        message = bus.recv(0.1)
        if message is None:
            continue
        machine.receive(bytes(message.data), clock())
        request = machine.next_pdu()
        if request is not None:
            machine.send(bytes((request[0] + 0x40, request[1])), clock())
        for frame in machine.frames_to_send(clock()):
            answer = can.Message(arbitration_id=ADDRESS.rx, is_extended_id=False, data=None, dlc=len(frame))
            answer.data = frame  # bytes: python-can's virtual bus copies them for nothing
            bus.send(answer)


def transfer_ours(bus: can.BusABC, requests: list[bytes]) -> None:
    """The product's path: tester, link, machine, and the tap that fills the live panel's ring."""
    vci = CanVci(bus, uri="can:bench", name="bench", tap=TrafficRing().append)
    tester = Tester(vci)
    try:
        for request in requests:
            answer = tester.request(Request("UNIT", ADDRESS, request))
            assert answer == bytes((0x76, request[1]))
    finally:
        tester.close()
        vci.close()


def transfer_theirs(bus: can.BusABC, requests: list[bytes]) -> None:
    """udsoncan's client on can-isotp with its notifier, set up as its documentation shows, padding as ours."""
    import isotp
    from udsoncan.client import Client
    from udsoncan.connections import PythonIsoTpConnection

    address = isotp.Address(isotp.AddressingMode.Normal_11bits, txid=ADDRESS.tx, rxid=ADDRESS.rx)
    params = {"tx_padding": ADDRESS.padding, "blocksize": 0, "stmin": 0, "max_frame_size": 4095}
    notifier = can.Notifier(bus, [], timeout=0.1)
    stack = isotp.NotifierBasedCanStack(bus, notifier, address=address, params=params)
    try:
        with Client(PythonIsoTpConnection(stack)) as client:
            for request in requests:
                answer = client.transfer_data(request[1], request[2:])
                assert answer is not None and answer.positive
    finally:
        notifier.stop()
        bus.shutdown()


Transfer = Callable[[can.BusABC, list[bytes]], None]


def wire_frames(requests: list[bytes], block_size: int) -> tuple[int, int, float]:
    """Frames from the tester, frames from the unit, and their seconds on the wire, one after the other."""
    there = back = 0
    for request in requests:
        consecutive = -(-(len(request) - 6) // 7) if len(request) > 7 else 0
        there += 1 + consecutive
        # the answer, the FC after the FF, and one after each full block that is not the end
        back += 1 + (1 + ((consecutive - 1) // block_size if block_size else 0) if consecutive else 0)
    return there, back, (there + back) * FRAME_SECONDS[8]


def _responder_process(wire: Wire, block_size: int, ready: Any, stop: Any) -> None:
    bus = PacedBus(wire, 1)
    ready.set()
    respond(bus, block_size, stop.is_set)
    bus.shutdown()


def paced_share(transfer: Transfer, size: int, block_size: int) -> tuple[float, float]:
    """Share of the wire limit that was reached, and bytes a second."""
    context = multiprocessing.get_context("spawn")
    wire, ready, stop = Wire(), context.Event(), context.Event()
    unit = context.Process(target=_responder_process, args=(wire, block_size, ready, stop), daemon=True)
    unit.start()
    requests = blocks(size)
    there, back, limit = wire_frames(requests, block_size)
    try:
        if not ready.wait(30):
            raise RuntimeError("the responder did not start")
        begin = time.monotonic()
        transfer(PacedBus(wire, 0), requests)
        # shutting down is no transfer: the wire itself knows when the last answer was through
        seconds = wire.free_at.value - begin
    finally:
        stop.set()
        unit.join(30)
        wire.close()
    assert list(wire.frames) == [there, back], f"{list(wire.frames)} frames on the wire, {there} and {back} needed"
    return limit / seconds, size / seconds


def virtual_cpu(transfer: Transfer, size: int, block_size: int) -> float:
    """CPU seconds of the whole process for the transfer on the unpaced virtual bus."""
    channel = f"bench-{transfer.__name__}-{block_size}"
    stop = threading.Event()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    unit_bus = can.Bus(interface="virtual", channel=channel)
    unit = threading.Thread(target=respond, args=(unit_bus, block_size, stop.is_set))
    unit.start()
    requests = blocks(size)
    try:
        begin = time.process_time()
        transfer(can.Bus(interface="virtual", channel=channel), requests)
        return time.process_time() - begin
    finally:
        stop.set()
        unit.join()
        unit_bus.shutdown()
        os.sched_setaffinity(0, cores)


def machine_rate(block_size: int, size: int = 4 * MIB) -> float:
    """Frames a CPU second of two machines back to back, FCs counted, sending and receiving together."""
    tester, unit = IsoTpMachine(ADDRESS), IsoTpMachine(mirrored(ADDRESS), block_size=block_size)
    frames = 0
    requests = blocks(size)
    begin = time.process_time()
    for request in requests:
        tester.send(request, 0.0)
        while tester.sending:
            there = tester.frames_to_send(0.0)
            for frame in there:
                unit.receive(frame, 0.0)
            back = unit.frames_to_send(0.0)
            for frame in back:
                tester.receive(frame, 0.0)
            frames += len(there) + len(back)
        assert unit.next_pdu() == request
    return frames / (time.process_time() - begin)


def _verdict(value: float, goal: float, at_least: bool) -> str:
    met = value >= goal if at_least else value <= goal
    return f"{'>=' if at_least else '<='} {goal:g} {'met' if met else 'missed'}"


def run(size: int = MIB) -> list[Row]:
    """Rows of (what, value, goal). With 1 MiB about three minutes: the wire is as slow as a real one."""
    rows: list[Row] = []
    for block_size in (0, 8):
        rate = machine_rate(block_size) / 1e6
        rows.append(
            (f"bare machines, BS {block_size}: million frames a CPU second", f"{rate:.2f}", _verdict(rate, 0.3, True))
        )
    for block_size in (0, 8):
        turns = [
            [virtual_cpu(transfer, size, block_size) for transfer in (transfer_ours, transfer_theirs)] for _ in range(3)
        ]
        ours, theirs = (statistics.median(seconds) for seconds in zip(*turns, strict=True))
        ratio = ours / theirs
        what = f"virtual bus, BS {block_size}: CPU of udsoncan on can-isotp ({ours:.2f} s / {theirs:.2f} s)"
        rows.append((what, f"{ratio:.2f}", _verdict(ratio, 0.65, False)))
    for block_size, goal in ((0, 0.99), (8, 0.90)):
        share, rate = paced_share(transfer_ours, size, block_size)
        what = f"500 kbit/s, BS {block_size}: share of the wire limit ({rate / 1000:.1f} kB/s)"
        rows.append((what, f"{share:.3f}", _verdict(share, goal, True)))
        share, rate = paced_share(transfer_theirs, size, block_size)
        rows.append((f"  udsoncan on can-isotp ({rate / 1000:.1f} kB/s)", f"{share:.3f}", "to compare"))
    return rows


if __name__ == "__main__":
    for what, value, goal in run(int(sys.argv[1]) if len(sys.argv) > 1 else MIB):
        print(f"{what:<76} {value:>8}  {goal}", flush=True)
