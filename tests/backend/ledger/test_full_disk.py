"""T2: a full disk neither corrupts the ledger nor charges half, and with room again it goes on. Real small disks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from core.backend.ledger import Ledger, Receipt
from core.backend.store import Store, open_store
from core.errors import DatabaseFailed, DatabaseFull
from core.vocabulary.online.paper import CreditDuration
from tests.backend.ledger.conftest import ORGANISATION as ORG
from tests.backend.ledger.conftest import add_organisation
from tests.backend.postgres import Postgres

CARS = "passenger cars"
NOW = 1_790_000_000_000
MOST = 5000


@contextmanager
def small_disk(place: Path, kib: int, owner: str = "") -> Iterator[Path]:
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    place.mkdir(exist_ok=True)
    options = f"size={kib}k,mode=700{owner}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int) -> Path:
    """Fills the disk up to `leave` bytes; removing the file makes room again."""
    room = os.statvfs(place)
    filler = place / "filler"
    filler.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
    return filler


def charge_until_full(ledger: Ledger) -> tuple[list[Receipt], int]:
    """(what was acknowledged, number of the request that was refused)"""
    acknowledged = []
    for number in range(MOST):
        try:
            held = ledger.reserve(ORG, CARS, 1, f"r{number}", NOW, 3_600_000)
            acknowledged.append(held.receipt)
            acknowledged.append(ledger.post(held.id, 1, f"p{number}", NOW))
        except DatabaseFull:
            return acknowledged, number
    raise AssertionError("the disk did not become full")


def everything_is_there(ledger: Ledger, store: Store, acknowledged: list[Receipt]) -> None:
    assert ledger.verify() == []
    assert [receipt.number for receipt in acknowledged if ledger.behind(receipt)] == []
    if store.kind == "sqlite":
        assert store.read(lambda c: c.execute(text("PRAGMA integrity_check")).scalar_one()) == "ok"
    posted = sum(receipt.minutes for receipt in acknowledged if receipt.operation == "post")
    open_ones = sum(receipt.minutes for receipt in acknowledged if receipt.operation == "reserve") - posted
    (balance,) = ledger.balances(ORG, NOW)
    assert (balance.minutes, balance.reserved) == (60_000 - posted - open_ones, open_ones)


def full_and_free_again(store: Store, room: Callable[[], None]) -> None:
    ledger = Ledger(store)
    acknowledged, refused = charge_until_full(ledger)
    assert len(acknowledged) >= 3, "some of them found room"
    everything_is_there(ledger, store, acknowledged)
    head = ledger.head()
    with pytest.raises(DatabaseFull):
        for number in range(50):  # a single one may still find room in a page that is there
            ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, f"more {number}", NOW)
            head = ledger.head()
    assert ledger.head() == head, "what was refused left nothing"
    room()
    held = ledger.reserve(ORG, CARS, 1, f"r{refused}", NOW, 3_600_000)
    assert ledger.post(held.id, 1, f"p{refused}", NOW).minutes == 1, "the same key goes on"
    assert ledger.verify() == []


def test_a_full_disk_under_sqlite(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4096) as place:
        store = open_store(f"sqlite:///{place / 'backend.db'}", patience=1)
        store.write(add_organisation)
        Ledger(store).buy(ORG, CARS, CreditDuration.HOUR, 1000, "first", NOW)
        filler = fill(place, 200_000)
        try:
            full_and_free_again(store, filler.unlink)
        finally:
            store.dispose()


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    """No schema fits: told as what it is, and with room again the same file works."""
    with small_disk(tmp_path / "disk", 1024) as place:
        filler = fill(place, 40_000)
        with pytest.raises(DatabaseFailed) as told:
            open_store(f"sqlite:///{place / 'backend.db'}", patience=1)
        assert isinstance(told.value, DatabaseFull)
        filler.unlink()
        store = open_store(f"sqlite:///{place / 'backend.db'}", patience=1)
        store.write(add_organisation)
        assert Ledger(store).verify() == []
        store.dispose()


def test_a_full_disk_under_postgresql(postgres: Postgres) -> None:
    """The tables lie on the small disk; the server's own files do not, because without them it would stop."""
    place = postgres.folder / "small"
    with small_disk(place, 24 * 1024, f",uid={postgres.uid}") as folder:
        postgres.execute("postgres", f"CREATE TABLESPACE small LOCATION '{folder}'")
        postgres.execute("postgres", "CREATE DATABASE small TABLESPACE small")
        store = open_store(postgres.url("small"), patience=1)
        try:
            store.write(add_organisation)
            Ledger(store).buy(ORG, CARS, CreditDuration.HOUR, 1000, "first", NOW)
            filler = fill(folder, 200_000)
            full_and_free_again(store, filler.unlink)
        finally:
            store.dispose()
            postgres.execute("postgres", "DROP DATABASE small WITH (FORCE)")
            postgres.execute("postgres", "DROP TABLESPACE small")
