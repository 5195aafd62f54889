"""The language of a page: the one that the visitor's browser wishes. Several at once, unlike the language of an app."""

from __future__ import annotations

import gettext
from functools import lru_cache

from core.vocabulary.speech.sentences import Sentences
from tui.locale import DOMAIN, FOLDER, LANGUAGES

_LONGEST_WISH = 200


def chosen(accept_language: str) -> str:
    """Of the header of RFC 9110, section 12.5.4, the best that there is; English where there is none."""
    best, weight = "en", 0.0
    for part in accept_language[:_LONGEST_WISH].split(","):
        name, _semicolon, parameters = part.strip().partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        language = name.partition("-")[0].lower()
        if language in LANGUAGES and quality > weight:
            best, weight = language, quality
    return best


class Speech:
    """One for each language, for as long as the process lives."""

    def __init__(self, language: str) -> None:
        self.language = language
        try:
            self._catalogue = gettext.translation(DOMAIN, FOLDER, [language]) if language != "en" else None
        except (OSError, UnicodeDecodeError):  # not there, or damaged: English is better than no page
            self._catalogue = None
        self._sentences = Sentences(self._catalogue) if self._catalogue is not None else None

    def text(self, text: str) -> str:
        """What the pages say by themselves; `_` of the roof."""
        return self._catalogue.gettext(text) if self._catalogue is not None else text

    def said(self, text: str) -> str:
        """A sentence of the core; one that is not known stays English."""
        return self._sentences.translated(text) if self._sentences is not None and text else text


@lru_cache(maxsize=len(LANGUAGES))
def speech(language: str) -> Speech:
    return Speech(language)
