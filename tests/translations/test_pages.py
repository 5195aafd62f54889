"""Help pages, reference, explanations in every language: nothing left in English, nothing lost, all of it found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.diagnosis.explain import STEPS
from core.diagnosis.explain.reasons import DENIED_CODES, TIMERS, Reason, of_denial, of_nrc, of_timer
from core.diagnosis.explain.words import compose
from core.protocol import nrc
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.support import reference
from core.support.shelf import OWN, Shelf
from core.vocabulary import KWP2000
from tests.translations.__main__ import LANGUAGES
from tui.locale import LANGUAGES as ALL
from tui.locale import said, use

SHARED = {
    "# AddOn Center", "# Support Tool", "# Update Service Control Center", "## Retail Data Storage",
    "# PB-800 Release", "# PB-850 Back end", "**Fingerprint**", "| --- | --- |",
}  # fmt: skip
"""Lines that may be the same as in English: names, and words that all have."""
ENGLISH = frozenset({
    "the", "and", "of", "with", "unit", "this", "that", "has", "have", "which", "your", "not", "from", "its", "for",
    "been", "were",
})  # fmt: skip
ARTICLES = re.compile(r"\b(?:[Dd]i|[Aa]|[Dd]a|[Ii]n|[Ss]u) (?:la|il) centralina|\b(?:von|[Ii]n|aus) das Steuergerät")
NAMES = re.compile(r"0x[0-9A-F]{2}(?: [A-Za-z/()-]{6,})?|\b\d{4}-\d\d\b|PB-\d{3}|`[^`]+`|https?://\S+|\]\([^)]+\)")
MARKS = re.compile(r"^(#+ |- |\d+\. |)")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    use(request.param)
    yield request.param
    use("en")


def own_pages(language: str) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((OWN / language).glob("*.md"))}


def left_in_english(text: str, english: str) -> list[str]:
    known = set(english.split("\n")) - SHARED - {""}
    same = [line for line in text.split("\n") if line in known]
    return same + [line for line in text.split("\n") if ENGLISH & set(re.findall(r"\w+", line))]


def blocks(text: str) -> list[str]:
    """Headings by level, items of lists, paragraphs: the bones of a page."""
    parts = re.split(r"\n\n|\n(?=- |\d+\. )", text.strip())
    return [MARKS.match(part)[1] for part in parts]  # type: ignore[index]


def test_every_language_has_the_same_pages(language: str) -> None:
    english, pages = own_pages("en"), own_pages(language)
    assert pages.keys() == english.keys()
    for name, text in pages.items():
        assert blocks(text) == blocks(english[name]), name
        assert sorted(NAMES.findall(text)) == sorted(NAMES.findall(english[name])), name
        assert text.count("**") == english[name].count("**") and text.count("*") == english[name].count("*"), name
        assert left_in_english(text, english[name]) == []
        assert max(map(len, text.split("\n"))) <= 125


def test_every_reference_page_is_in_the_language_and_loses_nothing(language: str) -> None:
    checked = 0
    for name in reference.names():
        english, page = reference.page(name), reference.page(name, said)
        assert english is not None and page is not None
        assert left_in_english(page.text, english.text) == [], name
        assert not ARTICLES.search(page.text), name
        lines = list(zip(english.text.split("\n"), page.text.split("\n"), strict=True))
        for there, here in lines:
            assert MARKS.match(there)[1] == MARKS.match(here)[1], here  # type: ignore[index]
            assert sorted(NAMES.findall(here)) == sorted(NAMES.findall(there)), here
            assert there.count("**") == here.count("**") and bool(there.strip()) == bool(here.strip())
        checked += 1
    assert checked == len(reference.codes()) + len(nrc.known_codes()) + len(kwp_nrc.known_codes()) + sum(
        map(len, DENIED_CODES.values())
    )


@pytest.mark.parametrize("spoken", list(ALL))
def test_every_page_is_found_by_its_code_and_by_its_title(spoken: str) -> None:
    use(spoken)
    try:
        shelf = Shelf((), spoken, said)
        pages = shelf.pages()
        for page in pages:
            assert shelf.page(page.name) == page
            assert page in shelf.search(page.name)
            words = " ".join(re.findall(r"\w{3,}", page.title.partition(" ")[2] or page.title))
            assert page in shelf.search(words), (page.name, words)
    finally:
        use("en")


@pytest.mark.parametrize(
    ("spoken", "words", "name"),
    [
        ("de", "unterspannung", "nrc-0x93"), ("de", "Lizenz abgelaufen", "PB-703"), ("de", "netzteil", "flash"),
        ("de", "Zuendung", "diagnosis"), ("de", "Fehlerspeicher löschen", "diagnosis"),
        ("de", "motor AUS", "nrc-0x22"), ("de", "Passwort", "log-in"), ("de", "motor läuft", "nrc-0x83"),
        ("de", "hotline", "support-tool"), ("de", "requestOutOfRange", "nrc-0x31"), ("de", "gesperrt", "nrc-0x33"),
        ("it", "sottotensione", "nrc-0x93"), ("it", "licenza scaduta", "PB-703"), ("it", "errori", "diagnosis"),
        ("it", "quadro", "flash"), ("it", "chiave errata", "nrc-0x35"), ("it", "fattura", "support-tool"),
        ("it", "PIÙ TEMPO", "nrc-0x78"), ("en", "undervoltage", "nrc-0x93"), ("en", "password", "log-in"),
        ("en", "closing the terminal", "flash"),
    ],
)  # fmt: skip
def test_a_search_knows_the_words_of_a_workshop(spoken: str, words: str, name: str) -> None:
    use(spoken)
    try:
        found = [page.name for page in Shelf((), spoken, said).search(words)]
        assert name in found[:12], found[:12]
    finally:
        use("en")


def reasons() -> Iterator[Reason]:
    yield from map(of_nrc, nrc.known_codes())
    yield from (of_nrc(code, KWP2000) for code in kwp_nrc.known_codes())
    yield from map(of_timer, TIMERS)
    yield from (of_denial(denied, code) for denied, codes in DENIED_CODES.items() for code in (*codes, 0xEE))


def test_an_explanation_that_has_travelled_in_english_is_said_as_one_that_was_made_in_the_language(
    language: str,
) -> None:
    """Events, journals and errors carry finished English sentences: Flash, Coding and the message list find them."""
    for reason in reasons():
        for step in STEPS:
            for unit in ("ENGINE", ""):
                told, made = compose(reason, step, unit), compose(reason, step, unit, say=said)
                for sentence, wanted in zip(texts(told), texts(made), strict=True):
                    assert said(sentence) == wanted
                    assert wanted != sentence and not ENGLISH & set(re.findall(r"\w+", wanted)), wanted


def texts(found: object) -> tuple[str, str, str]:
    return found.meaning, found.state_now, found.what_to_do  # type: ignore[attr-defined]


def test_codes_that_no_table_names_have_a_page_as_well(language: str) -> None:
    for name in ("nrc-0xf3", "nrc-0x95", "nrc-0x01", "kwp-0xe0", "routing-0xee"):
        english, page = reference.page(name), Shelf((), language, said).page(name)
        assert english is not None and left_in_english(page.text, english.text) == []


def test_a_release_may_bring_a_page_in_some_languages_only(tmp_path: Path, language: str) -> None:
    """What it has in this language goes first, then its English, then ours; a name that we have not stays English."""
    for name, text in {
        "new.md": "# New", f"new.{language}.md": f"# New {language}", "only.md": "# Only English",
        "flash.md": "# Flash of the release", f"coding.{language}.md": f"# Coding {language}",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    shelf = Shelf(sorted(tmp_path.iterdir()), language, said)
    titles = {name: shelf.page(name).title for name in ("new", "only", "flash", "coding", "credit")}
    own = own_pages(language)["credit"].split("\n")[0].removeprefix("# ")
    assert titles == {
        "new": f"New {language}", "only": "Only English", "flash": "Flash of the release",
        "coding": f"Coding {language}", "credit": own,
    }  # fmt: skip


def test_contacts_and_hours_are_said_in_the_language(language: str) -> None:
    import datetime
    from zoneinfo import ZoneInfo

    from core.support.contacts import DEFAULT, NOT_SUPPORTED, hours

    now = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=ZoneInfo("America/New_York"))
    for there, here in zip(hours(DEFAULT, now), hours(DEFAULT, now, said), strict=True):
        assert here.open_now == there.open_now
        assert re.findall(r"\d\d:\d\d", here.words) == re.findall(r"\d\d:\d\d", there.words)
        for mine, theirs in ((here.words, there.words), (here.contact.kind, there.contact.kind),
                             (here.contact.questions, there.contact.questions)):  # fmt: skip
            assert mine != theirs
        assert not set(here.contact.languages) & set(there.contact.languages)
    each: Callable[[str], str] = said
    assert not set(map(each, NOT_SUPPORTED)) & set(NOT_SUPPORTED)
