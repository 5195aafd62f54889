"""Keys by wish: every binding has an identifier (`live.pause`, `passbay.quit`), [keys] gives it other keys.

The identifier is the place and the action. Nothing is bound here that has no key of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

from tui.locale import _

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def slug(action: str) -> str:
    """job('flash') as job_flash."""
    return re.sub(r"\W+", "_", action).strip("_")


def identified(place: str, bindings: Iterable[Any]) -> list[Any]:
    """The same bindings, each with an identifier."""
    return [
        replace(each, id=f"{place}.{slug(each.action.removeprefix('app.'))}")
        if isinstance(each, Binding) and not each.id
        else each
        for each in bindings
    ]


def place_name(cls: type) -> str:
    return cls.__name__.removesuffix("Screen").removesuffix("App").casefold()


def wanted_keys(app: PassbayApp) -> dict[str, str]:
    """Identifier to keys, as the settings have it."""
    workbench = app.desk.workbench if app.desk is not None else None
    return {row.binding: row.pressed for row in workbench.settings.keys} if workbench is not None else {}


def shown_key(app: PassbayApp, owner: type, action: str, key: str) -> str:
    """The key that stands in the bar for an action: the technician's, else our own."""
    scope, name = ("passbay", action.removeprefix("app.")) if action.startswith("app.") else (place_name(owner), action)
    pressed = wanted_keys(app).get(f"{scope}.{slug(name)}", "")
    return pressed.split(",")[0] or key


def apply(app: PassbayApp) -> list[str]:
    """Binds the wished keys; sentences about those that name no place of the app."""
    wanted = wanted_keys(app)
    places = {*app.SCREENS, "passbay", "start", "help", "helper", "kept", "rowlist"}
    wrong = [name for name in wanted if name.partition(".")[0] not in places]
    app.set_keymap({name: keys for name, keys in wanted.items() if name not in wrong})
    known = ", ".join(sorted(places))
    told = _("In [keys] of the settings: {name!r} names no place. The places are {known}.")
    return [told.format(name=name, known=known) for name in wrong]
