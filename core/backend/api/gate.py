"""The gate before every handler: rate of an address, size and pace of bodies, metrics, and the outermost handler.

Pure ASGI, so that it costs one function call and sees every request, the portal's and the static files' too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from core.backend.api import problems
from core.backend.api.metrics import Metrics
from core.backend.api.operation import ALLOWED, Share
from core.backend.context import Config
from core.errors import BackendRefused, ProductError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("passbay.backend")
_MOST_ADDRESSES = 10_000  # remembered at once; the one seen longest ago is forgotten first
_QUIET = ("/health", "/metrics")  # a monitor that asks often is no attack


class Buckets:
    """Token buckets of addresses: a minute's allowance may be used at once, then it fills up evenly."""

    def __init__(self, per_minute: float) -> None:
        self._most = max(per_minute, 1.0)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, now: float) -> float:
        """0.0 when allowed, else the seconds until it is."""
        left, seen = self._held.pop(address, (self._most, now))
        left = min(self._most, left + max(0.0, now - seen) * self._most / 60)
        allowed = left >= 1.0
        self._held[address] = (left - 1.0 if allowed else left, now)
        if len(self._held) > _MOST_ADDRESSES:
            self._held.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) * 60 / self._most


class BodyRefused(Exception):
    """Raised out of `receive`, so that no handler goes on with half a body."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class Gate:
    """Wraps the whole app. `share_of` tells the class of operations of a path."""

    def __init__(self, app: App, config: Config, metrics: Metrics, share_of: Callable[[str], Share]) -> None:
        self._app, self._config, self._metrics, self._share_of = app, config, metrics, share_of
        rate = config.requests_per_minute
        self._buckets = {share: Buckets(rate * ALLOWED[share]) for share in Share} if rate else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, tls=self._config.tls)
        started = time.perf_counter()
        try:
            await self._pass(scope, receive, answer)
        finally:
            self._metrics.count(scope, answer.status, time.perf_counter() - started)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            self._admit(scope)
            await self._app(scope, self._limited(scope, receive), answer)
        except BodyRefused as refusal:
            await self._refuse(scope, receive, answer, problems.refusal(refusal.status, refusal.words, problem="body"))
        except ProductError as error:
            await self._refuse(scope, receive, answer, error)
        except Exception:  # noqa: BLE001 - the outermost handler: a fault of ours, told without its insides
            mark = secrets.token_hex(4)
            _log.exception("fault %s in %s %s", mark, scope["method"], scope["path"][:200])
            words = f"The server met a fault of its own; its log knows it as {mark}."
            await self._refuse(scope, receive, answer, problems.refusal(500, words, problem="fault"))

    def _admit(self, scope: Scope) -> None:
        path = scope["path"]
        if not self._buckets or path in _QUIET:
            return
        address = (scope.get("client") or ("",))[0]
        wait = self._buckets[self._share_of(path)].take(address, time.monotonic())
        if wait:
            raise _TooMany(wait)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        limit, deadline = self._config.body_limit, time.monotonic() + self._config.body_seconds
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared[:20]) > limit:
            raise BodyRefused(413, f"A request body has {limit} bytes at most.")
        seen, ended = 0, False

        async def limited() -> MutableMapping[str, Any]:
            nonlocal seen, ended
            if ended:
                return await receive()  # waits for the client to go away: no body, no deadline
            try:
                message = await asyncio.wait_for(receive(), max(0.01, deadline - time.monotonic()))
            except TimeoutError:
                raise BodyRefused(408, "The request body came too slowly.") from None
            seen += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if seen > limit:
                raise BodyRefused(413, f"A request body has {limit} bytes at most.")
            return message

        return limited

    async def _refuse(self, scope: Scope, receive: Receive, answer: _Answer, error: ProductError) -> None:
        if answer.status:
            return  # the answer has begun: all that is left is to end the connection
        headers = {"retry-after": str(error.seconds)} if isinstance(error, _TooMany) else {}
        await problems.answer(error, headers)(scope, receive, answer)


class _TooMany(BackendRefused):
    def __init__(self, wait: float) -> None:
        super().__init__("Too many requests.", "Wait a moment.", status=429, problem="rate")
        self.seconds = max(1, int(wait + 0.999))


class _Answer:
    """Sends on, remembers the status, and adds what every answer carries."""

    def __init__(self, send: Send, *, tls: bool) -> None:
        self._send, self._tls, self.status = send, tls, 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._tls:
                message["headers"] = [*message["headers"], (b"strict-transport-security", b"max-age=31536000")]
        await self._send(message)
