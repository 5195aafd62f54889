"""The store's contract, on SQLite and PostgreSQL: transactions, conflicts, migrations, what a fault becomes."""

from __future__ import annotations

import multiprocessing
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from core.backend.store import Store, migrate, open_store, tables
from core.backend.store.idempotency import recall, remember
from core.backend.store.tables import entries, ledger_head, metadata, settings
from core.errors import DatabaseFailed, KeyReused, SettingsInvalid


def put(key: str, value: str) -> Callable[[Connection], None]:
    def fn(connection: Connection) -> None:
        connection.execute(insert(settings).values(key=key, value=value))

    return fn


def get(key: str) -> Callable[[Connection], str | None]:
    return lambda connection: connection.execute(
        select(settings.c.value).where(settings.c.key == key)
    ).scalar_one_or_none()


def test_what_was_written_is_there_for_others(opened: Callable[[], Store]) -> None:
    first, second = opened(), opened()
    first.write(put("a", "1"))
    assert second.read(get("a")) == "1"


def test_an_exception_takes_everything_back(store: Store) -> None:
    def fn(connection: Connection) -> None:
        put("a", "1")(connection)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        store.write(fn)
    assert store.read(get("a")) is None


def test_a_reader_cannot_change_anything(store: Store) -> None:
    with pytest.raises(DatabaseFailed):
        store.read(put("a", "1"))
    store.write(put("a", "2"))
    assert store.read(get("a")) == "2"


def test_read_then_write_loses_no_update(opened: Callable[[], Store]) -> None:
    """The naive way loses some of them: every writer reads a number and writes it back plus one."""
    opened().write(put("n", "0"))

    def add_one(connection: Connection) -> None:
        now = int(connection.execute(select(settings.c.value).where(settings.c.key == "n")).scalar_one())
        connection.execute(update(settings).where(settings.c.key == "n").values(value=str(now + 1)))

    def work(mine: Store) -> None:
        for _ in range(25):
            mine.write(add_one)

    threads = [threading.Thread(target=work, args=(opened(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened().read(get("n")) == "100"


def test_no_write_skew(opened: Callable[[], Store]) -> None:
    """Two transactions that each read what the other one writes: one must see the other's."""
    opened().write(put("a", "on"))
    opened().write(put("b", "on"))
    barrier = threading.Barrier(2, timeout=5)
    waited: list[str] = []

    def switch_off(mine: str) -> Callable[[Connection], None]:
        def fn(connection: Connection) -> None:
            on = connection.execute(select(func.count()).where(settings.c.value == "on")).scalar_one()
            if mine not in waited:
                waited.append(mine)
                if connection.dialect.name == "postgresql":  # SQLite lets only one of them in here
                    barrier.wait()
            if on == 2:
                connection.execute(update(settings).where(settings.c.key == mine).values(value="off"))

        return fn

    threads = [threading.Thread(target=opened().write, args=(switch_off(key),)) for key in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((opened().read(get("a")), opened().read(get("b")))) == ["off", "on"]


def test_the_schema_is_what_the_tables_say(store: Store) -> None:
    assert store.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


def test_opening_again_changes_nothing(opened: Callable[[], Store]) -> None:
    opened().write(put("a", "1"))
    assert opened().read(get("a")) == "1"


def _open_and_leave(url: str, go: object, names: object) -> None:
    go.wait(30)  # type: ignore[attr-defined]
    store = open_store(url)
    names.put(store.read(lambda c: c.execute(select(func.count()).select_from(ledger_head)).scalar_one()))  # type: ignore[attr-defined]
    store.dispose()


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    go, names = context.Event(), context.Queue()
    processes = [context.Process(target=_open_and_leave, args=(database_url, go, names)) for _ in range(3)]
    for process in processes:
        process.start()
    go.set()
    counts = [names.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert counts == [1, 1, 1]
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_a_database_of_the_first_version_is_brought_up_to_date(database_url: str) -> None:
    """What is in it stays, and the result is the schema of the tables."""
    engine = create_engine(database_url)
    if database_url.startswith("sqlite"):
        Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "newline")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO organisations (id, name, contract_number, created) VALUES ('o', 'Old', 'C-1', 5)")
        )
        columns = "id, organisation_id, product_group, system, minutes, state, at, expires, posted"
        connection.execute(
            text(f"INSERT INTO reservations ({columns}) VALUES ('r', 'o', 'vans', 'X', 1, 'posted', 5, 6, 1)")
        )
    engine.dispose()
    store = open_store(database_url)
    try:
        assert store.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []
        (row,) = store.read(lambda c: c.execute(tables.reservations.select()).all())
        assert (row.id, row.system, row.begun) == ("r", "X", None)
    finally:
        store.dispose()


def test_a_newer_database_is_left_alone(store: Store, database_url: str) -> None:
    store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(DatabaseFailed, match="newer version"):
        open_store(database_url, patience=1)


def test_entries_cannot_be_changed(store: Store) -> None:
    """The database itself refuses, so that no program with our rights can."""
    row = {
        "number": 1, "at": 0, "operation": "buy", "key": "k", "organisation_id": "o", "product_group": "g",
        "unit": "minute", "source": "issued", "target": "purchased", "amount": 1, "reference": "", "previous": "",
        "hash": "h",
    }  # fmt: skip

    def fill(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO organisations (id, name, contract_number, created) VALUES ('o', 'o', 'o', 0)")
        )
        connection.execute(insert(entries).values(**row))

    store.write(fill)
    for change in ("UPDATE entries SET amount = 2", "DELETE FROM entries"):
        with pytest.raises(DatabaseFailed):
            store.write(lambda c, change=change: c.execute(text(change)))
    assert store.read(lambda c: c.execute(select(entries.c.amount)).scalar_one()) == 1


def test_balances_cannot_fall_below_zero(store: Store) -> None:
    insertion = text("INSERT INTO accounts VALUES ('o', 'g', 'minute', 'purchased', -1)")
    organisation = text("INSERT INTO organisations (id, name, contract_number, created) VALUES ('o', 'o', 'o', 0)")
    store.write(lambda c: c.execute(organisation))
    with pytest.raises(DatabaseFailed):
        store.write(lambda c: c.execute(insertion))


def test_a_kept_answer_comes_back_and_another_request_is_refused(store: Store) -> None:
    store.write(lambda c: remember(c, "org", "key", "hash", '{"a":1}', 5))
    assert store.read(lambda c: recall(c, "org", "key", "hash")) == '{"a":1}'
    assert store.read(lambda c: recall(c, "other", "key", "hash")) is None
    with pytest.raises(KeyReused):
        store.read(lambda c: recall(c, "org", "key", "other"))


def test_two_requests_that_race_for_one_key_get_one_answer(opened: Callable[[], Store]) -> None:
    barrier = threading.Barrier(2, timeout=5)
    answers: list[str] = []

    def ask(mine: Store, name: str) -> None:
        first = True

        def fn(connection: Connection) -> str:
            nonlocal first
            body = recall(connection, "org", "key", "hash")
            if first and connection.dialect.name == "postgresql":
                first = False
                barrier.wait()
            if body is not None:
                return body
            remember(connection, "org", "key", "hash", name, 5)
            return name

        answers.append(mine.write(fn))

    threads = [threading.Thread(target=ask, args=(opened(), name)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert len(set(answers)) == 1


@pytest.mark.parametrize("url", ["nonsense", "mysql://x", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_store(url)


def test_a_server_that_is_not_there_is_told() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(DatabaseFailed, match="cannot be reached"):
        open_store("postgresql://nobody@127.0.0.1:9/none", patience=0.2)


def test_the_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "backend.db"
    store = open_store(f"sqlite:///{path}")
    store.write(put("a", "1"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    store.dispose()
    assert set(modes.values()) == {0o600}
    assert "backend.db" in modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


_OTHER = """
import sys
from core.backend.store import open_store
from core.backend.store.tables import settings
store = open_store(sys.argv[1])
store.write(lambda c: c.execute(settings.insert().values(key=sys.argv[2], value="other")))
store.dispose()
"""


def test_a_second_store_in_one_process_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    """Opening and closing the file ourselves dropped them: another process then took the WAL away under the first.

    What that one wrote was not seen here, and what was written here was lost.
    """
    url = f"sqlite:///{tmp_path / 'a.db'}"
    first, second = open_store(url), open_store(url)
    first.write(put("a", "1"))
    for name in ("b", "c"):
        subprocess.run([sys.executable, "-c", _OTHER, url, name], check=True, timeout=60)
        assert first.read(get(name)) == "other"
        first.write(put(f"after {name}", "1"))
    assert (tmp_path / "a.db-wal").exists()
    second.dispose()
    first.dispose()
    third = open_store(url)
    assert [third.read(get(name)) for name in ("a", "after b", "after c")] == ["1", "1", "1"]
    third.dispose()


def test_sqlite_writes_ahead_and_waits_for_the_disk(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}")

    def pragmas(connection: Connection) -> tuple[object, ...]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names)

    assert store.write(pragmas) == ("wal", 2, 1)
    store.dispose()


def test_a_lasting_conflict_ends(tmp_path: Path) -> None:
    """A writer that never lets go: the others give up after their patience instead of hanging."""
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", patience=0.0)
    calls = []

    def fn(connection: Connection) -> None:
        calls.append(1)
        raise DBAPIError.instance("", {}, _busy(), Exception)  # type: ignore[misc]

    with pytest.raises(DatabaseFailed, match="too busy"):
        store.write(fn)
    assert calls == [1]
    store.dispose()


def _busy() -> Exception:
    import sqlite3

    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error
