"""One HTTP operation as data: method, path, what it takes and gives, who may, how often. Routes and OpenAPI read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from core.backend.context import Backend
from core.backend.identity.people import User


class Share(Enum):
    """Classes of operations by what they cost or give away, each with its part of an address's allowance."""

    PLAIN = "plain"
    CHECK = "check"  # tells whether a hardware ID is known
    LOGIN = "login"  # codes and tokens
    ORDER = "order"  # signs and stores
    FILES = "files"  # releases, which come in many pieces


ALLOWED = {Share.PLAIN: 1.0, Share.CHECK: 0.2, Share.LOGIN: 0.2, Share.ORDER: 0.1, Share.FILES: 10.0}


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation is given. `user` is there where it needs a bearer, `key` where it needs an Idempotency-Key."""

    backend: Backend
    now: int
    address: str
    body: Any = None
    query: Any = None
    key: str = ""
    bearer: User | None = None

    @property
    def user(self) -> User:
        assert self.bearer is not None  # the endpoint has answered 401 before
        return self.bearer


@dataclass(frozen=True, slots=True)
class Operation:
    """`run` is called in a worker thread, gives an `answer` (or raises a ProductError). `form`: the body is no JSON."""

    method: str
    path: str
    run: Callable[[Call], Any]
    summary: str
    answer: type
    body: type | None = None
    query: type | None = None
    form: bool = False
    bearer: bool = False
    keyed: bool = False
    share: Share = Share.PLAIN
    refusals: tuple[int, ...] = ()
    media_type: str = "application/json"
