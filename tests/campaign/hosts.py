"""`python -m tests.campaign hosts --kills N`: SIGKILL of the vehicle host at random moments of flashes.

The car lives in this process on a bus that others reach. A host flashes it and is killed after the unit has worked on
some request; the next host reads the journal and recovers the unit. Counted: units lost, endings that were wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ProductError
from core.vocabulary import FlashResult
from core.workbench import Workbench, open_workbench
from tests.campaign.rig import Rig, Subject

SUBJECTS = (Subject("car-mixed", "BODY", 412), Subject("car-mixed", "HEADUNIT", 65535))
"""On CAN (multicast) and on DoIP; both outlive the host."""
PATIENCE = 120.0


@dataclass
class Tally:
    """`lost`: units without the right software after the recovery. `wrong`: reported done, but not so."""

    kills: int = 0
    left: int = 0
    intact: int = 0
    too_late: int = 0
    resumed: int = 0
    lost: int = 0
    wrong: int = 0
    untold: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.wrong or self.untold)


def flash_and_kill(rig: Rig, at: int, tally: Tally) -> None:
    """One flash in a host that dies after the unit's request number `at`, and its recovery in the next host."""
    rig.factory()
    with open_workbench(rig.paths) as workbench:
        vehicle = workbench.connect(rig.uri, hosted=True)
        pid = vehicle.host.pid
        rig.on_request(lambda number: os.kill(pid, signal.SIGKILL) if number == at else None)
        ending = _ending(workbench, vehicle.flash(rig.subject.unit))
    if isinstance(ending, FlashResult):
        tally.too_late += 1
        tally.wrong += not rig.right()
        return
    tally.kills += 1
    _recover(rig, at, tally)


def _recover(rig: Rig, at: int, tally: Tally) -> None:
    with open_workbench(rig.paths) as workbench:
        waiting = workbench.unfinished()
        tally.left += bool(waiting)
        tally.intact += rig.alive() and not waiting
        if not rig.alive() and not waiting:
            tally.untold += 1
        vehicle = workbench.connect(rig.uri, hosted=True)
        unit = rig.subject.unit
        result = _ending(workbench, vehicle.recover(unit) if waiting else vehicle.flash(unit))
        if not isinstance(result, FlashResult):
            tally.notes.append(f"{unit}, killed at {at}: the recovery ended with {result!r}")
        elif 0 < result.bytes < rig.session.size:
            tally.resumed += 1
        if not rig.right():
            tally.lost += 1
            tally.wrong += isinstance(result, FlashResult)
        if workbench.unfinished():
            tally.notes.append(f"{unit}, killed at {at}: still told as left in programming")
        vehicle.close()


def _ending(workbench: Workbench, job) -> FlashResult | ProductError:  # type: ignore[no-untyped-def]
    try:
        return job.wait(PATIENCE)  # type: ignore[no-any-return]
    except ProductError as error:
        return error


def requests_of(rig: Rig) -> int:
    """Physical requests to the unit in one undisturbed flash."""
    rig.factory()
    seen: list[int] = []
    rig.on_request(seen.append)
    with open_workbench(rig.paths) as workbench, workbench.connect(rig.uri, hosted=True) as vehicle:
        result = _ending(workbench, vehicle.flash(rig.subject.unit))
        assert isinstance(result, FlashResult), result
    assert rig.right()
    return len(seen)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign hosts", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    chance, began = random.Random(options.seed), time.monotonic()
    print(f"seed {options.seed}")
    print(f"{'unit':<24} {'kills':>5} {'left':>5} {'intact':>6} {'late':>5} {'resumed':>8} {'untold':>6} {'lost':>5} "
          f"{'wrong':>5}")  # fmt: skip
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        for number, subject in enumerate(SUBJECTS):
            home = Path(folder) / str(number)
            tally = Tally()
            wanted = options.kills // len(SUBJECTS) + (number < options.kills % len(SUBJECTS))
            home.mkdir()
            with Rig(subject, Path(folder) / "cache", home, outside=True) as rig:
                requests = requests_of(rig)
                while tally.kills < wanted:
                    flash_and_kill(rig, chance.randint(1, requests), tally)
            tallies.append(tally)
            print(f"{subject.car} {subject.unit:<14} {tally.kills:>5} {tally.left:>5} {tally.intact:>6} "
                  f"{tally.too_late:>5} {tally.resumed:>8} {tally.untold:>6} {tally.lost:>5} {tally.wrong:>5}",
                  flush=True)  # fmt: skip
            for note in tally.notes:
                print(f"  {note}")
    kills = sum(tally.kills for tally in tallies)
    print(f"\n{kills} kills of the host: {sum(t.lost for t in tallies)} units lost, {sum(t.wrong for t in tallies)} "
          f"wrong done, {time.monotonic() - began:.0f} s")  # fmt: skip
    return 0 if all(tally.good for tally in tallies) else 1
