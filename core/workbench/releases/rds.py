"""Retail Data Storage for the roof: a running store and the source behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BackendUnreachable, UsageError
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.backend.rds.server import RdsServer
    from core.releases.sources.base import Source


class RunningStore:
    """`url` is what clients are configured with. `close` ends it."""

    def __init__(self, server: RdsServer, source: Source) -> None:
        self._server, self._source = server, source
        self.url = server.url

    def close(self) -> None:
        self._server.stop()
        self._source.close()


def serve_rds(
    paths: WorkbenchPaths, source: str, folder: Path | None, host: str, port: int, note: Callable[[str], None]
) -> RunningStore:
    """Returns when it listens. UsageError without a source, BackendUnreachable where the port is not free."""
    from core.backend.rds.server import RdsServer
    from core.backend.rds.storage import Storage
    from core.workbench.releases.origin import source_of

    if not source:
        raise UsageError("The store needs a source.", "Give --source, the address of the publisher's repository.")
    opened = source_of(source, paths)
    try:
        server = RdsServer((host, port), Storage(folder or paths.data / "rds", opened, note), note)
    except OSError as problem:
        opened.close()
        raise BackendUnreachable(
            f"{host}:{port} cannot be used: {problem.strerror or problem}.", "Choose another --host or --port."
        ) from problem
    server.start()
    return RunningStore(server, opened)
