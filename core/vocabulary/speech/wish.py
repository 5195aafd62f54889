"""Which language somebody's browser wishes for (RFC 9110, section 12.5.4). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

_LONGEST = 200
_WISH = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*"
)


def wished(accept_language: str, languages: Collection[str]) -> str:
    """Of `languages` the one that the header prefers, "en" where it names none. What cannot be read is passed over."""
    best, most = "en", 0.0
    for part in accept_language[:_LONGEST].split(","):
        wish = _WISH.fullmatch(part)
        if wish is not None and wish[1].lower() in languages and float(wish[2] or 1) > most:
            best, most = wish[1].lower(), float(wish[2] or 1)
    return best
