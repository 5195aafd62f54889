"""Who uses this process in a browser: what the door says in the environment of the app that it starts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.errors import RightMissing
from core.vocabulary import Visitor
from core.vocabulary.cleaning import clean

VISITOR_VARIABLE = "PASSBAY_VISITOR"
"""Set by the door for the app that it starts, and by nobody else: visit, name, organisation and kind as JSON."""
OWN, HELPER = "own", "helper"
LONGEST_NAME = 60


def visitor_of(environment: Mapping[str, str]) -> Visitor | None:
    """Who uses this process in a browser, None for a terminal. RightMissing for a visitor that is not told clearly:
    then nobody gets anything."""
    text = environment.get(VISITOR_VARIABLE)
    if text is None:
        return None
    try:
        told = json.loads(text)
        visit, name, place, kind = (str(told[key]) for key in ("visit", "name", "organisation", "kind"))
    except (ValueError, KeyError, TypeError, RecursionError):
        kind = visit = name = place = ""
    if kind not in (OWN, HELPER) or not visit:
        raise RightMissing("It is not clear who uses Passbay in this browser.", "Log in once more.")
    visit, name, place = (clean(part.strip(), LONGEST_NAME) for part in (visit, name or "somebody", place))
    return Visitor(visit, name, place, kind)
