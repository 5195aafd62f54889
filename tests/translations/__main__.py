"""`python -m tests.translations`: brings the catalogues up to the code and compiles them; prints what is missing.

Catalogues are LANGUAGE/LC_MESSAGES/passbay.po below tui/locale, portal.po below core/backend/portal/locale; gettext
reads the .mo beside each.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.translations import portal
from tests.translations.extract import REPOSITORY, catalogue
from tests.translations.portal import PORTAL

LANGUAGES = ("de", "it")
FOLDERS = {"passbay": REPOSITORY / "tui" / "locale", "portal": PORTAL / "locale"}
MAKERS = {"passbay": catalogue, "portal": portal.catalogue}


def po_file(language: str, domain: str = "passbay") -> Path:
    return FOLDERS[domain] / language / "LC_MESSAGES" / f"{domain}.po"


def load(language: str, domain: str = "passbay") -> Catalog:
    path = po_file(language, domain)
    if not path.is_file():
        return Catalog(locale=language, domain=domain, project="Passbay", charset="utf-8", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=language, domain=domain)


def compiled(translations: Catalog) -> bytes:
    stream = io.BytesIO()
    write_mo(stream, translations)
    return stream.getvalue()


def update(language: str, domain: str = "passbay") -> int:
    """Number of texts without a translation."""
    translations = load(language, domain)
    translations.update(MAKERS[domain](), no_fuzzy_matching=True, update_creation_date=False)  # a date would conflict
    translations.obsolete.clear()
    path = po_file(language, domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, translations, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    path.with_suffix(".mo").write_bytes(compiled(load(language, domain)))
    return sum(not _is_translated(message.string) for message in translations if message.id)


def _is_translated(string: str | tuple[str, ...] | list[str]) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))


def main() -> int:
    for domain in FOLDERS:
        for language in LANGUAGES:
            print(f"{domain} {language}: {update(language, domain)} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
