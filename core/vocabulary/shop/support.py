"""Nouns of the Support Tool (T6): contacts, help pages, the bundle for whoever helps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask what (S2, S3). `opens` and `closes` are minutes of the day in `zone`, on `weekdays` (Monday is 0)."""

    kind: str
    questions: str
    email: str
    opens: int
    closes: int
    zone: str
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    languages: tuple[str, ...] = ("English", "German")


@dataclass(frozen=True, slots=True)
class ContactHours:
    """A contact as its user sees it: whether it is open now, and its hours in the user's own zone."""

    contact: Contact
    open_now: bool
    words: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """One page, CommonMark. `name` is what links name: "configassist", "2221-47", "nrc-0x31"."""

    name: str
    title: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class NumberedMessage:
    """One code of the message list; its page has the same name."""

    code: str
    headline: str
    when: str


@dataclass(frozen=True, slots=True)
class BundleItem:
    """One file of the bundle before it is saved: its size, its beginning, how many places were masked."""

    name: str
    size: int
    masked: int
    beginning: str


@dataclass(frozen=True, slots=True)
class BundlePreview:
    """What would be saved. `left_out`: what could not be read, in sentences."""

    items: tuple[BundleItem, ...]
    masked: bool
    left_out: tuple[str, ...] = ()
