"""What the command palette offers: every key of the place below it, every place, extras. No outside text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding

from tui.locale import _
from tui.screens.base import Place
from tui.screens.help import key_words

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.shell import PassbayApp

PLACES = (
    (_("Go to vehicle quick test"), "vehicle", _("Test all control units")),
    (_("Go to flash"), "flash", _("Replace the software of a control unit")),
    (_("Go to coding"), "coding", _("Change how a control unit is equipped")),
    (_("Go to SelectPTDevice"), "devices", _("Choose simulation, CAN or DoIP")),
    (_("Go to ConfigAssist"), "assist", _("StartKey, server, device data, overview")),
    (_("Go to Log-in"), "login", _("Who works here, log in and out")),
    (_("Go to Credit"), "credit", _("Time credit: what is left, buy more")),
    (_("Numbered messages"), "codes", _("What 2221-47, 2173-42 and the others mean, and what to do")),
    (_("Go to the PC check"), "check", _("What this PC must have, hosts and ports")),
    (_("Go to the Support Tool"), "support", _("Instructions, codes, contacts, bundle")),
    (_("Go to Remote assistance"), "visits", _("Somebody watches or drives from a browser")),
    (_("Go to the Update Service"), "update", _("Download and install releases")),
    (_("Go to the AddOn Center"), "addons", _("Flashware and corrections between releases")),
    (_("Add diagnostic data"), "data", _("Bring a PDX file into this session")),
)
EXTRAS = (
    (_("Units left in programming"), _("Look again which units wait for their recovery"), "hosts.look"),
    (_("Signal names (DBC)"), _("Put frames of the live panel into words"), "live.choose_signal_names"),
    (_("Order number"), _("Quick tests and measures from now on belong to it"), "reports.ask_order"),
)
_NOT_LISTED = ("escape", "tab")


def _wish(app: PassbayApp, wish: str) -> None:
    """Wishes load when they are wished for."""
    from importlib import import_module

    module, _dot, name = wish.partition(".")
    getattr(import_module(f"tui.wishes.{module}"), name)(app)


def commands(app: PassbayApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Own keys of the place, keys that hold everywhere, places, extras; each title once."""
    titles: set[str] = set()
    for command in _every(app, screen):
        if command.title not in titles:
            titles.add(command.title)
            yield command


def _offered(app: PassbayApp, owner: object, action: str) -> bool:
    if not app.helping:
        return True
    from tui.helper.allowed import offered

    return offered(action) and not (owner is app and action == "undo")  # the technician takes back


def _helper_places() -> list[tuple[str, str, str]]:
    from tui.helper.allowed import PLACES as REACHED

    return [each for each in PLACES if each[1] in REACHED]


def _every(app: PassbayApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    owners: list[Any] = [screen, app] if isinstance(screen, Place) else [app]
    for owner in owners:
        for binding in type(owner).BINDINGS:
            if isinstance(binding, Binding) and binding.key not in _NOT_LISTED and _offered(app, owner, binding.action):
                run = partial(owner.run_action, binding.action)
                yield SystemCommand(binding.description, f"key {key_words(binding.key)}", run)
    for title, place, words in PLACES if not app.helping else _helper_places():
        yield SystemCommand(title, words, partial(app.go, place))
    for title, words, wish in EXTRAS if not app.helping else ():
        yield SystemCommand(title, words, partial(_wish, app, wish))
    yield SystemCommand(_("Light or dark colours"), _("Change the theme"), app.action_theme)
    if app.helping:
        return  # a file on this PC
    yield SystemCommand(
        _("Save a picture of this screen"), _("An SVG file for support"), partial(app.deliver_screenshot)
    )
