"""A ledger with one organisation, on SQLite and PostgreSQL."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import Connection, insert

from core.backend.ledger import Ledger
from core.backend.store import Store
from core.backend.store.tables import organisations

ORGANISATION = "org-1"


def add_organisation(connection: Connection, name: str = ORGANISATION, ends: int | None = None) -> None:
    connection.execute(
        insert(organisations).values(id=name, name=name, contract_number=name, contract_end=ends, created=0)
    )


@pytest.fixture
def ledger(store: Store) -> Ledger:
    store.write(add_organisation)
    numbers = itertools.count(1)
    return Ledger(store, new_id=lambda: f"r{next(numbers)}")
