"""Nouns of ordering and of the overview: a StartKey's order, packages of time credit, rows of ConfigAssist."""

from __future__ import annotations

from dataclasses import dataclass

from core.vocabulary.online.paper import CreditDuration


@dataclass(frozen=True, slots=True)
class StartKeyOrder:
    """An order of a StartKey with a system's device data (C6). `state` as the back end calls it, e.g. "issued".

    `file`: where the StartKey was written, for a PC without network; "" where it was not wished or not issued yet.
    """

    order: str
    state: str
    words: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class CreditPackage:
    """What the shop sells for one product group (G3, K4). `minutes` are metered ones, 0 for packages by the clock."""

    package: str
    group: str
    duration: CreditDuration
    minutes: int
    price_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One line of the overview at the end of ConfigAssist (C10). `ok` None: there is nothing to judge."""

    name: str
    value: str
    ok: bool | None = None
    advice: str = ""
