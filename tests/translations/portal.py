"""Which texts the portal's pages hold: of the templates, of its own code, and the back end's sentences it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from jinja2.ext import babel_extract

from tests.translations.backend import shown
from tests.translations.extract import REPOSITORY, roof_texts, sentences

PORTAL = REPOSITORY / "core" / "backend" / "portal"
TEMPLATES = PORTAL / "templates"


def catalogue() -> Catalog:
    found = Catalog(domain="portal", project="Passbay portal", charset="utf-8", fuzzy=False)
    for path in sorted(TEMPLATES.glob("*.html")):
        for text in template_texts(path):
            found.add(text)
    for path in sorted(PORTAL.glob("*.py")):
        for message in roof_texts(path.read_text(encoding="utf-8")):
            found.add(message)
    for text in sorted(shown(sentences)):
        found.add(text, context="core")
    return found


def template_texts(path: Path) -> Iterator[str]:
    options = {"extensions": "jinja2.ext.i18n", "trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
    with path.open("rb") as file:
        for _line, _function, text, _comments in babel_extract(file, ("_", "gettext"), (), options):
            yield text if isinstance(text, str) else text[0]  # a text with places comes with their empty values
