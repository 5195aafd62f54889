"""A repository behind http(s), or a Retail Data Storage: Range and If-Range, byte limits, one retry policy.

Nothing is unpacked on the way: an answer with a Content-Encoding that was not asked for is refused (a gzip bomb is
small on the wire). Translates every exception of httpx, httpcore and ssl.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

import httpcore
import httpx

from core.errors import BackendRefused, BackendUnreachable, DownloadEndless, LocalNetworkFault
from core.releases.sources.base import NotThere, too_much
from core.releases.sources.pace import Limits
from core.releases.sources.wire import NEVER, PacedTransport
from core.vocabulary.cleaning import clean

_RETRIED = frozenset((429, 500, 502, 503, 504))
_NAME_OR_ROUTE = (
    "name or service",
    "name resolution",
    "getaddrinfo",
    "no address",
    "network is unreachable",
    "no route",
)
_MOST_REDIRECTS = 3
_LONGEST_WAIT = 60.0  # a server that asks for more is given up


class _Passing(Exception):
    """A fault that another try may not meet. `wait`: seconds that the server asked for (Retry-After)."""

    def __init__(self, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.wait = wait


class HttpSource:
    """`base` ends the address of the repository; "" where paths are whole addresses. Safe for several threads."""

    offline = False

    def __init__(self, base: str, limits: Limits | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = base or "server"
        self._base = base.rstrip("/") + "/" if base else ""
        self._limits = limits or Limits()
        self._sleep = sleep
        self._transport = PacedTransport(self._limits, _proxy_for(base))
        self._client = httpx.Client(
            transport=self._transport, trust_env=False, follow_redirects=True, max_redirects=_MOST_REDIRECTS,
            headers={"Accept-Encoding": "identity", "User-Agent": "passbay"},
        )  # fmt: skip
        self.requests = 0
        self.received = 0

    def read(self, path: str, limit: int) -> bytes:
        def once() -> bytes:
            content = bytearray()
            with self._answer(path, {}) as answer:
                for chunk in _bounded(answer, path, limit):
                    self.received += len(chunk)
                    content += chunk
            return bytes(content)

        return self._tried(once)

    def stream(self, path: str, length: int, offset: int = 0, stop: Callable[[], bool] = NEVER) -> Iterator[bytes]:
        """Goes on by Range where the connection broke; If-Range makes sure that it is still the same file."""
        validator, failures = "", 0
        while True:
            before = offset
            try:
                headers = {"Range": f"bytes={offset}-"} if offset else {}
                headers |= {"If-Range": validator} if offset and validator else {}
                with _heeding(self._transport, stop), self._answer(path, headers) as answer:
                    skip = _skipped(answer, offset, path)
                    validator = _validator(answer)
                    for chunk in _bounded(answer, path, length - offset + skip):
                        self.received += len(chunk)
                        usable = chunk[skip:] if skip else chunk
                        skip -= min(skip, len(chunk))
                        if usable:
                            offset += len(usable)
                            yield usable
                return
            except _Passing as problem:
                failures = 1 if offset > before else failures + 1
                self._wait_or_give_up(problem, failures)

    def close(self) -> None:
        self._client.close()

    def _tried(self, once: Callable[[], bytes]) -> bytes:
        for failures in count(1):
            try:
                return once()
            except _Passing as problem:
                self._wait_or_give_up(problem, failures)
        raise AssertionError

    @contextmanager
    def _answer(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        url = path if "://" in path else self._base + path
        self.requests += 1
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                _check(answer, path)
                yield answer
        except (httpx.ConnectError, httpcore.ConnectError) as problem:
            words = str(problem).lower()
            if any(word in words for word in _NAME_OR_ROUTE):
                raise LocalNetworkFault(f"{_host(url)} is not found from this PC: {problem}.") from problem
            raise _Passing(f"{_host(url)} does not answer: {problem}") from problem
        except (httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol, httpx.InvalidURL) as problem:
            raise BackendUnreachable(f"{url} is no address that can be asked: {problem}.") from problem
        except httpx.TooManyRedirects as problem:
            raise BackendUnreachable(f"{_host(url)} sends us round in a circle.") from problem
        except (
            httpx.TransportError,
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
        ) as problem:
            raise _Passing(f"the connection to {_host(url)} broke: {problem or type(problem).__name__}") from problem
        except OSError as problem:  # ssl and socket errors that httpcore lets through while it reads a body
            raise _Passing(f"the connection to {_host(url)} broke: {problem}") from problem

    def _wait_or_give_up(self, problem: _Passing, failures: int) -> None:
        if failures >= self._limits.tries:
            raise BackendUnreachable(f"{str(problem)[:1].upper()}{str(problem)[1:]}.") from problem
        self._sleep(max(self._limits.pause * 2 ** (failures - 1), problem.wait))


@contextmanager
def _heeding(transport: PacedTransport, stop: Callable[[], bool]) -> Iterator[None]:
    """Reads of this thread ask `stop` while they wait."""
    transport.stops.stop = stop
    try:
        yield
    finally:
        transport.stops.stop = NEVER


def _check(answer: httpx.Response, path: str) -> None:
    status = answer.status_code
    if status in (403, 404, 410):
        raise NotThere(f"The source has no {path}.", status)
    if status in _RETRIED:
        asked = answer.headers.get("Retry-After", "")
        wait = min(float(asked), _LONGEST_WAIT) if asked.isdigit() and len(asked) < 6 else 0.0
        raise _Passing(f"the source answers with status {status}", wait)
    if status not in (200, 206):
        raise BackendRefused(f"The source answers {path} with status {status}.", status=status)
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise DownloadEndless(
            f"The source sends {path} packed ({clean(encoding, 40)}), which nobody asked for: a few packed bytes may "
            "unpack without end."
        )


def _bounded(answer: httpx.Response, path: str, limit: int) -> Iterator[bytes]:
    """The body as it comes. More than `limit` is refused when it is announced, else with the chunk that crosses it."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_much(path, limit)
    received = 0
    for chunk in answer.iter_raw():
        received += len(chunk)
        if received > limit:
            raise too_much(path, limit)
        yield chunk


def _skipped(answer: httpx.Response, offset: int, path: str) -> int:
    """How many bytes of this answer are here already: all before `offset` where the server knows no ranges."""
    if answer.status_code == 200:
        return offset
    began = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if began != str(offset):
        raise BackendUnreachable(f"The source answers another range of {path} than it was asked for.")
    return 0


def _validator(answer: httpx.Response) -> str:
    """For If-Range (RFC 9110, 13.1.5): a strong entity tag, else the date."""
    tag: str = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else str(answer.headers.get("Last-Modified", ""))


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _proxy_for(url: str) -> str:
    """The proxy of the environment or the system settings, "" for the direct way."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or not parts.hostname or parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return ""
    return "" if proxy_bypass(parts.hostname) else proxy
