"""The hash chain over the entries: each hash covers the entry and the hash before it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from core.backend.ledger.nouns import digest


class Entry(NamedTuple):
    """One movement of `amount` from account `source` to account `target`, numbered without a gap."""

    number: int
    at: int
    operation: str
    key: str
    organisation_id: str
    product_group: str
    unit: str
    source: str
    target: str
    amount: int
    reference: str
    until: int | None
    previous: str

    @property
    def hash(self) -> str:
        return digest(tuple(self))
