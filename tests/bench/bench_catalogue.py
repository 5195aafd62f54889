"""Catalogue: opening a compiled file against odxtools loading the same PDX. `python -m tests.bench.bench_catalogue`.

Both in one process, in turns, the median of the rounds; imports are counted for neither (odxtools' own takes 0.2 s
more, once). "Opening" is all that the product does before it can list units, variants, trouble codes, coding and
flash sessions: hash the PDX, read the compiled file, build the objects. Then the codec of one variant, which is read
on demand, with its first service encoded. The foreign files are measured where they are there.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import odxtools

from core.catalogue import Catalogue, load

GOAL = 1 / 20
ROUNDS = 9
REPOSITORY = Path(__file__).resolve().parents[2]

Row = tuple[str, str, str]


def files() -> list[Path]:
    foreign = Path(os.environ.get("PASSBAY_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "pdx"
    own = REPOSITORY / "core" / "simulation" / "vehicles"
    return [*sorted(own.glob("*.pdx")), *sorted(foreign.glob("*.pdx"))]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _first_codec(catalogue: Catalogue) -> None:
    """What a job asks next: a variant's services, and one of them as bytes."""
    for unit in catalogue.units[:1]:
        variant = catalogue.variant(unit, unit.variants[0].name if unit.variants else "")
        _ = variant.service(variant.services[0]).request_prefix


def measure(path: Path, cache: Path) -> tuple[float, float, float]:
    """Median seconds of opening, of opening and using a first codec, and of odxtools."""
    opening, using, theirs = [], [], []
    for _ in range(ROUNDS):
        opening.append(_seconds(lambda: load([path], cache)))
        using.append(_seconds(lambda: _first_codec(load([path], cache))))
        theirs.append(_seconds(lambda: odxtools.load_file(str(path))))
    return statistics.median(opening), statistics.median(using), statistics.median(theirs)


def run() -> list[Row]:
    """Rows of (what, value, goal); the value is a ratio of times."""
    rows: list[Row] = []
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odxtools about overlapping parameters of foreign files
        cache = Path(folder)
        load(files(), cache)
        for path in files():
            opening, using, theirs = measure(path, cache)
            worst = max(worst, opening / theirs)
            what = f"{path.name}: open {opening * 1e3:.2f} ms of odxtools' {theirs * 1e3:.0f} ms; with a first codec"
            rows.append((what, f"1/{theirs / opening:.0f}", f"1/{theirs / using:.0f}"))
    verdict = "met" if worst <= GOAL else "missed"
    rows.append(("opening a compiled file, the slowest of all", f"1/{1 / worst:.0f}", f"<= 1/20 {verdict}"))
    return rows


if __name__ == "__main__":
    for what, value, goal in run():
        print(f"{what:<86} {value:>8}  {goal}", flush=True)
