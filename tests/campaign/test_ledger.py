"""The short form of the ledger campaign (T1): few writers, real kills, on SQLite and PostgreSQL; and its own eyes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.postgres import Postgres, why_not
from tests.campaign.charges import Log, Task, key_of, plan, work
from tests.campaign.credit_model import prove
from tests.campaign.ledger import ORGANISATION, Arena, Tally, campaign, check, http_arena, postgres_arena, sqlite_arena


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """Durable, because it is killed."""
    if why_not():
        pytest.skip(why_not())
    server = Postgres()
    yield server
    server.stop()


def _good(tally: Tally, writers: int, requests: int) -> None:
    assert tally.faults == []
    assert tally.acknowledged + tally.refused > writers * requests * 0.7, "the rest would close what was refused"


@pytest.mark.timeout(300)
def test_writers_that_are_killed_charge_once_on_sqlite(tmp_path: Path) -> None:
    tally = campaign(sqlite_arena(tmp_path), tmp_path, 7, rounds=1, writers=3, requests=25)
    _good(tally, 3, 25)
    assert tally.kills >= 1


@pytest.mark.timeout(300)
def test_writers_and_a_server_that_are_killed_charge_once_on_postgresql(own_postgres: Postgres, tmp_path: Path) -> None:
    tally = campaign(postgres_arena(own_postgres), tmp_path, 7, rounds=1, writers=3, requests=25)
    _good(tally, 3, 25)
    assert (tally.kills >= 1, tally.server_kills) == (True, 1)


@pytest.mark.timeout(300)
def test_a_back_end_that_is_killed_charges_once(tmp_path: Path) -> None:
    """Over HTTP: `passbay serve` with two worker processes is killed and started again."""
    arena, server = http_arena(f"sqlite:///{tmp_path / 'backend.db'}", tmp_path, workers=2)
    try:
        tally = campaign(arena, tmp_path, 7, rounds=1, writers=2, requests=20)
    finally:
        server.kill()
    _good(tally, 2, 20)
    assert tally.server_kills == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM idempotency WHERE key = '{key}'",
        "UPDATE idempotency SET body = replace(body, '\"number\":', '\"number\":1') WHERE key = '{key}'",
        "UPDATE accounts SET balance = balance + 1 WHERE kind = 'consumed'",
        "UPDATE ledger_head SET number = number - 1",
    ],
)
def test_the_campaign_sees_what_is_lost_or_booked_twice(tmp_path: Path, damage: str) -> None:
    arena, task, log = _one_writer(tmp_path)
    assert check(arena.store, {task: log}) == []
    key = next(key_of(task, step) for step in plan(task.seed, 20) if step.number in log.answers)
    arena.store.write(lambda c: c.exec_driver_sql(damage.format(key=key)))
    assert check(arena.store, {task: log})
    arena.store.dispose()


def test_the_campaign_sees_an_answer_that_differs(tmp_path: Path) -> None:
    arena, task, log = _one_writer(tmp_path)
    log.write(n=3, differs="{}")
    assert check(arena.store, {task: Log.read(log.path)}) == ["w0: request 3 got two different answers"]
    arena.store.dispose()


def _one_writer(folder: Path) -> tuple[Arena, Task, Log]:
    arena = sqlite_arena(folder)
    arena.prepare()
    task = Task(arena.door, ORGANISATION, "w0", "9-0", 20, str(folder / "w0.log"))
    work(task)
    return arena, task, Log.read(Path(task.log))


def test_a_log_that_a_kill_tore_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"n": 0, "answer": "a"}\n{"n": 1, "ans')
    log = Log.read(path)
    assert log.answers == {0: "a"}
    log.write(n=1, answer="b")
    assert Log.read(path).answers == {0: "a", 1: "b"}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_ledger_does_what_its_model_does(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    numbers = itertools.count()
    if database == "sqlite":
        prove(lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}", number=1, examples=8)
    else:
        server: Postgres = request.getfixturevalue("own_postgres")
        prove(server.create, number=2, examples=4)
