"""The shelf of help pages: those of the active release first, then those that come with the product, then reference.

A page is a CommonMark file NAME.md in a folder LANGUAGE (en, de, it); its first heading is its title. A release brings
files of its own, NAME.md or NAME.LANGUAGE.md, and they replace ours of the same name. What is not there in a language
is shown in English. Text of pages is cleaned: it comes from files that others wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from core.errors import DataMissing
from core.support import reference
from core.support.search_words import fold, meant
from core.vocabulary.cleaning import clean_lines
from core.vocabulary.saying import Say, english
from core.vocabulary.shop.support import HelpPage

OWN = Path(__file__).with_name("pages")
LARGEST_PAGE = 1 << 18
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


class Shelf:
    """`released`: files of the active release and its AddOns, the first goes first; `language` of the reader.

    `say` puts what is made from the code into that language.
    """

    def __init__(self, released: Sequence[Path] = (), language: str = "en", say: Say = english) -> None:
        self._released = tuple(released)
        self._language = language
        self._say = say

    def pages(self) -> tuple[HelpPage, ...]:
        """Component pages by title, then the reference by name."""
        made = {page.name: page for page in reference.pages(self._say)}
        components = [page for page in self._read.values() if page.name not in made]
        return (*sorted(components, key=lambda page: page.title.casefold()), *made.values())

    def page(self, name: str) -> HelpPage:
        """By its name, a code in any spelling ("0x31", "nrc 31", "pb-202"). DataMissing with names that are near."""
        for wish in _spellings(name):
            found = reference.page(wish, self._say) or self._read.get(wish)
            if found is not None:
                return found
        near = [page.name for page in self.search(name)[:5]] or sorted(self._read)[:8]
        raise DataMissing(f"There is no help page {name[:80]!r}.", f"Pages are: {', '.join(near)}, ...")

    def search(self, words: str) -> tuple[HelpPage, ...]:
        """Pages that hold all the words, or what else a workshop calls them.

        First those with all of them in the title, then instructions, then the reference by how many the title has.
        """
        wanted = [meant(word, self._language) for word in words.split()]
        hits = []
        for title, text, page in self._folded:
            if all(any(word in text for word in choices) for choices in wanted):
                outside = sum(not any(word in title for word in choices) for choices in wanted)
                hits.append((outside > 0, page.source == reference.SOURCE, outside, page))
        return tuple(page for *_, page in sorted(hits, key=lambda hit: hit[:3]))

    @cached_property
    def _folded(self) -> tuple[tuple[str, str, HelpPage], ...]:
        """(title, text, page) as a search compares them."""
        return tuple((fold(page.title), fold(f"{page.name}\n{page.text}"), page) for page in self.pages())

    @cached_property
    def _read(self) -> dict[str, HelpPage]:
        """The pages that are files, by name."""
        files: dict[str, Path] = {}
        for wanted in (f".{self._language}", ""):
            for path in self._released:
                stem = path.stem.removesuffix(wanted) if wanted and path.stem.endswith(wanted) else path.stem
                if path.suffix == ".md" and bool(wanted) == (stem != path.stem) and _NAME.fullmatch(stem):
                    files.setdefault(stem, path)
        for place in (OWN / self._language, OWN / "en"):
            for path in sorted(place.glob("*.md")):
                files.setdefault(path.stem, path)
        return {name: page for name, path in files.items() if (page := _read(name, path)) is not None}


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
    number = re.fullmatch(r"(?:(nrc|kwp|routing|nack|header)[ :-]*)?(?:0x)?([0-9a-f]{1,2})", plain, re.IGNORECASE)
    code = f"{(number[1] or 'nrc').lower()}-0x{int(number[2], 16):02x}" if number else plain
    return (plain, plain.upper(), plain.lower(), code)
