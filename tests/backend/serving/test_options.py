"""How a server that listens on all interfaces names itself: by a name that others can use, else by an address."""

from __future__ import annotations

import socket

import pytest

from core.backend.serving.options import ServeOptions


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_name_that_means_this_pc_everywhere_is_not_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "pc7.workshop.example")
    assert ServeOptions("", host=host, without_tls=True).url(8022) == "http://pc7.workshop.example:8022"
    monkeypatch.setattr(socket, "getfqdn", lambda: "localhost.localdomain")
    monkeypatch.setattr(socket, "socket", lambda *_: FakeSocket())
    assert ServeOptions("", host=host, without_tls=True).url(8022) == "http://192.0.2.7:8022"


def test_without_any_network_the_name_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "localhost")
    monkeypatch.setattr(FakeSocket, "fails", True)
    monkeypatch.setattr(socket, "socket", lambda *_: FakeSocket())
    assert ServeOptions("", host="0.0.0.0", without_tls=True).url(80) == "http://localhost"


class FakeSocket:
    fails = False

    def __enter__(self) -> FakeSocket:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, _place: tuple[str, int]) -> None:
        if self.fails:
            raise OSError("no network")

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.7", 50_000)
