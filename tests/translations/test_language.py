"""Which language is chosen, and that English costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings, load
from tests.translations.extract import REPOSITORY, roof_texts
from tui.locale import LONG, _, longer, preferred, said, several, use
from tui.looks import early


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use("en")


@pytest.mark.parametrize(
    ("environment", "setting", "language"),
    [
        ({}, "", "en"),
        ({"LANG": "de_DE.UTF-8"}, "", "de"),
        ({"LANG": "it_IT.UTF-8", "LC_ALL": "de_AT"}, "", "de"),
        ({"LC_MESSAGES": "it", "LANG": "de_DE"}, "", "it"),
        ({"LANG": "C.UTF-8"}, "", "en"),
        ({"LANG": "fr_FR"}, "", "en"),
        ({"LANG": "de_DE"}, "it", "it"),
        ({"LANG": "de_DE"}, "en", "en"),
        ({"LANG": "de_DE"}, "klingon", "de"),
        ({"PASSBAY_LANGUAGE": "de"}, "it", "de"),
        ({"PASSBAY_LANGUAGE": LONG}, "it", LONG),
        ({"PASSBAY_LANGUAGE": "fr", "LANG": "it_CH"}, "", "it"),
    ],
)
def test_the_variable_then_the_setting_then_the_locale(
    environment: dict[str, str], setting: str, language: str
) -> None:
    assert preferred(environment, setting) == language


def test_the_setting_is_read_before_the_first_screen_and_checked_after_it(tmp_path: Path) -> None:
    home = {"PASSBAY_HOME": str(tmp_path)}
    assert early(home).language == ""
    file = tmp_path / "config" / "settings.toml"
    file.parent.mkdir()
    file.write_text('language = "it"\n', encoding="utf-8")
    assert early(home).language == "it" and load(file, {}) == (Settings(language="it"), "")
    file.write_text('language = "latin"\n', encoding="utf-8")
    settings, problem = load(file, {})
    assert settings.language == "" and "language cannot be 'latin'" in problem


def test_english_is_what_stands_in_the_code() -> None:
    assert use("en") == "en" and use("latin") == "en"
    assert _("Go on") == "Go on" and said("A sentence.") == "A sentence."
    assert [several("{count} file", "{count} files", count) for count in (0, 1, 2)] == [
        "{count} files", "{count} file", "{count} files"
    ]  # fmt: skip


def test_long_texts_are_longer_by_two_fifths_and_keep_their_places() -> None:
    assert use(LONG) == LONG
    assert _(" {count} of ten") == " {count} of ten" + "~" * 6 and said("0123456789") == "0123456789~~~~"
    assert longer("  ") == "  " and longer("") == ""


def test_english_loads_neither_gettext_nor_the_sentences() -> None:
    program = (
        "import os, sys, tui.locale as l; from tui.looks import early; "
        "assert l.use(l.preferred(dict(os.environ), early().language)) == 'en'; l.said('A sentence.'); "
        "assert not {'core.vocabulary.speech', 'tomllib', 'core.settings'} & set(sys.modules)"
    )
    environment = os.environ | {"PASSBAY_LANGUAGE": "en", "PASSBAY_HOME": str(REPOSITORY / "nowhere")}
    result = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True)
    assert result.returncode == 0, result.stderr.decode()


def test_texts_are_found_everywhere_and_only_whole_ones() -> None:
    source = 'x = f"{_(\'inner\')}", several("one", "many", 2)\nprint(_("outer").format(a=_("nested")))'
    assert set(roof_texts(source)) == {"inner", ("one", "many"), "outer", "nested"}
    with pytest.raises(ValueError, match="no text that could be looked up"):
        list(roof_texts('_(f"made of {parts}")'))
