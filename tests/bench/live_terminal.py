"""The panel in a real pty of 80x24: bytes written, CPU against one RichLog line a frame, time until a key is answered.

Frames come from a thread of the measured process.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS, COLUMNS = 24, 80
SETTLED = 2.0  # seconds until the first paint is over
PATIENCE = 60.0
LIVE_KEY = b"\x1b[20~"  # f9
KEYS = 100
SHOWN_FRAMES, SHOWN_RATE = 16_000, 4000

FEED = """
import os, threading, time
from core.vocabulary import CanFrame
RATE, COUNT, RESULT = {rate}, {count}, os.environ.get("BENCH_RESULT", "")
taken = 0
def feed(put, begun=lambda: True, over=lambda: True):
    def ready():
        try: return begun()
        except Exception: return False  # the app has no screen yet
    def run():
        while not ready(): time.sleep(0.05)
        cpu, begin, n = time.process_time(), time.monotonic(), 0
        while not COUNT or n < COUNT:
            due = int((time.monotonic() - begin) * RATE)
            while n < due and (not COUNT or n < COUNT):
                put(CanFrame(time.time(), 0x100 + n % 16, n.to_bytes(8, "big")))
                n += 1
            time.sleep(0.005)
        while not over(): time.sleep(0.02)
        open(RESULT, "w").write(str(time.process_time() - cpu))
        os._exit(0)
    threading.Thread(target=run, daemon=True).start()
"""
PANEL = """
from core.diagnosis.traffic import TrafficView
from core.stream import TrafficRing
from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.support import make_app
ring, vehicle = TrafficRing(), FakeVehicle()
vehicle.view = TrafficView(ring.read_since, lambda: (), bitrate=1_000_000, capacity=20_000)
app = make_app(FakeWorkbench(vehicle))
def put(frame):
    ring.append(frame)
    if app.desk is not None and app.desk.vehicle is None:
        app.desk.vehicle = vehicle  # the desk comes after the first paint
feed(put, lambda: not COUNT or app.screen.query("#traffic"), lambda: vehicle.view.figures.frames >= COUNT)
app.run()
"""
RICHLOG = """
from textual.app import App
from textual.widgets import RichLog
class Log(App):
    written = 0
    def compose(self):
        yield RichLog(max_lines=5000)
    def on_mount(self):
        log = self.query_one(RichLog)
        def write(text):
            log.write(text)
            self.written += 1
        feed(lambda f: self.call_later(write, f"{f.timestamp:.6f} {f.arbitration_id:03X} {f.data.hex(' ')}"),
             over=lambda: self.written >= COUNT)
Log().run()
"""


@contextmanager
def terminal(program: str, **environment: str) -> Iterator[int]:
    """The terminal's side of a pty in which the program runs; it is killed at the end."""
    pid, end = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.chdir(REPOSITORY)
        os.environ.pop("SSH_CONNECTION", None)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", **environment)
        os.execv(sys.executable, [sys.executable, "-c", program])
    try:
        yield end
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(end)


@contextmanager
def opened(program: str, rate: int, mark: bytes, count: int = 0, **more: str) -> Iterator[int]:
    """The program's first screen, or with `mark` its live panel, is painted."""
    with (
        tempfile.TemporaryDirectory() as home,
        terminal(FEED.format(rate=rate, count=count) + program, PASSBAY_HOME=home, **more) as end,
    ):
        read(end, SETTLED)
        if mark:
            seen, give_up = b"", time.monotonic() + PATIENCE
            while mark not in seen:
                if time.monotonic() > give_up:
                    raise RuntimeError(f"the live panel did not open: {seen[-500:]!r}")
                os.write(end, LIVE_KEY)
                seen = read(end, SETTLED)
        yield end


def painted(program: str, rate: int, seconds: float, mark: bytes = b"", *, ssh: bool = False) -> float:
    """KB a second that the program writes to its terminal; `ssh`: as sshd tells that the line is slow.

    As `tui.app.run` does, what Textual reads at import is set before.
    """
    more = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "TEXTUAL_FPS": "5", "TEXTUAL_ANIMATIONS": "none"}
    with opened(program, rate, mark, **(more if ssh else {})) as end:
        return len(read(end, seconds)) / seconds / 1000


def shown(program: str) -> float:
    """CPU seconds per 100,000 frames of the whole process, until every frame has been taken in."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "cpu"
        mark = b"Identifiers" if program is PANEL else b""
        with opened(program, SHOWN_RATE, mark, SHOWN_FRAMES, BENCH_RESULT=str(result)) as end:
            give_up = time.monotonic() + PATIENCE * 2
            while not result.exists() and time.monotonic() < give_up:
                read(end, 0.2)
        return float(result.read_text()) / SHOWN_FRAMES * 100_000


def key_times(rate: int) -> list[float]:
    """Milliseconds from a key press (pause, go on) to its answer on the terminal."""
    times = []
    with opened(PANEL, rate, b"Identifiers") as end:
        for n in range(KEYS):
            answer = b"Go on" if n % 2 == 0 else b" Pause"
            read(end, 0.037)  # not in step with the panel's own paints
            begin, seen = time.monotonic(), b""
            os.write(end, b" ")
            while answer not in seen and time.monotonic() - begin < 10:
                seen += read(end, 0.001)
            times.append((time.monotonic() - begin) * 1000)
    return times


def read(end: int, seconds: float) -> bytes:
    """All that is written within `seconds`, or until the program has ended."""
    seen, give_up = b"", time.monotonic() + seconds
    while (left := give_up - time.monotonic()) > 0:
        if select.select([end], [], [], left)[0]:
            try:
                seen += os.read(end, 65536)
            except OSError:
                return seen
    return seen
