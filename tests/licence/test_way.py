"""The way to a back end: which side is at fault when nothing comes, one retry for GET alone, nothing without TLS."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    BackendRefused,
    BackendUnreachable,
    CreditUsedUp,
    LicenceCheckFailed,
    LocalNetworkFault,
    SettingsInvalid,
    StartKeyServerUnreachable,
)
from core.online.client import Answer, BackendClient
from core.online.client.http import LARGEST_ANSWER, over_network
from core.online.client.problems import refusal
from tests.backend.serving.support import certificate

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def listening(serve: Callable[[socket.socket, int], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """`serve(connection, number)` for each connection."""
    server = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if tls else "http"

    def run() -> None:
        number = 0
        while True:
            try:
                connection, _ = server.accept()
                number += 1
                with tls.wrap_socket(connection, server_side=True) if tls else connection as wrapped:
                    serve(wrapped, number)
            except OSError:  # the server was closed, or the client did not like it
                if server.fileno() < 0:
                    return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def say(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    way = over_network(url)
    with pytest.raises(BackendUnreachable) as failure:
        way.ask("GET", "/health")
    assert not isinstance(failure.value, LocalNetworkFault) and url in failure.value.message
    way.close()


def test_a_name_that_nobody_resolves_is_the_fault_of_this_side() -> None:
    way = over_network("http://backend.invalid:1")
    with pytest.raises(LocalNetworkFault) as failure:
        way.ask("GET", "/health")
    assert failure.value.code == "2173-39"
    way.close()


def test_a_proxy_that_does_not_let_through_is_this_side(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(lambda c, n: (c.recv(4096), c.sendall(say(b"", "403 Forbidden")))[0] and None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        way = over_network("https://backend.example")
        with pytest.raises(LocalNetworkFault, match="proxy"):
            way.ask("GET", "/health")
        way.close()


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1)])
def test_only_get_is_tried_twice(method: str, tries: int) -> None:
    seen: list[int] = []

    def broken(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        seen.append(number)

    with listening(broken) as url:
        way = over_network(url)
        with pytest.raises(BackendUnreachable):
            way.ask(method, "/x")
        way.close()
    assert len(seen) == tries


def test_the_second_try_may_succeed() -> None:
    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        if number == 2:
            connection.sendall(say(b'{"server_time": 7}'))

    with listening(serve) as url:
        client = BackendClient(over_network(url))
        assert client.time().server_time == 7
        client.close()


def test_an_answer_without_end_is_cut() -> None:
    def endless(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(LARGEST_ANSWER // 65536 + 50):
            connection.sendall(chunk)

    with listening(endless) as url:
        way = over_network(url)
        with pytest.raises(BackendUnreachable, match="more than 4 MiB"):
            way.ask("GET", "/x")
        way.close()


def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    def serve(connection: socket.socket, number: int) -> None:
        asked.append(connection.recv(4096))
        connection.sendall(say(b"", "302 Found\r\nLocation: http://127.0.0.1:9/evil"))

    with listening(serve) as url:
        client = BackendClient(over_network(url))
        with pytest.raises(LicenceCheckFailed, match="status 302"):
            client.account("CANARY-TOKEN")
        client.close()
    assert len(asked) == 1


def test_only_the_given_authority_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cert, key = certificate(tmp_path)
    stranger, _ = certificate(tmp_path / "other")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)

    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        connection.sendall(say(b'{"server_time": 7}'))

    with listening(serve, tls) as url:
        for ca_file, good in ((str(cert), True), (str(stranger), False), ("", False)):
            client = BackendClient(over_network(url, ca_file))
            if good:
                assert client.time().server_time == 7
            else:
                with pytest.raises(BackendUnreachable, match="not safe") as failure:
                    client.time()
                assert "ca_file" in failure.value.advice
            client.close()


def test_settings_that_cannot_be_used() -> None:
    with pytest.raises(SettingsInvalid, match="certificates"):
        over_network("https://backend.example", "/nowhere/ca.pem")


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "words"),
    [
        (403, "application/problem+json", b'{"code":"2173-44","detail":"used \\u202e up"}', CreditUsedUp, r"\\u202e"),
        (403, "application/problem+json", b'{"code":"2173-44","detail":"\\u001b[31m"}', BackendRefused, "403"),
        (403, "application/problem+json", b'{"code":"PB-201","detail":"x"}', BackendRefused, "x"),
        (503, "text/html", b"<html>", StartKeyServerUnreachable, "503"),
        (500, "application/problem+json", b"{", StartKeyServerUnreachable, "500"),
        (500, "application/problem+json", b'{"code":"2173-44","detail":"x"}', StartKeyServerUnreachable, "x"),
        (404, "text/html", b"", BackendRefused, "404"),
    ],
)
def test_a_no_becomes_the_error_that_it_names(status: int, kind: str, body: bytes, error: type, words: str) -> None:
    made: Any = refusal(Answer(status, kind, body, 0.0))
    assert type(made) is error and re.search(words, made.message)


def test_one_module_speaks_http() -> None:
    found = {
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("core/online", "core/licence", "core/workbench", "tui")
        for path in (REPOSITORY / folder).rglob("*.py")
        if re.search(r"^\s*(import|from) httpx", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"core/online/client/http.py"}
