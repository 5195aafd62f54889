"""A back end in a process of its own, with two workshops and their people."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.backend.identity import people
from core.backend.store import open_store
from tests.backend.rig import PASSWORD
from tests.backend.serving.support import serving


@dataclass
class Shop:
    """A back end that others reach, with two workshops; `url` is where it is."""

    database: str
    url: str


@contextlib.contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    database = f"sqlite:///{folder / 'backend.sqlite3'}"
    store = open_store(database)

    def furnish(conn: Any) -> None:
        now = int(time.time() * 1000)
        for contract, name, logins in (
            ("C-1", "Garage Müller", ("anna", "ben", "carl")),
            ("C-2", "Fleet Ltd", ("mia",)),
        ):
            organisation = people.create_organisation(conn, name, now, contract)
            for login in logins:
                people.create_user(conn, organisation, login, login.title(), PASSWORD, now, identified=True)

    store.write(furnish)
    store.dispose()
    with serving(database, "--rate", "0") as ready:
        yield Shop(database, ready["url"])
