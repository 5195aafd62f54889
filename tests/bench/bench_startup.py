"""Start-up of the screens against a bare Textual app with one Static. `python -m tests.bench.bench_startup [RUNS]`.

Each app starts in a pty of 80x24 of its own, ours and the bare one in turns, in a fresh home. The time runs from the
fork to the byte with which the last row is painted (its right end: "Commands", the bare app's text), so the whole first
frame is out. Resident memory (VmRSS) is read at that moment. Medians; one run of each beforehand warms the disk.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

Row = tuple[str, str, str]

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = 11
ROWS, COLUMNS = 24, 80
TIME_GOAL, MEMORY_GOAL = 1.35, 1.4
PATIENCE = 30.0  # seconds

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("bare app painted")

Bare().run()
"""
OURS = "import sys; sys.argv = ['passbay']; from tui.entry import main; main()"
APPS = {"bare": (BARE, b"bare app painted"), "passbay": (OURS, b"Commands")}


def first_paint(program: str, mark: bytes, home: str) -> tuple[float, int]:
    """(seconds, KiB resident) from the start of `python -c program` until `mark` is painted in a pty."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "SSH_CONNECTION", "TEXTUAL_THEME")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PASSBAY_HOME": home}
        os.chdir(REPOSITORY)
        os.execve(sys.executable, [sys.executable, "-c", program], environment)
    seen = b""
    try:
        while mark not in seen:
            ready, _, _ = select.select([terminal], [], [], PATIENCE)
            if not ready:
                raise TimeoutError(f"no paint within {PATIENCE:.0f} s: {seen[-300:]!r}")
            seen += os.read(terminal, 65536)
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return seconds, int(resident.split()[1])


def measure(runs: int = RUNS) -> dict[str, tuple[float, float]]:
    """Median (seconds, KiB) of each app over `runs` interleaved runs."""
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in APPS}
    with tempfile.TemporaryDirectory() as home:
        for number in range(runs + 1):
            for name, (program, mark) in APPS.items():
                figures = first_paint(program, mark, home)
                if number:
                    taken[name].append(figures)
    return {
        name: (statistics.median(s for s, _ in rows), statistics.median(m for _, m in rows))
        for name, rows in taken.items()
    }


def _row(what: str, ratio: float, goal: float) -> Row:
    return what, f"{ratio:.2f}", f"<= {goal:g} {'met' if ratio <= goal else 'missed'}"


def run(runs: int = RUNS) -> list[Row]:
    """Rows of (what, value, goal): start-up time and memory as ratios to the bare app."""
    figures = measure(runs)
    (bare_time, bare_memory), (our_time, our_memory) = figures["bare"], figures["passbay"]
    return [
        _row(
            f"first full paint ({our_time * 1000:.0f} ms) of a bare app's ({bare_time * 1000:.0f} ms)",
            our_time / bare_time,
            TIME_GOAL,
        ),
        _row(
            f"memory there ({our_memory / 1024:.1f} MiB) of a bare app's ({bare_memory / 1024:.1f} MiB)",
            our_memory / bare_memory,
            MEMORY_GOAL,
        ),
    ]


def main() -> None:
    for what, value, goal in run(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS):
        print(f"{what:<76} {value:>8}  {goal}", flush=True)


if __name__ == "__main__":
    main()
