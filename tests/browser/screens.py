"""One person's chromium in front of the door: reads what xterm.js shows, types without a click."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.webdriver import Chromium

PATIENCE = 40.0
F1, ENTER, ESC, UP, DOWN, LEFT, RIGHT, TAB = (
    "\ue031",
    "\ue007",
    "\ue00c",
    "\ue013",
    "\ue015",
    "\ue012",
    "\ue014",
    "\ue004",
)
_CONTROL = "\ue009"
_HOOK = """
Object.defineProperty(Object.prototype, 'terminal', {configurable: true, set(value) {
  if (value && value.buffer) window.theTerminal = value;
  Object.defineProperty(this, 'terminal', {value, writable: true, configurable: true, enumerable: true});
}});
"""  # textual.js keeps its terminal to itself; the test looks at the very one that is painted
_TEXT = """
const terminal = window.theTerminal; if (!terminal) return '';
const lines = []; const buffer = terminal.buffer.active;
for (let row = 0; row < terminal.rows; row++) lines.push(buffer.getLine(row).translateToString(true));
return lines.join('\\n');
"""


class Screen(Chromium):
    """`size` of the window in pixels; a cell is about 9 by 21."""

    def __init__(self, folder: Path, size: tuple[int, int] = (740, 660)) -> None:
        super().__init__(folder, javascript=True, size=size)
        hook = {"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": _HOOK}}
        self._call("POST", f"{self._session}/goog/cdp/execute", hook)

    @property
    def shown(self) -> str:
        return str(self.run(_TEXT))

    @property
    def head(self) -> str:
        return self.shown.partition("\n")[0]

    def until(self, *wanted: str | Callable[[str], bool], without: str = "") -> str:
        """Waits until all of it is shown; the text of the screen then."""
        end = time.monotonic() + PATIENCE
        while True:
            text = self.shown
            if all(w in text if isinstance(w, str) else w(text) for w in wanted) and not (without and without in text):
                return text
            assert time.monotonic() < end, f"{wanted} does not come:\n{text}"
            time.sleep(0.05)

    def until_page(self, words: str) -> str:
        end = time.monotonic() + PATIENCE
        while words not in (text := self._page()):
            assert time.monotonic() < end, f"{words} does not come:\n{text}"
            time.sleep(0.05)
        return text

    def _page(self) -> str:
        """A page may be replaced while it is read."""
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def keys(self, *keys: str) -> None:
        """Each as its own stroke; ^x with control."""
        for key in keys:
            if key.startswith("^") and len(key) == 2:
                self._strokes([("keyDown", _CONTROL), ("keyDown", key[1]), ("keyUp", key[1]), ("keyUp", _CONTROL)])
            else:
                self.press(key)

    def _strokes(self, strokes: list[tuple[str, str]]) -> None:
        actions: list[dict[str, Any]] = [{"type": kind, "value": value} for kind, value in strokes]
        body = {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}
        self._call("POST", f"{self._session}/actions", body)

    def windows(self) -> list[str]:
        return [str(handle) for handle in self._call("GET", f"{self._session}/window/handles")]

    def switch(self, window: str) -> None:
        self._call("POST", f"{self._session}/window", {"handle": window})

    def switch_to_new(self, old: str) -> None:
        end = time.monotonic() + PATIENCE
        while not (new := [each for each in self.windows() if each != old]):
            assert time.monotonic() < end, "no new window"
            time.sleep(0.05)
        self.switch(new[0])

    def knock(self, url: str, name: str) -> str:
        """With the embedded back end: asks to be let in; the code that the page shows."""
        self.open(url)
        self.type("input[name=name]", name)
        self.send("form button")
        return self.text(".code")
