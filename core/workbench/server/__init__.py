"""The back end for others, for the roof: start it, administer it. Loads nothing of it before it is asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StorageFailed
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.backend.admin import AdminDesk

DATABASE_VARIABLE = "PASSBAY_DATABASE"
KEY_FILE_VARIABLE = "PASSBAY_KEY_FILE"


def database(url: str | None) -> str:
    """What was given, else PASSBAY_DATABASE (argv would show a password to all), else a file in the data folder."""
    chosen = url or os.environ.get(DATABASE_VARIABLE, "")
    if chosen:
        return chosen
    folder = WorkbenchPaths.default().data / "server"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # the issuer's private key lies in it
    except OSError as error:
        raise StorageFailed(f"The folder {folder} cannot be made ({error.strerror}).") from error
    return f"sqlite:///{folder / 'server.sqlite3'}"


def serve(
    *, url: str | None, host: str, port: int, tls_cert: Path | None, tls_key: Path | None, workers: int,
    without_tls: bool, public_url: str, requests_per_minute: int, releases: Path | None, key_file: Path | None = None,
    ready: Callable[[dict[str, object]], None],
) -> None:  # fmt: skip
    """Blocks until it is told to stop (SIGINT, SIGTERM)."""
    from core.backend.serving.options import ServeOptions
    from core.backend.serving.server import serve as run

    options = ServeOptions(
        database="", host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, workers=workers,
        without_tls=without_tls, public_url=public_url, requests_per_minute=requests_per_minute, releases=releases,
        key_file=key_file or _key_file(),
    )  # fmt: skip
    options.check()  # before a database is made for a server that will not start
    run(options.with_database(database(url)), ready)


def open_admin(url: str | None) -> AdminDesk:
    from core.backend.admin import open_desk

    return open_desk(database(url), time.time, _key_file())


def _key_file() -> Path | None:
    chosen = os.environ.get(KEY_FILE_VARIABLE, "")
    return Path(chosen) if chosen else None
