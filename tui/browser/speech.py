"""The language of a page: the one that the visitor's browser wishes. Several at once, unlike the language of an app."""

from __future__ import annotations

from functools import lru_cache

from core.vocabulary.speech.sentences import Sentences
from core.vocabulary.speech.wish import wished
from tui.locale import LANGUAGES, load


def chosen(accept_language: str) -> str:
    """Of the languages that the roof speaks."""
    return wished(accept_language, LANGUAGES)


class Speech:
    """One for each language, for as long as the process lives."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = load(language) if language != "en" else None
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
