"""The live panel on busy buses. `python -m tests.bench live`: every figure with its goal, some eight minutes.

(a) One udp_multicast bus at three rates and four buses at once, fed by processes of their own that count: frames lost,
and CPU per 100,000 frames of reader, ring, panel's view and the last minutes, against bare loops of python-can's
`recv`; in turns, each in a process of its own, the middle of RUNS. (b) Bytes that the app's panel writes to a pty of
80x24, locally and over SSH; CPU of the painted panel against an app with one RichLog line a frame; time until a key is
answered. (c) Memory over ten million frames, and over a recording of twelve hours in accelerated time.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import live_memory, live_terminal
from tests.bench.live_terminal import PANEL, RICHLOG, painted

__all__ = ["PANEL", "RICHLOG", "painted"]

Row = tuple[str, str, str]

REPOSITORY = Path(__file__).resolve().parents[2]
GROUP = "239.74.163.9"
RATES = (500, 4000, 8000)
BUSES, BUS_RATE = 4, 4000
RUNS = 3
SECONDS = 4.0
CPU_GOAL, BYTES_GOAL, SSH_GOAL, RICHLOG_GOAL = 1.3, 15.0, 6.0, 6.0
KEY_GOAL_MS = 100.0

SENDER = """
import socket, sys, time
import can
from can.interfaces.udp_multicast.utils import pack_message
group, port, rate, count = sys.argv[1], *map(int, sys.argv[2:])
def packed(n):
    return pack_message(can.Message(arbitration_id=0x100 + n % 16, is_extended_id=False, data=n.to_bytes(8, "big")))
frames = [packed(n) for n in range(count)]
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
begin = time.monotonic()
for n, frame in enumerate(frames):
    ahead = begin + n / rate - time.monotonic()
    if ahead > 0.001:
        time.sleep(ahead)
    end.sendto(frame, (group, port))
"""

READERS = {
    "bare": """
import threading
heard = [0] * len(buses)
def done(): return sum(heard)
def loop(number, bus):
    quiet = 0
    while quiet < 2 or not heard[number]:
        message = bus.recv(0.5)
        if message is None: quiet += 1
        else:
            heard[number] += 1
            quiet = 0
        if quiet > 60: return
def wait():
    others = [threading.Thread(target=loop, args=pair) for pair in list(enumerate(buses))[1:]]
    for other in others: other.start()
    loop(0, buses[0])
    for other in others: other.join()
""",
    "passbay": """
from core.diagnosis.traffic import TrafficView
from core.stream import TrafficRing
from core.trace.last_minutes import LastMinutes
from core.vci.python_can import CanVci
from core.vocabulary import PanelWish
ring = TrafficRing()
vcis = [
    CanVci(bus, uri="can:bench", name="bench", tap=ring.append, echoes=True, channel=f"can{n}")
    for n, bus in enumerate(buses)
]
view = TrafficView(ring.read_since, lambda: (), bitrate=1_000_000, capacity=20_000)
minutes = LastMinutes(ring.read_since)
minutes.follow()
wish = PanelWish("rows", 17)
def done(): return view.figures.frames
def wait():
    last, quiet, looks = 0, 0, 0
    while (quiet < 8 or not last) and looks < 240:
        time.sleep(0.25)
        frames = view.look(time.monotonic(), wish).figures.frames
        quiet, last, looks = (quiet + 1 if frames == last else 0), frames, looks + 1
    minutes.close()
    for vci in vcis: vci.close()
    assert view.figures.dropped == 0 == minutes.dropped
""",
}
READER = """
import json, os, sys, time
import can
group, ports = sys.argv[1], sys.argv[2:]
buses = [
    can.Bus(interface="udp_multicast", channel=group, port=int(port), fd=False, ignore_config=True) for port in ports
]
{kind}
print("ready", flush=True)
sys.stdin.readline()
before = time.process_time()
wait()
print(json.dumps([time.process_time() - before, done()]), flush=True)
for bus in buses:
    bus.shutdown()
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def listen(kind: str, rate: int, seconds: float, buses: int = 1) -> tuple[float, int]:
    """(CPU seconds per 100,000 frames, frames lost) of one reader of `buses` at `rate` frames a second each."""
    ports, count = [str(free_port()) for _ in range(buses)], int(rate * seconds)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER.replace("{kind}", READERS[kind]), GROUP, *ports],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    with reader:
        assert reader.stdin is not None and reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        senders = [
            subprocess.Popen([sys.executable, "-c", SENDER, GROUP, port, str(rate), str(count)]) for port in ports
        ]
        reader.stdin.write("\n")
        reader.stdin.flush()
        cpu, heard = json.loads(reader.stdout.readline())
        for sender in senders:
            sender.wait()
    return cpu / max(heard, 1) * 100_000, count * buses - heard


def verdict(value: float, goal: float, most: bool = True) -> str:
    met = value <= goal if most else value >= goal
    return f"{'<=' if most else '>='} {goal:g} {'met' if met else 'missed'}"


def _compared(name: str, rate: int, seconds: float, buses: int) -> list[Row]:
    turns = [[listen(kind, rate, seconds, buses) for kind in ("bare", "passbay")] for _ in range(RUNS)]
    bare, ours = (statistics.median(turn[n][0] for turn in turns) for n in (0, 1))
    lost, theirs = (sum(turn[n][1] for turn in turns) for n in (1, 0))
    count = int(rate * seconds) * RUNS * buses
    return [
        (f"{name}: frames lost of {count} (bare loop {theirs})", str(lost), verdict(lost, 0)),
        (
            f"{name}: CPU of a bare receive loop ({ours:.2f} s / {bare:.2f} s per 100,000)", f"{ours / bare:.2f}",
            verdict(ours / bare, CPU_GOAL),
        ),
    ]  # fmt: skip


def run(seconds: float = SECONDS) -> Iterator[Row]:
    """Rows of (what, value, goal), each as soon as it is there."""
    for rate in RATES:
        yield from _compared(f"{rate} frames/s", rate, seconds, 1)
    yield from _compared(f"{BUSES} buses at {BUS_RATE} frames/s", BUS_RATE, seconds, BUSES)
    for rate in RATES:
        amount = painted(PANEL, rate, seconds, b"Identifiers")
        yield f"{rate} frames/s: KB/s to the terminal", f"{amount:.1f}", verdict(amount, BYTES_GOAL)
    for rate in RATES:
        amount = painted(PANEL, rate, seconds, b"Identifiers", ssh=True)
        yield f"{rate} frames/s: KB/s to the terminal over SSH", f"{amount:.1f}", verdict(amount, SSH_GOAL)
    amount = painted(RICHLOG, RATES[0], seconds)
    yield f"  {RATES[0]} frames/s: RichLog, one line a frame, KB/s", f"{amount:.1f}", "to compare"
    ours, theirs = (live_terminal.shown(program) for program in (PANEL, RICHLOG))
    what = f"CPU of one RichLog line a frame, by the painted panel ({theirs:.1f} s / {ours:.2f} s per 100,000)"
    yield what, f"{theirs / ours:.1f}", verdict(theirs / ours, RICHLOG_GOAL, most=False)
    times = live_terminal.key_times(RATES[-1])
    slowest = sorted(times)[int(len(times) * 0.99) - 1]
    what = f"{RATES[-1]} frames/s: ms until a key is answered, 99th of 100 (median {statistics.median(times):.0f})"
    yield what, f"{slowest:.0f}", verdict(slowest, KEY_GOAL_MS)
    yield from live_memory.run()


if __name__ == "__main__":
    for what, value, goal in run(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        print(f"{what:<90} {value:>8}  {goal}", flush=True)
