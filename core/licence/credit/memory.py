"""What was last seen of the credit, kept for the header and for work without network. Asks nobody.

The back end's ledger is what counts. Its head (number and hash of its last entry) is kept, too: a database that was
put back to an older state does not know it any more.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import LicenceCheckFailed, StorageFailed
from core.licence.sealed import read_sealed, seal_key, write_sealed
from core.online.wire import Balance
from core.vocabulary import CreditBalance

_FILE = "credit.sealed"


@dataclass(frozen=True, slots=True)
class GroupCredit:
    """One group as last seen; up to when its time is paid (`sent_until`: as far as the back end knows it), and the
    minutes left that the technician was told of last."""

    balance: Balance
    booked_until: int = 0
    told_left: int | None = None
    sent_until: int = 0

    @property
    def left(self) -> int:
        """Minutes, those that are set apart for a running job included: it has not used them yet."""
        return self.balance.minutes + self.balance.reserved


@dataclass(frozen=True, slots=True)
class KnownCredit:
    """All groups, as the back end `url` told them at `seen`."""

    url: str = ""
    seen: int = 0
    head_number: int = 0
    head_hash: str = ""
    groups: tuple[GroupCredit, ...] = ()

    def group(self, name: str) -> GroupCredit | None:
        return next((known for known in self.groups if known.balance.group == name), None)

    def with_group(self, group: GroupCredit) -> KnownCredit:
        others = tuple(known for known in self.groups if known.balance.group != group.balance.group)
        return replace(self, groups=(*others, group))


def to_vocabulary(balance: Balance) -> CreditBalance:
    until = balance.until / 1000 if balance.until is not None else None
    unused = tuple((row.duration, row.count) for row in balance.unused)
    return CreditBalance(balance.group, balance.minutes, until, balance.reserved, balance.ever, unused)


def refuse_older_ledger(known: KnownCredit, number: int, digest: str) -> None:
    """LicenceCheckFailed where the ledger's head lies behind the one that was seen before."""
    same_place_other_entry = number == known.head_number and known.head_hash not in ("", digest)
    if number < known.head_number or same_place_other_entry:
        raise LicenceCheckFailed(
            f"The credit ledger was set back: entry {known.head_number} was seen, now it ends at {number}.",
            "Ask the administrator of the back end; its database was put back to an older state.",
        )


class CreditMemory:
    """The file in `folder`. Losing it loses no credit, only what was known of it."""

    def __init__(self, folder: Path, hardware_id: str, url: str) -> None:
        self._path = folder / _FILE
        self._key = seal_key(hardware_id)
        self._url = url

    def load(self) -> KnownCredit:
        known = read_sealed(self._path, KnownCredit, self._key)
        return known if known is not None and known.url == self._url else KnownCredit(self._url)

    def save(self, known: KnownCredit) -> None:
        # a full disk: what is shown is older then, nothing that counts is lost
        with contextlib.suppress(StorageFailed):
            write_sealed(self._path, known, self._key, "What is known of the credit")
