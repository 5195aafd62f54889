"""DoIP: TransferData against a raw TCP request-and-answer loop. `python -m tests.bench.bench_doip`.

All send the same bytes to the same responder process and read as many back: raw (`sendall`, `recv`, nothing else),
ours (Tester, UDS client, DoipVci, the tap into a TrafficRing), and udsoncan on doipclient, as it is and with its
per-byte debug logging cut out. The value is raw time divided by theirs, the median of interleaved rounds. The two
processes are kept on two processors where there are two: a vehicle is another computer, and a scheduler that puts
both on one measures nothing but its own switches. Ours may be faster than raw: DoipConnection looks for the answer for
a moment before it sleeps, and being woken costs more than its Python.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import os
import socket
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import doipclient
import udsoncan
from doipclient.connectors import DoIPClientUDSConnector
from udsoncan.client import Client

from core.diagnosis.commands import Request
from core.diagnosis.tester import Tester
from core.protocol import doip_messages as dm
from core.stream import TrafficRing
from core.vci.doip.tcp import DoipVci
from core.vocabulary import DoipAddress

GOAL = 0.85
SIZES = (4 * 1024, 64 * 1024)
ROUNDS = 11
SECONDS = 0.12  # of one contender in one round
UNIT = DoipAddress(0x1001)
ANSWER = 13 + 14  # ack and positive answer, with headers
Row = tuple[str, str, str]
Run = Callable[[int], None]


@contextlib.contextmanager
def responder() -> Iterator[int]:
    """The port of a responder in its own process, on its own processor."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    before = set(cpus)
    root = Path(__file__).resolve().parents[2]
    place = [str(cpus[1])] if len(cpus) > 1 else []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.doip_responder", *place], stdout=subprocess.PIPE, cwd=root
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        if len(cpus) > 1:
            os.sched_setaffinity(0, {cpus[0]})
        yield port
    finally:
        if len(cpus) > 1:
            os.sched_setaffinity(0, before)
        process.kill()
        process.communicate()


def transfer(size: int, counter: int) -> bytes:
    """A TransferData PDU of `size` bytes."""
    return bytes((0x36, counter & 0xFF)) + bytes(size - 2)


def raw(port: int, size: int, stack: contextlib.ExitStack) -> Run:
    sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    messages = [dm.encode(0x8001, dm.diagnostic(0x0E00, UNIT.logical, transfer(size, n))) for n in range(256)]

    def run(count: int) -> None:
        for number in range(count):
            sock.sendall(messages[number & 0xFF])
            missing = ANSWER
            while missing > 0:
                missing -= len(sock.recv(4096))

    return run


def ours(port: int, size: int, stack: contextlib.ExitStack) -> Run:
    vci = DoipVci("127.0.0.1", port, tap=TrafficRing(2000).append)
    stack.callback(vci.close)
    tester = Tester(vci)
    stack.callback(tester.close)
    requests = [Request("UNIT", UNIT, transfer(size, n)) for n in range(256)]

    def run(count: int) -> None:
        for number in range(count):
            answer = tester.request(requests[number & 0xFF])
            assert answer[0] == 0x76

    return run


def udsoncan_on_doipclient(package: types.ModuleType) -> Callable[[int, int, contextlib.ExitStack], Run]:
    def prepare(port: int, size: int, stack: contextlib.ExitStack) -> Run:
        connection = package.DoIPClient("127.0.0.1", UNIT.logical, tcp_port=port)
        stack.callback(connection.close)
        settings = dict(udsoncan.configs.default_client_config)
        client = stack.enter_context(Client(DoIPClientUDSConnector(connection), config=settings))
        data = bytes(size - 2)

        def run(count: int) -> None:
            for number in range(count):
                client.transfer_data(number & 0xFF, data)

        return run

    return prepare


def without_logging() -> types.ModuleType:
    """doipclient.client with every `logger.debug(...)` statement left out."""

    class Quiet(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            call = node.value
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "logger.debug":
                return ast.copy_location(ast.Pass(), node)
            return node

    spec = importlib.util.find_spec("doipclient.client")
    assert spec is not None and spec.origin is not None
    tree = Quiet().visit(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    module = types.ModuleType("doipclient.client")
    module.__package__ = "doipclient"
    exec(compile(ast.fix_missing_locations(tree), spec.origin, "exec"), module.__dict__)
    return module


def measure(port: int, size: int) -> dict[str, tuple[float, float]]:
    """Name -> (median of raw time / its time in the same round, median seconds a block)."""
    prepare: dict[str, Callable[[int, int, contextlib.ExitStack], Run]] = {
        "raw TCP": raw,
        "Passbay": ours,
        "udsoncan on doipclient": udsoncan_on_doipclient(doipclient),
        "the same without its debug logging": udsoncan_on_doipclient(without_logging()),
    }
    with contextlib.ExitStack() as stack:
        runs = {name: make(port, size, stack) for name, make in prepare.items()}
        counts = dict.fromkeys(runs, 1)
        for name, run in runs.items():  # warm up, and learn how many blocks fill SECONDS
            run(3)
            started = time.perf_counter()
            run(20)
            counts[name] = max(3, int(SECONDS * 20 / (time.perf_counter() - started)))
        taken: dict[str, list[float]] = {name: [] for name in runs}
        order = list(runs)
        gc.collect()
        for number in range(ROUNDS):
            for name in order if number % 2 else order[::-1]:
                started = time.perf_counter()
                runs[name](counts[name])
                taken[name].append((time.perf_counter() - started) / counts[name])
    base = taken["raw TCP"]
    return {
        name: (statistics.median(b / t for b, t in zip(base, times, strict=True)), statistics.median(times))
        for name, times in taken.items()
    }


def run() -> list[Row]:
    """(name, value, goal) of each contender and block size."""
    rows: list[Row] = []
    with responder() as port:
        for size in SIZES:
            for name, (ratio, seconds) in measure(port, size).items():
                goal = ""
                if name == "Passbay":
                    goal = f">= {GOAL} " + ("reached" if ratio >= GOAL else "missed")
                what = f"{size // 1024} KiB blocks: {name} ({seconds * 1e6:.0f} us a block)"
                rows.append((what, f"{ratio:.3f}", goal))
    return rows


if __name__ == "__main__":
    for row in run():
        print("{:<80} {:>8}  {}".format(*row))
