"""R1: no character of outside text acts on a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary.cleaning import MAX_CHARACTERS, clean, clean_lines

CANARY = "\x1b]0;PWNED\x07\x1b[31m\x1b[2J\x9b31m\x00\u202e\r"


def test_the_canary_is_shown_and_not_obeyed() -> None:
    assert clean(CANARY) == "\\x1b]0;PWNED\\x07\\x1b[31m\\x1b[2J\\x9b31m\\x00\\u202e\\x0d"


def test_plain_text_and_umlauts_stay() -> None:
    assert clean("Tür vorne links, 12.6 V √ [b]") == "Tür vorne links, 12.6 V √ [b]"


def test_long_text_is_cut() -> None:
    assert len(clean("x" * 10_000)) == MAX_CHARACTERS
    assert clean("\x00" * 10_000, 10) == "\\x00\\x0..."


def test_lines_stay_lines() -> None:
    assert clean_lines("one\ntwo\x1b\r") == "one\ntwo\\x1b\\x0d"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_nothing_that_acts_remains(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in cleaned)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff")
