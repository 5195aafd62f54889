"""A terminal that has gone away, or whose size was missed: seen by asking the kernel; without SIGHUP nobody tells.

Textual's input thread would read end of file for ever, at full speed. The app ends; a flash goes on in its host.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.desk import Desk
    from tui.shell import PassbayApp

GRACE = 5.0  # seconds for the normal end, which lets the vehicle go; after it the process ends all the same


def terminal_gone() -> bool:
    """Whether the other side of the terminal was closed. False where nobody can say (Windows)."""
    poll = getattr(select, "poll", None)
    if poll is None or sys.__stdin__ is None:
        return False
    asked = poll()
    try:
        asked.register(sys.__stdin__.fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in asked.poll(0))
    except (OSError, ValueError):
        return True  # the descriptor itself is closed


def watch(app: PassbayApp) -> None:
    """Once a second: ends the app where its terminal is gone, and catches up with a size that was missed.

    Of several changes of size in one paint Textual 8.2.8 may lose the last one.
    """
    if terminal_gone():
        end_soon(app.desk)
        app.exit()
        return
    try:
        columns, lines = os.get_terminal_size(sys.__stdout__.fileno()) if sys.__stdout__ is not None else (0, 0)
    except (OSError, ValueError):
        return
    if columns and (columns, lines) != tuple(app.screen.size):
        from textual.events import Resize
        from textual.geometry import Size

        size = Size(columns, lines)
        app.post_message(Resize(size, size))
        app.screen.post_message(Resize(size, size))


def end_soon(desk: Desk | None) -> None:
    """Whatever the normal end waits for, nobody looks any more. A flash in this process is waited for all the same."""
    if desk is not None and desk.busy and not desk.hosted:
        return
    timer = threading.Timer(GRACE, os._exit, (1,))
    timer.daemon = True
    timer.start()
