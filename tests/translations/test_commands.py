"""The command line speaks the chosen language: every help, click's own words, what commands print; JSON is English."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from tests.translations.__main__ import LANGUAGES
from tests.translations.command_helps import WIDTH
from tests.translations.extract import REPOSITORY, click_texts
from tests.translations.test_catalogues import shared
from tui.cli.speech import paragraphs

SILENT_CLICK = Path(__file__).with_name("click_silent.txt")
"""What click says to programmers only, or for what no command of ours has."""


@cache
def helps(language: str) -> dict[str, dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.translations.command_helps", language],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_help_is_in_the_language(language: str) -> None:
    original, here = helps("en"), helps(language)
    assert original.keys() == here.keys() and len(here) > 100
    same = shared()
    for name, command in original.items():
        for what, text in command["texts"].items():
            kept = {words for _mark, words in paragraphs(text)} & {
                words for _mark, words in paragraphs(here[name]["texts"][what])
            }
            assert kept <= same | {""}, f"{name} --help, {what or 'the text'}: {kept} is English"
        assert not re.search(r"^(Usage|Options|Commands):|\[default: |\[required\]", here[name]["shown"], re.M), name


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_help_fits_in_80_columns(language: str) -> None:
    long = {
        f"{name}: {line}"
        for name, command in helps(language).items()
        for line in command["shown"].split("\n")
        if len(line) > WIDTH
    }
    assert sorted(long) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_is_listed_with_a_whole_line_or_its_first_sentence(language: str) -> None:
    """Click cuts at the first dot that ends a word: an abbreviation there would end the line in the middle."""
    for name, command in helps(language).items():
        for line in re.findall(r"^  \S+ {2,}(.+)$", command["shown"], re.M):
            assert not re.search(r"\b(z\.|B\.|bzw\.|usw\.|p\.|es\.)$", line), (name, line)


def test_what_click_says_is_in_the_catalogue_or_known_to_be_silent() -> None:
    listed = {(text if isinstance(text, str) else text[0]).expandtabs(4) for text in click_texts()}
    silent = {line for line in SILENT_CLICK.read_text(encoding="utf-8").split("\n") if line}
    said = set(_click_texts())
    assert sorted(said - listed - silent) == []
    assert sorted(silent - said) == [] and sorted(listed - said - {"Commands", "required"}) == []


def _click_texts() -> Iterator[str]:
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext") and node.args:
                text = getattr(node.args[0], "value", None)
                if isinstance(text, str):
                    yield text.expandtabs(4)
