"""`python -m tests.campaign flash --seed N`: a flash is cut after every UDS message; each time the unit comes back.

Cuts: the tester is killed, the unit loses its supply for a moment, the bus is cut, the device is unplugged, the
voltage drops. After each, the recovery that the product offers is taken, and the unit's memory is compared with the
flashware byte by byte.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.vocabulary import FlashResult
from tests.campaign.cuts import CutVci, Killed
from tests.campaign.rig import QUICK, WAYS, Rig, Subject

SMALL = {
    "can": Subject("car-mixed", "BODY", 412),
    "doip": Subject("car-doip", "BODY", 1641),
    "kwp": Subject("car-das", "BODY", 411),
}
"""Images of 20 TransferData blocks; "kwp" is KWP2000 on CAN."""
LARGE = {"can": Subject("car-mixed", "ENGINE", 4095), "doip": Subject("car-mixed", "HEADUNIT", 4095)}
"""512 KiB and 4 MiB; the boot loaders of both go on with an interrupted download. KWP2000 has no such unit here."""
for _subjects in (SMALL, LARGE):
    _subjects |= {way: replace(_subjects["doip" if way == "tls" else "can"], way=way) for way in WAYS}
LOW_VOLTAGE = 10.8
LONGEST_SPACING = 2.5
ATTEMPTS = 3


def _kill(rig: Rig, vci: CutVci) -> None:
    rig.freeze_journal()
    vci.dead = True


def _silence(rig: Rig, vci: CutVci) -> None:
    vci.silent = True


def _unplug(rig: Rig, vci: CutVci) -> None:
    vci.lost = True


def _drop(rig: Rig, vci: CutVci) -> None:
    rig.garage.voltage = LOW_VOLTAGE


CUTS: dict[str, Callable[[Rig, CutVci], None]] = {
    "tester killed": _kill,
    "unit reset": lambda rig, vci: rig.power_cycle(),
    "bus cut": _silence,
    "device lost": _unplug,
    "voltage low": _drop,
}


@dataclass
class Tally:
    """What came out of one kind of cut on one image. `faults` are sentences about what must not happen."""

    title: str
    cut: str
    messages: int = 0
    runs: int = 0
    done: int = 0  # the cut did not keep the job from its verified end
    before_erase: int = 0  # it ended with the old software whole
    left: int = 0  # it ended without a valid software, and the journal says so
    resumed: int = 0
    read_back: int = 0
    repeated: int = 0
    spacing: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def row(self) -> str:
        return (
            f"{self.title:<28} {self.cut:<14} {self.runs:>5} of {self.messages:<5} {self.done:>5} "
            f"{self.before_erase:>6} {self.left:>5} {self.resumed:>8} {self.read_back:>9} {self.repeated:>9} "
            f"{len(self.faults):>6} {self.seconds:>7.1f}"
        )


HEADER = (
    f"{'image':<28} {'cut':<14} {'at n':>5} of {'N':<5} {'done':>5} {'intact':>6} {'left':>5} {'resumed':>8} "
    f"{'read back':>9} {'repeated':>9} {'faults':>6} {'s':>7}"
)


def messages_of(rig: Rig) -> int:
    """UDS messages of one undisturbed flash."""
    rig.factory()
    with rig.tester() as tester:
        result = tester.flash()
        assert isinstance(result, FlashResult) and rig.right(), result
        return tester.vci.count


def one_run(rig: Rig, cut: str, at: int, tally: Tally) -> None:
    """Cut at message `at`, then recover, then look into the unit."""
    rig.factory()
    place = f"{tally.title}, {cut} at {at}"
    with rig.tester(at, lambda vci: CUTS[cut](rig, vci)) as tester:
        ending = tester.flash()
        _note_spacing(tester.vci, tally)
        if isinstance(ending, FlashResult):
            tally.done += 1
            if not rig.right():
                tally.faults.append(f"{place}: reported done, but the unit does not hold the image")
        tester.vci.repair()
        if cut != "tester killed":
            _recover(rig, tester, tally, place, ending)
    if cut == "tester killed":
        if isinstance(ending, Killed):
            rig.thaw_journal()
        with rig.tester() as tester:
            _recover(rig, tester, tally, place, ending)
    tally.runs += 1


def _recover(rig: Rig, tester, tally: Tally, place: str, ending: FlashResult | BaseException) -> None:
    """What a technician does next: puts the cause right and takes what the product offers."""
    rig.charge()
    waiting = tester.unfinished()
    if not isinstance(ending, FlashResult):
        if rig.alive() and not waiting:
            tally.before_erase += 1
        tally.left += bool(waiting)
    if not rig.alive() and not waiting:
        tally.faults.append(f"{place}: the unit has no valid software, and nobody says so")
    for attempt in range(1, ATTEMPTS + 1):
        result = tester.recover()
        _note_spacing(tester.vci, tally)
        if isinstance(result, FlashResult):
            break
        tally.faults.append(f"{place}: recovery {attempt} ended with {result!r}")
    if isinstance(result, FlashResult) and waiting:
        _count_way(result, rig, tally)
    if not rig.right():
        tally.faults.append(f"{place}: after the recovery the unit does not hold the image")
    if tester.unfinished():
        tally.faults.append(f"{place}: still told as left in programming after the recovery")


def _count_way(result: FlashResult, rig: Rig, tally: Tally) -> None:
    if result.result == "up-to-date":
        tally.read_back += 1
    elif result.bytes < rig.session.size:
        tally.resumed += 1
    else:
        tally.repeated += 1


def _note_spacing(vci: CutVci, tally: Tally) -> None:
    """The longest time between two keep-alives to the same group, while one job ran."""
    last: dict[tuple[object, int], float] = {}
    for transport, identifier, at in vci.keep_alives:
        before = last.get((transport, identifier))
        if before is not None:
            tally.spacing = max(tally.spacing, at - before)
        last[transport, identifier] = at
    if tally.spacing > LONGEST_SPACING:
        tally.faults.append(f"{tally.title}: {tally.spacing:.2f} s between two keep-alives")


class Campaign:
    """Runs cuts on several cars side by side: most of a run is waiting."""

    def __init__(self, folder: Path, cache: Path, workers: int) -> None:
        self._folder, self._cache, self._workers = folder, cache, workers
        self._rigs: dict[Subject, list[Rig]] = {}
        self._all: list[Rig] = []
        self._messages: dict[Subject, int] = {}
        self._lock = threading.Lock()

    def measure(self, subject: Subject) -> int:
        """UDS messages of one undisturbed flash, counted once."""
        if subject not in self._messages:
            rig = self.borrow(subject)
            try:
                self._messages[subject] = messages_of(rig)
            finally:
                self.give_back(rig)
        return self._messages[subject]

    def run(self, title: str, subject: Subject, cut: str, places: Iterable[int], messages: int) -> Tally:
        """One row of the table."""
        tally = Tally(title, cut, messages)
        began = time.monotonic()

        def work(at: int) -> Tally:
            own = Tally(title, cut)
            rig = self.borrow(subject)
            try:
                one_run(rig, cut, at, own)
            finally:
                self.give_back(rig)
            return own

        with ThreadPoolExecutor(self._workers) as pool:
            for own in pool.map(work, places):
                for name in ("runs", "done", "before_erase", "left", "resumed", "read_back", "repeated"):
                    setattr(tally, name, getattr(tally, name) + getattr(own, name))
                tally.spacing = max(tally.spacing, own.spacing)
                tally.faults += own.faults
        tally.seconds = time.monotonic() - began
        return tally

    def borrow(self, subject: Subject) -> Rig:
        """A car that nobody else works on."""
        with self._lock:
            free = self._rigs.setdefault(subject, [])
            if free:
                return free.pop()
            number = len(self._all)
            home = self._folder / f"rig{number}"
            home.mkdir()
            rig = Rig(subject, self._cache, home)
            self._all.append(rig)
            return rig

    def give_back(self, rig: Rig) -> None:
        with self._lock:
            self._rigs[rig.subject].append(rig)

    def close(self) -> None:
        for rig in self._all:
            rig.close()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def slow(subject: Subject, seconds: float = 5.5) -> Subject:
    """The same unit with an erase of many seconds: only there keep-alives follow each other."""
    return replace(subject, timing=replace(QUICK, erase_minimum=seconds, pending_interval=1.0))


def main(argv: list[str]) -> int:
    options = _options(argv)
    chance = random.Random(options.seed)
    transports = options.transport or list(SMALL)
    tallies: list[Tally] = []
    print(f"seed {options.seed}")
    print(HEADER)
    with (
        tempfile.TemporaryDirectory() as folder,
        Campaign(Path(folder), Path(options.cache or folder), options.workers) as campaign,
    ):
        for transport in transports:
            subjects = {"small": SMALL[transport], **({"large": LARGE[transport]} if transport in LARGE else {})}
            for kind, subject in subjects.items():
                messages = campaign.measure(subject)
                title = f"{transport} {subject.car} {subject.unit}"
                for cut in CUTS:
                    if kind == "large" and cut != "tester killed" and options.large_cuts == "kill":
                        continue
                    places = _places(messages, kind, options, chance)
                    tallies.append(campaign.run(title, subject, cut, places, messages))
                    print(tallies[-1].row(), flush=True)
            tallies.append(campaign.run(f"{transport} slow erase", slow(SMALL[transport]), "tester killed", [10**9], 0))
            print(tallies[-1].row(), flush=True)
    return _report(tallies)


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign flash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", action="append", choices=list(SMALL), help="only this; several are possible")
    parser.add_argument("--cuts", default="all", help="how many places in the small image: a number, or all")
    parser.add_argument("--large", type=int, default=100, help="how many random places in the large image")
    parser.add_argument("--large-cuts", choices=("kill", "all"), default="kill")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--cache", help="a folder for the compiled vehicle data, to save a second")
    return parser.parse_args(argv)


def _places(messages: int, kind: str, options: argparse.Namespace, chance: random.Random) -> list[int]:
    every = range(1, messages + 1)
    wanted = options.large if kind == "large" else messages if options.cuts == "all" else int(options.cuts)
    return list(every) if wanted >= messages else sorted(chance.sample(every, wanted))


def _report(tallies: list[Tally]) -> int:
    runs, faults = sum(t.runs for t in tallies), [fault for tally in tallies for fault in tally.faults]
    print(f"\n{runs} cuts, longest keep-alive spacing {max(t.spacing for t in tallies):.2f} s, {len(faults)} faults")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0
