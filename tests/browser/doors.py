"""A door in the test's own loop: real HTTP on a port of its own, the book in a folder, apps that are small."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from core.vocabulary import Decision, Visit
from core.workbench.assistance import VisitBook
from tui.browser.entrance import Entrance, Limits, Patience
from tui.browser.guarding import Names
from tui.browser.server import DoorServer
from tui.browser.serving import KEEP_ALIVE, visitor_of

COOKIE = "passbay-test"
SECONDS = 20.0


class ByCode:
    """As with the embedded back end: nobody has a log-in."""

    by_code = True


@dataclass
class TestDoor:
    """`client` has its own cookies and sends the Origin that a browser would."""

    __test__ = False
    url: str
    app: web.Application
    entrance: Entrance
    book: VisitBook
    client: aiohttp.ClientSession
    log_file: Path

    def origin(self) -> dict[str, str]:
        return {"Origin": self.url}

    async def knock(self, name: str = "Mia", client: aiohttp.ClientSession | None = None) -> aiohttp.ClientResponse:
        return await (client or self.client).post(
            f"{self.url}/log-in", data={"name": name}, headers=self.origin(), allow_redirects=False
        )

    async def let_in(self, decision: Decision = Decision.LET_IN, client: aiohttp.ClientSession | None = None) -> Visit:
        """Knocks and is let in by the technician; the visit."""
        before = {visit.id for visit in self.book.visits()}
        assert (await self.knock(client=client)).status == 303
        visit = next(visit for visit in self.book.visits() if visit.id not in before)
        self.book.decide(visit.id, decision)
        return await self.until(visit.id, "in")

    async def until(self, visit_id: str, state: str) -> Visit:
        async with asyncio.timeout(SECONDS):
            while True:
                visit = next(each for each in self.book.visits() if each.id == visit_id)
                entry = next(each for each in self.entrance._entries.values() if each.visit.id == visit_id)
                if visit.state.value == state == entry.visit.state.value:
                    return visit
                await asyncio.sleep(0.01)

    async def window(
        self, client: aiohttp.ClientSession | None = None, query: str = "", language: str = "en"
    ) -> aiohttp.ClientWebSocketResponse:
        headers = self.origin() | {"Accept-Language": language}
        return await (client or self.client).ws_connect(f"{self.url}/ws{query}", headers=headers)


@contextlib.asynccontextmanager
async def open_door(
    folder: Path,
    desk: Any = None,
    patience: Patience | None = None,
    limits: Limits | None = None,
    keep_alive: float = KEEP_ALIVE,
    **clock: Any,
) -> AsyncIterator[TestDoor]:
    book = VisitBook(folder / "visits")
    entrance = Entrance(book, desk or ByCode(), patience or Patience(look=0.01), limits, **clock)
    log_file = folder / "browser.log"
    door = DoorServer(
        entrance, Names("127.0.0.1", ""), tls=False, cookie=COOKIE, log_file=log_file, visitor_of=visitor_of
    )
    app = door.app()
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=keep_alive, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    book.open_door(url, False)
    watching = asyncio.ensure_future(entrance.watch())
    try:
        async with new_client() as client:
            yield TestDoor(url, app, entrance, book, client, log_file)
    finally:
        assert not watching.done(), watching.exception()
        watching.cancel()
        await site.stop()
        await entrance.close()
        await runner.cleanup()
        book.close()


def new_client() -> aiohttp.ClientSession:
    """One browser."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def said(window: aiohttp.ClientWebSocketResponse) -> str:
    message = await window.receive(timeout=SECONDS)
    assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
    return message.data.decode() if isinstance(message.data, bytes) else str(message.data)


async def first_words(window: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return dict(json.loads(await said(window)))


async def gone(pid: int) -> None:
    """Waits until the process is no more."""
    import psutil

    async with asyncio.timeout(SECONDS):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)
