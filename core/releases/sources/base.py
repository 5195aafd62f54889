"""The face of a source: named bytes with a limit, and long ones as a stream from an offset. Trusts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from core.errors import DownloadEndless, ReleaseError

CHUNK = 1 << 20


class NotThere(ReleaseError):
    """The source has no such file. `status` as HTTP would say."""

    code = "PB-808"
    default_advice = "Search again; if it stays, tell whoever publishes the releases."

    def __init__(self, message: str, status: int = 404) -> None:
        super().__init__(message)
        self.status = status


class Stopped(Exception):
    """The technician paused: `stop` said so in the middle of a transfer."""


class Source(Protocol):
    """`offline`: asking again makes it no newer (a stick, a zip), so that its age is a warning, no refusal."""

    name: str
    offline: bool

    def read(self, path: str, limit: int) -> bytes:
        """All of a small file. NotThere; DownloadEndless over the limit; DownloadTooSlow; BackendUnreachable."""
        ...

    def stream(
        self, path: str, length: int, offset: int = 0, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        """The bytes of `path` from `offset` up to `length`, in chunks. The same errors; Stopped."""
        ...

    def close(self) -> None: ...


def too_much(path: str, limit: int) -> DownloadEndless:
    return DownloadEndless(f"More than the declared {limit:,} bytes came for {path}: endless data.")
