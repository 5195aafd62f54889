"""Makes outside text harmless to a terminal: control, bidi and zero-width characters become visible escapes. Pure.

Text from a bus, file or server passes through `clean` before it reaches a screen or standard output. It does not
touch `[markup]`: Textual widgets get `Text`/`Content` objects, never such a string.
"""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 4096

# U+2028/9 line separators, bidi controls, zero-width and BOM: they move or hide what a reader sees
_HIDDEN = {
    *range(0x200B, 0x2010), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0x061C, 0x00AD,
    0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xFE00, 0xFE10),
}  # fmt: skip


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x20 or number == 0x7F or 0x80 <= number < 0xA0 or 0xD800 <= number < 0xE000 or number in _HIDDEN:
        return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    if number >= 0xE0000 and unicodedata.category(character) in ("Cf", "Cn", "Mn", "Co"):
        return f"\\U{number:08x}"
    return character


def clean(text: object, limit: int = MAX_CHARACTERS) -> str:
    """`text` with every character that could act on a terminal shown as an escape, at most `limit` characters long."""
    raw = str(text)
    shown = raw if raw.isascii() and raw.isprintable() else "".join(map(_escape, raw[:limit]))
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def clean_lines(text: object, limit: int = MAX_CHARACTERS) -> str:
    """Like `clean`, but line feeds stay: for text that has lines by right (a report, a help page)."""
    return "\n".join(clean(line, limit) for line in str(text).split("\n"))
