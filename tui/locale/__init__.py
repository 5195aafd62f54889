"""The language of this process: `_` for what the roof says, `said` for sentences that the core has said. No widget.

    use("de")                       once, before screens are imported: their class bodies call `_`
    _("Go to {place}").format(place=name)
    said(error.message)             looked up by the template that the core's sentence was made from

English is what the code is written in and costs nothing: neither gettext nor a catalogue is loaded for it. Units,
trouble codes, identifiers and the names of the standards' services stay as they are in every language.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

    from core.vocabulary.speech.sentences import Sentences

LANGUAGES = {"en": "English", "de": "Deutsch", "it": "Italiano"}
DOMAIN = "passbay"
FOLDER = Path(__file__).parent
LONG = "xx"
"""Not a language: every text 40 % longer, for tests of the layout."""

_catalogue: NullTranslations | None = None
_sentences: Sentences | None = None
_long = False
_language = "en"


def use(wanted: str) -> str:
    """Everything from now on in this language; what is not known is English. Returns what was chosen."""
    global _catalogue, _sentences, _long, _language
    _catalogue, _sentences, _long = None, None, wanted == LONG
    if wanted in LANGUAGES and wanted != "en":
        _catalogue = load(wanted)
    _language = wanted if _catalogue is not None or _long else "en"
    return _language


def language() -> str:
    """What was chosen."""
    return _language


def load(language: str) -> NullTranslations | None:
    """Its catalogue, for who speaks several languages in one process; None where it cannot be read."""
    import gettext

    try:
        return gettext.translation(DOMAIN, FOLDER, [language])
    except (OSError, UnicodeDecodeError):  # not there, or damaged: English is better than nothing
        return None


def english() -> bool:
    """Whether texts are shown as they stand in the code."""
    return _catalogue is None and not _long


def _(text: str) -> str:
    """`text` in the language of this process. Placeholders are filled in afterwards, by name."""
    if _catalogue is not None:
        return _catalogue.gettext(text) if text else ""
    return longer(text) if _long else text


def several(one: str, many: str, count: int) -> str:
    """The right one of two forms for `count`."""
    if _catalogue is not None:
        return _catalogue.ngettext(one, many, count)
    text = one if count == 1 else many
    return longer(text) if _long else text


def said(text: str) -> str:
    """A sentence of the core, which speaks English, in the language of this process; unknown ones stay as they are."""
    global _sentences
    if _catalogue is None or not text:
        return longer(text) if _long else text
    if _sentences is None:
        from core.vocabulary.speech.sentences import Sentences

        _sentences = Sentences(_catalogue)
    return _sentences.translated(text)


def longer(text: str) -> str:
    """40 % longer, placeholders and leading blanks kept."""
    return f"{text}{'~' * -(-len(text.strip()) * 2 // 5)}" if text.strip() else text


def preferred(environment: dict[str, str], setting: str) -> str:
    """The language that is wished for: PASSBAY_LANGUAGE, the setting, else the locale of this process."""
    for wish in (environment.get("PASSBAY_LANGUAGE", ""), setting):
        if wish in LANGUAGES or wish == LONG:
            return wish
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        told = environment.get(name, "")
        if told:
            language = told.partition("_")[0].partition(".")[0].lower()
            return language if language in LANGUAGES else "en"
    return "en"
