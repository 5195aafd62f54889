"""`python -m tests.translations.long_screens`: every state of the snapshots in 80x24 with each text 40 % longer.

A process of its own, since the texts of a class are made when it is imported. Prints what does not fit, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from tui.locale import LONG, longer, use

WIDTH, HEIGHT = 80, 24


def problems(app: Any) -> list[str]:
    """The key bar ends with the palette, all buttons stand on the screen."""
    from tests.tui.support import screen_text
    from tui.screens.dialogs import Buttons
    from tui.widgets.lines import KeyBar

    found = []
    for bar in app.screen.query(KeyBar):
        last = screen_text(app).split("\n")[bar.region.y].rstrip()
        if "^p Comm" not in last or len(last) > WIDTH:
            found.append(f"key bar: {last!r}")
        missing = [key for key, _label, _action in bar._keys if f" {key} " not in last]
        if missing:
            found.append(f"keys {missing} are not in {last!r}")
    for buttons in app.screen.query(Buttons):
        line = screen_text(app).split("\n")[buttons.region.y]
        found += [f"button {face} is not in {line!r}" for face in buttons._faces() if face not in line]
        if buttons.region.bottom > HEIGHT - 1:
            found.append(f"the buttons end at line {buttons.region.bottom}")
    return found


async def walked(name: str) -> list[str]:
    from tests.tui.test_snapshots import STATES, _app

    app = _app()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await STATES[name](pilot)
        await pilot.pause()
        return problems(app)


def main(names: list[str]) -> int:
    assert use(LONG) == LONG
    from tests.tui.test_snapshots import STATES
    from tui.screens.base import Place

    assert Place.BINDINGS[0].description == longer("Back"), "the screens were imported before the language was chosen"
    found = {name: asyncio.run(walked(name)) for name in names or STATES}
    print(json.dumps({name: wrong for name, wrong in found.items() if wrong}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
