"""Why a name was not found: the name server is asked once by hand, in one UDP packet (RFC 1035). Blocks shortly.

The system's resolver answers "try again" alike to silence, to a server that has failed, to nonsense and to no network.
"""

from __future__ import annotations

import errno
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
ASK_SECONDS = 1.0
_PORT = 53
_MOST_SERVERS = 3  # as many as the C library asks
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_SERVER_FAILURE, _NAME_ERROR, _REFUSED = 2, 3, 5  # response codes, section 4.1.1
Words = tuple[str, str]
"""What was seen, and what to do."""

_USE_ANOTHER = "Use another name server (DNS) for this PC, or ask the network administrator."
NO_SERVER: Words = (
    "no name server answers", "Check cable or WLAN, and which name server (DNS) this PC uses."
)  # fmt: skip


def why_not(host: str, servers: tuple[str, ...] | None = None, seconds: float = ASK_SECONDS) -> Words:
    """What the first name server that says anything says of `host`; else what is wrong with the first."""
    asked = configured() if servers is None else servers
    found = [_said_by(server, host, seconds) for server in asked[:_MOST_SERVERS]]
    if not found:
        return NO_SERVER  # Windows, or a system that keeps its name servers elsewhere
    return next((words for spoke, words in found if spoke), found[0][1])


def configured() -> tuple[str, ...]:
    """The name servers of resolv.conf; none where there is no such file."""
    try:
        text = RESOLV_CONF.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(_servers(text))


def _servers(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            yield words[1][:60]


def _said_by(server: str, host: str, seconds: float) -> tuple[bool, Words]:
    """Whether it said anything, and the words for it."""
    try:
        question = _question(host)
        answer = _exchange(server, question, seconds)
    except ConnectionRefusedError:
        return False, (f"nothing listens at the name server {server}", _USE_ANOTHER)
    except TimeoutError:
        return False, (
            f"the name server {server} does not answer",
            f"Check cable or WLAN, and whether a firewall holds port {_PORT} (UDP and TCP) to {server} back.",
        )
    except (OSError, UnicodeError) as problem:
        if getattr(problem, "errno", None) in _UNREACHABLE:
            return False, (f"there is no way to the name server {server}", "Check cable or WLAN: there is no network.")
        return False, NO_SERVER
    return True, _meaning(server, host, question, answer)


def _question(host: str) -> bytes:
    """One question of class IN for the IPv4 addresses, recursion desired."""
    labels = host.rstrip(".").encode("idna").split(b".")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return secrets.token_bytes(2) + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)


def _exchange(server: str, question: bytes, seconds: float) -> bytes:
    """The first packet that comes back with our number; else, at the end of the time, the last one that came."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        server, _PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )[0]
    last = b""
    with socket.socket(family, kind, protocol) as wire:
        wire.connect(place)  # only this server's packets, and its ICMP refusals as errors
        wire.send(question)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            wire.settimeout(left)
            try:
                last = wire.recv(4096)
            except TimeoutError:
                break
            if last[:2] == question[:2]:
                return last
    if not last:
        raise TimeoutError
    return last


def _meaning(server: str, host: str, question: bytes, answer: bytes) -> Words:
    is_answer = len(answer) >= 12 and answer[:2] == question[:2] and answer[2] & 0x80
    if not is_answer:
        return (f"what the name server {server} sends is no answer", _USE_ANOTHER)
    code, answers = answer[3] & 0x0F, int.from_bytes(answer[6:8], "big")
    if code == _SERVER_FAILURE:
        return (
            f"the name server {server} has failed",
            "It answers, but cannot find anything out (SERVFAIL): start the router anew, or use another name server.",
        )
    if code == _REFUSED:
        return (f"the name server {server} refuses to answer this PC", _USE_ANOTHER)
    if code == _NAME_ERROR:
        return ("the name is not known", f"Let the name server (DNS) of this network resolve {host}.")
    if code == 0 and answers == 0:
        return no_address(host)
    if code == 0:
        return (f"the name server {server} answers too late", _USE_ANOTHER)  # the resolver had given up
    return (f"the name server {server} answers with fault {code}", _USE_ANOTHER)


def no_address(host: str) -> Words:
    return (
        "the name has no address",
        f"The name server (DNS) knows {host} but tells no address: a filter may hold it back. Let it resolve {host}.",
    )
