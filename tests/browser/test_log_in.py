"""Log-ins of visitors at a real back end: colleagues, strangers, the person of this PC; and what ends them."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from core.backend.identity import grants, people
from core.backend.store import open_store
from core.errors import BackendUnreachable, NotSignedIn
from core.licence.account.guests import Guest
from core.online.client.oauth import TokenAnswer
from core.vocabulary import Decision, LoginPrompt, Visit
from core.workbench import Workbench, open_workbench
from core.workbench.assistance.login import VisitorDesk
from tests.backend.serving.support import admin
from tests.browser.doors import TestDoor, first_words, gone, new_client, open_door
from tests.browser.shops import Shop
from tests.licence.pcs import approve
from tui.browser import apps
from tui.browser.entrance import Patience

QUICK = Patience(look=0.01, confirm=0.2, again=0.2)


@pytest.fixture(autouse=True)
def small_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "COMMAND", (sys.executable, "-m", "tests.browser.small_app"))


@pytest.fixture
def workbench(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setenv("PASSBAY_BACKEND__URL", shop.url)
    with open_workbench() as opened:
        yield opened


async def _logs_in(door: TestDoor, shop: Shop, login: str, client: aiohttp.ClientSession) -> None:
    """What the page says is what a person needs; he approves at once."""
    before = set(door.entrance._entries.values())
    assert (await door.knock(client=client)).status == 303
    page = await (await client.get(door.url)).text()
    assert "approve this code" in page and "/device?user_code=" in page and 'http-equiv="refresh"' in page
    await asyncio.to_thread(_approve, shop, login, page.partition('class="code">')[2].partition("<")[0])
    (entry,) = set(door.entrance._entries.values()) - before
    if entry.grant is not None:
        entry.grant.approved_here()  # the first question need not wait for five seconds


def _approve(shop: Shop, login: str, code: str) -> None:
    with httpx.Client(base_url=shop.url, follow_redirects=True, timeout=30) as browser:
        approve(browser, login, code)


async def _until(door: TestDoor, login: str, state: str) -> Visit:
    async with asyncio.timeout(30):
        while True:
            for visit in door.book.visits():
                if visit.login == login and visit.state.value == state and _acts_on(door, visit):
                    return visit
            await asyncio.sleep(0.02)


def _acts_on(door: TestDoor, visit: Visit) -> bool:
    """The book is written first."""
    return any(
        entry.visit.id == visit.id and entry.visit.state is visit.state for entry in door.entrance._entries.values()
    )


def _works_here(workbench: Workbench, shop: Shop, login: str) -> None:
    """`login` is the user of this PC."""
    under_way = workbench.paper.start_login()
    _approve(shop, login, under_way.prompt.user_code)
    under_way._under_way.approved_here()
    under_way.wait(threading.Event())


async def test_who_is_let_in_by_his_log_in(tmp_path: Path, shop: Shop, workbench: Workbench) -> None:
    await asyncio.to_thread(_works_here, workbench, shop, "anna")
    async with (
        open_door(tmp_path, VisitorDesk(workbench.paper)) as door,
        new_client() as anna,
        new_client() as ben,
        new_client() as mia,
    ):
        for login, client in (("anna", anna), ("ben", ben), ("mia", mia)):
            await _logs_in(door, shop, login, client)
        own, colleague = await _until(door, "anna", "in"), await _until(door, "ben", "in")
        stranger = await _until(door, "mia", "waiting")
        assert (own.kind.value, own.own_organisation) == ("own", True)
        assert (colleague.kind.value, colleague.own_organisation, colleague.name) == ("helper", True, "Ben")
        assert (stranger.kind.value, stranger.own_organisation) == ("helper", False)
        assert (stranger.organisation, stranger.code) == ("Fleet Ltd", "")
        assert "Mia, you are logged in" in await (await mia.get(door.url)).text()
        assert (await mia.get(f"{door.url}/static/textual.js")).status == 401
        door.book.decide(stranger.id, Decision.LET_IN)
        await _until(door, "mia", "in")
        assert "terminal" in await (await mia.get(door.url)).text()
    assert workbench.paper.account().user == "anna"  # visitors change nothing here


async def test_where_nobody_is_logged_in_everybody_waits(tmp_path: Path, shop: Shop, workbench: Workbench) -> None:
    async with open_door(tmp_path, VisitorDesk(workbench.paper)) as door:
        await _logs_in(door, shop, "anna", door.client)
        assert (await _until(door, "anna", "waiting")).own_organisation is False
        assert workbench.paper.account().user == ""


async def test_a_user_who_is_shut_out_is_out(tmp_path: Path, shop: Shop, workbench: Workbench) -> None:
    await asyncio.to_thread(_works_here, workbench, shop, "anna")
    async with open_door(tmp_path, VisitorDesk(workbench.paper), QUICK) as door, new_client() as anna:
        await _logs_in(door, shop, "carl", door.client)
        await _logs_in(door, shop, "anna", anna)
        await _until(door, "carl", "in")
        async with await door.window() as window:
            pid = (await first_words(window))["pid"]
            await asyncio.to_thread(admin, shop.database, "users", "disable", "carl")
            assert (await _until(door, "carl", "ended")).reason == "the log-in has ended"
            await gone(pid)
        assert (await _until(door, "anna", "in")).state.value == "in"  # asked as often, and confirmed


async def test_another_user_of_this_pc_is_no_colleague_of_yesterday(
    tmp_path: Path, shop: Shop, workbench: Workbench
) -> None:
    await asyncio.to_thread(_works_here, workbench, shop, "anna")
    async with open_door(tmp_path, VisitorDesk(workbench.paper), QUICK) as door:
        await _logs_in(door, shop, "anna", door.client)
        await _until(door, "anna", "in")
        await asyncio.to_thread(_works_here, workbench, shop, "mia")
        assert (await _until(door, "anna", "ended")).reason == "another user is logged in on this PC now"


async def test_leaving_revokes_the_log_in(tmp_path: Path, shop: Shop, workbench: Workbench) -> None:
    await asyncio.to_thread(_works_here, workbench, shop, "anna")
    desk = VisitorDesk(workbench.paper)
    async with open_door(tmp_path, desk) as door:
        await _logs_in(door, shop, "ben", door.client)
        await _until(door, "ben", "in")
        (entry,) = door.entrance._entries.values()
        guest = entry.guest
        assert guest is not None and guest.refresh and guest.refresh not in repr(guest)
        await door.client.post(f"{door.url}/log-out", headers=door.origin())
        await _until(door, "ben", "ended")
        assert entry.guest is None
        await asyncio.wait(tuple(door.entrance._tasks), timeout=10) if door.entrance._tasks else None
        with pytest.raises(NotSignedIn):
            await asyncio.to_thread(desk.again, guest)


async def test_a_denied_log_in_is_told(tmp_path: Path, shop: Shop, workbench: Workbench) -> None:
    async with open_door(tmp_path, VisitorDesk(workbench.paper)) as door:
        assert (await door.knock()).status == 303
        (entry,) = door.entrance._entries.values()
        assert entry.grant is not None
        grant = entry.grant
        store = open_store(shop.database, migrate=False)
        try:
            user = store.read(lambda conn: people.user_by_login(conn, "mia"))
            assert user is not None
            now = int(time.time() * 1000)
            assert store.write(lambda conn: grants.decide(conn, user.id, grant.prompt.user_code, False, now))
        finally:
            store.dispose()
        grant.approved_here()
        async with asyncio.timeout(30):
            while not entry.over:
                await asyncio.sleep(0.02)
        assert "The log-in was denied" in await (await door.client.get(door.url)).text()


async def test_a_back_end_that_is_away_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PASSBAY_BACKEND__URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    with open_workbench() as workbench:
        async with open_door(tmp_path, VisitorDesk(workbench.paper)) as door:
            answer = await door.knock()
            page = await answer.text()
            assert answer.status == 503 and "Try again" in page and "back end" in page.lower(), page
            assert not door.book.visits() and not door.entrance._entries


async def test_a_log_in_that_nobody_can_confirm_ends(tmp_path: Path) -> None:
    """Not at the first silence, but before a quarter of an hour is over."""
    patience = Patience(look=0.01, confirm=0.05, again=0.05, unconfirmed=1.0)
    async with open_door(tmp_path, Silent(), patience) as door:
        assert (await door.knock()).status == 303
        visit = await _until(door, "ben", "in")
        asked = Silent.asked
        ended = await door.until(visit.id, "ended")
        assert "could not be asked" in ended.reason and Silent.asked > asked + 3


class Silent:
    """A back end that goes away after the log-in."""

    by_code = False
    asked = 0

    def begin(self) -> Silent:
        return self

    prompt = LoginPrompt("ABCD-EFGH", "https://backend.example", "https://backend.example?c", 0.0, 5)

    def left(self) -> float:
        return 0.0

    def ask(self) -> TokenAnswer:
        return TokenAnswer("a")

    def welcome(self, _tokens: TokenAnswer) -> Guest:
        return Guest("ben", "Ben", "Garage", True, False, "r")

    def again(self, _guest: Guest) -> Guest:
        Silent.asked += 1
        raise BackendUnreachable("The back end is away.")

    def leave(self, _guest: Guest) -> None:
        pass


class Hanging(Silent):
    """A back end that takes every question and answers none."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def begin(self) -> Silent:
        self.over.wait(60)
        raise BackendUnreachable("The back end is away.")


async def test_a_back_end_that_hangs_delays_no_decision(tmp_path: Path) -> None:
    desk = Hanging()
    async with open_door(tmp_path, desk) as door:
        knocks = [asyncio.ensure_future(door.knock(client=door.client)) for _ in range(8)]
        try:
            async with asyncio.timeout(30):
                while len(door.entrance._entries) < 8:
                    await asyncio.sleep(0.01)
            desk.by_code = True
            async with new_client() as other:
                await door.let_in(client=other)
        finally:
            desk.over.set()
        assert {answer.status for answer in await asyncio.gather(*knocks)} == {503}
