"""One writer of the ledger campaign: a process that may be killed at any moment and goes on where its log ends.

Like a client it writes each request with its key down before it sends it, sends it, writes the answer down, and sends
it once more: the second answer must have the same bytes. `python -m tests.campaign.charges_writer JSON`.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.errors import CreditMissing, CreditUsedUp, DatabaseFailed
from core.vocabulary.online.paper import CreditDuration

GROUPS = ("passenger cars", "trucks")
"""Credit for the first is plenty; of the second there is so little that most of the time somebody is refused."""
TIMEOUT = 3_600_000  # ms
PATIENCE = 120.0  # seconds in which a server that was killed must be back


@dataclass(frozen=True, slots=True)
class Task:
    """What one writer does; travels as JSON to its process."""

    door: str  # "ledger URL" or "http URL TOKEN-FILE"
    organisation: str
    name: str
    seed: str
    requests: int
    log: str


class Refused(Exception):
    """There was no credit for it. The request did nothing."""


class Door(Protocol):
    """A way to the ledger. Answers are texts. Raises Refused, or ConnectionError where nobody knows the outcome."""

    def buy(self, group: str, count: int, key: str) -> str: ...
    def reserve(self, group: str, minutes: int, key: str) -> str: ...
    def post(self, reservation: str, minutes: int, key: str) -> str: ...
    def void(self, reservation: str, key: str) -> str: ...


class LedgerDoor:
    """The ledger in the writer's own process: many processes write to one database."""

    def __init__(self, url: str, organisation: str) -> None:
        from core.backend.ledger import Ledger
        from core.backend.store import open_store

        self._ledger = Ledger(open_store(url, patience=PATIENCE, connections=1))
        self._organisation = organisation

    def buy(self, group: str, count: int, key: str) -> str:
        ledger, mine = self._ledger, self._organisation
        return _said(lambda: ledger.buy(mine, group, CreditDuration.HOUR, count, key, _now()).body)

    def reserve(self, group: str, minutes: int, key: str) -> str:
        ledger, mine = self._ledger, self._organisation
        return _said(lambda: ledger.reserve(mine, group, minutes, key, _now(), TIMEOUT, "4FDEB136488F").body)

    def post(self, reservation: str, minutes: int, key: str) -> str:
        return _said(lambda: self._ledger.post(reservation, minutes, key, _now()).body)

    def void(self, reservation: str, key: str) -> str:
        return _said(lambda: self._ledger.void(reservation, key, _now()).body)


def _said(call: Callable[[], str]) -> str:
    try:
        return call()
    except (CreditMissing, CreditUsedUp) as error:
        raise Refused(error.code) from error
    except DatabaseFailed as error:
        raise ConnectionError(error.message) from error


def _now() -> int:
    return time.time_ns() // 1_000_000


def door_of(task: Task) -> Door:
    kind, _, rest = task.door.partition(" ")
    if kind == "ledger":
        return LedgerDoor(rest, task.organisation)
    from tests.campaign.charges_http import HttpDoor

    return HttpDoor(*rest.split(" "))


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the plan. `of`: the number of the reserve step that it closes."""

    number: int
    operation: str
    group: str
    amount: int
    of: int = -1


def plan(seed: str, requests: int) -> Iterator[Step]:
    """The same steps for the same seed: a writer that was killed goes on with the same plan."""
    dice = random.Random(seed)
    waiting: list[tuple[int, str, int]] = []
    for number in range(requests):
        choice = dice.random()
        if waiting and choice < 0.5:
            of, group, minutes = waiting.pop(dice.randrange(len(waiting)))
            if dice.random() < 0.3:
                yield Step(number, "void", group, 0, of)
            else:
                yield Step(number, "post", group, dice.randint(0, minutes + 2 if group == GROUPS[0] else minutes), of)
        elif choice < 0.6:
            yield Step(number, "buy", GROUPS[0], dice.randint(1, 3))
        else:
            group, minutes = dice.choice(GROUPS), dice.randint(1, 9)
            waiting.append((number, group, minutes))
            yield Step(number, "reserve", group, minutes)


@dataclass
class Log:
    """What the writer knows after it was killed: requests sent and answers got, one JSON line each."""

    path: Path
    answers: dict[int, str] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    differing: list[int] = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Log:
        """What follows the last line end was torn by a kill: it is cut off."""
        log = cls(path)
        whole, end, _torn = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
        for line in whole.splitlines():
            log.take(json.loads(line))
        if path.exists():
            os.truncate(path, len(whole) + len(end))
        return log

    def take(self, line: dict[str, Any]) -> None:
        number = line["n"]
        if "answer" in line:
            self.answers[number] = line["answer"]
        elif "refused" in line:
            self.refused.add(number)
        elif "differs" in line:
            self.differing.append(number)
        elif "done" in line:
            self.done.add(number)

    def write(self, **line: Any) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
        self.take(line)


def key_of(task: Task, step: Step) -> str:
    return f"{task.name}-{task.seed}-{step.number}"


def work(task: Task) -> None:
    log, door = Log.read(Path(task.log)), door_of(task)
    for step in plan(task.seed, task.requests):
        if step.number in log.refused or step.number in log.done:
            continue
        if step.of >= 0 and step.of not in log.answers:
            continue  # what it would close was refused
        _twice(task, step, log, door)


def _twice(task: Task, step: Step, log: Log, door: Door) -> None:
    key = key_of(task, step)
    log.write(n=step.number, key=key, sent=step.operation)
    try:
        answer = _patiently(door, step, key, log)
    except Refused as refusal:
        log.write(n=step.number, refused=str(refusal))
        return
    if log.answers.get(step.number, answer) != answer:
        log.write(n=step.number, differs=answer)
    log.write(n=step.number, key=key, answer=answer)
    again = _patiently(door, step, key, log)
    if again != answer:
        log.write(n=step.number, differs=again)
    log.write(n=step.number, done=True)


def _patiently(door: Door, step: Step, key: str, log: Log) -> str:
    """Repeats with the same key while nobody answers."""
    given_up = time.monotonic() + PATIENCE
    while True:
        try:
            return _send(door, step, key, log)
        except ConnectionError:
            if time.monotonic() > given_up:
                raise
        time.sleep(0.05)


def _send(door: Door, step: Step, key: str, log: Log) -> str:
    if step.operation == "buy":
        return door.buy(step.group, step.amount, key)
    if step.operation == "reserve":
        return door.reserve(step.group, step.amount, key)
    held = json.loads(log.answers[step.of])
    reservation = held.get("id") or held["reservation"]  # the ledger's own name for it, and the API's
    if step.operation == "void":
        return door.void(reservation, key)
    return door.post(reservation, step.amount, key)
