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

from tests.cli.support import Outcome, passbay
from tests.translations.__main__ import LANGUAGES
from tests.translations.command_helps import WIDTH
from tests.translations.extract import REPOSITORY, click_texts, core_words
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


MIXED = ("--vci", "sim:car-mixed")
SAYS = {  # command -> exit code, and what it says in each language
    ("devices",): (0, {"de": "funktioniert immer", "it": "funziona sempre"}),
    ("faults", *MIXED, "--ecu", "ENGINE"): (0, {"de": "aktiv, vorläufig, MIL", "it": "attivo, provvisorio, MIL"}),
    ("flash", *MIXED, "--ecu", "BODY"): (
        0, {"de": "zurückgelesen und verifiziert", "it": "riletti e verificati"},
    ),
    ("flash", *MIXED, "--ecu", "BODY", "--dry-run", "--no-twin"): (
        0, {"de": "Spannung: ", "it": "tensione: "},
    ),
    ("coding", "show", *MIXED, "--ecu", "BODY"): (0, {"de": "eines von off | on", "it": "uno di off | on"}),
    ("coding", "set", *MIXED, "--ecu", "BODY", "Lamp"): (
        2, {"de": "'Lamp' ist nicht ITEM=VALUE.", "it": "'Lamp' non è ITEM=VALUE."},
    ),
    ("check", "pc"): (None, {"de": "+ Zeichen ", "it": "+ Caratteri "}),
    ("jobs", "list"): (0, {"de": "Kein Vehicle Host läuft.", "it": "Nessun Vehicle Host è attivo."}),
    ("flash", "--vci", "sim:nix", "--ecu", "BODY"): (
        2, {"de": "Es gibt kein simuliertes Fahrzeug 'nix'.", "it": "Non esiste il veicolo simulato 'nix'."},
    ),
    ("flsh",): (2, {"de": "Fehler: Befehl 'flsh' gibt es nicht.", "it": "Errore: Il comando 'flsh' non esiste."}),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arguments", SAYS, ids=" ".join)
def test_a_command_speaks(
    arguments: tuple[str, ...], language: str, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSBAY_LANGUAGE", language)
    code, words = SAYS[arguments]
    done = passbay(*arguments)
    assert words[language] in done.stdout + done.stderr and code in (done.code, None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("devices",), ("faults", *MIXED, "--ecu", "ENGINE"), ("coding", "show", *MIXED, "--ecu", "BODY"),
        ("flash", "--vci", "sim:nix", "--ecu", "BODY"), ("coding", "set", *MIXED, "--ecu", "BODY", "Lamp"),
        ("explain", "0x31"), ("flsh",), ("flash", "--vic"), ("credit", "packages"), ("garage", "faults"),
        ("history", "XPBMX2A0XR1000001"), ("startkey", "order", "/nowhere"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_json_stays_english(arguments: tuple[str, ...], papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    english = passbay(*arguments, "--json")
    monkeypatch.setenv("PASSBAY_LANGUAGE", "de")
    german = passbay(*arguments, "--json")
    assert german.code == english.code and _without_time(german) == _without_time(english) != []


def _without_time(outcome: Outcome) -> list[str]:
    """Every line that says something; events of two threads may come in another order."""
    lines = [line for line in outcome.lines if line.get("event") != "progress"]
    return sorted(json.dumps({key: value for key, value in line.items() if key != "seconds"}) for line in lines)


def test_help_is_read_by_people_also_beside_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "it_CH.UTF-8")
    assert "Uso: passbay devices" in passbay("devices", "--json", "--help").stdout


def test_words_of_the_core_are_there_in_the_core() -> None:
    """A word that the core does not say any more leaves the list."""
    constants = {
        word
        for path in (REPOSITORY / "core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in (node.value, *re.findall(r"[\w-]+", node.value))
    }
    gone = {
        entry
        for entry in core_words()
        if entry not in constants and not set(re.findall(r"[A-Za-z]+", re.sub(r"\{\d\}", "", entry))) <= constants
    }
    assert sorted(gone) == []


def _click_texts() -> Iterator[str]:
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext") and node.args:
                text = getattr(node.args[0], "value", None)
                if isinstance(text, str):
                    yield text.expandtabs(4)
