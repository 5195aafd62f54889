"""The language of a page: the visitor's choice, else his browser's wish; its catalogue, amounts and dates.

English is what templates and back end are written in. What the back end refuses is an English sentence on the wire and
in the store; here it is said again in the page's language, by its shape.
"""

from __future__ import annotations

import functools
import gettext
from datetime import UTC, datetime
from pathlib import Path

from core.vocabulary.speech.sentences import Sentences
from core.vocabulary.speech.wish import wished

LANGUAGES = {"en": "English", "de": "Deutsch", "it": "Italiano"}
DOMAIN = "portal"
_LOCALE = Path(__file__).parent / "locale"
_DATES = {"en": "%Y-%m-%d %H:%M UTC", "de": "%d.%m.%Y %H:%M UTC", "it": "%d/%m/%Y %H:%M UTC"}
_MARKS = {"en": (",", "."), "de": (".", ","), "it": (".", ",")}  # between thousands, before decimals


def chosen(cookie: str, accept_language: str) -> str:
    """`accept_language`: the header of RFC 9110, section 12.5.4. What cannot be read of it is passed over."""
    return cookie if cookie in LANGUAGES else wished(accept_language, LANGUAGES)


class PageLanguage:
    """One for each language, for as long as the process lives."""

    def __init__(self, code: str, catalogue: gettext.NullTranslations) -> None:
        self.code, self.catalogue = code, catalogue
        self._sentences = Sentences(catalogue)

    def said(self, text: object) -> str:
        """A sentence of the back end in this language; one that is not known stays English."""
        return self._sentences.translated(str(text))

    def moment(self, value: int | None) -> str:
        """Milliseconds as people read them; the zone stands there because the server's may be another than theirs."""
        _ = self.catalogue.gettext
        return _("no end") if value is None else datetime.fromtimestamp(value / 1000, UTC).strftime(_DATES[self.code])

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", _MARKS[self.code][0])

    def price(self, cents: int, currency: str) -> str:
        _ = self.catalogue.gettext
        return f"{self.number(cents // 100)}{_MARKS[self.code][1]}{cents % 100:02d} {currency}" if cents else _("free")


@functools.cache
def page_language(code: str) -> PageLanguage:
    catalogue = gettext.NullTranslations()
    if code != "en":
        try:
            catalogue = gettext.translation(DOMAIN, _LOCALE, [code])
        except (OSError, UnicodeDecodeError):  # not there, or damaged: English is better than no page
            code = "en"
    return PageLanguage(code, catalogue)
