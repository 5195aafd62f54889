"""Finds the template that an English sentence of the core was made from, and says it in another language.

The core knows no language: its errors, steps and checks are finished sentences, which travel between processes and
into journals. Their templates ("{0} is in use by {1}.") lie in the catalogue under the context `core`; what stands in
the places of the placeholders is taken over as it is, or translated where it is itself such a sentence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from gettext import NullTranslations
from typing import Any

CONTEXT = "core"
_PLACE = re.compile(r"\{(\d+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?])(\s+)(?=\S)")
_HEAD = 10  # letters of the beginning by which templates are filed
_LONGEST = 1000  # characters: what is longer is no sentence
_NAME = re.compile(r"[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)?")
JOINTS = ("or", "and", "of", "to")
_VALUE = r"[^ ]*[A-Z0-9][^ ]*"
_ROW = re.compile(rf"{_VALUE}(?: (?:{'|'.join(JOINTS)}) {_VALUE})+(?: (?:V|km/h|MiB|GiB|bytes))?")
_SEPARATOR = "\x04"  # between context and msgid in gettext's own tables


class Sentences:
    """`catalogue` is a loaded gettext catalogue."""

    def __init__(self, catalogue: NullTranslations) -> None:
        table: dict[Any, str] = getattr(catalogue, "_catalog", {})
        self._exact: dict[str, str] = {}
        self._filed: dict[str, list[tuple[int, re.Pattern[str], str]]] = defaultdict(list)
        for key, target in table.items():
            context, separator, source = str(key).partition(_SEPARATOR) if isinstance(key, str) else ("", "", "")
            if separator and context == CONTEXT and target:
                self._file(source, target)
        for templates in self._filed.values():
            templates.sort(key=lambda row: -row[0])  # the one with the most letters of its own first
        self.translated = lru_cache(maxsize=2048)(self._translated)

    def _file(self, source: str, target: str) -> None:
        self._exact[source] = target  # a template, too: the core asks for it where it fills the places itself
        if not _PLACE.search(source):
            return
        parts = _PLACE.split(source)  # text, number, text, number, ..., text
        pattern = "".join(re.escape(part) if n % 2 == 0 else _place(parts, n) for n, part in enumerate(parts))
        own = sum(len(part) for part in parts[::2])
        self._filed[parts[0][:_HEAD]].append((own, re.compile(pattern, re.DOTALL), target))

    def _translated(self, text: str) -> str:
        """All of it or nothing: half a sentence in another language is worse than an English one.

        Sentence by sentence where that goes: a short template ("{0} has no {1}") would take several of them for one.
        """
        if len(text) > _LONGEST:
            return text
        if text in self._exact:
            return self._exact[text]
        parts = _SENTENCE_END.split(text)
        if len(parts) > 1:
            known = [part if part.isspace() else self._whole(part) for part in parts]
            if None not in known:
                return "".join(part for part in known if part is not None)
        made, rest = "", text
        while rest:
            found = self._whole(rest)
            if found is not None:
                return made + found
            first, blank, rest = _cut(rest)
            whole = self._whole(first) if rest else None
            if whole is None:
                return text
            made += whole + blank
        return text

    def _whole(self, text: str) -> str | None:
        if text in self._exact:
            return self._exact[text]
        for length in range(min(_HEAD, len(text)), -1, -1):
            for _own, pattern, target in self._filed.get(text[:length], ()):
                match = pattern.fullmatch(text)
                if match is not None:
                    return self._filled(target, match)
        return self._begun_large(text) or self._after_a_name(text) or self._joined(text)

    def _begun_large(self, text: str) -> str | None:
        """A fragment that was made the beginning of a sentence."""
        small = text[0].lower() + text[1:]
        found = self._whole(small) if small != text and small[1:2].islower() else None
        return found and found[0].upper() + found[1:]

    def _after_a_name(self, text: str) -> str | None:
        """ "ENGINE: Erase block 1": whose step it is stands in front."""
        name, colon, rest = text.partition(": ")
        found = self._whole(rest) if colon and _NAME.fullmatch(name) else None
        head, slash, unit = name.partition("/")
        return found and f"{self._exact.get(head, head)}{slash}{unit}: {found}"

    def _joined(self, text: str) -> str | None:
        """Values in a row, each without blanks: "3004.20 or 3004.21", "CAN and DoIP", "12.0 to 15.5 V", "1 of 2"."""
        if not _ROW.fullmatch(text):
            return None
        return " ".join(self._exact.get(word, word) if word in JOINTS else word for word in text.split(" "))

    def _filled(self, target: str, match: re.Match[str]) -> str:
        values = {name.partition("_")[2]: value for name, value in match.groupdict().items()}
        return _PLACE.sub(lambda place: self._value(values.get(place[1], "")), target)

    def _value(self, text: str) -> str:
        if text in self._exact and " " in text:
            return self._exact[text]
        bare = text.strip()  # " 1 of 2" brings its blank with it
        found = self._whole(bare) if " " in bare else None
        return text if found is None else text.replace(bare, found)


def _place(parts: list[str], n: int) -> str:
    """As little as fits, but where two places touch: there the second is often empty, and the first takes all."""
    first, second = parts[n + 1 : n + 2] == [""] and n + 2 < len(parts), n > 1 and parts[n - 1] == ""
    return f"(?P<p{n}_{parts[n]}>{'.*?' if second else '.+' if first else '.+?'})"


def _cut(text: str) -> tuple[str, str, str]:
    """The first sentence, what parts it from the next, and the rest."""
    found = _SENTENCE_END.search(text)
    return (text[: found.start()], found[1], text[found.end() :]) if found else (text, "", "")

