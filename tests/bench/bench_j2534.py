"""J2534: TransferData through a compiled pass-thru library whose bus takes real bit times. `... bench_j2534 [BYTES]`.

The library (tests/vci/j2534/passthru.c, PACED) sends each frame when the one before it has ended at 500 kbit/s and
keeps 16 frames in the device; the unit is a process of its own behind the library's socket. The figure is the wire time
of exactly the frames that ISO-TP needs, without a gap, divided by the time that was taken, BS 0, STmin 0. Ways: the
library's own ISO-TP (ISO15765), the same in the helper process, and our machine over the library's raw CAN channel; to
compare, udsoncan on can-isotp through the python-can plug-in of the same library. CPU is that of our process and its
helper, the library's included.
"""

from __future__ import annotations

import multiprocessing
import resource
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import can

from core.diagnosis.commands import Request
from core.diagnosis.tester import Tester
from core.stream import TrafficRing
from core.vci.j2534.bus import J2534Bus
from core.vci.opening import open_vci
from core.vci.uri import VciUri
from tests.bench.bench_isotp import ADDRESS, MIB, _verdict, blocks, respond, transfer_theirs, wire_frames
from tests.bench.paced_bus import FRAME_SECONDS
from tests.vci.j2534.support import EXTENDED, FRAME, Compiler

Row = tuple[str, str, str]
_MASK = 0xFF_FFFF


class UnitBus(can.BusABC):
    """The unit's end of the library's socket: a frame is there when it has ended on the wire."""

    def __init__(self, plug: socket.socket, **kwargs: Any) -> None:
        super().__init__(channel="unit", **kwargs)
        self.channel_info = "the other end of a paced library"
        self._plug = plug
        self._free_at = 0.0

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        data = bytes(msg.data)
        self._free_at = max(self._free_at, time.monotonic()) + FRAME_SECONDS[len(data)]
        end = int(self._free_at * 1e6) & _MASK
        self._plug.sendall(
            msg.arbitration_id.to_bytes(4, "big") + bytes((len(data),)) + end.to_bytes(3, "big") + data.ljust(8, b"\0")
        )

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not select.select([self._plug], [], [], timeout)[0]:
            return None, False
        record = self._plug.recv(FRAME, socket.MSG_WAITALL)
        if len(record) < FRAME:
            raise can.CanOperationError("the library has gone")
        left = (int.from_bytes(record[5:8], "big") - int(time.monotonic() * 1e6)) & _MASK
        if left < _MASK // 2:
            time.sleep(left / 1e6)
        number = int.from_bytes(record[:4], "big")
        data = record[8 : 8 + record[4]]
        return can.Message(0.0, number & ~EXTENDED, number >= EXTENDED, data=data, check=False), False


def _unit(place: str, ready: Any) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        ready.set()
        while True:
            plug, _ = listener.accept()
            with plug, suppress(can.CanOperationError, OSError):
                plug.setblocking(True)
                respond(UnitBus(plug), 0, lambda: False)


def transfer(uri: VciUri, requests: list[bytes], locks: Path) -> float:
    """Seconds of all blocks through the product's path."""
    vci = open_vci(uri, tap=TrafficRing().append, lock_directory=locks)
    tester = Tester(vci)
    try:
        begin = time.monotonic()
        for request in requests:
            assert tester.request(Request("UNIT", ADDRESS, request)) == bytes((0x76, request[1]))
        return time.monotonic() - begin
    finally:
        tester.close()
        vci.close()


def _theirs(library: Path, place: str, requests: list[bytes]) -> float:
    bus = J2534Bus("bench", library=str(library), device=place)
    begin = time.monotonic()
    transfer_theirs(bus, requests)
    return time.monotonic() - begin


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def measured(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds of the transfer, and CPU seconds."""
    before = _cpu()
    seconds = work()
    return seconds, _cpu() - before


def run(size: int = MIB) -> list[Row]:
    """Rows of (what, value, goal). With 1 MiB some five minutes: the wire is as slow as a real one."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="pb") as name:
        folder = Path(name)
        library, place, ready = Compiler(folder).library("PACED"), str(folder / "wire"), context.Event()
        unit = context.Process(target=_unit, args=(place, ready), daemon=True)
        unit.start()
        try:
            if not ready.wait(30):
                raise RuntimeError("the unit did not start")
            return _rows(size, library, place, folder)
        finally:
            unit.kill()
            unit.join(30)


def _rows(size: int, library: Path, place: str, folder: Path) -> list[Row]:
    requests = blocks(size)
    limit = wire_frames(requests, 0)[2]
    base = f"j2534:bench?library={library}&device={place}"
    ways: dict[str, Callable[[], float]] = {
        "J2534 ISO15765": lambda: transfer(VciUri.parse(f"{base}&mode=iso15765"), requests, folder / "locks"),
        "J2534 ISO15765 in the helper": lambda: transfer(
            VciUri.parse(f"{base}&mode=iso15765&helper=yes"), requests, folder / "locks"
        ),
        "J2534 CAN, our ISO-TP": lambda: transfer(VciUri.parse(f"{base}&mode=can"), requests, folder / "locks"),
        "J2534 plug-in, udsoncan on can-isotp": lambda: _theirs(library, place, requests),
    }
    rows: list[Row] = []
    cpu: dict[str, float] = {}
    for what, work in ways.items():
        seconds, cpu[what] = measured(work)
        share = limit / seconds
        goal = "to compare" if what.endswith("isotp") else _verdict(share, 0.97, True)
        rows.append(
            (f"500 kbit/s, {what}: share of the wire limit ({size / seconds / 1000:.1f} kB/s)", f"{share:.3f}", goal)
        )
    theirs = cpu.pop("J2534 plug-in, udsoncan on can-isotp")
    per_mib = MIB / size
    for what, own in cpu.items():
        title = f"{what}: CPU of udsoncan on can-isotp ({own * per_mib:.2f} s / {theirs * per_mib:.2f} s a MiB)"
        goal = _verdict(own / theirs, 1.0, False)  # a part of both sides is the library's own
        rows.append((title, f"{own / theirs:.2f}", goal))
    return rows


if __name__ == "__main__":
    for what, value, goal in run(int(sys.argv[1]) if len(sys.argv) > 1 else MIB):
        print(f"{what:<90} {value:>8}  {goal}", flush=True)
