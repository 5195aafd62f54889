"""What the ledger answers: receipts and reservations, and the text that a repeated request gets byte for byte. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

MINUTE = 60_000  # milliseconds


class Head(NamedTuple):
    """The newest entry of the ledger. Whoever keeps it can tell later whether the database is the same one."""

    number: int
    hash: str


EMPTY = Head(0, "")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was booked. `number` and `hash` are the ledger's head right after it: the client keeps the last one.

    `minutes_left` is None while a package by the clock runs, which ends at `until`. `owed`: minutes that a running job
    used beyond the credit; the next purchase pays them first.
    """

    operation: str
    organisation: str
    group: str
    minutes: int
    minutes_left: int | None
    number: int
    hash: str
    at: int
    reservation: str = ""
    until: int | None = None
    owed: int = 0
    repeated: bool = False  # the key had come before; not part of the answer

    @property
    def body(self) -> str:
        """The answer as text: the same bytes for the first request and for every repetition."""
        return canonical(_answer(self))


@dataclass(frozen=True, slots=True)
class Reservation:
    """Minutes that are set apart for a running job. `id` is what `post` and `void` name; `receipt` is the proof.

    `minutes` is 0 while a package by the clock runs: the job costs nothing, but its reservation is posted all the same.
    """

    id: str
    organisation: str
    group: str
    minutes: int
    expires: int
    receipt: Receipt

    @property
    def body(self) -> str:
        return canonical(asdict(self) | {"receipt": _answer(self.receipt)})

    @property
    def repeated(self) -> bool:
        return self.receipt.repeated


def _answer(receipt: Receipt) -> dict[str, Any]:
    answer = asdict(receipt)
    del answer["repeated"]
    return answer


def canonical(value: Any) -> str:
    """JSON with one spelling: sorted, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def receipt_from(body: str) -> Receipt:
    return Receipt(**json.loads(body), repeated=True)


def reservation_from(body: str) -> Reservation:
    values = json.loads(body)
    return Reservation(**(values | {"receipt": Receipt(**values["receipt"], repeated=True)}))
