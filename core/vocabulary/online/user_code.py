"""Codes that people read out and type (RFC 8628, section 6.1). Pure."""

from __future__ import annotations

import secrets

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words; 8 letters are 34.5 bits


def new_code() -> str:
    """As it is kept."""
    return "".join(secrets.choice(LETTERS) for _ in range(8))


def shown_code(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"
