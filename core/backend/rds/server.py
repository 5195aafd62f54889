"""The store's web server: GET with ranges on the LAN. Knows no user: what it gives is public and signed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from core.backend.rds.storage import Storage
from core.errors import ProductError
from core.releases.sources.base import CHUNK, NotThere

_SILENCE = 30.0  # seconds until a client that says nothing loses its thread


class RdsServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], storage: Storage, note: Callable[[str], None]) -> None:
        super().__init__(address, _Handler)
        self.storage, self.note = storage, note

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.2,), name="rds", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "passbay-rds", ""
    timeout = _SILENCE
    server: RdsServer

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0].lstrip("/"))
        storage = self.server.storage
        try:
            if path == "metadata/timestamp.json":
                self._whole(storage.fresh())
                return
            place = storage.kept(path)
            if place is not None:
                self._file(place)
                return
            growing = storage.fetch(path)
            growing.begun()
        except NotThere as problem:
            self._refuse(problem.status if problem.status in (403, 404) else 404)
            return
        except ProductError:
            self._refuse(502)
            return
        self._chunked(growing.follow())

    def _whole(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def _file(self, place: Path) -> None:
        """With If-Range by the name: what lies under it never changes."""
        size, start = place.stat().st_size, _start(self.headers.get("Range", ""))
        tag = f'"{place.name[:64]}"'
        if start and start < size and self.headers.get("If-Range", tag) == tag:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        else:
            start = 0
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(size - start))
        self.end_headers()
        with place.open("rb") as stream:
            stream.seek(start)
            while chunk := stream.read(CHUNK):
                self.wfile.write(chunk)

    def _chunked(self, chunks: object) -> None:
        """The length is not known yet. Where the source breaks off the connection does, too."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for chunk in chunks:  # type: ignore[attr-defined]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")
        except (ProductError, OSError):
            self.close_connection = True

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        self.server.note(f"{self.client_address[0]} {format % arguments}")


def _start(wanted: str) -> int:
    """The begin of `bytes=N-`; 0 for anything else, which then gets all."""
    number = wanted.removeprefix("bytes=").removesuffix("-")
    return int(number) if wanted.startswith("bytes=") and number.isdigit() else 0
