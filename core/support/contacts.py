"""Contacts by kind of question, with their hours in the user's own time zone and whether they are open now. Pure.

S2: commercial questions, S3: technical questions, S4: what nobody here answers. The addresses come from the back end;
without one there is nobody to write to, and the page says so.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.vocabulary.cleaning import clean
from core.vocabulary.saying import Say, english, filled
from core.vocabulary.shop.support import Contact, ContactHours

DEFAULT = (
    Contact("Customer support", "Order, delivery, credit, StartKey, invoices", "", 8 * 60, 18 * 60, "Europe/Berlin"),
    Contact(
        "User help desk", "Installation, configuration, use, software, data", "", 8 * 60, 18 * 60, "Europe/Berlin"
    ),
)
NOT_SUPPORTED = (
    "The pass-thru device itself: ask its maker.",
    "The local network, its firewall and the Internet connection: ask the local IT administrator.",
)
_HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_KINDS = {"commercial": DEFAULT[0], "technical": DEFAULT[1]}
SINGLE = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "never", "English", "German", "Italian")
"""Words of their own that are said in the reader's language."""
HERE = "{0} ({1}-{2} here)"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def from_back_end(kind: str, email: str, words: str, zone: str, languages: Sequence[str]) -> Contact:
    """A contact as a back end tells it. `words`: "Monday to Friday 08:00-18:00"; what cannot be read is always shut."""
    known = _KINDS.get(kind)
    title, questions = (known.kind, known.questions) if known is not None else (clean(kind, 40), "")
    days = [n for n, day in enumerate(_DAYS) if day.casefold() in words.casefold()]
    weekdays = tuple(range(days[0], days[-1] + 1)) if days else ()
    found = _HOURS.search(words)
    opens, closes = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    spoken = tuple(clean(each, 20) for each in languages)
    return Contact(title, questions, clean(email, 80), opens, closes, zone, weekdays, spoken)


def hours(
    contacts: Sequence[Contact], now: datetime.datetime, say: Say = english
) -> tuple[ContactHours, ...]:  # fmt: skip
    """`now` with the user's zone. A zone that this system does not know is taken for UTC and named."""
    return tuple(_hours(contact, now, say) for contact in contacts)


def _hours(contact: Contact, now: datetime.datetime, say: Say) -> ContactHours:
    there = now.astimezone(_zone(contact.zone))
    minute = there.hour * 60 + there.minute
    is_open = there.weekday() in contact.weekdays and contact.opens <= minute < contact.closes
    shown = replace(
        contact, kind=say(contact.kind), questions=say(contact.questions),
        languages=tuple(map(say, contact.languages)),
    )  # fmt: skip
    return ContactHours(shown, is_open, _words(contact, there, now.tzinfo, say))


def _words(contact: Contact, there: datetime.datetime, here: datetime.tzinfo | None, say: Say) -> str:
    """ "Mon-Fri 08:00-18:00 CET (09:00-19:00 here)"."""
    first_last = [say(_DAYS[contact.weekdays[n]]) for n in (0, -1)] if contact.weekdays else [say("never")]
    begin, end = (_at(there, minutes) for minutes in (contact.opens, contact.closes))
    name = there.tzname() or contact.zone
    words = f"{'-'.join(dict.fromkeys(first_last))} {begin:%H:%M}-{end:%H:%M} {name}"
    local_begin, local_end = begin.astimezone(here), end.astimezone(here)
    if (local_begin.hour, local_begin.minute) != (begin.hour, begin.minute):
        words = filled(say, HERE, words, f"{local_begin:%H:%M}", f"{local_end:%H:%M}")
    return words


def _at(day: datetime.datetime, minutes: int) -> datetime.datetime:
    return day.replace(hour=minutes // 60 % 24, minute=minutes % 60, second=0, microsecond=0)


def _zone(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.UTC
