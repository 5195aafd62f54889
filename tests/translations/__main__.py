"""`python -m tests.translations`: brings the catalogues up to the code and compiles them; prints what is missing.

Catalogues are tui/locale/LANGUAGE/LC_MESSAGES/passbay.po; gettext reads the .mo beside them.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.translations.extract import REPOSITORY, catalogue

LANGUAGES = ("de", "it")


def po_file(language: str) -> Path:
    return REPOSITORY / "tui" / "locale" / language / "LC_MESSAGES" / "passbay.po"


def load(language: str) -> Catalog:
    path = po_file(language)
    if not path.is_file():
        return Catalog(locale=language, domain="passbay", project="Passbay", charset="utf-8", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=language, domain="passbay")


def compiled(translations: Catalog) -> bytes:
    stream = io.BytesIO()
    write_mo(stream, translations)
    return stream.getvalue()


def update(language: str) -> int:
    """Number of texts without a translation."""
    translations = load(language)
    translations.update(catalogue(), no_fuzzy_matching=True)
    translations.obsolete.clear()
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, translations, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    path.with_suffix(".mo").write_bytes(compiled(load(language)))
    return sum(not _is_translated(message.string) for message in translations if message.id)


def _is_translated(string: str | tuple[str, ...] | list[str]) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))


def main() -> int:
    for language in LANGUAGES:
        print(f"{language}: {update(language)} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
