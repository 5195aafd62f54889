"""What a client may call paid: whatever it says and when, its free permits lie within minutes that were charged."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from core.backend.ledger import Ledger
from core.backend.ledger.nouns import MINUTE
from core.backend.store import Store, open_store
from core.backend.store.tables import reservations
from core.errors import CreditUsedUp
from core.vocabulary.online.paper import CreditDuration
from tests.backend.ledger.conftest import ORGANISATION as ORG
from tests.backend.ledger.conftest import add_organisation

CARS, PC = "passenger cars", "4FDEB136488F"
NOW = 1_790_000_000_000
HOUR = 60 * MINUTE

STEP = st.tuples(
    st.sampled_from((0, 1, 20, 59, 60, 61, 600)),  # seconds that pass before
    st.sampled_from(("look", "look", "begin", "begin late", "post", "void")),
    st.sampled_from((0, 1, 2, 10)),
    st.sampled_from((PC, "0123456789AB")),
)


def charge_a_look(ledger: Ledger, store: Store, system: str, key: str, now: int) -> bool:
    """As a permit of 0 minutes does: True where it was free."""

    def work(connection: Connection) -> bool:
        if ledger.covered(ORG, CARS, system, now, connection):
            return True
        held = ledger.reserve(ORG, CARS, 1, key, now, HOUR, system, begins=True, conn=connection)
        ledger.post(held.id, 1, f"{key}:minute", now, conn=connection)
        return False

    return store.write(work)


def windows(times: list[int]) -> int:
    """The fewest minutes in which all of these moments lie."""
    count, until = 0, -1
    for at in sorted(times):
        if at >= until:
            count, until = count + 1, at + MINUTE
    return count


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    folder: Path = tmp_path_factory.mktemp("paid")
    numbers = itertools.count()
    return lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(STEP, min_size=5, max_size=30))
def test_free_looks_lie_in_minutes_that_were_charged(fresh: Callable[[], str], steps: list[tuple[int, ...]]) -> None:
    store = open_store(fresh())
    try:
        store.write(add_organisation)
        ledger, now, open_jobs = Ledger(store), NOW, []
        ledger.buy(ORG, CARS, CreditDuration.HOUR, 50, "k", now)
        looks: dict[str, list[int]] = {}
        for number, (seconds, what, minutes, system) in enumerate(steps):
            now += seconds * 1000
            key = f"k{number}"
            if what == "look":
                charge_a_look(ledger, store, str(system), key, now)
                looks.setdefault(str(system), []).append(now)
            elif what.startswith("begin"):  # type: ignore[attr-defined]
                begins = what == "begin"
                open_jobs.append(
                    ledger.reserve(ORG, CARS, max(1, minutes), key, now, HOUR, str(system), begins=begins).id
                )
            elif open_jobs and what == "post":
                ledger.post(open_jobs.pop(), minutes, key, now)
            elif open_jobs:
                ledger.void(open_jobs.pop(), key, now)
        charged: dict[str, int] = {}
        for row in store.read(lambda c: c.execute(reservations.select()).all()):
            charged[row.system] = charged.get(row.system, 0) + row.posted
        for system, times in looks.items():
            assert windows(times) <= charged.get(system, 0)
        assert ledger.verify() == []
    finally:
        store.dispose()


def test_what_a_clients_own_arithmetic_calls_paid_is_paid(ledger: Ledger, store: Store) -> None:
    """Two jobs in one minute, the second one over its end: the client books one more minute afterwards."""
    ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k", NOW)
    first = ledger.reserve(ORG, CARS, 1, "a", NOW, HOUR, PC, begins=True)
    ledger.post(first.id, 1, "b", NOW + 5_000)
    assert charge_a_look(ledger, store, PC, "c", NOW + 50_000)  # it lasts 30 s: 20 s of them are not paid yet
    rest = ledger.reserve(ORG, CARS, 1, "d", NOW + 80_000, HOUR, PC)
    ledger.post(rest.id, 1, "e", NOW + 80_000)
    assert charge_a_look(ledger, store, PC, "f", NOW + 119_999)
    assert not charge_a_look(ledger, store, PC, "g", NOW + 120_000)


def test_work_that_is_booked_afterwards_pays_nothing_ahead(ledger: Ledger, store: Store) -> None:
    ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k", NOW)
    offline = ledger.reserve(ORG, CARS, 1, "a", NOW, HOUR, PC, late=True)
    ledger.post(offline.id, 58, "b", NOW)
    assert not charge_a_look(ledger, store, PC, "c", NOW)
    with pytest.raises(CreditUsedUp):
        [charge_a_look(ledger, store, PC, f"d{number}", NOW + number * MINUTE) for number in (1, 2)]


def test_a_package_by_the_clock_covers_until_its_contract_ends(ledger: Ledger, store: Store) -> None:
    ledger.buy(ORG, CARS, CreditDuration.DAY, 1, "k", NOW)
    assert not charge_a_look(ledger, store, PC, "a", NOW)
    assert charge_a_look(ledger, store, "0123456789AB", "b", NOW + 5 * HOUR)
    store.write(lambda c: c.execute(text(f"UPDATE organisations SET contract_end = {NOW + 6 * HOUR}")))
    with pytest.raises(CreditUsedUp):
        charge_a_look(ledger, store, PC, "c", NOW + 6 * HOUR)


def test_paid_time_that_nobody_booked_is_found(ledger: Ledger, store: Store) -> None:
    ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k", NOW)
    charge_a_look(ledger, store, PC, "a", NOW)
    assert ledger.verify() == []
    store.write(lambda c: c.execute(text("UPDATE paid_time SET until = until + 1")))
    assert [problem for problem in ledger.verify() if "paid further" in problem]
    store.write(lambda c: c.execute(text("UPDATE paid_time SET until = until - 1")))
