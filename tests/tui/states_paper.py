"""States of the paper's screens for the snapshots: first run, ConfigAssist, Log-in, Credit, numbered messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from core.errors import BackendUnreachable, StartKeyServerUnreachable
from core.events import NumberedMessageRaised
from core.vocabulary import AccountState
from tests.tui.fake import NOON
from tests.tui.fake_paper import ANNA, BEN, EXPIRED, SHARED, SILENT, FakePaper, commissioned
from tests.tui.fake_shop import made
from tests.tui.support import fake_of, quiet, until

Walk = Callable[[Pilot[Any]], Awaitable[None]]


async def with_paper(pilot: Pilot[Any], paper: FakePaper) -> None:
    """The app as it would have started with these papers."""
    app: Any = pilot.app
    await quiet(pilot)
    fake_of(app).paper = paper
    app.desk.papers.begin()
    await quiet(pilot)
    app.clear_notifications()


def at(place: str, paper: Callable[[], FakePaper]) -> Walk:
    async def walk(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await with_paper(pilot, paper())
        if place:
            app.go(place)
        await quiet(pilot)

    return walk


def _expired() -> FakePaper:
    paper = commissioned(BEN)
    paper.key = EXPIRED
    return paper


def _silent() -> FakePaper:
    paper = commissioned()
    paper.state = SILENT
    paper.refusals["credit"] = BackendUnreachable("The back end at pass.workshop.example does not answer.")
    return paper


def _nobody() -> FakePaper:
    return commissioned(AccountState())


def _shared() -> FakePaper:
    paper = FakePaper()
    paper.state = SHARED
    return paper


async def vehicle_with_credit(pilot: Pilot[Any]) -> None:
    """The header has user, role and minutes beside device and volts."""
    app: Any = pilot.app
    await with_paper(pilot, commissioned())
    await pilot.press("1")
    await until(pilot, lambda: app.desk.survey is not None)
    await quiet(pilot)
    app.desk.papers.tick_minutes()
    await until(pilot, lambda: app.desk.papers.minutes == 221)
    await quiet(pilot)


async def start_key_offered(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await with_paper(pilot, FakePaper())
    fake_of(app).paper.user = ANNA
    app.go("assist")
    await quiet(pilot)
    await pilot.press("k")
    await pilot.pause()


async def device_qr(pilot: Pilot[Any]) -> None:
    await at("assist", FakePaper)(pilot)
    await pilot.press("q")
    await pilot.pause()


async def login_code(pilot: Pilot[Any]) -> None:
    """A device grant of a shared server waits: address, code, QR."""
    app: Any = pilot.app
    await at("login", _shared)(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: app.desk.papers.login is not None and app.desk.papers.login.state == "waiting")


async def login_here(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await at("login", FakePaper)(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: app.desk.papers.login is not None and app.desk.papers.login.state == "waiting")


async def login_denied(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await login_code(pilot)
    fake_of(app).paper.logins[-1].deny("The log-in was denied.")
    await until(pilot, lambda: app.desk.papers.login.state == "failed")
    app.clear_notifications()
    await quiet(pilot)


async def credit_asks(pilot: Pilot[Any]) -> None:
    await at("credit", commissioned)(pilot)
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


async def code_page(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await at("codes", FakePaper)(pilot)
    fake_of(app).help = (made("2173-39"),)
    await pilot.press("enter")
    await quiet(pilot)


async def numbered(pilot: Pilot[Any]) -> None:
    """Messages by number in the list, one opened in full."""
    app: Any = pilot.app
    await with_paper(pilot, commissioned())
    stream = fake_of(app).stream
    stream.publish(NumberedMessageRaised(NOON, "2173-43", "info", "221 minutes of credit for passenger cars."))
    stream.publish(NumberedMessageRaised(NOON, "2221-54", "warning", "A new StartKey was downloaded.",
                                         "Close Passbay and start it again."))  # fmt: skip
    await until(pilot, lambda: len(app.desk.messages) >= 2)
    app.desk.tell_error(StartKeyServerUnreachable("The StartKey server does not answer."))
    app.clear_notifications()
    app.desk.alerts.clear()
    await quiet(pilot)
    await pilot.press("tab", "enter")
    await pilot.pause()


async def first_run(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    app.push_screen("firstrun")
    await quiet(pilot)


PAPER_STATES: dict[str, Walk] = {
    "first-run": first_run,
    "start-commissioned": at("", commissioned),
    "start-grey": at("", _expired),
    "start-nobody": at("", _nobody),
    "start-silent": at("", _silent),
    "vehicle-with-credit": vehicle_with_credit,
    "assist-new": at("assist", FakePaper),
    "assist-green": at("assist", commissioned),
    "assist-expired": at("assist", _expired),
    "assist-silent": at("assist", _silent),
    "assist-offer": start_key_offered,
    "assist-qr": device_qr,
    "login-nobody": at("login", FakePaper),
    "login-code": login_code,
    "login-here": login_here,
    "login-denied": login_denied,
    "login-done": at("login", commissioned),
    "login-pending": at("login", lambda: commissioned(BEN)),
    "credit": at("credit", commissioned),
    "credit-nobody": at("credit", FakePaper),
    "credit-silent": at("credit", _silent),
    "credit-asks": credit_asks,
    "codes": at("codes", FakePaper),
    "code-page": code_page,
    "numbered-message": numbered,
}
PAPER_MAIN = ("assist-green", "login-code", "credit", "start-commissioned")
