"""The end of the app by a fault of ours: places in the code on the terminal, and the same for support as a file.

Textual's own traceback would print local variables, so VINs, keys and tokens.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.shell import PassbayApp


def show_crash(app: PassbayApp) -> None:
    from rich.segment import Segments
    from rich.traceback import Traceback

    app.bell()
    traceback = Traceback(show_locals=False, width=None, suppress=["textual"])
    app._exit_renderables.append(Segments(app.console.render(traceback, app.console.options)))
    keep(app)
    app._close_messages_no_wait()


def keep(app: PassbayApp) -> None:
    """The support bundle takes it along; its path is told."""
    error = sys.exc_info()[1]
    workbench = app.desk.workbench if app.desk is not None else None
    if error is None or workbench is None:
        return
    from core.errors import StorageFailed

    try:
        path = workbench.keep_crash(error)
    except StorageFailed:
        return  # the screen shows the places, and nothing more can be done
    app._exit_renderables.append(f"Kept for support, without any values: {path}")
