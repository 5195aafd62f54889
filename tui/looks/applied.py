"""What the settings say about the screens, once they are read: theme and keys. What is wrong goes to the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _
from tui.theme import DARK, LIGHT, PALETTES, SIXTEEN

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def apply_settings(app: PassbayApp) -> None:
    from tui.looks.keymap import apply

    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None:
        return
    settings = workbench.settings
    if settings.theme and settings.theme not in PALETTES:
        known = ", ".join(PALETTES)
        desk.note(
            "warning",
            _("The theme {theme!r} of the settings is not known: {known}.").format(theme=settings.theme, known=known),
        )
    elif settings.theme and app.theme != SIXTEEN:
        app.theme = settings.theme
    if settings.keys:
        for sentence in apply(app):
            desk.note("warning", sentence)
        if app.place is not None:
            app.place.tell_keys()


def other_theme(app: PassbayApp) -> None:
    """Light or dark, also for the next start. Sixteen colours stay: they are what the terminal has."""
    if app.theme == SIXTEEN:
        app.toast(_("This terminal has 16 colours: there is one theme for it."), "information")
        return
    app.theme = LIGHT if app.theme == DARK else DARK
    app.refresh_css()
    desk, theme = app.desk, app.theme
    workbench = desk.workbench if desk is not None else None
    if desk is not None and workbench is not None and not desk.helping:
        desk.errand(lambda: workbench.change_settings(theme=theme), lambda _none: None, lane="settings")
