"""Web servers for the tests: one that serves a folder with ranges, and hostile ones. Loopback only."""

from __future__ import annotations

import functools
import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Trick = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""Answers a request in its own way; False: it did not, serve the file as it is."""


class Server(ThreadingHTTPServer):
    """Serves `root`; `tricks` by a part of the path. `asked` lists (path, Range header). `over` ends hostile loops."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.tricks: dict[str, Trick] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that hang up on a hostile server are what is tested


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        path = self.server.root / self.path.lstrip("/").partition("?")[0]
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        for part, trick in list(self.server.tricks.items()):
            if part in self.path and trick(self, content):
                return
        tag = f'"{path.stat().st_mtime_ns:x}-{len(content):x}"'
        start = 0
        if wanted.startswith("bytes=") and self.headers.get("If-Range", tag) == tag:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])
        self.server.sent += len(content) - start

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serving(root: Path) -> Iterator[Server]:
    server = Server(root)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def endless(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """A body without length that never ends, chunked."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    block = b"\0" * 65536
    try:
        while not handler.server.over.is_set():  # type: ignore[attr-defined]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
    except OSError:
        pass
    return True


def oversized(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """Announces a terabyte."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    handler.close_connection = True
    return True


def stall(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """The first bytes, then nothing more."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[:10])
    handler.server.over.wait()  # type: ignore[attr-defined]
    return True


def drip(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """One byte each 0.3 s: no read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    try:
        for value in content:
            handler.wfile.write(bytes([value]))
            if handler.server.over.wait(0.3):  # type: ignore[attr-defined]
                break
    except OSError:
        pass
    handler.close_connection = True
    return True


def header_drip(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """The status line itself comes a byte each 0.3 s."""
    try:
        for value in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            handler.wfile.write(bytes([value]))
            if handler.server.over.wait(0.3):  # type: ignore[attr-defined]
                break
    except OSError:
        pass
    handler.close_connection = True
    return True


@functools.cache
def bomb() -> bytes:
    return gzip.compress(b"\0" * (100 << 20), 6)


def gzip_bomb(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """A hundred megabytes of nothing in a hundred kilobytes."""
    packed = bomb()
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(packed)))
    handler.end_headers()
    try:
        handler.wfile.write(packed)
    except OSError:
        pass
    return True


def broken_off(times: int, after: int) -> Trick:
    """Hangs up after so many bytes, so many times; then serves."""
    left = [times]

    def trick(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if not left[0] or start + after >= len(content):
            return False
        left[0] -= 1
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start : start + after])
        handler.wfile.flush()
        handler.close_connection = True
        return True

    return trick
