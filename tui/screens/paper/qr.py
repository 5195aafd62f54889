"""A text as QR code on the whole screen, beside it in words: the device data for the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal

from tui.locale import _
from tui.screens.base import Place
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, wrapped
from tui.widgets.qr import QrCode

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.shell import PassbayApp

WORDS = 36


class QrScreen(Place):
    PLACE = _("QR code")
    KEYS: ClassVar[tuple[Key, ...]] = (("esc", _("Back"), "back"),)
    HELP = _("The code holds what stands beside it. Hold a phone or a scanner in front of the screen.")

    def __init__(self, text: str = "", lines: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._text, self._words = text, lines

    def body(self) -> list[Widget]:
        return [Horizontal(QrCode(id="qr"), Lines(("",), id="words-beside"), id="beside")]

    def on_mount(self) -> None:
        super().on_mount()
        shown = self.query_one(QrCode).show(self._text)
        lines: list[Cell] = [""]
        for sentence in (*self._words, *(() if shown else (_("This screen cannot show the code."),))):
            lines += [f" {line}" for line in wrapped(sentence, WORDS)]
        self.query_one("#words-beside", Lines).show(*lines)


def show_device_data(app: PassbayApp) -> None:
    """Hardware ID and app ID for a phone that orders."""
    device = app.desk.papers.device if app.desk is not None else None
    if device is None:
        app.toast(_("The device data is not read yet."), "information")
        return
    text = f"hardware ID {device.hardware_id} app ID {device.app_id}"
    lines = (
        _("Hardware ID  {hardware_id}").format(hardware_id=device.hardware_id),
        _("App ID       {app_id}").format(app_id=device.app_id),
        "",
        _("For the order of the StartKey. The shop wants the exported file as well: e in ConfigAssist."),
    )
    app.push_screen(QrScreen(text, lines))
