"""Remote assistance: opening and closing the door, letting in, handing over, ending; each question in one place."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.vocabulary import Decision, Door, Visit, VisitKind, VisitState
from tui.app import VISITOR
from tui.locale import _, said
from tui.screens.dialogs import Ask, Fill, Pick, Tell
from tui.visits.desk import DoorWish
from tui.visits.words import DOOR, LOCAL, NETWORK, proof, who

if TYPE_CHECKING:
    from core.errors import ProductError
    from tui.shell import PassbayApp
    from tui.visits.desk import Visitors

HOST, ANY, PORT = "127.0.0.1", "0.0.0.0", "8022"


def visitors_of(app: PassbayApp) -> Visitors | None:
    desk = app.desk
    return desk.visitors if desk is not None and desk.workbench is not None else None


def act(app: PassbayApp, key: str) -> None:
    """enter on a row: opens the door, or offers what can be done now."""
    visitors = visitors_of(app)
    if visitors is None or visitors.working:
        return
    visit = visitors.visit(key)
    if visit is not None:
        _offer(app, visitors, visit)
    elif key == LOCAL:
        _open(app, visitors, DoorWish(HOST, int(PORT)))
    elif key == NETWORK:
        _ask_network(app, visitors)
    elif key == DOOR and visitors.door is not None:
        show_address(app)


# -- the door


def _ask_network(app: PassbayApp, visitors: Visitors) -> None:
    known = visitors.network
    fields = [
        ("name", _("Name of this PC, as in its certificate"), known.get("name", "")),
        ("port", _("Port"), known.get("port", PORT)),
        ("certificate", _("Certificate (PEM file)"), known.get("certificate", "")),
        ("key", _("Its key (PEM file)"), known.get("key", "")),
    ]

    def filled(values: dict[str, str] | None) -> None:
        if values is not None:
            visitors.network = values
            _open_network(app, visitors, values)

    app.push_screen(Fill(_("Open for the network"), fields, "", yes=_("Open")), filled)


def _open_network(app: PassbayApp, visitors: Visitors, values: dict[str, str]) -> None:
    port, name = values["port"] or PORT, values["name"]
    change = (_("Change"), lambda: app.call_later(_ask_network, app, visitors))
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        app.toast(_("{port} is no port: 1 to 65535.").format(port=port), "warning")
        return
    if not (values["certificate"] and values["key"]):
        lines = [_("The network wants TLS: the files of a certificate and of its key, both.")]
        app.push_screen(Tell(_("The door stays closed"), lines, change))
        return
    url = f"https://{name}:{port}" if name else ""
    wish = DoorWish(ANY, int(port), values["certificate"], values["key"], url)
    _open(app, visitors, wish, change)


def _open(
    app: PassbayApp, visitors: Visitors, wish: DoorWish, change: tuple[str, Callable[[], None]] | None = None
) -> None:
    def opened(_door: Door) -> None:
        app.refresh_places()

    def failed(error: ProductError) -> None:
        app.refresh_places()
        app.push_screen(Tell(_("The door stays closed"), [said(error.message), "", said(error.advice)], change))

    visitors.open_door(wish, opened, failed)
    app.refresh_places()


def _close(app: PassbayApp, visitors: Visitors) -> None:
    lines = [_("All visits end, and what their screens show. A running job goes on.")]
    if os.environ.get(VISITOR):
        lines.append(_("This screen is in a browser itself: it ends, too."))

    def answered(yes: bool | None) -> None:
        if yes:
            visitors.close_door()
            app.refresh_places()

    app.push_screen(Ask(_("Close the door?"), lines, yes=_("Close it")), answered)


def show_address(app: PassbayApp) -> None:
    """As QR code, and to be read out."""
    from tui.screens.paper.qr import QrScreen

    visitors = visitors_of(app)
    if visitors is None or visitors.door is None:
        app.toast(_("The door is closed: enter opens it."), "information")
        return
    door = visitors.door
    reach = _("In your network or VPN.") if door.tls else _("Only on this PC, or through an SSH tunnel.")
    app.push_screen(QrScreen(door.url, (door.url, "", reach, _("Whoever opens it must log in."))))


# -- visits


def _offer(app: PassbayApp, visitors: Visitors, visit: Visit) -> None:
    choices = offers(visitors, visit)
    if not choices:
        app.toast(_("{who} has left already.").format(who=who(visit)), "information")
        return

    def chosen(key: str | None) -> None:
        if key is not None:
            DO[key](app, visitors, visit)

    app.push_screen(Pick(who(visit), choices, lines=(proof(visit),)), chosen)


def offers(visitors: Visitors, visit: Visit) -> list[tuple[str, str]]:
    """What may be done about a visit now; the harmless first."""
    if visit.state is VisitState.ENDED:
        return []
    if visit.state is VisitState.WAITING:
        own = [] if visit.login else [("own", _("Let in as a screen of my own, with everything"))]
        return [("watch", _("Let in to watch")), *own, ("refuse", _("Refuse"))]
    seat = visitors.seat(visit)
    if visit.kind is VisitKind.OWN or seat is None:
        return [("end", _("End the visit"))]
    if seat.driving:
        return [("back", _("Take the vehicle back")), ("end", _("End the visit"))]
    return [("over", _("Hand the vehicle over")), ("end", _("End the visit"))]


def let_in(app: PassbayApp, key: str) -> None:
    visitors, visit = _marked(app, key)
    if visitors is None or visit is None or visit.state is not VisitState.WAITING:
        app.toast(_("Mark a visitor who waits."), "information")
    else:
        visitors.decide(visit, Decision.LET_IN)


def throw_out(app: PassbayApp, key: str) -> None:
    """x: refuses who waits, ends a visit, closes the door."""
    visitors, visit = _marked(app, key)
    if visitors is None:
        return
    if visit is None:
        if visitors.door is not None and not visitors.working:
            _close(app, visitors)
    elif visit.state is VisitState.WAITING:
        visitors.decide(visit, Decision.REFUSE)
    elif visit.state is VisitState.IN:
        _end(app, visitors, visit)


def take_back(app: PassbayApp) -> None:
    visitors = visitors_of(app)
    if visitors is None or not visitors.lent_to:
        app.toast(_("The vehicle is not handed over."), "information")
    else:
        visitors.take_back()


def _marked(app: PassbayApp, key: str) -> tuple[Visitors | None, Visit | None]:
    visitors = visitors_of(app)
    return visitors, visitors.visit(key) if visitors is not None else None


def _hand_over(app: PassbayApp, visitors: Visitors, visit: Visit) -> None:
    desk = visitors.desk
    lines = [
        _("{who} then drives {vehicle}: quick test, fault codes, flash, coding. This screen watches.").format(
            who=who(visit), vehicle=desk.uri
        ),
        _("Stay at the vehicle: nobody sees it from afar. u takes it back at any moment; a running job goes on."),
    ]
    app.push_screen(
        Ask(_("Hand the vehicle over?"), lines, yes=_("Hand over")),
        lambda yes: visitors.hand_over(visit) if yes else None,
    )


def _end(app: PassbayApp, visitors: Visitors, visit: Visit) -> None:
    lines = [who(visit), _("A vehicle that was handed over is yours again; a running job goes on.")]
    app.push_screen(
        Ask(_("End the visit?"), lines, yes=_("End it")),
        lambda yes: visitors.decide(visit, Decision.END) if yes else None,
    )


def _let_in_own(app: PassbayApp, visitors: Visitors, visit: Visit) -> None:
    lines = [
        _("Who sits there then may do everything that you may: vehicle, files, StartKey, log-in."),
        _("Only for a browser of your own that shows the code {code}.").format(code=visit.code),
    ]
    app.push_screen(
        Ask(_("A screen of your own?"), lines, yes=_("Let in")),
        lambda yes: visitors.decide(visit, Decision.LET_IN_OWN) if yes else None,
    )


DO = {
    "watch": lambda app, visitors, visit: visitors.decide(visit, Decision.LET_IN),
    "own": _let_in_own,
    "refuse": lambda app, visitors, visit: visitors.decide(visit, Decision.REFUSE),
    "end": _end,
    "back": lambda app, visitors, visit: visitors.take_back(),
    "over": _hand_over,
}
