"""Opens the door, keeps it open until it is told to stop (SIGINT, SIGTERM), and closes it with everything behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SetupError, StorageFailed
from core.workbench import Workbench, open_workbench
from core.workbench.assistance import VisitBook
from core.workbench.assistance.listening import Listening, certificate, listen, part_missing
from core.workbench.assistance.login import VisitorDesk
from tui.app import VISITOR
from tui.locale import _

if TYPE_CHECKING:
    from tui.browser.entrance import Entrance, Entry

KEEP_ALIVE = 10.0  # also the end of a request's head that drips
LOG_NAME = "browser.log"


@dataclass(frozen=True, slots=True)
class DoorOptions:
    host: str = "127.0.0.1"
    port: int = 8022
    tls_cert: Path | None = None
    tls_key: Path | None = None
    without_tls: bool = False
    public_url: str = ""


def serve(options: DoorOptions, ready: Callable[[dict[str, object]], None]) -> None:
    """Blocks. `ready` is told the address once the door is open. UsageError, SetupError, StorageFailed."""
    try:
        import aiohttp  # noqa: F401
        import textual_serve  # noqa: F401
    except ImportError as error:
        raise part_missing() from error
    os.environ.pop(VISITOR, None)  # an app in a browser is not the one who opens the door
    with open_workbench() as workbench:
        log_file = _log_to(workbench.paths.logs / LOG_NAME)
        tls = certificate(options.tls_cert, options.tls_key)
        book = VisitBook(workbench.paths.visits)
        place = _listen(options, book)
        with contextlib.closing(place.socket):
            book.open_door(place.url, place.tls)
            try:
                asyncio.run(_serve(workbench, place, tls, book, log_file, ready))
            finally:
                book.close()


def _listen(options: DoorOptions, book: VisitBook) -> Listening:
    try:
        return listen(
            options.host, options.port, options.tls_cert, options.tls_key, options.without_tls, options.public_url
        )
    except SetupError:
        if (door := book.door()) is not None:  # who has the port is known, then
            book.open_door(door.url, door.tls)  # raises with the name of its holder
            book.close()
        raise


async def _serve(
    workbench: Workbench, place: Listening, tls: ssl.SSLContext | None, book: VisitBook, log_file: Path,
    ready: Callable[[dict[str, object]], None],
) -> None:  # fmt: skip
    from aiohttp import web

    from tui.browser.entrance import Entrance
    from tui.browser.guarding import Names
    from tui.browser.server import DoorServer

    entrance = Entrance(book, VisitorDesk(workbench.paper))
    names = Names(place.host, place.url, (socket.gethostname(), socket.getfqdn()))
    door = DoorServer(
        entrance, names, tls=place.tls, cookie=cookie_name(place.tls), log_file=log_file, visitor_of=visitor_of,
        title=f"Passbay - {socket.gethostname()}",
    )  # fmt: skip
    runner = web.AppRunner(door.app(), access_log=None, keepalive_timeout=KEEP_ALIVE, shutdown_timeout=2.0)
    await runner.setup()
    with _stop_on_signals() as stopped:
        site = web.SockSite(runner, place.socket, ssl_context=tls, backlog=64)
        await site.start()
        ready({"url": place.url, "host": place.host, "port": place.port, "tls": place.tls, "pid": os.getpid()})
        await _until_stopped(entrance, stopped)
        await site.stop()  # nobody new
        await entrance.close()
        await runner.cleanup()


async def _until_stopped(entrance: Entrance, stopped: asyncio.Event) -> None:
    """A door that nobody watches any more is closed: decisions would not be heard."""
    watching = asyncio.ensure_future(entrance.watch())
    stopping = asyncio.ensure_future(stopped.wait())
    done, _ = await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
    for task in (watching, stopping):
        task.cancel()
    if watching in done:
        watching.result()


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[asyncio.Event]:
    """Loops of Windows have no signal handlers: there Python's own wakes the loop."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stopped.set))
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def cookie_name(tls: bool) -> str:
    """Of this door alone: cookies know no port, and a browser may see several doors as localhost through tunnels."""
    return f"{'__Host-' if tls else ''}passbay-{secrets.token_hex(4)}"


def visitor_of(entry: Entry) -> str:
    """What an app is told of who sits in front of it (core/workbench/assistance)."""
    visit = entry.visit
    return json.dumps(
        {"visit": visit.id, "name": visit.name, "organisation": visit.organisation, "kind": visit.kind.value}
    )


def _log_to(path: Path) -> Path:
    """The door's own words and its apps' go into one file; none of them holds a word of a cookie or a token."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(
            _("The log file {path} cannot be written: {problem}.").format(path=path, problem=error)
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("passbay.browser", "aiohttp.server", "aiohttp.web", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
    return path
