"""HTTP by httpx: the one module that imports it. In process (ASGI) for the embedded back end, else over the network.

    way = over_network("https://backend.example", ca_file="")
    way = in_process(app)                    # an ASGI app, on an event loop in a thread of its own

Proxies come from the environment (HTTPS_PROXY, NO_PROXY). Redirects are not followed: no answer of the API is one, and
a token must not go where a redirect leads. GET is tried twice, nothing else is: what must not be done twice carries an
idempotency key and is repeated by whoever keeps that.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx

from core.errors import BackendUnreachable, LocalNetworkFault, SettingsInvalid
from core.online.client.way import Answer, Way
from core.vocabulary.cleaning import clean

CONNECT_SECONDS, READ_SECONDS = 4.0, 10.0
LARGEST_ANSWER = 4 << 20
GET_ATTEMPTS = 2
_HERE = "http://embedded.invalid"  # a name that no resolver knows: nothing of it can leave this process
_LOCAL = {errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENONET, errno.EHOSTDOWN}
_MEDIA = "application/json, application/problem+json"


def over_network(url: str, ca_file: str = "", connect_seconds: float = CONNECT_SECONDS) -> Way:
    """SettingsInvalid for an address that is none, or a file of certificates that cannot be used."""
    return _Network(url, ca_file, connect_seconds)


def in_process(app: Any) -> Way:
    return _InProcess(app)


class _Network:
    embedded = False

    def __init__(self, url: str, ca_file: str, connect_seconds: float) -> None:
        self.url = url.rstrip("/")
        try:
            self._client = httpx.Client(
                base_url=self.url,
                verify=_trust(ca_file),
                timeout=httpx.Timeout(READ_SECONDS, connect=connect_seconds),
                headers={"Accept": _MEDIA},
                follow_redirects=False,
                limits=httpx.Limits(max_connections=8, keepalive_expiry=30),
            )
        except (httpx.InvalidURL, ValueError) as problem:
            raise SettingsInvalid(f"The address of the back end cannot be used: {clean(problem)}.") from problem

    def ask(
        self, method: str, path: str, *, body: bytes = b"", kind: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        def once() -> Answer:
            started = time.monotonic()
            with self._client.stream(method, path, content=body or None, headers=_headers(kind, headers)) as got:
                return _answer(got, b"".join(_bounded(got.iter_bytes())), time.monotonic() - started)

        return _with_retry(once, method, self.url)

    def close(self) -> None:
        self._client.close()


class _InProcess:
    """httpx's ASGI transport is asynchronous: it lives on one loop, in one thread, for as long as this client does."""

    embedded = True
    url = "embedded"

    def __init__(self, app: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded back end", daemon=True)
        self._thread.start()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=_HERE, headers={"Accept": _MEDIA})
        self._closed = False

    def ask(
        self, method: str, path: str, *, body: bytes = b"", kind: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        async def once() -> Answer:
            started = time.monotonic()
            got = await self._client.request(method, path, content=body or None, headers=_headers(kind, headers))
            return _answer(got, got.content, time.monotonic() - started)

        if not path.startswith("/"):
            raise BackendUnreachable("The embedded back end knows no other addresses than its own.")
        return _with_retry(lambda: self._run(once()), "POST", "the embedded back end")

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


# -- what came, and what went wrong


class _TooLong(Exception):
    pass


def _headers(kind: str, more: dict[str, str] | None) -> dict[str, str]:
    return {**({"Content-Type": kind} if kind else {}), **(more or {})}


def _bounded(parts: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for part in parts:
        total += len(part)
        if total > LARGEST_ANSWER:
            raise _TooLong
        yield part


def _answer(got: httpx.Response, body: bytes, seconds: float) -> Answer:
    kind = got.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(got.status_code, kind, body, seconds, got.headers.get("retry-after", ""))


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's certificates, or those of `ca_file` alone: a workshop's own authority needs no public one."""
    try:
        if ca_file:
            return ssl.create_default_context(cafile=str(Path(ca_file).expanduser()))
        return httpx.create_ssl_context()
    except (OSError, ValueError) as problem:  # SSLError is an OSError
        raise SettingsInvalid(
            f"The certificates in {ca_file or 'the system'} cannot be used: {clean(problem)}.",
            "Set ca_file in [backend] of the settings to a PEM file with the certificate of the authority.",
        ) from problem


def _with_retry(once: Callable[[], Answer], method: str, where: str) -> Answer:
    attempts = GET_ATTEMPTS if method == "GET" else 1
    while True:
        attempts -= 1
        try:
            return once()
        except (httpx.HTTPError, httpx.InvalidURL, _TooLong) as problem:
            if attempts <= 0 or isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout | _TooLong):
                raise _translated(problem, where) from problem


def _translated(problem: Exception, where: str) -> BackendUnreachable:
    """LocalNetworkFault where this side is at fault: no name, no route, no proxy; else the server's silence."""
    causes = list(_causes(problem))
    if isinstance(problem, httpx.ProxyError):
        return LocalNetworkFault(f"The proxy did not let the connection to {where} through.")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return LocalNetworkFault(f"The name of the back end {where} cannot be resolved.")
    if any(isinstance(cause, OSError) and cause.errno in _LOCAL for cause in causes):
        return LocalNetworkFault(f"There is no way from this PC to {where}.")
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return BackendUnreachable(
            f"The connection to {where} is not safe: {clean(tls.reason or tls, 200)}.",
            "Check the address and ca_file in [backend] of the settings, and date and time of this PC.",
        )
    if isinstance(problem, _TooLong):
        return BackendUnreachable(f"{where} sent more than {LARGEST_ANSWER >> 20} MiB.")
    if isinstance(problem, httpx.TimeoutException):
        return BackendUnreachable(f"{where} did not answer in time.")
    why = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), str(problem))
    return BackendUnreachable(f"{where} cannot be reached: {clean(why, 200) or type(problem).__name__}.")


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or problem.__context__
