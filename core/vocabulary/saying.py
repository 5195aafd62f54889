"""How the core's English is said in another language: by a function that its caller passes in."""

from __future__ import annotations

import re
from collections.abc import Callable

Say = Callable[[str], str]
"""An English sentence, fragment or template with places {0}, {1} -> the same in the language of whoever reads it."""
_PLACE = re.compile(r"\{(\d)\}")


def english(text: str) -> str:
    """What stands in the code."""
    return text


def filled(say: Say, template: str, *values: str) -> str:
    """`template` in that language, and the values (said already, or names) in its places."""
    return _PLACE.sub(lambda place: values[int(place[1])], say(template))
