"""`python -m tests.campaign screens --kills N --seed S`: the screen is killed at random moments of flashes.

The screen is `passbay flash` on a terminal of its own; it ends by SIGKILL, SIGTERM, SIGHUP or because its terminal is
closed. The next screen attaches: counted are how soon it shows progress, units lost, and endings that were not true.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ProductError, VciNotFound
from core.events import ProgressMade, StepStarted
from core.vocabulary import FlashResult
from core.workbench import Workbench, WorkbenchPaths, open_workbench

SUBJECTS = (("car-mixed", "BODY"), ("car-doip", "BODY"), ("car-mixed", "BRAKES"), ("car-mixed", "HEADUNIT"))
"""On CAN, on DoIP; small and large."""
WAYS = ("SIGKILL", "SIGTERM", "SIGHUP", "terminal closed")
PROGRESS_GOAL = 2.0  # seconds until the next screen shows progress
PATIENCE = 120.0
ON_ITS_TERMINAL = """import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("tui.entry", run_name="__main__", alter_sys=True)"""


@dataclass
class Tally:
    """`lost`: units without the right software at the end. `wrong`: told as done, but not so. `over`: the flash had
    ended before the next screen came."""

    kills: int = 0
    over: int = 0
    lost: int = 0
    wrong: int = 0
    slowest: float = 0.0
    ways: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.wrong or self.notes) and self.slowest <= PROGRESS_GOAL


class Screen:
    """`passbay flash --json` in a session and on a terminal of its own."""

    def __init__(self, home: Path, uri: str, unit: str) -> None:
        self._master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_ITS_TERMINAL, "flash", "--vci", uri, "--ecu", unit, "--json"],
            stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "PASSBAY_HOME": str(home)},
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._text = b""

    def read(self, seconds: float) -> bool:
        """Takes in what it prints for up to `seconds`; False when it has ended."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: the terminal has no user any more
            data = b""
        self._text += data
        return bool(data)

    def until_it_runs(self) -> None:
        give_up = time.monotonic() + PATIENCE
        while b'"event": "step"' not in self._text:
            assert self.read(1.0) and time.monotonic() < give_up, self.text

    def run_for(self, seconds: float) -> bool:
        """False where it ended before."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self.read(left):
                return False
        return True

    def end(self, way: str) -> None:
        if way == "terminal closed":
            os.close(self._master)
            self._master = -1
        else:
            self._process.send_signal(getattr(signal, way))
            self.run_for(0.05)
        self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    @property
    def text(self) -> str:
        return self._text.decode(errors="replace")

    @property
    def says_flashed(self) -> bool:
        lines = self.text.strip().splitlines()
        try:
            return bool(lines) and json.loads(lines[-1]).get("result") == "flashed"
        except ValueError:
            return False


def duration(home: Path, uri: str, unit: str) -> float:
    """Seconds of one undisturbed flash, from its first step to its result."""
    screen = Screen(home, uri, unit)
    try:
        screen.until_it_runs()
        began = time.monotonic()
        while not screen.says_flashed:
            assert screen.read(1.0) and time.monotonic() - began < PATIENCE, screen.text
        return time.monotonic() - began
    finally:
        screen.close()


def flash_and_kill(home: Path, car: str, unit: str, after: float, way: str, tally: Tally) -> None:
    """One flash whose screen ends `after` seconds by `way`, and the screen after it."""
    uri = f"sim:{car}"
    with open_workbench(WorkbenchPaths.below(home)) as workbench:
        workbench.reset_garage(car)
        screen = Screen(home, uri, unit)
        try:
            screen.until_it_runs()
            if not screen.run_for(after):
                return  # it was quicker this time: no kill
            screen.end(way)
        finally:
            screen.close()
        tally.kills += 1
        tally.ways[way] += 1
        told = _next_screen(workbench, uri, tally) or screen.says_flashed
        if not _is_new(workbench, uri, unit):
            tally.lost += 1
            tally.wrong += told
            tally.notes.append(f"{car} {unit}: {way} after {after:.2f} s left the old software or none")


def _next_screen(workbench: Workbench, uri: str, tally: Tally) -> bool:
    """Attaches, sees progress, waits for the end; whether that was told as good."""
    began = time.monotonic()
    try:
        vehicle = workbench.attach(uri)
    except VciNotFound:
        tally.over += 1
        return False
    with vehicle:
        job = vehicle.running
        if job is None:
            tally.over += 1
            job = vehicle.last_job
        else:
            seen = False
            while not seen and not job.ended(0.01):
                seen = any(isinstance(event, StepStarted | ProgressMade) for event in workbench.stream.drain())
            tally.slowest = max(tally.slowest, time.monotonic() - began)
        if job is None:
            tally.notes.append(f"{uri}: a host without a job")
            return False
        try:
            result = job.wait(PATIENCE)
        except ProductError as error:
            tally.notes.append(f"{uri}: the flash ended with {error.name}: {error.message}")
            return False
        return isinstance(result, FlashResult) and result.result == "flashed"


def _is_new(workbench: Workbench, uri: str, unit: str) -> bool:
    """What the car itself says when no host has it."""
    give_up = time.monotonic() + PATIENCE
    while workbench.hosts():
        assert time.monotonic() < give_up, "the host does not end"
        time.sleep(0.02)
    if workbench.unfinished():
        return False
    with workbench.connect(uri, hosted=False) as vehicle:
        return bool(vehicle.flash_preview(unit).wait(PATIENCE).up_to_date)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign screens", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="compiled data of an earlier run")
    options = parser.parse_args(argv)
    chance, began = random.Random(options.seed), time.monotonic()
    print(f"seed {options.seed}")
    print(f"{'unit':<22} {'kills':>5} {'over':>5} {'slowest':>8} {'lost':>5} {'wrong':>5}  ways")
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        subjects = SUBJECTS if options.kills >= 4 * len(SUBJECTS) else SUBJECTS[:2]
        for number, (car, unit) in enumerate(subjects):
            home, tally = Path(folder) / str(number), Tally()
            home.mkdir()
            (home / "cache").symlink_to(options.cache or Path(folder) / "cache")
            (Path(folder) / "cache").mkdir(exist_ok=True)
            wanted = options.kills // len(subjects) + (number < options.kills % len(subjects))
            whole = duration(home, f"sim:{car}", unit)
            while tally.kills < wanted:
                flash_and_kill(home, car, unit, chance.uniform(0.0, whole), chance.choice(WAYS), tally)
            tallies.append(tally)
            ways = ", ".join(f"{way} {tally.ways[way]}" for way in WAYS)
            print(f"{car} {unit:<12} {tally.kills:>5} {tally.over:>5} {tally.slowest:>6.2f} s {tally.lost:>5} "
                  f"{tally.wrong:>5}  {ways}", flush=True)  # fmt: skip
            for note in tally.notes:
                print(f"  {note}")
    kills = sum(tally.kills for tally in tallies)
    print(f"\n{kills} kills of the screen: {sum(t.lost for t in tallies)} units lost, {sum(t.wrong for t in tallies)} "
          f"wrong done, progress shown within {max(t.slowest for t in tallies):.2f} s, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    return 0 if all(tally.good for tally in tallies) else 1
