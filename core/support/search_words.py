"""What else a workshop calls things: a search for a word also finds the pages that say it in another way. Data, pure.

Spelling does not count: letters are compared without case and accents, ä as ae, ß as ss.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "à": "a", "è": "e", "é": "e", "ì": "i", "ò": "o", "ù": "u",
    "–": "-", "„": '"', "“": '"', "’": "'",
})  # fmt: skip
_LEAST = 4  # letters that stay of a word
_ENDINGS = {"en": r"(ing|ed|es|s)$", "de": r"(en|er|es|em|et|e|n|s|t)$", "it": r"[aeio]+$"}

ALSO: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "ecu": ("control unit", "unit"), "dtc": ("trouble code",), "undervoltage": ("voltage too low", "low voltage"),
        "overvoltage": ("voltage too high",), "licence": ("startkey",), "license": ("startkey",),
        "password": ("log-in", "log in"), "login": ("log-in",), "charger": ("voltage",), "reflash": ("flash",),
        "interface": ("device",), "vci": ("device",), "hotline": ("help desk",), "offline": ("without network",),
    },
    "de": {
        "ecu": ("steuergerät",), "sg": ("steuergerät",), "modul": ("steuergerät",), "fehlerspeicher": ("fehlercode",),
        "dtc": ("fehlercode",), "unterspannung": ("spannung zu niedrig", "niedrige spannung"),
        "überspannung": ("spannung zu hoch",), "bordnetz": ("spannung",), "ladegerät": ("spannung",),
        "batterie": ("spannung",), "netzteil": ("ladegerät",), "programmieren": ("flash", "programmier"),
        "programmierung": ("flash", "programmier"), "update": ("release",), "aktualisierung": ("release",),
        "lizenz": ("startkey",), "schlüssel": ("key",), "passwort": ("anmeldung", "anmelden"),
        "login": ("anmeldung", "anmelden"), "rechnung": ("guthaben", "kundenbetreuung"),
        "variantencodierung": ("codierung",), "codieren": ("codierung",), "interface": ("gerät",), "vci": ("gerät",),
        "dongle": ("gerät",), "stecker": ("kabel",), "abbruch": ("abgebrochen", "unterbrochen", "unterbrechung"),
        "absturz": ("unerwarteter fehler",), "hotline": ("helpdesk",), "internet": ("netzwerk",),
        "schnelltest": ("kurztest",), "gesperrt": ("freischalt",), "freischaltung": ("freischalt", "gesperrt"),
    },
    "it": {
        "ecu": ("centralina",), "modulo": ("centralina",), "errori": ("codici guasto", "codice guasto"),
        "dtc": ("codici guasto", "codice guasto"), "sottotensione": ("tensione di alimentazione troppo bassa",),
        "sovratensione": ("tensione di alimentazione troppo alta",), "batteria": ("tensione",),
        "alimentatore": ("caricabatteri",), "mantenitore": ("caricabatteri",), "quadro": ("accensione",),
        "riprogrammare": ("programmazione", "flash"), "programmare": ("programmazione", "flash"),
        "aggiornamento": ("release",), "licenza": ("startkey",), "chiave": ("startkey",), "password": ("accesso",),
        "login": ("accesso",), "gettoni": ("credito",), "fattura": ("credito", "assistenza clienti"),
        "interfaccia": ("dispositivo",), "vci": ("dispositivo",), "spinotto": ("cavo",),
        "interruzione": ("interrott",), "bloccata": ("sbloc",), "assistenza": ("help desk",), "internet": ("rete",),
        "diagnosi": ("test rapido",),
    },
}  # fmt: skip


def fold(text: str) -> str:
    """Without case and accents."""
    plain = text.casefold().translate(_LETTERS)
    if plain.isascii():
        return plain
    return "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))


def meant(word: str, language: str) -> tuple[str, ...]:
    """The word, folded and without its ending, and what else it may stand as in the pages of that language."""
    wish = fold(word)
    found = [_stem(wish, language)]
    for known, others in ALSO.get(language, {}).items():
        if fold(known) == wish or (len(wish) >= _LEAST and fold(known).startswith(wish)):
            found += [fold(other) for other in others]
    return tuple(dict.fromkeys(found))


def _stem(word: str, language: str) -> str:
    """ "gelöschten" finds "gelöscht"; what has digits is a code or a name and stays."""
    short = re.sub(_ENDINGS.get(language, "$"), "", word)
    return short if len(short) >= _LEAST and word.isalpha() else word
