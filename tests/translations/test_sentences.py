"""Finished English sentences of the core find their template again, and what stands in its places is kept."""

from __future__ import annotations

import io
from gettext import GNUTranslations

import pytest
from babel.messages.catalog import Catalog

from core.vocabulary.speech.sentences import Sentences
from tests.translations.__main__ import compiled
from tests.translations.extract import sentences

PAIRS = {
    "Device in use": "Gerät belegt",
    "{0} is in use by {1}.": "{0} ist belegt durch {1}.",
    "{0} is in use.": "{0} ist belegt.",
    "{0} of {1} blocks are written": "Von {1} Blöcken sind {0} geschrieben",
    "Close the other program.": "Das andere Programm schließen.",
    "The vehicle host: {0}": "Der Vehicle Host: {0}",
    "{0} (percent: {1} %)": "{0} (Prozent: {1} %)",
    "routine {0} says whether the unit is ready": "Routine {0} sagt, ob das Gerät bereit ist",
    "Erase block {0}": "Block {0} löschen",
    "{0} is used by {1}{2}": "{0} wird von {1} genutzt{2}",
    "twin": "Zwilling",
    "or": "oder",
    "of": "von",
    "to": "bis",
}


@pytest.fixture
def german() -> Sentences:
    catalogue = Catalog(locale="de")
    for source, target in PAIRS.items():
        catalogue.add(source, target, context="core")
    catalogue.add("Device in use", "not this one: it is the roof's")
    return Sentences(GNUTranslations(io.BytesIO(compiled(catalogue))))


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("Device in use", "Gerät belegt"),
        ("can0 is in use by pid 4711 (passbay flash).", "can0 ist belegt durch pid 4711 (passbay flash)."),
        ("can0 is in use.", "can0 ist belegt."),
        ("3 of 20 blocks are written", "Von 20 Blöcken sind 3 geschrieben"),
        ("can0 is in use. Close the other program.", "can0 ist belegt. Das andere Programm schließen."),
        ("The vehicle host: Device in use", "Der Vehicle Host: Gerät belegt"),
        ("Unknown beginning: Device in use", "Unknown beginning: Device in use"),
        ("Nobody knows this. Close the other program.", "Nobody knows this. Close the other program."),
        ("can0 is in use. Nobody knows: this.", "can0 is in use. Nobody knows: this."),
        ("A (percent: 5 %)", "A (Prozent: 5 %)"),
        ("", ""),
        ("{0} is in use.", "{0} ist belegt."),
        (r"C:\[x] is in use.", r"C:\[x] ist belegt."),
        ("x" * 5000, "x" * 5000),
        ("Routine 0203 says whether the unit is ready", "Routine 0203 sagt, ob das Gerät bereit ist"),
        ("ENGINE: Erase block 1", "ENGINE: Block 1 löschen"),
        ("twin/BODY: Erase block 1 of 2", "Zwilling/BODY: Block 1 von 2 löschen"),
        ("ENGINE: Nobody knows this", "ENGINE: Nobody knows this"),
        ("3004.20 or 3004.21 or BL-BDY-02", "3004.20 oder 3004.21 oder BL-BDY-02"),
        ("12.0 to 15.5 V", "12.0 bis 15.5 V"),
        ("welcome to Passbay", "welcome to Passbay"),
        ("The unit of Passbay", "The unit of Passbay"),
        ("can0 is used by pid 4711 (passbay flash)", "can0 wird von pid 4711 (passbay flash) genutzt"),
    ],
)
def test_a_sentence_is_found_by_its_template(german: Sentences, english: str, expected: str) -> None:
    assert german.translated(english) == expected


def test_what_counts_as_a_sentence_of_the_core() -> None:
    source = '''
"""A docstring with many words."""
import logging
log = logging.getLogger("a b")
def f(name, holder):
    """Another docstring with words."""
    log.info("%s is open now", name)
    raise ValueError(f"{name} is in use by {holder!r}.", "Close the other program.")
X = "snake_case"
Y = "{unit} did not answer"
'''
    assert set(sentences(source)) == {"{0} is in use by {1}.", "Close the other program.", "{0} did not answer"}
