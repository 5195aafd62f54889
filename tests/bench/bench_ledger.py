"""Charges against a bare one-row transaction of the same driver. `python -m tests.bench.bench_ledger`.

A request is one transaction of the ledger: by turns a reservation and what it used. The bare one inserts one row and
commits, by sqlite3 or psycopg without SQLAlchemy, on the same disk with the same promise (WAL and synchronous=FULL;
fsync on). One or two worker processes do the one and then the other in each round; the value is charges a second
divided by bare transactions a second of as many workers, the median over interleaved rounds.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from tests.backend.postgres import Postgres, why_not

ROUNDS = 7
SECONDS = 0.6  # of one contender in one round
ORGANISATION, GROUP = "org-1", "passenger cars"
MUCH = 10**7  # hours of credit
Row = tuple[str, str, str]


def _charges(url: str) -> Callable[[float], int]:
    from core.backend.ledger import Ledger
    from core.backend.store import open_store

    ledger = Ledger(open_store(url, migrate=False, connections=1))

    def run(seconds: float) -> int:
        done, ends = 0, time.perf_counter() + seconds
        while time.perf_counter() < ends:
            name, now = uuid.uuid4().hex, time.time_ns() // 1_000_000
            held = ledger.reserve(ORGANISATION, GROUP, 5, f"r{name}", now, 60_000)
            ledger.post(held.id, 3, f"p{name}", now)
            done += 2
        return done

    return run


def _bare(url: str) -> Callable[[float], int]:
    if url.startswith("sqlite"):
        import sqlite3

        connection = sqlite3.connect(url.removeprefix("sqlite:///") + ".bare", timeout=30, isolation_level=None)
        for words in ("journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {words}")

        def once(name: str) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO bare VALUES (?, 1)", (name,))
            connection.execute("COMMIT")

    else:
        import psycopg

        server = psycopg.connect(url.replace("+psycopg", ""))

        def once(name: str) -> None:
            server.execute("INSERT INTO bare VALUES (%s, 1)", (name,))
            server.commit()

    def run(seconds: float) -> int:
        done, ends = 0, time.perf_counter() + seconds
        while time.perf_counter() < ends:
            once(uuid.uuid4().hex)
            done += 1
        return done

    return run


def _worker(url: str, orders: Connection) -> None:
    contenders = {"charges": _charges(url), "bare": _bare(url)}
    for run in contenders.values():
        run(0.05)
    orders.send("ready")
    while (order := orders.recv()) is not None:
        orders.send(contenders[order](SECONDS))


def _prepare(url: str) -> None:
    from sqlalchemy import insert, text

    from core.backend.ledger import Ledger
    from core.backend.store import open_store
    from core.backend.store.tables import organisations
    from core.vocabulary.online.paper import CreditDuration

    store = open_store(url)
    row = {"id": ORGANISATION, "name": "x", "contract_number": "1", "contract_end": None, "created": 0}
    store.write(lambda c: c.execute(insert(organisations).values(**row)))
    Ledger(store).buy(ORGANISATION, GROUP, CreditDuration.HOUR, MUCH, "first", 1)
    bare = "CREATE TABLE bare (id text PRIMARY KEY, amount integer)"
    if store.kind == "postgresql":
        store.write(lambda c: c.execute(text(bare)))
    else:
        import sqlite3

        other = sqlite3.connect(url.removeprefix("sqlite:///") + ".bare")
        other.execute(bare)
        other.close()
    store.dispose()


def measure(url: str, workers: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """Median (charges a second, bare transactions a second) of all workers together."""
    context = multiprocessing.get_context("spawn")
    lines, processes = [], []
    for _ in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=_worker, args=(url, theirs), daemon=True)
        process.start()
        lines.append(ours)
        processes.append(process)
    taken: dict[str, list[float]] = {"charges": [], "bare": []}
    for line in lines:
        line.recv()
    for _ in range(rounds):
        for name, rates in taken.items():
            for line in lines:
                line.send(name)
            rates.append(sum(line.recv() for line in lines) / SECONDS)
    for line, process in zip(lines, processes, strict=True):
        line.send(None)
        process.join(30)
    return statistics.median(taken["charges"]), statistics.median(taken["bare"])


def _rows(kind: str, url: str, rounds: int) -> list[Row]:
    _prepare(url)
    rows = []
    for workers in (1, 2):
        charges, bare = measure(url, workers, rounds)
        many = "worker" if workers == 1 else "workers"
        what = f"{kind}, {workers} {many}: charges ({charges:.0f}/s) of bare transactions ({bare:.0f}/s)"
        rows.append((what, f"{charges / bare:.2f}", "no goal was set"))
    return rows


def run(rounds: int = ROUNDS) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="passbay-bench-") as name:
        rows = _rows("SQLite", f"sqlite:///{Path(name) / 'backend.db'}", rounds)
    if why_not():
        return [*rows, ("PostgreSQL", "-", f"skipped: {why_not()}")]
    server = Postgres()
    try:
        return rows + _rows("PostgreSQL", server.create(), rounds)
    finally:
        server.stop()


def main() -> None:
    for what, value, goal in run():
        print(f"{what:<84} {value:>8}  {goal}", flush=True)


if __name__ == "__main__":
    main()
