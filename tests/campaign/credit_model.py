"""`python -m tests.campaign credit_model --seed N --steps 10000`: the ledger against a model that is too simple to err.

hypothesis chooses purchases, jobs, repetitions and passing time. The model knows minutes and packages of one group as
plain numbers and counts covered time minute by minute; after each step both must say the same.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, update

from core.backend.ledger import Ledger, Receipt, Reservation
from core.backend.store import Store, open_store
from core.backend.store.tables import organisations
from core.errors import BackendRefused, CreditMissing, CreditUsedUp, KeyReused, ReservationClosed
from core.vocabulary.online.paper import CreditDuration
from tests.backend.postgres import FAST, Postgres, why_not

MINUTE = 60_000
DAY = 24 * 60  # minutes; few and round numbers, so that things happen at the same moment
ORGANISATION, GROUP = "org-1", "passenger cars"
SYSTEMS = ("", "4FDEB136488F", "0123456789AB")
WAITS = st.sampled_from((0, 0, 1, 10, 50, 60, DAY))
STEPS_OF_ONE = 50


@dataclass
class Job:
    """A reservation as the model sees it. Times in minutes."""

    minutes: int
    at: int
    expires: int
    system: str = ""
    begins: bool = False
    state: str = "open"


@dataclass
class Model:
    """One product group. `left` counts minutes, `days` packages of a day; `spans` are (begun, ends) of begun ones."""

    now: int = 1_000_000
    contract: int | None = None
    left: int = 0
    owed: int = 0
    days: int = 0
    bought: bool = False
    consumed: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)  # system -> up to when its time is paid

    def settle(self) -> None:
        for job in self.jobs.values():
            if job.state == "open" and job.expires <= self.now:
                job.state = "timed-out"
                self.left += job.minutes
        self.tidy()

    def tidy(self) -> None:
        paid = min(self.left, self.owed)
        self.left -= paid
        self.owed -= paid
        if self.over:
            self.left = self.days = 0
            self.spans = [(begun, min(ends, self.contract or 0)) for begun, ends in self.spans]

    @property
    def over(self) -> bool:
        return self.contract is not None and self.contract <= self.now

    def covered(self, minute: int) -> bool:
        return any(begun <= minute < ends for begun, ends in self.spans)

    def charge(self, job: Job, minutes: int) -> int:
        if not any(ends > job.at for _, ends in self.spans):
            return minutes
        return min(minutes, sum(not self.covered(minute) for minute in range(job.at, self.now)))

    def post(self, job: Job, minutes: int) -> int:
        charge = self.charge(job, minutes)
        if job.state == "open":
            self.left += job.minutes
        job.state = "posted"
        self.left, self.owed = max(0, self.left - charge), self.owed + max(0, charge - self.left)
        self.consumed += charge
        self.tidy()
        if charge and job.system:
            since = max(self.paid.get(job.system, 0), job.at if job.begins else 0)
            self.paid[job.system] = max(self.paid.get(job.system, 0), min(since + charge, self.now + 1))
        return charge

    def goes_on(self, system: str) -> bool:
        """Whether a permit of 0 minutes is free."""
        covered = self.covered(self.now) and not self.over
        return covered or self.paid.get(system, 0) > self.now

    @property
    def held(self) -> int:
        return sum(job.minutes for job in self.jobs.values() if job.state == "open")


class LedgerMachine(RuleBasedStateMachine):
    """The ledger on a fresh database beside its model. `fresh` gives the URL of the database."""

    fresh: ClassVar[Callable[[], str]]

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = open_store(type(self).fresh())
        self.store.write(
            lambda c: c.execute(
                insert(organisations).values(
                    id=ORGANISATION, name="x", contract_number="1", contract_end=None, created=0
                )
            )
        )
        self.ledger = Ledger(self.store)
        self.model = Model()
        self.keys = itertools.count()
        self.said: list[tuple[str, Callable[[str], Receipt | Reservation], str]] = []

    @property
    def now(self) -> int:
        return self.model.now * MINUTE

    def ask(self, call: Callable[[str], Receipt | Reservation]) -> Any:
        """With a new key; what was answered is kept, so that `repeat` can ask again."""
        key = f"k{next(self.keys)}"
        answer = call(key)
        self.said.append((key, call, answer.body))
        return answer

    @initialize(hours=st.integers(0, 2), days=st.integers(0, 2))
    def begin_with_credit(self, hours: int, days: int) -> None:
        if hours:
            self.buy(hours, CreditDuration.HOUR)
        if days:
            self.buy(days, CreditDuration.DAY)

    @rule(count=st.integers(1, 3), duration=st.sampled_from((CreditDuration.HOUR, CreditDuration.DAY)))
    def buy(self, count: int, duration: CreditDuration) -> None:
        now = self.now

        def call(key: str) -> Receipt:
            return self.ledger.buy(ORGANISATION, GROUP, duration, count, key, now)

        if self.model.over:
            with pytest.raises(BackendRefused):
                call("refused")
            return
        self.model.settle()
        self.model.bought = True
        if duration is CreditDuration.HOUR:
            self.model.left += 60 * count
        else:
            self.model.days += count
        self.model.tidy()
        self.ask(call)

    @rule(wait=WAITS, minutes=st.sampled_from((0, 1, 10, 45, 60, 90)), timeout=st.sampled_from((10, 60, DAY)),
          system=st.sampled_from(SYSTEMS), begins=st.booleans())  # fmt: skip
    def reserve(self, wait: int, minutes: int, timeout: int, system: str, begins: bool) -> None:
        self.model.now += wait
        now, model = self.now, self.model

        def call(key: str) -> Reservation:
            expires = timeout * MINUTE
            return self.ledger.reserve(ORGANISATION, GROUP, minutes, key, now, expires, system, begins=begins)

        model.settle()
        taken = 0
        if not model.covered(model.now):
            if model.left >= max(1, minutes):
                taken = minutes
                model.left -= minutes
            elif model.days:
                model.days -= 1
                model.spans.append((model.now, model.now + DAY))
            else:
                with pytest.raises(CreditUsedUp if model.bought else CreditMissing):
                    call("refused")
                return
        answer: Reservation = self.ask(call)
        assert answer.minutes == taken
        model.jobs[answer.id] = Job(taken, model.now, model.now + timeout, system, begins)

    def job(self, choice: int) -> str:
        """One of the open jobs; one in eight times any job, closed ones too."""
        jobs = list(self.model.jobs)
        waiting = [name for name in jobs if self.model.jobs[name].state == "open"]
        chosen = waiting if waiting and choice % 8 else jobs
        return chosen[choice // 8 % len(chosen)]

    @precondition(lambda self: self.model.jobs)
    @rule(wait=WAITS, choice=st.integers(0, 1000), minutes=st.sampled_from((0, 1, 9, 10, 11, 60, 100)))
    def post(self, wait: int, choice: int, minutes: int) -> None:
        self.model.now += wait
        now, model, job = self.now, self.model, self.job(choice)

        def call(key: str) -> Receipt:
            return self.ledger.post(job, minutes, key, now)

        model.settle()
        if model.jobs[job].state in ("posted", "voided"):
            with pytest.raises(ReservationClosed):
                call("refused")
            return
        assert self.ask(call).minutes == model.post(model.jobs[job], minutes)

    @precondition(lambda self: self.model.jobs)
    @rule(choice=st.integers(0, 1000))
    def void(self, choice: int) -> None:
        now, model, job = self.now, self.model, self.job(choice)

        def call(key: str) -> Receipt:
            return self.ledger.void(job, key, now)

        model.settle()
        held = model.jobs[job]
        if held.state == "posted":
            with pytest.raises(ReservationClosed):
                call("refused")
            return
        back = held.minutes if held.state == "open" else 0
        assert self.ask(call).minutes == back
        held.state = "voided" if held.state == "open" else held.state
        model.left += back
        model.tidy()

    @precondition(lambda self: self.model.held)
    @rule(wait=WAITS)
    def sweep(self, wait: int) -> None:
        self.model.now += wait
        self.ledger.expire(self.now)
        assert self.ledger.expire(self.now) == 0

    @precondition(lambda self: self.model.contract is None and self.model.consumed)
    @rule(ahead=st.sampled_from((60, DAY, 3 * DAY)))
    def agree_on_an_end(self, ahead: int) -> None:
        """Somebody writes the contract's end down, as the portal does for a new contract."""
        self.model.contract = self.model.now + ahead
        end = self.model.contract * MINUTE
        self.store.write(lambda c: c.execute(update(organisations).values(contract_end=end)))

    @precondition(lambda self: self.model.contract is not None)
    @rule(ahead=st.sampled_from((60, DAY, 30 * DAY)))
    def extend(self, ahead: int) -> None:
        self.model.settle()
        self.model.contract = self.model.now + ahead
        self.ledger.carry_over(ORGANISATION, self.model.contract * MINUTE, self.now)

    @precondition(lambda self: self.said)
    @rule(choice=st.integers(0, 10**6))
    def repeat(self, choice: int) -> None:
        """The first answer again; and the same key with another request is refused."""
        key, call, body = self.said[choice % len(self.said)]
        answer = call(key)
        assert (answer.body, answer.repeated) == (body, True)
        if choice % 2:
            with pytest.raises(KeyReused):
                self.ledger.reserve(ORGANISATION, GROUP, 1, key, self.now, MINUTE, "another system")

    @invariant()
    def both_say_the_same(self) -> None:
        before = self.ledger.balances(ORGANISATION, self.now)
        model = self.model
        model.settle()
        if not model.bought:
            assert before == ()
            return
        (balance,) = before
        for system in SYSTEMS:
            asked = (ORGANISATION, GROUP, system, self.now)
            assert self.store.read(lambda c: self.ledger.covered(*asked, c)) is model.goes_on(system)  # noqa: B023
        running = [ends for begun, ends in model.spans if begun <= model.now < ends]
        assert (balance.minutes, balance.owed, balance.reserved) == (model.left, model.owed, model.held)
        assert balance.unused == (((CreditDuration.DAY, model.days),) if model.days else ())
        assert balance.until == (max(running) * MINUTE / 1000 if running else None)

    def teardown(self) -> None:
        assert self.ledger.verify() == []
        assert not self.ledger.behind(self.ledger.head())
        self.store.dispose()


def prove(fresh: Callable[[], str], number: int, examples: int, steps: int = STEPS_OF_ONE) -> None:
    """`examples` histories of `steps` steps each."""
    machine = type("Machine", (LedgerMachine,), {"fresh": staticmethod(fresh)})
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=True,
    )  # fmt: skip
    run_state_machine_as_test(seed(number)(machine), settings=chosen)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign credit_model", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--steps", type=int, default=10_000)
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    examples = -(-options.steps // STEPS_OF_ONE)
    with tempfile.TemporaryDirectory(prefix="passbay-model-") as name:
        numbers = itertools.count()
        prove(lambda: f"sqlite:///{Path(name) / f'{next(numbers)}.db'}", options.seed, examples)
    print(f"sqlite: {examples} histories of up to {STEPS_OF_ONE} steps, the ledger and its model agree", flush=True)
    if why_not():
        print(f"postgresql: skipped, {why_not()}")
        return 0
    server = Postgres(*FAST)
    try:
        prove(server.create, options.seed, examples)
    finally:
        server.stop()
    print(f"postgresql: {examples} histories of up to {STEPS_OF_ONE} steps, the ledger and its model agree", flush=True)
    return 0
