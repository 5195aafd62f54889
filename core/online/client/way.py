"""What a way to the back end is: one request, one answer, or an error that says on which side the fault is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `seconds`: how long it took."""

    status: int
    kind: str  # media type without parameters
    body: bytes
    seconds: float
    retry_after: str = ""


class Way(Protocol):
    """`ask` raises LocalNetworkFault or BackendUnreachable, nothing else. `path` is below the back end's address,
    or a whole https address of a log-in provider."""

    @property
    def embedded(self) -> bool: ...

    @property
    def url(self) -> str: ...

    def ask(
        self, method: str, path: str, *, body: bytes = b"", kind: str = "", headers: dict[str, str] | None = None
    ) -> Answer: ...

    def close(self) -> None: ...
