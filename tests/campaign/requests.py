"""`python -m tests.campaign requests --count 10000 --seed S`: fuzzed requests against a back end on a real port.

Requests are made from the OpenAPI document and then spoilt; 15 % go to the portal's forms. Counted are answers of 500
and above, hangs, statuses and shapes that the document does not know, and words of our insides in an answer.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.backend.api.gate import App
from tests.backend.fuzz.furnished import fuzzer_and_judge
from tests.backend.fuzz.judging import HANG, Tally, run
from tests.backend.postgres import FAST, Postgres, why_not
from tests.backend.rig import open_rig, sqlite_url


@contextmanager
def on_a_port(app: App) -> Iterator[str]:
    """The app on uvicorn with a free port of the loopback interface, as `passbay serve` runs it."""
    import uvicorn

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="h11", lifespan="off", ws="none", log_level="error", access_log=False)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def campaign(database: str, count: int, seed: int, *, tell: bool) -> Tally:
    rig = open_rig(database)
    fuzzer, judge = fuzzer_and_judge(rig, seed)
    with on_a_port(rig.app) as url, httpx.Client(base_url=url, timeout=HANG, trust_env=False) as http:
        tally = run(http, judge, fuzzer.requests(count), (lambda n: print(f"  {n} sent", flush=True)) if tell else
                    lambda _: None)  # fmt: skip
        assert http.get("/health").json()["status"] == "ok"
    assert rig.backend.ledger.verify() == []
    rig.close()
    return tally


def report(database: str, tally: Tally, seed: int) -> None:
    operations = len(tally.reached)
    print(f"{database}, seed {seed}: {tally.sent} answered, {tally.valid} unspoilt, slowest {tally.slowest:.2f} s")
    print("  " + "  ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items())))
    print(f"  operations that answered 200: {operations}; hangs: {tally.hangs}; faults: {len(tally.faults)}")
    for fault in tally.faults[:20]:
        print("  " + fault)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign requests")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    wishes = parser.parse_args(argv)
    if wishes.database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            tally = campaign(sqlite_url(Path(folder)), wishes.count, wishes.seed, tell=True)
    else:
        reason = why_not()
        if reason:
            print(reason)
            return 2
        server = Postgres(*FAST)
        try:
            tally = campaign(server.create(), wishes.count, wishes.seed, tell=True)
        finally:
            server.stop()
    report(wishes.database, tally, wishes.seed)
    return 1 if tally.faults or tally.hangs else 0
