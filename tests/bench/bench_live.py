"""The live panel on a busy bus. `python -m tests.bench.bench_live [SECONDS]`.

One udp_multicast bus, fed by a process of its own that counts. (a) Frames lost and CPU per 100,000 frames: CanVci with
ring, the panel's view polled 10 times a second and the last minutes kept, against a bare loop of python-can's `recv`;
in turns, each in a process of its own, the middle of RUNS. (b) Bytes to the terminal of the app's live panel, and of an
app with one RichLog line a frame, in a pty of 80x24, with frames of a thread in its own process.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

Row = tuple[str, str, str]

REPOSITORY = Path(__file__).resolve().parents[2]
GROUP = "239.74.163.9"
RATES = (500, 4000, 8000)
RUNS = 3
SECONDS = 4.0
CPU_GOAL, BYTES_GOAL = 1.3, 15.0
ROWS, COLUMNS = 24, 80
SETTLED = 2.0  # seconds until the first paint is over

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
heard = 0
def begin(): pass
def done(): return heard
def wait():
    global heard
    quiet = 0
    while quiet < 1:
        message = bus.recv(0.5)
        if message is None: quiet += 1
        else: heard += 1
""",
    "passbay": """
from core.diagnosis.traffic import TrafficView
from core.stream import TrafficRing
from core.trace.last_minutes import LastMinutes
from core.vci.python_can import CanVci
ring = TrafficRing()
vci = CanVci(bus, uri="can:bench", name="bench", tap=ring.append, echoes=True)
view = TrafficView(ring.read_since, lambda: (), bitrate=1_000_000)
minutes = LastMinutes(ring.read_since)
minutes.follow()
def done(): return view.figures.frames
def wait():
    import threading
    pause, quiet = threading.Event(), 0
    while quiet < 5:
        pause.wait(0.1)
        quiet = 0 if view.poll(time.monotonic()) else quiet + 1
        view.rows()
    minutes.close()
    vci.close()
    assert view.figures.dropped == 0 == minutes.dropped
""",
}
READER = """
import json, os, sys, time
import can
group, port = sys.argv[1], int(sys.argv[2])
bus = can.Bus(interface="udp_multicast", channel=group, port=port, fd=False, ignore_config=True)
{kind}
print("ready", flush=True)
sys.stdin.readline()
before = time.process_time()
wait()
print(json.dumps([time.process_time() - before, done()]), flush=True)
bus.shutdown()
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def listen(kind: str, rate: int, seconds: float) -> tuple[float, int]:
    """(CPU seconds per 100,000 frames, frames lost) of one reader at `rate` frames a second."""
    port, count = str(free_port()), int(rate * seconds)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER.replace("{kind}", READERS[kind]), GROUP, port],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    with reader:
        assert reader.stdin is not None and reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        sender = subprocess.Popen([sys.executable, "-c", SENDER, GROUP, port, str(rate), str(count)])
        with sender:
            reader.stdin.write("\n")
            reader.stdin.flush()
            cpu, heard = json.loads(reader.stdout.readline())
    return cpu / max(heard, 1) * 100_000, count - heard


# -- bytes to the terminal

FEED = """
import threading, time
from core.vocabulary import CanFrame
def feed(put):
    def run():
        begin, n = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begin) * {rate})
            while n < due:
                put(CanFrame(time.time(), 0x100 + n % 16, n.to_bytes(8, "big")))
                n += 1
            time.sleep(0.005)
    threading.Thread(target=run, daemon=True).start()
"""
PANEL = """
from core.diagnosis.traffic import TrafficView
from core.stream import TrafficRing
from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.support import make_app
ring, vehicle = TrafficRing(), FakeVehicle()
vehicle.view = TrafficView(ring.read_since, lambda: (), bitrate=1_000_000)
app = make_app(FakeWorkbench(vehicle))
def put(frame):
    ring.append(frame)
    if app.desk is not None and app.desk.vehicle is None:
        app.desk.vehicle = vehicle  # the desk comes after the first paint
feed(put)
app.run()
"""
RICHLOG = """
from textual.app import App
from textual.widgets import RichLog
class Log(App):
    def compose(self):
        yield RichLog(max_lines=5000)
    def on_mount(self):
        log = self.query_one(RichLog)
        feed(lambda f: self.call_later(log.write, f"{f.timestamp:.6f} {f.arbitration_id:03X} {f.data.hex(' ')}"))
Log().run()
"""
LIVE_KEY = b"\x1b[20~"  # f9


def painted(program: str, rate: int, seconds: float, mark: bytes = b"") -> float:
    """KB a second that the program writes to its terminal; `mark` must have been painted before."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.chdir(REPOSITORY)
        with tempfile.TemporaryDirectory() as home:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", PASSBAY_HOME=home)
            os.execv(sys.executable, [sys.executable, "-c", FEED.format(rate=rate) + program])
    try:
        seen = _read(terminal, SETTLED)
        if mark:
            os.write(terminal, LIVE_KEY)
            seen = _read(terminal, SETTLED)
            if mark not in seen:
                raise RuntimeError(f"the live panel did not open: {seen[-500:]!r}")
        return len(_read(terminal, seconds)) / seconds / 1000
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _read(terminal: int, seconds: float) -> bytes:
    """All that is written within `seconds`."""
    seen, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            seen += os.read(terminal, 65536)
    return seen


def _verdict(value: float, goal: float) -> str:
    return f"<= {goal:g} {'met' if value <= goal else 'missed'}"


def run(seconds: float = SECONDS) -> list[Row]:
    """Rows of (what, value, goal). Some two minutes."""
    rows: list[Row] = []
    for rate in RATES:
        turns = [[listen(kind, rate, seconds) for kind in ("bare", "passbay")] for _ in range(RUNS)]
        bare, ours = (statistics.median(turn[n][0] for turn in turns) for n in (0, 1))
        lost = sum(turn[1][1] for turn in turns)
        theirs = sum(turn[0][1] for turn in turns)
        what = f"{rate} frames/s: frames lost of {int(rate * seconds) * RUNS} (bare loop {theirs})"
        rows.append((what, str(lost), _verdict(lost, 0)))
        what = f"{rate} frames/s: CPU of a bare receive loop ({ours:.2f} s / {bare:.2f} s per 100,000)"
        rows.append((what, f"{ours / bare:.2f}", _verdict(ours / bare, CPU_GOAL)))
    for rate in RATES:
        amount = painted(PANEL, rate, seconds, b"Identifiers")
        rows.append((f"{rate} frames/s: KB/s to the terminal", f"{amount:.1f}", _verdict(amount, BYTES_GOAL)))
    amount = painted(RICHLOG, RATES[0], seconds)
    rows.append((f"  {RATES[0]} frames/s: RichLog, one line a frame, KB/s", f"{amount:.1f}", "to compare"))
    return rows


if __name__ == "__main__":
    for what, value, goal in run(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        print(f"{what:<76} {value:>8}  {goal}", flush=True)
