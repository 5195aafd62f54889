"""A unit that was left in programming: what is told, what is offered. The recovery itself is the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vocabulary import Interrupted
from tui.locale import _, said
from tui.screens.dialogs import Pick

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def offer(app: PassbayApp, entry: Interrupted) -> None:
    """Recover now, open it in Flash, or take it off the list."""
    choices = [
        ("recover", _("Recover now")),
        ("flash", _("Open it in Flash (other flashware)")),
        ("dismiss", _("I know of it: do not tell again")),
    ]
    head = _("{unit} of VIN {value}").format(unit=entry.unit, value=entry.vin or _("(not told)"))
    lines = [said(entry.sentence) or _("{head} was left in programming.").format(head=head), said(entry.advice)]
    app.push_screen(
        Pick(
            _("{unit} was left in programming").format(unit=entry.unit),
            choices,
            "recover",
            [*(line for line in lines if line), ""],
        ),
        lambda choice: _chosen(app, entry, choice),
    )


def _chosen(app: PassbayApp, entry: Interrupted, choice: str | None) -> None:
    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None or not choice:
        return
    if choice == "dismiss":
        desk.errand(lambda: workbench.dismiss(entry), lambda _none: desk.look_around(app.refresh_places), lane="look")
        return
    if desk.busy or desk.watching:
        app.toast(_("Something else runs on this screen: wait for its end first."), "warning")
        return
    if entry.vci and entry.vci != desk.uri:
        desk.choose_device(entry.vci, desk.name_of(entry.vci))
    if choice == "recover":
        app.wanted_recovery = entry
    else:
        app.wanted_unit = entry.unit
    app.go("flash")
