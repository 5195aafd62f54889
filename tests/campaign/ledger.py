"""`python -m tests.campaign ledger --seed N --rounds 20`: charges under SIGKILL, on SQLite and PostgreSQL (T1).

Eight writers send 500 requests each twice a round. Two of them and the server are killed with SIGKILL at random moments
and started again. After each round everything that was acknowledged must be there once, and all sums must hold.
With `--door http` the writers talk to `passbay serve` with two worker processes, and that server is killed. With
`--door ledger` they use the ledger in their own processes: the server is PostgreSQL itself (SQLite has none, so a third
writer is killed in its place).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, text

from core.backend.ledger import Ledger
from core.backend.store import Store, open_store
from core.backend.store.tables import accounts, entries, idempotency, organisations
from core.vocabulary.online.paper import CreditDuration
from tests.backend.postgres import Postgres, why_not
from tests.campaign.charges import GROUPS, Log, Task, key_of, plan
from tests.campaign.charges_http import Server, Shop

REPOSITORY = Path(__file__).resolve().parents[2]
ORGANISATION = "0" * 31 + "1"
LINES = 3  # that a request leaves in its writer's log
ENOUGH = 300.0  # seconds a round may take for each 4,000 requests


@dataclass
class Tally:
    """What the rounds came to. `faults` must stay empty."""

    rounds: int = 0
    acknowledged: int = 0
    refused: int = 0
    kills: int = 0
    server_kills: int = 0
    entries: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass
class Arena:
    """A database with one organisation, the server before it (if any), and the door that writers use."""

    url: str
    door: str
    kill_server: Callable[[], None] | None = None
    before_round: Callable[[], None] | None = None
    organisation: str = ORGANISATION
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.url, patience=60)

    def prepare(self) -> None:
        if self.organisation == ORGANISATION:
            self._add_organisation()
        ledger, now = Ledger(self.store), time.time_ns() // 1_000_000
        ledger.buy(self.organisation, GROUPS[0], CreditDuration.HOUR, 500, "first", now)
        ledger.buy(self.organisation, GROUPS[1], CreditDuration.HOUR, 1, "second", now)

    def _add_organisation(self) -> None:
        self.store.write(
            lambda c: c.execute(
                insert(organisations).values(
                    id=ORGANISATION, name="Demo", contract_number="1", contract_end=None, created=0
                )
            )
        )


class Writer:
    """One writer's process, which is started again after a kill."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.campaign.charges_writer", json.dumps(asdict(self.task))]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)

    def kill(self) -> bool:
        """False where it had finished before."""
        self.process.kill()
        killed = self.process.wait(60) != 0
        self._close()
        self._start()
        return killed

    def _close(self) -> str:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            return stream.read()

    def finish(self, deadline: float) -> str:
        """What went wrong in it, "" for nothing."""
        try:
            code = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(60)
        words = self._close()
        return "" if code == 0 else f"{self.task.name} ended with {code}: {words[-800:]}"

    def lines(self) -> int:
        path = Path(self.task.log)
        return path.read_bytes().count(b"\n") if path.exists() else 0


def run_round(arena: Arena, folder: Path, seed: str, writers: int, requests: int, tally: Tally) -> None:
    dice = random.Random(seed)
    started = time.monotonic()
    if arena.before_round:
        arena.before_round()
    tasks = [
        Task(arena.door, arena.organisation, f"w{n}", f"{seed}-{n}", requests, str(folder / f"{seed}-{n}.log"))
        for n in range(writers)
    ]
    crew = [Writer(task) for task in tasks]
    _disturb(arena, crew, dice, requests, tally)
    deadline = started + max(300.0, ENOUGH * writers * requests / 4000)
    tally.faults += [words for words in (writer.finish(deadline) for writer in crew) if words]
    logs = {task: Log.read(Path(task.log)) for task in tasks}
    tally.faults += check(arena.store, logs)
    tally.rounds += 1
    tally.acknowledged += sum(len(log.answers) for log in logs.values())
    tally.refused += sum(len(log.refused) for log in logs.values())
    tally.seconds += time.monotonic() - started


def _disturb(arena: Arena, crew: list[Writer], dice: random.Random, requests: int, tally: Tally) -> None:
    """Each kill waits for its share of the work to be done: early, in the middle or late, never by the clock."""
    victims = dice.sample(range(len(crew)), 2 if arena.kill_server else 3)
    for victim in victims:
        writer, share = crew[victim], dice.uniform(0.05, 0.8)
        _wait_for(writer, int(share * requests * LINES))
        tally.kills += writer.kill()
    if arena.kill_server:
        writer = crew[dice.choice([n for n in range(len(crew)) if n not in victims] or victims)]
        _wait_for(writer, writer.lines() + dice.randint(1, max(1, requests // 10)))
        arena.kill_server()
        tally.server_kills += 1


def _wait_for(writer: Writer, lines: int) -> None:
    while writer.lines() < lines and writer.process.poll() is None:
        time.sleep(0.005)


def check(store: Store, logs: dict[Task, Log]) -> list[str]:
    """The invariants of T1, from the database and from what the writers were told."""
    faults = [f"the ledger: {words}" for words in Ledger(store).verify()]
    faults += store.read(_integrity)
    for task, log in logs.items():
        faults += [f"{task.name}: request {n} got two different answers" for n in log.differing]
        faults += store.read(lambda c, t=task, g=log: _acknowledged(c, t, g))
    return faults + store.read(_booked_once) + store.read(_below_zero)


def _integrity(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    answer = [row[0] for row in connection.execute(text("PRAGMA integrity_check"))]
    return [] if answer == ["ok"] else [f"the file: {words}" for words in answer]


def _acknowledged(connection: Connection, task: Task, log: Log) -> list[str]:
    """Every answer that a writer holds is the one that the database holds, and its entries have its minutes."""
    keys = {key_of(task, step): step for step in plan(task.seed, task.requests)}
    kept = dict(
        connection.execute(
            select(idempotency.c.key, idempotency.c.body).where(idempotency.c.key.like(f"{task.name}-{task.seed}-%"))
        ).all()
    )
    faults = []
    for key, step in keys.items():
        answer = log.answers.get(step.number)
        if answer is not None and _essence(kept.get(key)) != _essence(answer):
            faults.append(f"{key} was acknowledged as {answer}, the database holds {kept.get(key)}")
        if answer is None and key in kept and step.number not in log.refused:
            faults.append(f"{key} was booked, but its writer never learnt it")
        if step.number in log.refused and key in kept:
            faults.append(f"{key} was refused and booked")
    return faults


def _essence(answer: str | None) -> tuple[object, ...] | None:
    """Number and hash of the booking and its minutes: what the API's wording of an answer has in common with ours."""
    if answer is None:
        return None
    values = json.loads(answer)
    booked = values.get("receipt", values)
    return booked["number"], booked["hash"], booked["minutes"], values["minutes"]


def _booked_once(connection: Connection) -> list[str]:
    """Minutes that the entries of each key consumed or bought are those of its one answer."""
    booked: Counter[str] = Counter()
    targets = {"buy": "purchased", "reserve": "reserved", "post": "consumed"}
    query = select(entries.c.key, entries.c.operation, entries.c.target, entries.c.amount)
    for row in connection.execute(query):
        if targets.get(row.operation) == row.target:
            booked[row.key] += row.amount
    faults = []
    for row in connection.execute(select(idempotency.c.key, idempotency.c.body)):
        answer = json.loads(row.body)
        if answer.get("operation") == "void":
            continue
        if booked[row.key] != answer["minutes"]:
            faults.append(f"{row.key}: {booked[row.key]} minutes booked, {answer['minutes']} answered")
        booked.pop(row.key, None)
    return faults + [f"{key}: {minutes} minutes booked without an answer" for key, minutes in booked.items() if minutes]


def _below_zero(connection: Connection) -> list[str]:
    sources = accounts.c.kind.in_(("issued", "owed"))
    bad = select(func.count()).where(((accounts.c.balance < 0) & ~sources) | ((accounts.c.balance > 0) & sources))
    total = connection.execute(select(func.sum(accounts.c.balance))).scalar_one()
    faults = [f"{count} accounts are beyond zero" for count in [connection.execute(bad).scalar_one()] if count]
    return faults + ([f"the sum of all accounts is {total}"] if total else [])


def campaign(arena: Arena, folder: Path, seed: int, rounds: int, writers: int = 8, requests: int = 500) -> Tally:
    tally = Tally()
    arena.prepare()
    for number in range(rounds):
        run_round(arena, folder, f"{seed}-{number}", writers, requests, tally)
        if tally.faults:
            break
    tally.entries = Ledger(arena.store).head().number
    arena.store.dispose()
    return tally


def sqlite_arena(folder: Path) -> Arena:
    url = f"sqlite:///{folder / 'backend.db'}"
    return Arena(url, f"ledger {url}")


def postgres_arena(server: Postgres) -> Arena:
    def die() -> None:
        server.kill()
        server.start()

    url = server.create()
    return Arena(url, f"ledger {url}", die)


def http_arena(url: str, folder: Path, workers: int) -> tuple[Arena, Server]:
    server = Server(url, workers)
    store = open_store(url)
    shop = Shop(store, folder / "token")

    def die() -> None:
        server.kill()
        server.start()

    door = f"http {server.url} {shop.token_file}"
    arena = Arena(url, door, die, lambda: shop.log_in(server.url), shop.organisation)
    store.dispose()
    return arena, server


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign ledger", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--door", choices=("ledger", "http"), default="http")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of passbay serve")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    bad = 0
    for kind in options.on or ("sqlite", "postgresql"):
        if kind == "postgresql" and why_not():
            print(f"{kind}: skipped, {why_not()}")
            continue
        tally = _on(kind, options)
        bad += len(tally.faults)
        print(f"{options.door} on {kind}: {_summary(tally)}", flush=True)
        for words in tally.faults[:20]:
            print(f"  {words}", flush=True)
    return 1 if bad else 0


def _summary(tally: Tally) -> str:
    return (
        f"{tally.rounds} rounds, {tally.acknowledged} acknowledged (each sent twice), {tally.refused} refused, "
        f"{tally.kills} writers and {tally.server_kills} servers killed, {tally.entries} entries, "
        f"{tally.seconds:.0f} s, faults: {len(tally.faults)}"
    )


def _on(kind: str, options: argparse.Namespace) -> Tally:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passbay-ledger-")))
        postgres = Postgres() if kind == "postgresql" else None
        if postgres:
            stack.callback(postgres.stop)
        if options.door == "http":
            url = postgres.create() if postgres else f"sqlite:///{folder / 'backend.db'}"
            arena, server = http_arena(url, folder, options.workers)
            stack.callback(server.kill)
        else:
            arena = postgres_arena(postgres) if postgres else sqlite_arena(folder)
        return campaign(arena, folder, options.seed, options.rounds, options.writers, options.requests)
