"""One message in full, and what happens when it is copied: to the terminal's clipboard and to a file of ours."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tui.locale import _, said

NUMBERED = ("PB-", "2221-", "2173-")

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def show_message(app: PassbayApp, key: str) -> None:
    """One line of the message list: what, what it means in its step, how the unit is left, what to do."""
    from core.messages import headline
    from tui.screens.dialogs import Tell
    from tui.wishes.shop import open_page

    desk = app.desk
    item = next((i for i in desk.messages if str(i.number) == key), None) if desk is not None else None
    if item is None or desk is None:
        return
    head = "  ".join(word for word in (desk.clock_words(item.at), item.unit, item.code) if word)
    numbered = item.code.startswith(NUMBERED)
    words = (item.text, item.explanation, item.state_now, item.advice)
    more = (_("What to do"), lambda: open_page(app, item.page)) if item.page else None
    title = said(headline(item.code)) if numbered else _("Message")
    app.push_screen(Tell(title, [head, *(line for line in words if line)], more))


def copy(app: PassbayApp, words: str) -> None:
    """The clipboard may not be reached from here (tmux drops the sequence), so a file has it as well."""
    app.copy_to_clipboard(words)
    desk = app.desk
    workbench = desk.workbench if desk is not None else None
    if desk is None or workbench is None or desk.helping:
        app.toast(_("Copied to the terminal's clipboard."), "information")
        return
    path = workbench.paths.data / "copies" / f"message-{time.strftime('%Y%m%d-%H%M%S')}.txt"

    def written(place: Path) -> None:
        desk.note("ok", _("Copied to {place}").format(place=place))
        app.toast(_("Copied to the terminal's clipboard and to {place}").format(place=place), "information")

    desk.errand(lambda: workbench.write_text(path, words + "\n"), written, lane="files")
