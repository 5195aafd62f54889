"""A connection that never sends a whole head is let go, whatever drips; one that works is kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from core.backend.serving import patience
from tests.backend.rig import Rig, open_rig, sqlite_url
from tests.backend.serving.support import serving


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1.0)
    rig: Rig = open_rig(sqlite_url(tmp_path))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(rig.app, http=patience.PatientProtocol, lifespan="off", ws="none", log_level="error")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(30)
    listening.close()
    rig.close()


@pytest.mark.parametrize("drip", [b"", b"G", b"GET /health HTTP/1.1\r\nx: y\r\n"])
def test_who_sends_no_whole_head_is_let_go(address: tuple[str, int], drip: bytes) -> None:
    with socket.create_connection(address, timeout=30) as dripping:
        dripping.sendall(drip)
        assert dripping.recv(100) == b""  # closed by the server


def test_bytes_that_drip_in_do_not_lengthen_it(address: tuple[str, int]) -> None:
    started = time.monotonic()
    with socket.create_connection(address, timeout=0.1) as dripping:
        while time.monotonic() - started < 30:
            try:
                dripping.sendall(b"x")
                assert dripping.recv(100) == b""
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - started < 20


def test_a_connection_that_works_is_kept(address: tuple[str, int]) -> None:
    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}") as http:
        started = time.monotonic()
        while time.monotonic() - started < 2.5:  # longer than the patience with a head
            assert http.get("/health").status_code == 200


def test_the_server_uses_it(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'b.sqlite3'}") as ready:
        started = time.monotonic()
        with socket.create_connection((ready["host"], ready["port"]), timeout=60) as dripping:
            dripping.sendall(b"GET / HTTP/1.1\r\n")
            assert dripping.recv(100) == b""
        assert time.monotonic() - started >= patience.HEAD_SECONDS - 1
