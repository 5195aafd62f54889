"""A log-in server by script, on a real socket: each answer to the token endpoint is one line of the script."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

ACCOUNT = {
    "login": "anna", "name": "Anna", "organisation": "Shop", "contract": "C-1", "contract_end": None,
    "roles": ["standard-diagnosis", "flash"], "activation": "active", "activation_until": None,
}  # fmt: skip


def tokens(access: str = "ACCESS-1", refresh: str = "REFRESH-1", expires_in: int = 900) -> dict[str, Any]:
    return {
        "access_token": access, "token_type": "Bearer", "expires_in": expires_in, "refresh_token": refresh,
        "scope": "passbay",
    }  # fmt: skip


@dataclass
class Script:
    """`token`: what /oauth/token answers, in this order: an OAuth error's name, "500", "drop", or tokens."""

    token: list[Any]
    interval: int = 5
    expires_in: int = 60
    account: dict[str, Any] = field(default_factory=lambda: dict(ACCOUNT))
    asked: list[dict[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, fields: dict[str, str], bearer: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url, "token_endpoint": f"{self.url}/oauth/token",
                "device_authorization_endpoint": f"{self.url}/oauth/device_authorization",
                "revocation_endpoint": f"{self.url}/oauth/revoke",
            }  # fmt: skip
        if path == "/oauth/device_authorization":
            return 200, {
                "device_code": "DEVICE-CODE", "user_code": "WDJB-MJHT", "verification_uri": f"{self.url}/device",
                "expires_in": self.expires_in, "interval": self.interval,
            }  # fmt: skip
        if path == "/oauth/revoke":
            self.revoked.append(fields["token"])
            return 200, {}
        if path == "/api/v1/account":
            return (200, self.account) if bearer else (401, {})
        if path == "/oauth/token":
            self.asked.append(fields)
            line = self.token.pop(0) if self.token else "expired_token"
            return (200, line) if isinstance(line, dict) else (500 if line == "500" else 400, line)
        return 404, {}


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Script]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._tell(*script.answer(self.path, {}, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            fields = {name: values[0] for name, values in parse_qs(raw).items()}
            self._tell(*script.answer(self.path, fields, self.headers.get("Authorization", "")))

        def _tell(self, status: int, told: Any) -> None:
            if told == "drop":
                self.close_connection = True
                self.connection.close()
                return
            body = json.dumps({"error": told} if isinstance(told, str) else told).encode()
            if told == "500":
                body = b"<html>Traceback</html>"
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if told != "500" else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Watch:
    """A clock that goes on by waiting only, and what was waited."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return stop.is_set()
