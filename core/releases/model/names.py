"""Names in signed documents and archives: only those that are harmless on every file system. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from core.errors import NotTrusted
from core.vocabulary.cleaning import clean

LONGEST_NAME = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)  # Windows, with any ending
_FORBIDDEN = frozenset('<>:"/\\|?*')
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}$")
_IDENT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}$")
_DIGEST = re.compile(r"[0-9a-f]{64}$")


def file_name(text: object) -> str:
    """The name of a component's file. NotTrusted where it could leave its folder, or hide what it is."""
    if not isinstance(text, str) or not text or len(text.encode("utf-8", "replace")) > LONGEST_NAME:
        raise NotTrusted("A file in the release has no usable name.")
    hidden = any(unicodedata.category(character)[0] in "CZ" and character != " " for character in text)
    bad = hidden or _FORBIDDEN & set(text) or text[0] in " ." or text[-1] in " ." or _RESERVED.match(text)
    if bad:
        raise NotTrusted(f"The release holds a file with a forbidden name: {clean(text, 80)}.")
    return text


def all_different(names: Iterable[str]) -> None:
    """NotTrusted where two names are one file on a disk that knows no case (or another Unicode form)."""
    seen: set[str] = set()
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise NotTrusted(f"The release holds two files of one name: {clean(name, 80)}.")
        seen.add(key)


def version(text: object) -> str:
    """2026.09, 1.2: numbers and dots."""
    if not isinstance(text, str) or not _VERSION.match(text):
        raise NotTrusted("A release has no usable version number.")
    return text


def version_key(text: str) -> tuple[int, ...]:
    """For comparing; "" (built-in data) comes before all."""
    return tuple(int(part) for part in text.split(".")) if text else ()


def ident(text: object) -> str:
    """Short name of an AddOn: small letters, digits, hyphens."""
    if not isinstance(text, str) or not _IDENT.match(text):
        raise NotTrusted("An AddOn has no usable name.")
    return text


def digest(text: object) -> str:
    if not isinstance(text, str) or not _DIGEST.match(text):
        raise NotTrusted("A file in the release has no usable hash.")
    return text
