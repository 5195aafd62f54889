"""Words, tones and rows of Remote assistance: the door, who visits, what may be done about it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.vocabulary import Door, Visit, VisitKind, VisitState
from tui.locale import _, said, several
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, wrapped
from tui.widgets.rows import Row

if TYPE_CHECKING:
    from tui.visits.desk import Visitors

ENDED_SHOWN = 6
DOOR, LOCAL, NETWORK = "door", "local", "network"
"""Keys of rows that are no visit; a visit's key is made of more letters."""
WIDTH = 77
ClockWords = Callable[[float], str]


def who(visit: Visit) -> str:
    """A visitor in words: name and organisation of a log-in; without one a code, and what was typed as a name."""
    if not visit.login:
        code = visit.code or visit.id
        if not visit.name:
            return _("Visitor with the code {code}").format(code=code)
        return _('"{name}", code {code}').format(name=visit.name, code=code)
    name = visit.name or visit.login
    if not visit.organisation:
        return name
    return _("{name} of {organisation}").format(name=name, organisation=visit.organisation)


def proof(visit: Visit) -> str:
    """By what a visitor is known beside the name: log-in, address."""
    return ", ".join(text for text in (visit.login, visit.address) if text)


def reason(visit: Visit) -> str:
    return said(visit.reason) or _("logged out or gone")


def told(visit: Visit, seat: Any) -> tuple[str, str]:
    """Tone and words of what a visitor does now."""
    if visit.state is VisitState.WAITING:
        return "warn", _("waits")
    if visit.state is VisitState.ENDED:
        return "dim", _("has left")
    if visit.kind is VisitKind.OWN:
        return "ok", _("screen of your own")
    if seat is None:
        return "busy", _("in, at no vehicle")
    return ("warn", _("drives")) if seat.driving else ("busy", _("watches"))


def rows(visitors: Visitors, clock: ClockWords) -> list[Row]:
    """The door first, or the ways to open it; who waits, who is in, who has just left."""
    if visitors.refused:
        return []
    if visitors.working:
        return [Row(DOOR, ((GLYPHS["busy"], "busy"), (visitors.working, "busy"), "", "", ""))]
    if visitors.door is None:
        return [
            Row(LOCAL, ((GLYPHS["dim"], "dim"), _("Open for this PC only"), "127.0.0.1", "", "")),
            Row(NETWORK, ((GLYPHS["dim"], "dim"), _("Open for the network"), (_("certificate"), "dim"), "", "")),
        ]
    door = visitors.door
    reach = (_("encrypted") if door.tls else "127.0.0.1", "dim")
    made = [Row(DOOR, ((GLYPHS["ok"], "ok"), _("Door for browsers"), reach, (_("open"), "ok"), clock(door.since)))]
    alive = [v for v in visitors.visits if v.state is not VisitState.ENDED]
    alive.sort(key=lambda v: v.state is not VisitState.WAITING)
    ended = [v for v in visitors.visits if v.state is VisitState.ENDED][-ENDED_SHOWN:]
    return made + [_row(visit, visitors.seat(visit), clock) for visit in (*alive, *ended)]


def _row(visit: Visit, seat: Any, clock: ClockWords) -> Row:
    tone, words = told(visit, seat)
    ink = "dim" if visit.state is VisitState.ENDED else ""
    return Row(
        visit.id, ((GLYPHS[tone], tone), (who(visit), ink), (visit.address, ink), (words, tone),
                   (clock(visit.since), ink)),
    )  # fmt: skip


def waiting_words(waiting: Sequence[Visit]) -> str:
    """One sentence, however many they are."""
    if len(waiting) == 1:
        return _("{who} waits to be let in, from {address}.").format(
            who=who(waiting[0]), address=waiting[0].address or "?"
        )
    words = several("{count} visitor waits to be let in.", "{count} visitors wait to be let in.", len(waiting))
    return words.format(count=len(waiting))


def header_words(visitors: Visitors) -> tuple[tuple[str, str], ...]:
    """For the first row of every screen: how many wait, how many watch (who drives stands beside the device)."""
    waiting = len(visitors.waiting)
    helpers = sum(not getattr(visitors.seat(visit), "driving", False) for visit in visitors.helpers)
    pieces = []
    if waiting:
        pieces.append(several("{count} waits  ", "{count} wait  ", waiting).format(count=waiting))
    if helpers:
        pieces.append(several("{count} watches  ", "{count} watch  ", helpers).format(count=helpers))
    return tuple((text, "warn") for text in pieces)


def title(visitors: Visitors) -> str:
    """Above the list: the address, so that it can be read out whatever is marked."""
    words = _("Passbay in the browser")
    return words if visitors.door is None else f"{words}: {visitors.door.url}"


def detail(visitors: Visitors, key: str, day: ClockWords) -> Sequence[Cell]:
    """Five lines about the marked row."""
    visit = visitors.visit(key)
    if visitors.refused:
        lines: Sequence[Cell] = _sentences(visitors.refused)
    elif visit is not None:
        lines = _visit_lines(visit, visitors.seat(visit), day)
    elif visitors.door is not None:
        lines = _door_lines(visitors.door)
    elif key == NETWORK:
        lines = _sentences(NETWORK_WORDS)
    else:
        lines = _sentences(LOCAL_WORDS)
    return [*lines, "", "", "", "", ""][:5]


LOCAL_WORDS = _(
    "Browsers on this PC only. From elsewhere it is reached through an SSH tunnel: nothing stands open in the network. "
    "A helper who logs in watches what you do, and drives the vehicle only while you hand it over. Your own log-in "
    "gets the whole app. enter opens the door."
)
NETWORK_WORDS = _(
    "Browsers in your network or VPN, encrypted: a certificate and its key are needed. There is no relay in between: "
    "who helps must reach this PC. enter asks for address and certificate."
)


def _sentences(text: str) -> list[Cell]:
    return [((f" {line}", "dim"),) for line in wrapped(text, WIDTH)]


def _line(label: str, words: str, tone: str = "") -> Cell:
    return ((f" {label:9} ", "dim"), (words, tone))


def _door_lines(door: Door) -> list[Cell]:
    how = _("encrypted (TLS)") if door.tls else _("this PC only, or through an SSH tunnel")
    return [
        _line(_("Address"), door.url, "bold"),
        _line(_("Reach"), how),
        *_sentences(_("Open it in a browser and log in there. Who must be let in appears below. x closes the door.")),
    ]


def _visit_lines(visit: Visit, seat: Any, day: ClockWords) -> list[Cell]:
    tone, words = told(visit, seat)
    person = who(visit) + (f" ({visit.login})" if visit.login and visit.login != visit.name else "")
    return [
        _line(_("Who"), person, "bold"),
        _line(_("From"), visit.address),
        _line(_("State"), _("{state}, here since {day}").format(state=words, day=day(visit.since)), tone),
        *_sentences(following(visit, seat))[:2],
    ]


def following(visit: Visit, seat: Any) -> str:
    """What the technician can do next."""
    if visit.state is VisitState.ENDED:
        return _("Over: {reason}. Who wants to come back logs in again.").format(reason=reason(visit))
    if visit.state is VisitState.WAITING:
        if not visit.login:
            return _("Ask whether the page shows this code: anybody can type a name. k lets in to watch, x refuses.")
        if visit.own_organisation:
            return _("Of your organisation. k lets in to watch, x refuses.")
        return _("Not of your organisation. k lets in to watch, x refuses.")
    if visit.kind is VisitKind.OWN:
        return _("May do everything that you may. x ends it.")
    if seat is None:
        return _("Sees what this PC does as soon as a vehicle is connected. x ends the visit.")
    if seat.driving:
        return _("u takes the vehicle back at once; a running job goes on.")
    return _("enter hands the vehicle over, x ends the visit.")
