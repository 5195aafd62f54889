"""Textual's driver of an app behind the door: ends when the door is gone, and never crashes because of it."""

from __future__ import annotations

import os

from textual import messages
from textual.drivers.web_driver import WebDriver

NAME = "tui.browser.driver:DoorDriver"  # what TEXTUAL_DRIVER says


class DoorDriver(WebDriver):
    """Textual's own goes on for ever when its standard input ends, and raises where nobody reads its output."""

    def write(self, data: str) -> None:
        self._packet(b"D", data.encode("utf-8", "replace"))

    def write_meta(self, data: dict[str, object]) -> None:
        import json

        self._packet(b"M", json.dumps(data).encode())

    def _packet(self, kind: bytes, payload: bytes) -> None:
        rest = b"%s%s%s" % (kind, len(payload).to_bytes(4, "big"), payload)
        try:
            while rest:  # a signal may cut a write short
                rest = rest[os.write(self.fileno, rest) :]
        except OSError:
            self._lost()

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._lost()

    def _lost(self) -> None:
        """The door is gone: the normal end, and soon. A job goes on in its vehicle host."""
        if self.exit_event.is_set():
            return
        self.exit_event.set()
        from tui.looks.hangup import end_soon

        end_soon(getattr(self._app, "desk", None))
        self._app.post_message(messages.ExitApp())
