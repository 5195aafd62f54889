"""Time credit by the rules of the manual (G3, K1, K2, K4), on SQLite and PostgreSQL; every test ends with `verify`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from core.backend.ledger import Head, Ledger
from core.backend.ledger.nouns import MINUTE
from core.backend.store import Store
from core.errors import (
    BackendRefused,
    CreditMissing,
    CreditUsedUp,
    KeyReused,
    ReservationClosed,
    ReservationUnknown,
)
from core.vocabulary.online.paper import CreditBalance, CreditDuration
from tests.backend.ledger.conftest import ORGANISATION as ORG
from tests.backend.ledger.conftest import add_organisation

CARS = "passenger cars"
HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_790_000_000_000


@pytest.fixture(autouse=True)
def everything_holds(ledger: Ledger) -> Iterator[None]:
    yield
    assert ledger.verify() == []


def buy(ledger: Ledger, duration: CreditDuration = CreditDuration.HOUR, count: int = 1, now: int = NOW) -> None:
    ledger.buy(ORG, CARS, duration, count, f"buy-{duration.value}-{count}-{now}", now)


def cars(ledger: Ledger, now: int = NOW) -> CreditBalance:
    (balance,) = ledger.balances(ORG, now)
    assert balance.group == CARS
    return balance


def test_buy_reserve_post(ledger: Ledger) -> None:
    assert ledger.buy(ORG, CARS, CreditDuration.HOUR, 2, "k1", NOW).minutes_left == 120
    reservation = ledger.reserve(ORG, CARS, 10, "k2", NOW, HOUR, "4FDEB136488F")
    assert (reservation.minutes, reservation.receipt.minutes_left) == (10, 110)
    assert cars(ledger) == CreditBalance(CARS, 110, reserved=10, ever=True)
    receipt = ledger.post(reservation.id, 4, "k3", NOW + 4 * MINUTE)
    assert (receipt.minutes, receipt.minutes_left) == (4, 116)
    assert cars(ledger) == CreditBalance(CARS, 116, ever=True)


def test_void_gives_all_back(ledger: Ledger) -> None:
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 10, "k2", NOW, HOUR)
    assert ledger.void(reservation.id, "k3", NOW).minutes_left == 60
    assert ledger.void(reservation.id, "k4", NOW).minutes == 0, "nothing is given back twice"
    with pytest.raises(ReservationClosed):
        ledger.post(reservation.id, 1, "k5", NOW)
    assert cars(ledger).minutes == 60


def test_what_was_posted_stays(ledger: Ledger) -> None:
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 10, "k2", NOW, HOUR)
    ledger.post(reservation.id, 10, "k3", NOW)
    with pytest.raises(ReservationClosed):
        ledger.void(reservation.id, "k4", NOW)
    with pytest.raises(ReservationClosed):
        ledger.post(reservation.id, 10, "k5", NOW)
    assert cars(ledger).minutes == 50


def test_a_reservation_times_out(ledger: Ledger) -> None:
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 60, "k2", NOW, HOUR)
    with pytest.raises(CreditUsedUp):
        ledger.reserve(ORG, CARS, 1, "k3", NOW + HOUR - 1, HOUR)
    assert cars(ledger, NOW + HOUR).minutes == 60, "as the next booking would find it"
    ledger.reserve(ORG, CARS, 60, "k3", NOW + HOUR, HOUR)
    assert ledger.void(reservation.id, "k4", NOW + HOUR).minutes == 0
    assert cars(ledger, NOW + HOUR).reserved == 60


def test_a_late_post_is_booked_once(ledger: Ledger) -> None:
    """A flash that ran longer than the time-out is paid all the same."""
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 5, "k2", NOW, HOUR)
    assert ledger.post(reservation.id, 90, "k3", NOW + 2 * HOUR).owed == 30
    assert ledger.post(reservation.id, 90, "k3", NOW + 2 * HOUR).owed == 30
    assert cars(ledger, NOW + 2 * HOUR) == CreditBalance(CARS, 0, ever=True, owed=30)


def test_more_than_reserved_takes_from_the_rest_and_then_owes(ledger: Ledger) -> None:
    buy(ledger)
    first = ledger.reserve(ORG, CARS, 30, "k2", NOW, HOUR)
    other = ledger.reserve(ORG, CARS, 20, "k3", NOW, HOUR)
    receipt = ledger.post(first.id, 45, "k4", NOW)
    assert (receipt.minutes, receipt.minutes_left, receipt.owed) == (45, 0, 5)
    assert ledger.void(other.id, "k5", NOW).owed == 0, "the other job's minutes pay the debt"
    assert cars(ledger).minutes == 15


def test_the_next_purchase_pays_the_debt(ledger: Ledger) -> None:
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 60, "k2", NOW, HOUR)
    ledger.post(reservation.id, 70, "k3", NOW)
    assert cars(ledger).owed == 10
    assert ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k4", NOW).minutes_left == 50
    assert cars(ledger).owed == 0


def test_never_had_credit_and_used_up_are_two_messages(ledger: Ledger) -> None:
    with pytest.raises(CreditMissing):
        ledger.reserve(ORG, CARS, 1, "k1", NOW, HOUR)
    assert ledger.balances(ORG, NOW) == ()
    buy(ledger)
    with pytest.raises(CreditMissing):
        ledger.reserve(ORG, "trucks", 1, "k2", NOW, HOUR)
    ledger.reserve(ORG, CARS, 60, "k3", NOW, HOUR)
    with pytest.raises(CreditUsedUp):
        ledger.reserve(ORG, CARS, 1, "k4", NOW, HOUR)


def test_a_refusal_is_not_kept(ledger: Ledger) -> None:
    with pytest.raises(CreditMissing):
        ledger.reserve(ORG, CARS, 1, "k1", NOW, HOUR)
    buy(ledger)
    assert ledger.reserve(ORG, CARS, 1, "k1", NOW, HOUR).minutes == 1


def test_the_same_key_gets_the_same_bytes(ledger: Ledger) -> None:
    first = ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k1", NOW)
    again = ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k1", NOW + DAY)
    assert (first.body, first.repeated) == (again.body, not again.repeated)
    reserved = ledger.reserve(ORG, CARS, 5, "k2", NOW, HOUR)
    again_reserved = ledger.reserve(ORG, CARS, 5, "k2", NOW + DAY, HOUR)
    assert (reserved.body, again_reserved.repeated) == (again_reserved.body, True)
    posted = ledger.post(reserved.id, 5, "k3", NOW)
    assert ledger.post(reserved.id, 5, "k3", NOW + 1).body == posted.body
    assert cars(ledger).minutes == 55


def test_the_same_key_with_another_request_is_refused(ledger: Ledger) -> None:
    buy(ledger)
    reservation = ledger.reserve(ORG, CARS, 5, "k2", NOW, HOUR)
    with pytest.raises(KeyReused):
        ledger.reserve(ORG, CARS, 6, "k2", NOW, HOUR)
    with pytest.raises(KeyReused):
        ledger.void(reservation.id, "k2", NOW)
    assert cars(ledger).minutes == 55


def test_keys_belong_to_their_organisation(ledger: Ledger, store: Store) -> None:
    store.write(lambda c: add_organisation(c, "org-2"))
    ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "same", NOW)
    ledger.buy("org-2", CARS, CreditDuration.HOUR, 3, "same", NOW)
    assert [b.minutes for b in ledger.balances("org-2", NOW)] == [180]
    mine = ledger.reserve(ORG, CARS, 1, "k", NOW, HOUR)
    for call in (ledger.post, lambda *a, **k: ledger.void(a[0], *a[2:], **k)):
        with pytest.raises(ReservationUnknown):
            call(mine.id, 1, "k2", NOW, organisation="org-2")
    with pytest.raises(ReservationUnknown):
        ledger.post("nothing", 1, "k3", NOW)


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        (CreditDuration.DAY, DAY),
        (CreditDuration.WEEK, 7 * DAY),
        (CreditDuration.MONTH, 31 * DAY),
        (CreditDuration.YEAR, 365 * DAY),
    ],
)
def test_a_package_by_the_clock_begins_with_its_first_use(
    ledger: Ledger, duration: CreditDuration, length: int
) -> None:
    start = 1_767_225_600_000  # 1 January 2026
    buy(ledger, duration, now=start - 5 * DAY)
    assert cars(ledger, start).unused == ((duration, 1),)
    first = ledger.reserve(ORG, CARS, 30, "k1", start, HOUR)
    assert (first.minutes, first.receipt.minutes_left, first.receipt.until) == (0, None, start + length)
    assert ledger.post(first.id, 30, "k2", start + 30 * MINUTE).minutes == 0
    assert cars(ledger, start + 1) == CreditBalance(CARS, 0, until=(start + length) / 1000, ever=True)
    ledger.reserve(ORG, CARS, 30, "k3", start + length - 1, HOUR)
    with pytest.raises(CreditUsedUp):
        ledger.reserve(ORG, CARS, 30, "k4", start + length, HOUR)


def test_minutes_before_a_new_package_by_the_clock(ledger: Ledger) -> None:
    buy(ledger)
    buy(ledger, CreditDuration.WEEK)
    buy(ledger, CreditDuration.DAY, 2)
    assert ledger.reserve(ORG, CARS, 50, "k1", NOW, HOUR).minutes == 50
    assert ledger.reserve(ORG, CARS, 50, "k2", NOW, HOUR).receipt.until == NOW + DAY, "the shortest one"
    assert cars(ledger).unused == ((CreditDuration.DAY, 1), (CreditDuration.WEEK, 1))


def test_a_running_package_keeps_the_minutes(ledger: Ledger) -> None:
    buy(ledger, CreditDuration.DAY)
    ledger.reserve(ORG, CARS, 5, "k1", NOW, HOUR)
    buy(ledger)
    assert ledger.reserve(ORG, CARS, 5, "k2", NOW + HOUR, HOUR).minutes == 0
    assert cars(ledger).minutes == 60


def test_a_job_over_the_end_of_a_package_pays_what_is_beyond(ledger: Ledger) -> None:
    buy(ledger, CreditDuration.DAY)
    ledger.reserve(ORG, CARS, 5, "k1", NOW, HOUR)
    buy(ledger)
    job = ledger.reserve(ORG, CARS, 5, "k2", NOW + DAY - 10 * MINUTE, HOUR)
    receipt = ledger.post(job.id, 25, "k3", NOW + DAY + 14 * MINUTE + 1)
    assert (receipt.minutes, receipt.minutes_left) == (15, 45)


def test_a_job_pays_for_what_was_before_the_package_began(ledger: Ledger) -> None:
    buy(ledger)
    job = ledger.reserve(ORG, CARS, 60, "k1", NOW, DAY)
    buy(ledger, CreditDuration.DAY)
    ledger.reserve(ORG, CARS, 5, "k2", NOW + 20 * MINUTE, HOUR)
    receipt = ledger.post(job.id, 50, "k3", NOW + 50 * MINUTE)
    assert (receipt.minutes, receipt.minutes_left) == (20, None)
    assert cars(ledger, NOW + 2 * DAY).minutes == 40


def test_what_is_left_lapses_with_the_contract(ledger: Ledger) -> None:
    buy(ledger)
    buy(ledger, CreditDuration.WEEK, 2)
    running = ledger.reserve(ORG, CARS, 10, "k1", NOW, DAY)
    ledger.contract_end(ORG, NOW + HOUR)
    assert cars(ledger, NOW + HOUR) == CreditBalance(CARS, 0, reserved=10, ever=True)
    with pytest.raises(CreditUsedUp):
        ledger.reserve(ORG, CARS, 1, "k2", NOW + HOUR, HOUR)
    with pytest.raises(BackendRefused, match="contract"):
        ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k3", NOW + HOUR)
    assert ledger.post(running.id, 4, "k4", NOW + HOUR).minutes == 4, "a running job still pays with its own"
    assert cars(ledger, NOW + HOUR) == CreditBalance(CARS, 0, ever=True)


def test_a_running_package_ends_with_the_contract(ledger: Ledger) -> None:
    buy(ledger, CreditDuration.YEAR)
    ledger.reserve(ORG, CARS, 1, "k1", NOW, HOUR)
    ledger.contract_end(ORG, NOW + DAY)
    assert cars(ledger, NOW + DAY).until is None
    ledger.carry_over(ORG, NOW + 900 * DAY, NOW + DAY)
    assert cars(ledger, NOW + DAY).until is None, "what has lapsed does not come back"


def test_an_extended_contract_carries_credit_over(ledger: Ledger, store: Store) -> None:
    store.write(lambda c: c.execute(text(f"UPDATE organisations SET contract_end = {NOW + DAY}")))
    buy(ledger)
    buy(ledger, CreditDuration.MONTH)
    ledger.carry_over(ORG, NOW + 400 * DAY, NOW + DAY - 1)
    assert cars(ledger, NOW + 2 * DAY) == CreditBalance(CARS, 60, ever=True, unused=((CreditDuration.MONTH, 1),))
    assert cars(ledger, NOW + 400 * DAY) == CreditBalance(CARS, 0, ever=True)


def test_an_extension_that_comes_too_late_carries_nothing(ledger: Ledger, store: Store) -> None:
    store.write(lambda c: c.execute(text(f"UPDATE organisations SET contract_end = {NOW + DAY}")))
    buy(ledger)
    ledger.carry_over(ORG, NOW + 400 * DAY, NOW + DAY)
    assert cars(ledger, NOW + DAY).minutes == 0
    assert ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k", NOW + DAY).minutes_left == 60


def test_the_sweep_books_what_time_has_ended_and_nothing_twice(ledger: Ledger, store: Store) -> None:
    store.write(lambda c: add_organisation(c, "org-2", NOW + DAY))
    ledger.buy("org-2", CARS, CreditDuration.HOUR, 1, "k", NOW)
    buy(ledger)
    ledger.reserve(ORG, CARS, 5, "k1", NOW, HOUR)
    assert ledger.expire(NOW) == 0
    assert ledger.expire(NOW + DAY) == 2
    assert ledger.expire(NOW + DAY) == 0
    assert cars(ledger).minutes == 60


def test_taking_part_in_a_transaction(ledger: Ledger, store: Store) -> None:
    """What the caller's transaction takes back, the ledger's part goes with it."""

    def fn(connection: Connection) -> None:
        ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "k1", NOW, conn=connection)
        assert ledger.balances(ORG, NOW, conn=connection)[0].minutes == 60
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        store.write(fn)
    assert ledger.balances(ORG, NOW) == ()
    assert ledger.head() == Head(0, "")


def test_a_database_that_was_put_back_is_noticed(ledger: Ledger) -> None:
    buy(ledger)
    receipt = ledger.reserve(ORG, CARS, 5, "k1", NOW, HOUR).receipt
    assert Head(receipt.number, receipt.hash) == ledger.head()
    buy(ledger, now=NOW + 1)
    assert not ledger.behind(receipt)
    assert not ledger.behind(Head(0, ""))
    assert ledger.behind(Head(receipt.number, "0" * 64)), "the same number, but of another history"
    assert ledger.behind(Head(receipt.number + 5, receipt.hash)), "a number that does not exist here"


@pytest.mark.parametrize("change", ["amount = amount + 1", "at = at - 1", "previous = 'x'", "key = 'x'"])
def test_a_changed_entry_is_found(ledger: Ledger, store: Store, change: str) -> None:
    buy(ledger)
    buy(ledger, now=NOW + 1)
    tampered = f"UPDATE entries SET {change} WHERE number = 1"

    def fn(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER entries_no_update"))
        else:
            connection.execute(text("ALTER TABLE entries DISABLE TRIGGER ALL"))
        connection.execute(text(tampered))
        raise Found(ledger.verify(conn=connection))

    with pytest.raises(Found) as found:
        store.write(fn)
    assert found.value.problems


class Found(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clock_packages SET until = until + 1",
        "DELETE FROM clock_packages",
        "UPDATE reservations SET minutes = minutes + 1",
        "UPDATE accounts SET balance = balance + 1 WHERE kind = 'purchased'",
        "DELETE FROM accounts",
        "UPDATE ledger_head SET number = 7",
    ],
)
def test_a_balance_that_no_entry_gives_is_found(ledger: Ledger, store: Store, change: str) -> None:
    buy(ledger)
    ledger.reserve(ORG, CARS, 50, "k1", NOW, HOUR)
    buy(ledger, CreditDuration.DAY)
    ledger.reserve(ORG, CARS, 50, "k2", NOW, HOUR)

    def fn(connection: Connection) -> None:
        connection.execute(text(change))
        raise Found(ledger.verify(conn=connection))

    with pytest.raises(Found) as found:
        store.write(fn)
    assert found.value.problems


def test_nonsense_is_refused_before_the_database(ledger: Ledger) -> None:
    for call in (
        lambda: ledger.buy(ORG, CARS, CreditDuration.HOUR, 0, "k", NOW),
        lambda: ledger.buy(ORG, CARS, CreditDuration.HOUR, 1, "", NOW),
        lambda: ledger.reserve(ORG, CARS, -1, "k", NOW, HOUR),
        lambda: ledger.reserve(ORG, CARS, 1, "k", NOW, 0),
        lambda: ledger.post("r", -1, "k", NOW),
        lambda: ledger.carry_over(ORG, NOW, NOW),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            call()


def test_an_organisation_that_does_not_exist(ledger: Ledger) -> None:
    with pytest.raises(LookupError):
        ledger.buy("nobody", CARS, CreditDuration.HOUR, 1, "k", NOW)
