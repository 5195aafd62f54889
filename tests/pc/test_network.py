"""Hosts and ports (R6) against real sockets: each broken step is named, and nothing waits beyond the deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import SettingsInvalid
from core.pc.network import administrator_page, check_targets
from core.vocabulary.shop.check import NetworkRow, NetworkTarget, Verdict
from tests.pc.authority import ServerFiles, TestAuthority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Serve = Callable[..., int]


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    return TestAuthority(tmp_path)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """serve(answer, files=None, handler=None) -> port: a server of this process for as long as the test."""
    listeners: list[socket.socket] = []

    def start(answer: bytes = OK, files: ServerFiles | None = None, handler: object = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        act = handler if callable(handler) else (lambda wire: _answer(wire, answer, files))
        threading.Thread(target=_accept, args=(listener, act), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def _accept(listener: socket.socket, act: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=act, args=(wire,), daemon=True).start()


def _answer(wire: socket.socket, answer: bytes, files: ServerFiles | None) -> None:
    try:
        if files is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.certificate, files.key)
            wire = context.wrap_socket(wire, server_side=True)
        with closing(wire):
            wire.recv(4096)
            wire.sendall(answer)
            wire.recv(4096)
    except OSError:
        pass


def check(target: NetworkTarget, **options: object) -> NetworkRow:
    (row,) = check_targets([target], **options)  # type: ignore[arg-type]
    return row


def words(row: NetworkRow) -> dict[str, tuple[bool | None, str]]:
    return {step.name: (step.ok, step.words) for step in row.steps}


def test_a_healthy_server_is_green_in_all_four_steps(serve: Serve, authority: TestAuthority) -> None:
    port = serve(files=authority.server("127.0.0.1"))
    row = check(NetworkTarget("StartKey", "127.0.0.1", port), ca_file=str(authority.file))
    assert row.verdict is Verdict.OK, row
    assert [step.ok for step in row.steps] == [True] * 4
    assert all(step.milliseconds is not None and step.milliseconds >= 0 for step in row.steps)
    assert "Workshop Test Root" in words(row)["TLS"][1]
    assert words(row)["answer"][1] == "HTTP 200"
    assert row.advice == ""


@pytest.mark.parametrize(
    ("names", "days", "trusted", "expected"),
    [
        (("shop.example.org",), (-1, 90), True, "another name"),
        (("127.0.0.1",), (-90, -1), True, "expired"),
        (("127.0.0.1",), (1, 90), True, "not valid yet"),
        (("127.0.0.1",), (-1, 90), False, "'Workshop Test Root' is not trusted"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_named(
    serve: Serve, authority: TestAuthority, names: tuple[str, ...], days: tuple[float, float], trusted: bool,
    expected: str,
) -> None:  # fmt: skip
    port = serve(files=authority.server(*names, days=days))
    row = check(NetworkTarget("StartKey", "127.0.0.1", port), ca_file=str(authority.file) if trusted else "")
    assert row.verdict is Verdict.FAILED
    ok, told = words(row)["TLS"]
    assert ok is False
    assert expected in told
    assert words(row)["answer"] == (None, "not reached")
    assert row.advice


def test_a_certificate_that_ends_soon_is_a_warning(serve: Serve, authority: TestAuthority) -> None:
    port = serve(files=authority.server("127.0.0.1", days=(-1, 3.5)))
    row = check(NetworkTarget("StartKey", "127.0.0.1", port), ca_file=str(authority.file))
    assert row.verdict is Verdict.WARNING
    assert "ends in 3 days" in row.advice


def test_a_closed_port_and_a_server_without_tls_and_one_without_http(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "refused" in words(check(NetworkTarget("x", "127.0.0.1", port)))["connection"][1]
    plain = check(NetworkTarget("x", "127.0.0.1", serve(answer=b"220 mail ready\r\n")))
    assert words(plain)["TLS"][0] is False
    assert "speaks no TLS" in plain.advice
    mail = check(NetworkTarget("x", "127.0.0.1", serve(answer=b"220 mail ready\r\n"), "http"))
    assert words(mail)["answer"] == (False, "what answers speaks no HTTP")


def test_tcp_targets_need_no_answer(serve: Serve) -> None:
    row = check(NetworkTarget("VPN gateway", "127.0.0.1", serve(answer=b""), "tcp"))
    assert (row.verdict, [step.name for step in row.steps]) == (Verdict.OK, ["name", "connection"])


def test_an_unknown_name_and_no_name_server_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolver(code: int) -> Callable[..., object]:
        def refuse(*_: object, **__: object) -> object:
            raise socket.gaierror(code, "no")

        return refuse

    monkeypatch.setattr(socket, "getaddrinfo", resolver(socket.EAI_NONAME))
    assert words(check(NetworkTarget("x", "shop.example.org", 443)))["name"] == (False, "the name is not known")
    monkeypatch.setattr(socket, "getaddrinfo", resolver(socket.EAI_AGAIN))
    row = check(NetworkTarget("x", "shop.example.org", 443, required=False))
    assert words(row)["name"] == (False, "no name server answers")
    assert row.verdict is Verdict.WARNING  # nobody needs it


def test_a_name_server_that_answers_wrongly(
    serve: Serve, authority: TestAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that sends every name to its own page: its certificate does not fit, and the address tells, too."""
    page = serve(files=authority.server("block.filter.test"))
    real = socket.getaddrinfo

    def hijacked(host: str, *rest: object, **options: object) -> object:
        return real("127.0.0.1", *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hijacked)
    row = check(NetworkTarget("x", "shop.example.org", page), ca_file=str(authority.file))
    assert row.verdict is Verdict.FAILED
    assert "another name" in words(row)["TLS"][1]
    assert "redirects" in row.advice
    http = check(NetworkTarget("x", "shop.example.org", serve(), "http"))
    assert http.verdict is Verdict.WARNING
    assert "name server may answer wrongly" in http.advice


def test_nothing_waits_beyond_the_deadline_and_others_are_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs and a server that never answers cost their own rows only."""
    release = threading.Event()
    real = socket.getaddrinfo

    def resolver(host: str, *rest: object, **options: object) -> object:
        if host == "hangs.example.org":
            release.wait(60)
        return real(host, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    mute = serve(handler=lambda wire: release.wait(60))
    told: list[str] = []
    start = time.monotonic()
    rows = check_targets(
        [
            NetworkTarget("hangs", "hangs.example.org", 443),
            NetworkTarget("mute", "127.0.0.1", mute, "http"),
            NetworkTarget("fine", "127.0.0.1", serve(), "http"),
        ],
        deadline=1.0, told=lambda row: told.append(row.target.purpose),
    )  # fmt: skip
    spent = time.monotonic() - start
    release.set()
    assert spent < 30  # step time-outs alone would be longer: the deadline ended it
    assert [row.verdict for row in rows] == [Verdict.FAILED, Verdict.FAILED, Verdict.OK]
    assert words(rows[0])["name"] == (False, "no answer in time")
    assert words(rows[1])["answer"] == (False, "no answer in time")
    assert told[0] == "fine"


def test_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    release = threading.Event()

    def hanging(*_: object, **__: object) -> object:
        stop.set()
        release.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    (row,) = check_targets([NetworkTarget("x", "shop.example.org", 443)], deadline=600, stop=stop)
    release.set()
    assert row.verdict is Verdict.FAILED


def _proxy(answer: bytes, port_of: Callable[[], int], seen: list[bytes]) -> Callable[[socket.socket], None]:
    """An HTTP proxy that knows CONNECT."""

    def act(wire: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += wire.recv(4096)
        seen.append(request.split(b"\r\n")[0])
        wire.sendall(answer)
        if b" 200 " not in answer:
            wire.close()
            return
        there = socket.create_connection(("127.0.0.1", port_of()))
        threading.Thread(target=_pump, args=(wire, there), daemon=True).start()
        _pump(there, wire)

    return act


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass


def test_a_proxy_is_used_and_named(serve: Serve, authority: TestAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    port = serve(files=authority.server("shop.example.org"))
    seen: list[bytes] = []
    proxy = serve(handler=_proxy(b"HTTP/1.1 200 Connection established\r\n\r\n", lambda: port, seen))
    monkeypatch.setenv("https_proxy", f"http://user:secret@127.0.0.1:{proxy}")
    row = check(NetworkTarget("x", "shop.example.org", 443), ca_file=str(authority.file))
    assert row.verdict is Verdict.OK, row
    assert seen == [b"CONNECT shop.example.org:443 HTTP/1.1"]
    assert row.proxy == f"127.0.0.1:{proxy}"
    assert "secret" not in repr(row)


@pytest.mark.parametrize(("status", "expected"), [(407, "wants a log-in"), (403, "refuses it (403)")])
def test_a_proxy_that_refuses(serve: Serve, monkeypatch: pytest.MonkeyPatch, status: int, expected: str) -> None:
    proxy = serve(handler=_proxy(f"HTTP/1.1 {status} No\r\n\r\n".encode(), lambda: 0, []))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy}")
    row = check(NetworkTarget("x", "shop.example.org", 443))
    assert expected in words(row)["connection"][1]
    assert "proxy" in row.advice


def test_a_list_of_exceptions_that_waits_for_a_name_server_costs_its_row_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and macOS resolve the host to compare it with the exceptions of the proxy settings."""
    release = threading.Event()

    def bypass(host: str) -> bool:
        if host == "shop.example.org":
            release.wait(60)
        return True

    monkeypatch.setattr(urllib.request, "proxy_bypass", bypass)
    targets = [NetworkTarget("x", "shop.example.org", 443), NetworkTarget("y", "127.0.0.1", serve(), "http")]
    start = time.monotonic()
    late, fine = check_targets(targets, deadline=0.5)
    assert time.monotonic() - start < 30
    release.set()
    assert (late.verdict, fine.verdict) == (Verdict.FAILED, Verdict.OK)


@pytest.mark.parametrize(
    ("answer", "verdict", "words_of_it"),
    [
        (
            b"HTTP/1.1 307 Temporary\r\nlocation: https://Login.Hotspot.example/x\r\n\r\n",
            Verdict.WARNING,
            "login.hotspot",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/start\r\n\r\n", Verdict.OK, ""),
        (b"HTTP/1.1 302 Found\r\nLocation: /start\r\n\r\n", Verdict.OK, ""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[broken\r\n\r\n", Verdict.OK, ""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://evil\x1bx.example/\r\n\r\n", Verdict.WARNING, "evil"),
        (b"HTTP/1.1 511 Network Authentication Required\r\n\r\n", Verdict.FAILED, "log-in page"),
    ],
)
def test_log_in_pages_that_answer_instead(serve: Serve, answer: bytes, verdict: Verdict, words_of_it: str) -> None:
    row = check(NetworkTarget("x", "127.0.0.1", serve(answer), "http"))
    assert row.verdict is verdict and words_of_it in row.advice and "\x1b" not in row.advice, row
    assert bool(row.advice) == (verdict is not Verdict.OK)


def test_the_embedded_back_end_needs_no_network() -> None:
    row = check(NetworkTarget("StartKey", "", 443))
    assert (row.verdict, row.steps[0].ok) == (Verdict.OK, True)


def test_a_ca_file_that_is_none_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid):
        check(NetworkTarget("x", "127.0.0.1", 1), ca_file=str(tmp_path / "none.pem"))


def test_hostile_words_of_a_certificate_are_harmless(serve: Serve, tmp_path: Path) -> None:
    bad = TestAuthority(tmp_path, "Evil\x1b]0;PWNED\x07\u202eRoot"[:30])
    row = check(NetworkTarget("x", "127.0.0.1", serve(files=bad.server("127.0.0.1"))))
    told = words(row)["TLS"][1] + row.advice
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_the_page_for_the_administrator(serve: Serve) -> None:
    rows = check_targets([NetworkTarget("Time credit", "127.0.0.1", serve(), "http"), NetworkTarget("Flash", "", 443)])
    page = administrator_page(rows, "SHOP-PC", "2026-11-26 15:00 CET")
    assert "Time credit" in page
    assert "Nothing is to be done." in page
    assert "Flash" not in page  # embedded: nobody has to open anything
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    page = administrator_page(check_targets([NetworkTarget("Flash", "127.0.0.1", port)]), "SHOP-PC", "now")
    assert f"127.0.0.1:{port}" in page
    assert "refused" in page
