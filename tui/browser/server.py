"""The door's HTTP: a table of routes, a guard before all of them, and one websocket for each window."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import textual_serve
from aiohttp import WSMsgType, hdrs, web
from textual_serve.download_manager import DownloadManager

from core.errors import PreconditionNotMet, ProductError
from core.vocabulary import VisitKind
from core.workbench.assistance import reasons
from tui.browser import pages, speech
from tui.browser.apps import AppProcess
from tui.browser.entrance import Entrance, Entry
from tui.browser.guarding import Names, same_origin
from tui.browser.speech import Speech

LARGEST_FORM = 4096
LARGEST_MESSAGE = 64 * 1024  # what somebody pastes at most
BODY_SECONDS = 10.0
HEARTBEAT = 15.0
MOST_CELLS = 400
OPEN_TO_ALL = frozenset(("home", "enter", "leave"))  # the only names of routes that answer without a visit
ENTRY = web.RequestKey("entry", Entry)
log = logging.getLogger("passbay.browser")
_FILES = Path(textual_serve.__file__).parent / "static"
STATIC = {  # all that there is; nothing is looked up by a name that came from outside
    "textual.js": (_FILES / "js/textual.js", "text/javascript"),
    "xterm.css": (_FILES / "css/xterm.css", "text/css"),
    "RobotoMono-VariableFont_wght.ttf": (_FILES / "fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
    "door.js": (pages.HERE / "door.js", "text/javascript"),
    "door.css": (pages.HERE / "door.css", "text/css"),
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, forms would come from the origin "null"
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "clipboard-read=(), camera=(), microphone=(), geolocation=()",
    "Server": "Passbay",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DoorServer:
    """`visitor_of` makes what an app is told of its visit; `cookie` is the name of this door's cookie."""

    def __init__(
        self, entrance: Entrance, names: Names, *, tls: bool, cookie: str, log_file: Path,
        visitor_of: Callable[[Entry], str], title: str = "Passbay",
    ) -> None:  # fmt: skip
        self._entrance, self._names, self._tls = entrance, names, tls
        self._cookie, self._log_file, self._visitor_of, self._title = cookie, log_file, visitor_of, title
        self._downloads = DownloadManager()
        self._scheme = "https" if tls else "http"

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=LARGEST_FORM)
        app.add_routes(
            [
                web.get("/", self._home, name="home"),
                web.post("/log-in", self._log_in, name="enter"),
                web.post("/log-out", self._log_out, name="leave"),
                web.get("/static/{name}", self._static, name="static"),
                web.get("/download/{key}", self._download, name="download"),
                web.get("/ws", self._websocket, name="websocket"),
            ]
        )
        return app

    # -- the guard

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """First the names, then the visit; unknown paths answer like known ones to whoever has none."""
        try:
            answer = self._turned_away(request) or await handler(request)
        except web.HTTPException as refusal:
            answer = self._plain(pages.nothing(_speech(request), f"{refusal.status} {refusal.reason}"), refusal.status)
        except ProductError as error:
            answer = self._plain(
                pages.refused(_speech(request), error), 429 if isinstance(error, PreconditionNotMet) else 503
            )
        if not answer.prepared:
            answer.headers.update(_HEADERS)
        return answer

    def _turned_away(self, request: web.Request) -> web.Response | None:
        speech = _speech(request)
        _ = speech.text
        host = request.headers.getall(hdrs.HOST, [])
        if len(host) != 1 or not self._names.knows(host[0]):
            return self._plain(pages.nothing(speech, _("This PC does not answer to that name.")), 421)
        origin = request.headers.get(hdrs.ORIGIN, "")
        route = request.match_info.route.name
        changes = request.method not in ("GET", "HEAD") or route == "websocket"
        if changes and not same_origin(origin, self._scheme, host[0]):
            return self._plain(pages.nothing(speech, _("A page of somebody else asked for this.")), 403)
        entry = self._entrance.find(request.cookies.get(self._cookie, ""))
        if entry is not None:
            request[ENTRY] = entry
        if route not in OPEN_TO_ALL and (entry is None or not entry.inside):
            return self._plain(pages.nothing(speech, _("Nothing is served without a log-in.")), 401)
        return None

    def _plain(self, text: str, status: int = 200) -> web.Response:
        headers = {"Content-Security-Policy": pages.PLAIN_POLICY}
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status, headers=headers)

    # -- coming and going

    async def _home(self, request: web.Request) -> web.Response:
        entry = request.get(ENTRY)
        if entry is None or entry.over:
            told = entry.visit.reason if entry is not None else ""
            answer = self._plain(pages.login(_speech(request), self._entrance.desk.by_code, told))
            if self._cookie in request.cookies:
                answer.del_cookie(self._cookie, path="/")
            return answer
        if entry.inside:
            return self._screens(request)
        if entry.grant is not None:
            return self._plain(pages.approving(_speech(request), entry.grant.prompt))
        return self._plain(pages.waiting(_speech(request), entry))

    def _screens(self, request: web.Request) -> web.Response:
        websocket = f"{'wss' if self._tls else 'ws'}://{request.headers[hdrs.HOST]}/ws"
        headers = {"Content-Security-Policy": pages.screens_policy(websocket)}
        text = pages.screens(_speech(request), self._title, websocket)
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    async def _log_in(self, request: web.Request) -> web.Response:
        entry = request.get(ENTRY)
        if entry is None or entry.over:
            name = await self._form_name(request)
            word = await self._entrance.begin(request.remote or "", name)
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(
                self._cookie, word, path="/", httponly=True, samesite="Strict", secure=self._tls, max_age=12 * 3600
            )
            return answer
        return web.Response(status=303, headers={"Location": "/"})

    @staticmethod
    async def _form_name(request: web.Request) -> str:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return str((await request.post()).get("name", ""))
        except (TimeoutError, ValueError) as problem:
            raise PreconditionNotMet(*reasons.NO_FORM) from problem

    async def _log_out(self, request: web.Request) -> web.Response:
        entry = request.get(ENTRY)
        if entry is not None:
            self._entrance.end(entry, reasons.LOGGED_OUT)
        answer = web.Response(status=303, headers={"Location": "/"})
        answer.del_cookie(self._cookie, path="/")
        return answer

    # -- what a visit gets

    async def _static(self, request: web.Request) -> web.StreamResponse:
        found = STATIC.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.FileResponse(found[0], headers={"Content-Type": found[1]})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """A file that an app of this very visit delivers to its browser."""
        key, entry = request.match_info["key"], request[ENTRY]
        owner = next((w for w in entry.windows if isinstance(w, Window) and key in w.process.deliveries), None)
        if owner is None:
            raise web.HTTPNotFound
        owner.process.deliveries.discard(key)
        told = await self._downloads.get_download_metadata(key)
        name = "".join(letter for letter in told.file_name if letter.isalnum() or letter in "-_. ")[:120] or "file"
        answer = web.StreamResponse(
            headers=_HEADERS
            | {"Content-Type": "application/octet-stream", "Content-Disposition": f'attachment; filename="{name}"'}
        )
        await answer.prepare(request)
        async for chunk in self._downloads.download(key):
            await answer.write(chunk)
        await answer.write_eof()
        return answer

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        entry = request[ENTRY]
        if not self._entrance.may_open(entry):
            raise web.HTTPServiceUnavailable(reason="Too many windows are open: close one, then reload this page.")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST_MESSAGE, compress=True)
        await socket.prepare(request)
        # a helper reads his own language; who sits at this PC, too, has set it
        language = _speech(request).language if entry.visit.kind is VisitKind.HELPER else ""
        window = Window(socket, self._visitor_of(entry), self._log_file, self._downloads, language)
        entry.windows.add(window)
        try:
            await window.serve(_cells(request.query.get("width"), 80), _cells(request.query.get("height"), 24))
        finally:
            await asyncio.shield(window.end())
            entry.windows.discard(window)
        return socket


class Window:
    """One window of a browser and the process behind it; they end together."""

    def __init__(
        self, socket: web.WebSocketResponse, visitor: str, log_file: Path, downloads: DownloadManager, language: str
    ) -> None:
        self._socket = socket
        self.process = AppProcess(
            visitor, log_file, downloads, write_bytes=self._bytes, write_str=self._text, close=self._close,
            language=language,
        )  # fmt: skip

    async def __call__(self) -> None:
        """The visit is over."""
        await self._close()
        await self.process.stop()

    async def serve(self, width: int, height: int) -> None:
        try:
            await self.process.start(width, height)
        except OSError as problem:
            log.error("The app of a window cannot be started: %s", problem)
            return
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT or not await self._heard(message.data):
                break

    async def end(self) -> None:
        await self.process.stop()
        await self._close()

    async def _heard(self, text: str) -> bool:
        """False where it is nothing that textual.js would say: whoever sends that is let go."""
        try:
            kind, *rest = json.loads(text)
            about: Any = rest[0] if rest else None
            if kind == "stdin":
                await self.process.send_bytes(about.encode("utf-8", "replace"))
            elif kind == "resize":
                await self.process.set_terminal_size(_cells(about["width"], 80), _cells(about["height"], 24))
            elif kind == "ping":
                await self._text(json.dumps(["pong", str(about)[:40]]))
            elif kind in ("focus", "blur"):
                await (self.process.focus() if kind == "focus" else self.process.blur())
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return False
        return True

    async def _bytes(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_bytes(data)

    async def _text(self, data: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(data)

    async def _close(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.close()


def _speech(request: web.Request) -> Speech:
    return speech.speech(speech.chosen(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")))


def _cells(value: Any, usual: int) -> int:
    """A width or height that a terminal may have."""
    try:
        return max(1, min(int(value), MOST_CELLS))
    except (ValueError, TypeError, OverflowError):
        return usual
