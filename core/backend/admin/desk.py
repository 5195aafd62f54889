"""`AdminDesk`: people, papers and house of one back end's database, each subject in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from core.backend.admin.credit import CreditDesk
from core.backend.admin.house import HouseDesk
from core.backend.admin.papers import PapersDesk
from core.backend.admin.people import PeopleDesk
from core.backend.context import Backend, Config


class AdminDesk:
    """Opens the database and migrates it. Every method of the desks is one transaction and gives plain values."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.people = PeopleDesk(backend)
        self.papers = PapersDesk(backend)
        self.credit = CreditDesk(backend)
        self.house = HouseDesk(backend)

    def __enter__(self) -> AdminDesk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._backend.store.dispose()


def open_desk(database: str, clock: Callable[[], float], key_file: Path | None = None) -> AdminDesk:
    from core.backend.issuer.sealing import OPTION, Seal
    from core.backend.ledger import Ledger
    from core.backend.store import open_store

    seal = Seal.from_file(key_file) if key_file else None
    store = open_store(database, options={OPTION: seal})
    return AdminDesk(Backend(store, Ledger(store), Config(), clock))
