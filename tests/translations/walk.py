"""`python -m tests.translations.walk LANGUAGE [EACH]`: looks every code up from where it appears; prints what fails.

A process of its own, since the texts of a class are made when it is imported. The workbench is of cardboard, the pages
are the product's. Where each thing stands, the page that it leads to is compared; every EACH-th is also opened by keys
(1: all 438 of them, which takes a minute of processor time).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from core import errors
from core.diagnosis.explain import explain_in_place
from core.diagnosis.explain.reasons import DENIED_CODES
from core.errors import NegativeResponse, ProductError, RoutingDenied
from core.events import JobFailed, NegativeResponseReceived, NumberedMessageRaised
from core.messages import NOTICES, message_for
from core.protocol import nrc
from core.protocol.dialect import dialect_of
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.vocabulary import KWP2000, UDS
from tui.locale import LANGUAGES, said, use

UNIT = "ENGINE"
FIELDS: dict[str, dict[str, Any]] = {"NegativeResponse": {"sid": 0x31, "nrc": 0x22}}


def refusals() -> Iterator[ProductError]:
    """Every negative response code of both protocols, and what a DoIP gateway refuses with."""
    for protocol, table in ((UDS, nrc), (KWP2000, kwp_nrc)):
        for code in table.known_codes():
            message, advice = dialect_of(protocol).explain(0x34, code)
            yield NegativeResponse(f"{UNIT}: {message}", advice, sid=0x34, nrc=code, protocol=protocol)
    for denied, codes in DENIED_CODES.items():
        yield from (RoutingDenied("The gateway refused.", denial_code=code, denied=denied) for code in codes)


def classes() -> Iterator[ProductError]:
    """One error of each class."""
    for name in errors.__all__:
        cls = getattr(errors, name)
        if isinstance(cls, type) and issubclass(cls, ProductError):
            yield cls("Something happened.", **FIELDS.get(name, {}))


def explained(error: ProductError, number: int) -> ProductError:
    """As a job leaves it behind: told where it happened."""
    step, kind = (("transfer-1", "flash"), ("write", "coding"), ("survey", "survey"))[number % 3]
    explain_in_place(error, step=step, unit=UNIT, kind=kind)
    return error


class Walk:
    """Opens things in one app and compares what is read with the page of the shelf."""

    def __init__(self, app: Any, pilot: Any, language: str, each: int) -> None:
        from core.support.shelf import Shelf

        self.app, self.pilot, self.language = app, pilot, language
        self.shelf, self.english = Shelf((), language, said), Shelf()
        self.problems: list[str] = []
        self.looked = self.opened = 0
        self._each = each

    def leads(self, name: str, page: str, where: str) -> bool:
        """Whether this one is to be opened as well."""
        self.looked += 1
        found = self.shelf.page(page)
        if page != name or (self.language != "en" and found.text == self.english.page(name).text):
            self.problems.append(f"{where}: leads to {page}, not {name}, or that is in English")
        return self.looked % self._each == 0

    async def reads(self, name: str, where: str) -> None:
        """The page of that name is on the screen; back to the place below."""
        from tests.tui.support import quiet
        from tui.screens.reading import ReadingScreen

        await quiet(self.pilot)
        screen, page = self.app.screen, self.shelf.page(name)
        if not isinstance(screen, ReadingScreen) or (screen._title, screen._text) != (page.title, page.text):
            self.problems.append(f"{where}: {name} is not what opens, but {type(screen).__name__}")
            return
        self.opened += 1
        if self.language != "en" and page.text == self.english.page(name).text:
            self.problems.append(f"{where}: {name} is in English")
        await self.pilot.press("escape")
        await self.pilot.pause()

    async def from_list(self, name: str) -> None:
        """The newest line of the message list, by its third button."""
        from tests.tui.support import quiet
        from tui.screens.dialogs import Buttons

        self.app.pull()
        item = self.app.desk.messages[-1]
        for text in (item.explanation, item.state_now):
            if self.language != "en" and {"the", "and", "refused", "it"} & set(text.split()):
                self.problems.append(f"the list says {text!r}")
        if not self.leads(name, item.page, "message list"):
            return
        await quiet(self.pilot)
        self.app.show_message(str(item.number))
        await self.pilot.pause()
        buttons = self.app.screen.query_one(Buttons)
        buttons.chosen = len(buttons.labels) - 1
        await self.pilot.press("enter")
        await self.reads(name, "message list")

    async def from_place(self, name: str, where: str) -> None:
        from tests.tui.support import quiet

        """f1 and enter on the place where it failed."""
        if not self.leads(name, self.app.screen.failed_page(), where):
            return
        await quiet(self.pilot)
        await self.pilot.press("f1")
        await self.pilot.pause()
        await self.pilot.press("enter")
        await self.reads(name, where)
        await self.pilot.press("escape")
        await self.pilot.pause()


async def lists(walk: Walk) -> None:
    """Everything that can stand in the message list."""
    desk = walk.app.desk
    stream = desk.workbench.stream
    for number, error in enumerate([*classes(), *refusals()]):
        told = explained(error, number)
        stream.publish(
            JobFailed(1.0, "j", "flash", UNIT, told.name, told.code, told.message, told.advice, told.explanation,
                      told.state_now, told.page)
        )  # fmt: skip
        await walk.from_list(told.page)
    for code, headline in NOTICES.items():
        stream.publish(NumberedMessageRaised(1.0, code, "info", headline, ""))
        await walk.from_list(code)
    desk.tell_message(message_for(KeyError("x")), "")
    await walk.from_list("PB-900")
    for protocol, table in ((UDS, nrc), (KWP2000, kwp_nrc)):
        for code in (*table.known_codes(), 0xF3):
            label = dialect_of(protocol).label(code)
            stream.publish(NegativeResponseReceived(1.0, UNIT, 0x34, code, label, protocol))
            await walk.from_list(f"{'nrc' if protocol == UDS else 'kwp'}-0x{code:02x}")


async def places(walk: Walk) -> None:
    """What fails on Flash, Coding and Vehicle: each refusal and each class, on each of them."""
    from tests.tui.support import quiet

    for place in ("flash", "coding", "vehicle"):
        walk.app.go(place)
        await quiet(walk.pilot)
        screen = walk.app.screen
        for number, error in enumerate([*refusals(), *classes()]):
            told = explained(error, number)
            if place == "vehicle":
                screen._failed(said(told.message), told.page)
            else:
                screen._failed(told)
            await walk.from_place(told.page, place)
        await walk.pilot.press("escape")
        await quiet(walk.pilot)


async def walked(language: str, each: int) -> dict[str, Any]:
    from core.support.shelf import Shelf
    from tests.tui.support import fake_of, make_app, quiet

    app = make_app()
    shelf = Shelf((), language, said)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        fake: Any = fake_of(app)
        fake.help_page = lambda name, wanted, say: shelf.page(name) if wanted == language else None
        walk = Walk(app, pilot, language, each)
        await lists(walk)
        await places(walk)
    return {"problems": walk.problems[:20], "looked": walk.looked, "opened": walk.opened}


def main(language: str, each: str = "40") -> int:
    assert language in LANGUAGES and use(language) == language
    print(json.dumps(asyncio.run(walked(language, int(each)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
