"""One target, step by step: the name resolves, TCP connects, the TLS handshake holds, HTTP answers. Blocks.

Each step has its time and its words; the first that fails ends the probe. Text from the other side is cleaned.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.pc.network.certificate import expiry_warning, peer_words, refusal_words
from core.pc.network.proxy import Proxy
from core.vocabulary.cleaning import clean
from core.vocabulary.shop.check import NetworkStep, NetworkTarget

T = TypeVar("T")
NAME, CONNECTION, TLS, ANSWER = "name", "connection", "TLS", "answer"
STEPS = {"https": (NAME, CONNECTION, TLS, ANSWER), "http": (NAME, CONNECTION, ANSWER), "tcp": (NAME, CONNECTION)}
_LONGEST_LINE = 4096


class StepFailed(Exception):
    """Inside this folder: the step's words and what to tell the network administrator."""

    def __init__(self, words: str, advice: str) -> None:
        super().__init__(words)
        self.words, self.advice = words, advice


@dataclass(slots=True)
class Probe:
    """What one target's probe has found so far; `advice` is set by the step that fails, `warning` by one that holds."""

    target: NetworkTarget
    proxy: Proxy | None
    context: ssl.SSLContext
    step_seconds: float
    steps: tuple[NetworkStep, ...] = ()
    advice: str = ""
    warning: str = ""

    def run(self) -> None:
        """Never raises for what the network does."""
        wire: socket.socket | None = None
        kinds = STEPS[self.target.protocol]
        try:
            places = self._timed(NAME, self._resolve)
            wire = self._timed(CONNECTION, lambda: self._connect(places))
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
            self.advice = failure.advice
            raise
        self._told(name, True, words, start)
        return result

    def _told(self, name: str, ok: bool, words: str, start: float) -> None:
        step = NetworkStep(name, ok, clean(words, 200), round((time.monotonic() - start) * 1000, 1))
        self.steps = (*self.steps, step)

    # -- steps

    def _resolve(self) -> tuple[list[str], str]:
        host, port = (self.proxy.host, self.proxy.port) if self.proxy else (self.target.host, self.target.port)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise _name_failure(host, problem) from problem
        places = list(dict.fromkeys(str(row[4][0]) for row in found))
        if not self.proxy and _answers_wrongly(host, places):
            self.warning = f"{host} resolves to {places[0]}, an address of a local network: a name server may answer"
            self.warning += " wrongly, or a filter redirects. Ask the network administrator what answers for it."
        return places, f"{', '.join(places[:2])}{f' and {len(places) - 2} more' if len(places) > 2 else ''}"

    def _connect(self, places: list[str]) -> tuple[socket.socket, str]:
        port = self.proxy.port if self.proxy else self.target.port
        problem: OSError = OSError("no address")
        for place in places[:3]:
            try:
                wire = socket.create_connection((place, port), timeout=self.step_seconds)
                break
            except OSError as error:
                problem = error
        else:
            raise _connection_failure(self.target, self.proxy, problem)
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
        status = _exchange(wire, f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n", to_the_end=True)
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
            plain, _ = self._connect([self.proxy.host if self.proxy else self.target.host])
            with plain, context.wrap_socket(plain, server_hostname=self.target.host) as secured:
                return secured.getpeercert(binary_form=True) or b""
        except (OSError, StepFailed):
            return b""

    def _ask(self, wire: socket.socket) -> tuple[None, str]:
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        path = f"http://{host}:{self.target.port}/" if self.proxy and self.target.protocol == "http" else "/"
        status = _exchange(wire, f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        return None, f"HTTP {status}"  # any status: somebody speaks HTTP there


def _exchange(wire: socket.socket, request: str, to_the_end: bool = False) -> int:
    """The status of the answer. `to_the_end`: the header is read whole, so that the tunnel begins behind it."""
    data = b""
    try:
        wire.sendall(request.encode("ascii", "replace"))
        while (b"\r\n\r\n" if to_the_end else b"\r\n") not in data and len(data) < _LONGEST_LINE:
            more = wire.recv(1 if to_the_end else _LONGEST_LINE)
            if not more:
                break
            data += more
    except OSError as problem:
        raise StepFailed(f"no HTTP answer ({_reason(problem)})", _NO_ANSWER) from problem
    head = data.split(b"\r\n", 1)[0].split(b" ")
    if not head[0].startswith(b"HTTP/") or len(head) < 2 or not head[1].isdigit():
        raise StepFailed("what answers speaks no HTTP", _NO_ANSWER)
    return int(head[1][:4])


_NO_ANSWER = "The port is open, but no web server answers: a filter may hold the connection back."


def _reason(problem: OSError) -> str:
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    return getattr(problem, "reason", "") or problem.strerror or str(problem) or type(problem).__name__


def _name_failure(host: str, problem: Exception) -> StepFailed:
    code = problem.errno if isinstance(problem, socket.gaierror) else None
    if code in (socket.EAI_AGAIN, getattr(socket, "EAI_FAIL", None)):
        return StepFailed("no name server answers", "Check cable or WLAN, and which name server (DNS) this PC uses.")
    return StepFailed("the name is not known", f"Let the name server (DNS) of this network resolve {host}.")


def _connection_failure(target: NetworkTarget, proxy: Proxy | None, problem: OSError) -> StepFailed:
    if proxy is not None:
        return StepFailed(
            f"the proxy {proxy.text} does not answer ({_reason(problem)})", "Check the proxy settings of this PC."
        )
    where = f"{target.host} port {target.port} (TCP, outgoing)"
    if isinstance(problem, ConnectionRefusedError):
        return StepFailed("refused", f"Nothing listens there, or a firewall refuses: open {where}.")
    if isinstance(problem, TimeoutError):
        return StepFailed("no answer in time", f"A firewall swallows it: open {where} in firewall and router.")
    return StepFailed(_reason(problem), f"There is no way there: check the network, then open {where}.")


def _answers_wrongly(host: str, places: list[str]) -> bool:
    """A name of the Internet at an address of a local network. Plain names, .local and addresses may be there."""
    try:
        ipaddress.ip_address(host)
        return False
    except ValueError:
        pass
    if "." not in host.rstrip(".") or host.rstrip(".").endswith((".local", ".lan", ".internal", ".home.arpa", ".test")):
        return False
    return all(not ipaddress.ip_address(place.partition("%")[0]).is_global for place in places)
