"""What every handler of the back end is given: store, ledger, clock, and how this back end was started."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from core.backend.ledger import Ledger
    from core.backend.store import Store

T = TypeVar("T")
EMBEDDED_URL = "https://embedded.passbay.invalid"
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Config:
    """How a back end was started. What its administrator changes while it runs lies in the store (settings)."""

    public_url: str = EMBEDDED_URL  # the issuer of tokens, and where the portal is
    embedded: bool = False
    tls: bool = False
    body_limit: int = 64 * 1024  # bytes of a JSON or form body; uploads of device data are far smaller
    body_seconds: float = 15.0  # a body that drips in for longer is given up
    requests_per_minute: int = 600  # of one address, each class of operations by its own share; 0: no limit
    metrics_folder: str = ""  # where worker processes share their counters


@dataclass(slots=True)
class Backend:
    store: Store
    ledger: Ledger
    config: Config
    clock: Callable[[], float]  # seconds since the epoch
    owner_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def now(self) -> int:
        """Milliseconds UTC."""
        return int(self.clock() * 1000)

    def read(self, work: Callable[[Connection], T]) -> T:
        return self.store.read(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.store.write(work)


def new_id() -> str:
    return uuid.uuid4().hex
