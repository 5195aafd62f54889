"""Nouns of Passbay in the browser: the door, who comes through it, and what the technician decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class VisitKind(Enum):
    """OWN: the person of this PC, who gets the whole app. HELPER: anybody else, who watches until handed over."""

    OWN = "own"
    HELPER = "helper"


class VisitState(Enum):
    """WAITING: must be let in. IN: gets the app. ENDED: over, kept for a while so that it can be told."""

    WAITING = "waiting"
    IN = "in"
    ENDED = "ended"


class Decision(Enum):
    """What a screen may decide about a visit. REFUSE and END both end it, whatever its state is by then."""

    LET_IN = "let-in"
    LET_IN_OWN = "let-in-own"
    REFUSE = "refuse"
    END = "end"


@dataclass(frozen=True, slots=True)
class Visit:
    """One log-in of a visitor. `login` is "" where only a code was shown: an embedded back end knows nobody else.

    `id` is a name, no secret: what the browser proves itself with never stands here. `own_organisation`: a colleague.
    `since` and `seen` are seconds since the epoch, for words only: the clock may be set. `reason`: why it ended.
    """

    id: str
    kind: VisitKind
    state: VisitState
    name: str = ""
    login: str = ""
    organisation: str = ""
    address: str = ""
    code: str = ""
    own_organisation: bool = False
    since: float = 0.0
    seen: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """The web server on this PC that is open now. `tls`: it speaks TLS. `since` in seconds since the epoch."""

    url: str
    pid: int
    tls: bool
    since: float
