"""httpcore's sockets with a minimum rate: a stall or a drip ends as DownloadTooSlow, wherever in the answer it comes.

httpx's read timeout starts anew with every byte, so that one byte in a while keeps a client for ever. Here every read
waits for the rest of the grace only, in short slices, so that a pause takes effect at once as well.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from core.errors import DownloadTooSlow
from core.releases.sources.base import CHUNK, Stopped
from core.releases.sources.pace import Limits, Pace

_SLICE = 0.25
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, limits: Limits, stops: threading.local) -> None:
        self._inner, self._limits, self._stops = inner, limits, stops
        self._pace = Pace(limits)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while True:
            if getattr(self._stops, "stop", NEVER)():
                raise Stopped
            began = time.monotonic()
            try:
                data = self._inner.read(max(max_bytes, CHUNK), max(0.001, min(_SLICE, self._pace.left)))
            except httpcore.ReadTimeout:
                data = None
            self._pace.got(len(data or b""), time.monotonic() - began)
            if data is not None and (self._pace.left > 0 or not data):
                return data
            if self._pace.left <= 0:
                raise DownloadTooSlow(
                    f"Less than {self._limits.rate:,} bytes a second came for {self._limits.grace:g} s: slow retrieval."
                )

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._pace.begin()
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._limits, self._stops)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, limits: Limits, stops: threading.local) -> None:
        self._inner, self._limits, self._stops = httpcore.SyncBackend(), limits, stops

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        inner = self._inner.connect_tcp(host, port, self._limits.grace, local_address, socket_options)
        return _Stream(inner, self._limits, self._stops)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class PacedTransport(httpx.BaseTransport):
    """What httpx's own transport does, over the sockets above. Errors stay httpcore's; http.py translates them."""

    def __init__(self, limits: Limits, proxy: str = "") -> None:
        self.stops = threading.local()
        backend = _Backend(limits, self.stops)
        context = httpx.create_ssl_context()
        if proxy:
            self._pool: httpcore.ConnectionPool = httpcore.HTTPProxy(
                proxy, ssl_context=context, network_backend=backend, max_connections=16
            )
        else:
            self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=16)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        answer = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=b"", extensions={})
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions={})

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
