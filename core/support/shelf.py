"""The shelf of help pages: those of the active release first, then those that come with the product, then reference.

A page is a CommonMark file NAME.md in a folder LANGUAGE (en, de, it); its first heading is its title. A release brings
files of its own, NAME.md or NAME.LANGUAGE.md, and they replace ours of the same name. Text of pages
is cleaned: it comes from files that others wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.errors import DataMissing
from core.support import reference
from core.vocabulary.cleaning import clean_lines
from core.vocabulary.shop.support import HelpPage

OWN = Path(__file__).with_name("pages")
LARGEST_PAGE = 1 << 18
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


class Shelf:
    """`released`: files of the active release and its AddOns, the first goes first; `language` of the screens."""

    def __init__(self, released: Sequence[Path] = (), language: str = "en") -> None:
        self._released = tuple(released)
        self._language = language
        self._pages: dict[str, HelpPage] = {}

    def pages(self) -> tuple[HelpPage, ...]:
        """Component pages by title, then the reference by name."""
        found = self._all()
        components = [page for page in found.values() if page.source != reference.SOURCE]
        components.sort(key=lambda page: page.title.casefold())
        return (*components, *(p for p in found.values() if p.source == reference.SOURCE))

    def page(self, name: str) -> HelpPage:
        """By its name, a code in any spelling ("0x31", "nrc 31", "pb-202"). DataMissing with names that are near."""
        found = self._all()
        for wish in _spellings(name):
            if wish in found:
                return found[wish]
        near = [page.name for page in self.search(name)[:5]] or [p for p in found if not p.startswith("nrc-")][:8]
        raise DataMissing(f"There is no help page {name[:80]!r}.", f"Pages are: {', '.join(near)}, ...")

    def search(self, words: str) -> tuple[HelpPage, ...]:
        """Pages that hold all the words, those with them in the title first."""
        wanted = [word.casefold() for word in words.split()]
        hits = []
        for page in self.pages():
            title, text = page.title.casefold(), page.text.casefold()
            if all(word in text or word in title or word in page.name.casefold() for word in wanted):
                hits.append((sum(word not in title for word in wanted), page.source == reference.SOURCE, page))
        return tuple(page for _, _, page in sorted(hits, key=lambda hit: hit[:2]))

    def _all(self) -> dict[str, HelpPage]:
        if not self._pages:
            files: dict[str, Path] = {}
            for wanted in (f".{self._language}", ""):
                for path in self._released:
                    stem = path.stem.removesuffix(wanted) if wanted and path.stem.endswith(wanted) else path.stem
                    if path.suffix == ".md" and bool(wanted) == (stem != path.stem) and _NAME.fullmatch(stem):
                        files.setdefault(stem, path)
            for place in (OWN / self._language, OWN / "en"):
                for path in sorted(place.glob("*.md")):
                    files.setdefault(path.stem, path)
            read = {name: page for name, path in files.items() if (page := _read(name, path)) is not None}
            self._pages = read | {page.name: page for page in reference.pages()}
        return self._pages


def _read(name: str, path: Path) -> HelpPage | None:
    """None for a page that cannot be read: the others stay."""
    try:
        with path.open("rb") as stream:
            text = clean_lines(stream.read(LARGEST_PAGE).decode("utf-8", "replace"), LARGEST_PAGE)
    except OSError:
        return None
    title = _TITLE.search(text)
    return HelpPage(name, title[1].strip() if title else name, text, "pages")


def _spellings(name: str) -> tuple[str, ...]:
    plain = name.strip()
    number = re.fullmatch(r"(?:nrc[ -]?)?(?:0x)?([0-9a-f]{1,2})", plain, re.IGNORECASE)
    return (plain, plain.upper(), plain.lower(), f"nrc-0x{int(number[1], 16):02x}" if number else plain)
