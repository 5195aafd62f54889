"""What the start does by itself once the workbench is open: StartKey check, jobs without a screen, the first run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.desk import Desk
    from tui.shell import PassbayApp


def begin(app: PassbayApp, wish: Callable[[], None] | None) -> None:
    """`wish`: a place that was asked for before the workbench was open. It comes before everything else."""
    desk = app.desk
    if desk is None or desk.workbench is None:
        return
    desk.papers.begin()
    desk.releases.begin()
    desk.look_around(lambda: _looked(app, desk))
    if wish is not None:
        wish()


def _looked(app: PassbayApp, desk: Desk) -> None:
    from tui.wishes.hosts import go_on

    go_on(app)
    workbench = desk.workbench
    if workbench is None or workbench.last_device:
        return
    if len(app.screen_stack) == 1 and not (desk.hosts or desk.unfinished or desk.connecting):
        app.push_screen("firstrun")
    else:  # whoever goes straight to work has chosen the hardware that stands there
        uri = desk.uri
        desk.errand(lambda: workbench.remember_device(uri), lambda _: None, lane="settings")
