"""The catalogues hold exactly the texts of the code, each translated, with the same places; the .mo is the .po."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tests.translations.__main__ import LANGUAGES, MAKERS, compiled, load, po_file

SAME = Path(__file__).with_name("same_as_english.txt")
"""Names, protocols and words that a language shares with English: one a line, as it stands in the code."""
_PLACE = re.compile(r"\{[^{}]*\}|%\(\w+\)s|</?(?:a|strong)\b[^>]*>")
"""What is filled in, in the app's and the portal's way, and markup of the pages."""
BOTH = [(domain, language) for domain in MAKERS for language in LANGUAGES]
each = pytest.mark.parametrize(("domain", "language"), BOTH)
_WORD = re.compile(r"[^\W\d_]{3,}")


def texts(found: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    """The English forms of each text, by context and first form."""
    return {
        (message.context or "", message.id if isinstance(message.id, str) else message.id[0]): _forms(message.id)
        for message in found
        if message.id
    }


def translated(found: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (message.context or "", message.id if isinstance(message.id, str) else message.id[0]): _forms(message.string)
        for message in found
        if message.id
    }


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def shared() -> set[str]:
    return {line.replace("\\n", "\n") for line in SAME.read_text(encoding="utf-8").split("\n") if line}


@pytest.fixture(scope="module")
def wanted() -> dict[str, dict[tuple[str, str], tuple[str, ...]]]:
    return {domain: texts(make()) for domain, make in MAKERS.items()}


@each
def test_no_text_is_missing_and_none_is_left_over(
    domain: str, language: str, wanted: dict[str, dict[tuple[str, str], tuple[str, ...]]]
) -> None:
    there = texts(load(language, domain))
    assert sorted(wanted[domain].keys() - there.keys()) == [], "python -m tests.translations adds them"
    assert sorted(there.keys() - wanted[domain].keys()) == [] and not load(language, domain).obsolete


@each
def test_every_text_is_translated(domain: str, language: str) -> None:
    same = shared()
    for (_context, english), forms in translated(load(language, domain)).items():
        assert all(form.strip() for form in forms), english
        if forms[0] == english and _WORD.search(_PLACE.sub("", english)):
            assert english in same, f"{english!r} is the same in {language}: translate it, or add it to {SAME.name}"


def test_what_may_be_the_same_is_so_in_some_language() -> None:
    equal = {
        key[1]
        for domain, language in BOTH
        for key, forms in translated(load(language, domain)).items()
        if forms[0] == key[1]
    }
    assert sorted(shared() - equal) == []


@each
def test_places_and_blanks_are_kept(
    domain: str, language: str, wanted: dict[str, dict[tuple[str, str], tuple[str, ...]]]
) -> None:
    for key, forms in translated(load(language, domain)).items():
        for number, form in enumerate(forms):
            text = wanted[domain][key][0 if number == 0 else -1]
            assert Counter(_PLACE.findall(form)) == Counter(_PLACE.findall(text)), (key, form)
            assert form[: len(form) - len(form.lstrip())] == text[: len(text) - len(text.lstrip())], (key, form)
            assert form[-1:].isspace() == text[-1:].isspace(), (key, form)


@each
def test_what_gettext_reads_is_the_catalogue(domain: str, language: str) -> None:
    assert po_file(language, domain).with_suffix(".mo").read_bytes() == compiled(load(language, domain))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_of_the_back_end_is_the_same_in_the_app_and_on_a_page(language: str) -> None:
    app, pages = translated(load(language)), translated(load(language, "portal"))
    both = [key for key in app.keys() & pages.keys() if key[0] == "core"]
    assert len(both) > 100
    assert [key for key in both if app[key] != pages[key]] == []
