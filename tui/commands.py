"""What the command palette offers: every key of the place below it, every place, extras. No outside text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding

from tui.screens.base import Place
from tui.screens.help import key_words

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.shell import PassbayApp

PLACES = (
    ("Go to vehicle quick test", "vehicle", "Test all control units"),
    ("Go to flash", "flash", "Replace the software of a control unit"),
    ("Go to coding", "coding", "Change how a control unit is equipped"),
    ("Go to SelectPTDevice", "devices", "Choose simulation, CAN or DoIP"),
    ("Go to ConfigAssist", "assist", "StartKey, server, device data, overview"),
    ("Go to Log-in", "login", "Who works here, log in and out"),
    ("Go to Credit", "credit", "Time credit: what is left, buy more"),
    ("Numbered messages", "codes", "What 2221-47, 2173-42 and the others mean, and what to do"),
    ("Go to the PC check", "check", "What this PC must have, hosts and ports"),
    ("Go to the Support Tool", "support", "Instructions, codes, contacts, bundle"),
    ("Go to the Update Service", "update", "Download and install releases"),
    ("Go to the AddOn Center", "addons", "Flashware and corrections between releases"),
    ("Add diagnostic data", "data", "Bring a PDX file into this session"),
)
EXTRAS = (
    ("Units left in programming", "Look again which units wait for their recovery", "hosts.look"),
    ("Signal names (DBC)", "Put frames of the live panel into words", "live.choose_signal_names"),
    ("Order number", "Quick tests and measures from now on belong to it", "reports.ask_order"),
)
_NOT_LISTED = ("escape", "tab")


def _wish(app: PassbayApp, wish: str) -> None:
    """Wishes load when they are wished for."""
    from importlib import import_module

    module, _, name = wish.partition(".")
    getattr(import_module(f"tui.wishes.{module}"), name)(app)


def commands(app: PassbayApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Own keys of the place, keys that hold everywhere, places, extras; each title once."""
    titles: set[str] = set()
    for command in _every(app, screen):
        if command.title not in titles:
            titles.add(command.title)
            yield command


def _every(app: PassbayApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    owners: list[Any] = [screen, app] if isinstance(screen, Place) else [app]
    for owner in owners:
        for binding in type(owner).BINDINGS:
            if isinstance(binding, Binding) and binding.key not in _NOT_LISTED:
                run = partial(owner.run_action, binding.action)
                yield SystemCommand(binding.description, f"key {key_words(binding.key)}", run)
    for title, place, words in PLACES:
        yield SystemCommand(title, words, partial(app.go, place))
    for title, words, wish in EXTRAS:
        yield SystemCommand(title, words, partial(_wish, app, wish))
    yield SystemCommand("Light or dark colours", "Change the theme", app.action_theme)
    yield SystemCommand("Save a picture of this screen", "An SVG file for support", partial(app.deliver_screenshot))
