"""One target, step by step: the name resolves, TCP connects, the TLS handshake holds, HTTP answers. Blocks.

Each step has its time and its words; the first that fails ends the probe. Text from the other side is cleaned.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from core.pc.network.certificate import expiry_warning, peer_words, refusal_words
from core.pc.network.name_server import no_address, why_not
from core.pc.network.proxy import Proxy, proxy_for
from core.vocabulary.cleaning import clean
from core.vocabulary.shop.check import NetworkStep, NetworkTarget

T = TypeVar("T")
NAME, CONNECTION, TLS, ANSWER = "name", "connection", "TLS", "answer"
STEPS = {"https": (NAME, CONNECTION, TLS, ANSWER), "http": (NAME, CONNECTION, ANSWER), "tcp": (NAME, CONNECTION)}
_LONGEST_HEADER = 8192
_LOG_IN_FIRST = 511  # Network Authentication Required, RFC 6585
_REDIRECTS = (301, 302, 303, 307, 308)
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN)


class StepFailed(Exception):
    """Inside this folder: the step's words and what to tell the network administrator."""

    def __init__(self, words: str, advice: str) -> None:
        super().__init__(words)
        self.words, self.advice = words, advice


@dataclass(slots=True)
class Probe:
    """What one target's probe has found so far; `advice` is set by the step that fails, `warning` by one that holds.

    `suspicion`: the name resolves to where it should not, so whatever fails later may have its cause there.
    """

    target: NetworkTarget
    context: ssl.SSLContext
    step_seconds: float
    proxy: Proxy | None = None
    places: tuple[str, ...] = ()
    steps: tuple[NetworkStep, ...] = ()
    advice: str = ""
    warning: str = ""
    suspicion: str = ""

    def run(self) -> None:
        """Never raises for what the network does."""
        wire: socket.socket | None = None
        # here, not before: on Windows and macOS the list of exceptions is compared with resolved names
        self.proxy = proxy_for(self.target.host, self.target.protocol)
        kinds = STEPS[self.target.protocol]
        try:
            self.places = self._timed(NAME, self._resolve)
            wire = self._timed(CONNECTION, self._connect)
            if TLS in kinds:
                plain = wire
                wire = self._timed(TLS, lambda: self._handshake(plain))
            if ANSWER in kinds:
                last = wire
                self._timed(ANSWER, lambda: self._ask(last))
        except StepFailed:
            pass
        finally:
            if wire is not None:
                wire.close()

    def _timed(self, name: str, act: Callable[[], tuple[T, str]]) -> T:
        start = time.monotonic()
        try:
            result, words = act()
        except StepFailed as failure:
            self._told(name, False, failure.words, start)
            self.advice = f"{self.suspicion} {failure.advice}".strip()
            raise
        self._told(name, True, words, start)
        return result

    def _told(self, name: str, ok: bool, words: str, start: float) -> None:
        step = NetworkStep(name, ok, clean(words, 200), round((time.monotonic() - start) * 1000, 1))
        self.steps = (*self.steps, step)

    # -- steps

    def _resolve(self) -> tuple[tuple[str, ...], str]:
        host, port = (self.proxy.host, self.proxy.port) if self.proxy else (self.target.host, self.target.port)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise StepFailed(*_name_failure(host, problem)) from problem
        places = tuple(dict.fromkeys(str(row[4][0]) for row in found))
        if not self.proxy and _answers_wrongly(host, places):
            self.suspicion = (
                f"{host} resolves to {places[0]}, an address of a local network: a name server may answer wrongly, "
                "or a filter redirects."
            )
            self.suspicion += " " + _WHO_ANSWERS
        return places, f"{', '.join(places[:2])}{f' and {len(places) - 2} more' if len(places) > 2 else ''}"

    def _connect(self) -> tuple[socket.socket, str]:
        port = self.proxy.port if self.proxy else self.target.port
        problem: OSError | None = None
        for place in self.places[:3]:
            try:
                wire = socket.create_connection((place, port), timeout=self.step_seconds)
                break
            except OSError as error:
                if problem is None or problem.errno in _UNREACHABLE:  # a refusal elsewhere says more
                    problem = error
        else:
            raise _connection_failure(self.target, self.proxy, problem or OSError("no address"), self.places)
        if self.proxy is None or self.target.protocol == "http":
            return wire, f"port {port} open"
        try:
            self._tunnel(wire, self.proxy)
        except BaseException:
            wire.close()
            raise
        return wire, f"through the proxy {self.proxy.text}"

    def _tunnel(self, wire: socket.socket, proxy: Proxy) -> None:
        place = f"{self.target.host}:{self.target.port}"
        status = _exchange(wire, f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n", byte_by_byte=True).status
        if status == 407:
            raise StepFailed(
                f"the proxy {proxy.text} wants a log-in",
                f"Let {place} through the proxy {proxy.text} without a log-in, or set the proxy's user for this PC.",
            )
        if not 200 <= status < 300:
            raise StepFailed(
                f"the proxy {proxy.text} refuses it ({status})", f"Allow CONNECT to {place} in the proxy {proxy.text}."
            )

    def _handshake(self, wire: socket.socket) -> tuple[socket.socket, str]:
        host = self.target.host
        try:
            secured = self.context.wrap_socket(wire, server_hostname=host)
        except ssl.SSLCertVerificationError as problem:
            wire.close()
            raise StepFailed(*refusal_words(self.target, problem, self._unverified())) from problem
        except OSError as problem:
            wire.close()
            raise StepFailed(
                f"the handshake failed ({_reason(problem)})",
                f"Port {self.target.port} of {host} is open but speaks no TLS: a filter or another service answers.",
            ) from problem
        self.warning = self.warning or expiry_warning(host, secured.getpeercert() or {})
        return secured, f"{secured.version()}, {peer_words(secured.getpeercert() or {})}"

    def _unverified(self) -> bytes:
        """The certificate that was refused, fetched once more without verification: only to name its issuer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            plain, _ = self._connect()
            with plain, context.wrap_socket(plain, server_hostname=self.target.host) as secured:
                return secured.getpeercert(binary_form=True) or b""
        except (OSError, StepFailed):
            return b""

    def _ask(self, wire: socket.socket) -> tuple[None, str]:
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        path = f"http://{host}:{self.target.port}/" if self.proxy and self.target.protocol == "http" else "/"
        answer = _exchange(wire, f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        if answer.status == _LOG_IN_FIRST:
            raise StepFailed(
                f"this network wants a log-in first (HTTP {answer.status})",
                "A log-in page answers instead of the server: open any web page in a browser and log in there.",
            )
        other = answer.other_host(self.target.host)
        if other:
            sent_on = f"{self.target.host} sends on to {other}: a log-in page of this network may stand in between."
            self.warning = f"{self.warning} {sent_on}".strip()
        return None, f"HTTP {answer.status}"  # any status: somebody speaks HTTP there


@dataclass(frozen=True, slots=True)
class _Answer:
    """Of an HTTP answer: its status, and where it sends on to."""

    status: int
    location: str = ""

    def other_host(self, host: str) -> str:
        """The host of a redirect that leaves `host`, "" for any other answer."""
        try:
            there = urlsplit(self.location).hostname or ""
        except ValueError:
            return ""
        return clean(there, 80) if self.status in _REDIRECTS and there != host.lower() else ""


def _exchange(wire: socket.socket, request: str, byte_by_byte: bool = False) -> _Answer:
    """The answer's header. `byte_by_byte`: nothing behind it is taken, because a tunnel begins there."""
    data = b""
    try:
        wire.sendall(request.encode("ascii", "replace"))
        while b"\r\n\r\n" not in data and len(data) < _LONGEST_HEADER:
            more = wire.recv(1 if byte_by_byte else _LONGEST_HEADER)
            if not more:
                break
            data += more
            if not data.startswith(b"HTTP/"[: len(data)]):
                break
    except OSError as problem:
        if b"\r\n" not in data:
            raise StepFailed(f"no HTTP answer ({_reason(problem)})", _NO_ANSWER) from problem
    first, _, rest = data.partition(b"\r\n")
    head = first.split(b" ")
    if not head[0].startswith(b"HTTP/") or len(head) < 2 or not head[1].isdigit():
        raise StepFailed("what answers speaks no HTTP", _NO_ANSWER)
    return _Answer(int(head[1][:4]), _header(rest, b"location"))


def _header(block: bytes, wanted: bytes) -> str:
    for line in block.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return value.strip().decode("latin-1")
    return ""


_WHO_ANSWERS = "Ask the network administrator what answers for it."
_NO_ANSWER = "The port is open, but no web server answers: a filter may hold the connection back."


def _reason(problem: OSError) -> str:
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    return getattr(problem, "reason", "") or problem.strerror or str(problem) or type(problem).__name__


def _name_failure(host: str, problem: Exception) -> tuple[str, str]:
    code = problem.errno if isinstance(problem, socket.gaierror) else None
    if code in (socket.EAI_AGAIN, getattr(socket, "EAI_FAIL", None)):
        return why_not(host)
    if code in (getattr(socket, "EAI_NODATA", 0), getattr(socket, "EAI_ADDRFAMILY", 0)):
        return no_address(host)
    return "the name is not known", f"Let the name server (DNS) of this network resolve {host}."


def _connection_failure(
    target: NetworkTarget, proxy: Proxy | None, problem: OSError, places: tuple[str, ...]
) -> StepFailed:
    if proxy is not None:
        return StepFailed(
            f"the proxy {proxy.text} does not answer ({_reason(problem)})", "Check the proxy settings of this PC."
        )
    where = f"{target.host} port {target.port} (TCP, outgoing)"
    if isinstance(problem, ConnectionRefusedError):
        return StepFailed("refused", f"Nothing listens there, or a firewall refuses: open {where}.")
    if isinstance(problem, TimeoutError):
        return StepFailed("no answer in time", f"A firewall swallows it: open {where} in firewall and router.")
    if problem.errno in _UNREACHABLE and places and all(":" in place for place in places):
        return StepFailed(
            "the name has IPv6 addresses only, and there is no way to them",
            f"This network has no IPv6: switch it on, or let the name server (DNS) tell IPv4 for {target.host}.",
        )
    return StepFailed(_reason(problem), f"There is no way there: check the network, then open {where}.")


def _answers_wrongly(host: str, places: tuple[str, ...]) -> bool:
    """A name of the Internet at an address of a local network. Plain names, .local and addresses may be there."""
    try:
        ipaddress.ip_address(host)
        return False
    except ValueError:
        pass
    if "." not in host.rstrip(".") or host.rstrip(".").endswith((".local", ".lan", ".internal", ".home.arpa", ".test")):
        return False
    return all(not ipaddress.ip_address(place.partition("%")[0]).is_global for place in places)
