"""The catalogues hold exactly the texts of the code, each translated, with the same places; the .mo is the .po."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tests.translations.__main__ import LANGUAGES, compiled, load, po_file
from tests.translations.extract import catalogue

SAME = Path(__file__).with_name("same_as_english.txt")
"""Names, protocols and words that a language shares with English: one a line, as it stands in the code."""
_PLACE = re.compile(r"\{[^{}]*\}")
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
def wanted() -> dict[tuple[str, str], tuple[str, ...]]:
    return texts(catalogue())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(
    language: str, wanted: dict[tuple[str, str], tuple[str, ...]]
) -> None:
    there = texts(load(language))
    assert sorted(wanted.keys() - there.keys()) == [], "python -m tests.translations adds them"
    assert sorted(there.keys() - wanted.keys()) == [] and not load(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    same = shared()
    for (_context, english), forms in translated(load(language)).items():
        assert all(form.strip() for form in forms), english
        if forms[0] == english and _WORD.search(_PLACE.sub("", english)):
            assert english in same, f"{english!r} is the same in {language}: translate it, or add it to {SAME.name}"


def test_what_may_be_the_same_is_so_in_some_language() -> None:
    equal = {
        key[1] for language in LANGUAGES for key, forms in translated(load(language)).items() if forms[0] == key[1]
    }
    assert sorted(shared() - equal) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_and_blanks_are_kept(language: str, wanted: dict[tuple[str, str], tuple[str, ...]]) -> None:
    for key, forms in translated(load(language)).items():
        for form in forms:
            assert Counter(_PLACE.findall(form)) == Counter(_PLACE.findall(key[1])), (key, form)
            assert form[: len(form) - len(form.lstrip())] == key[1][: len(key[1]) - len(key[1].lstrip())], (key, form)
            assert form[-1:].isspace() == key[1][-1:].isspace(), (key, form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_gettext_reads_is_the_catalogue(language: str) -> None:
    assert po_file(language).with_suffix(".mo").read_bytes() == compiled(load(language))
