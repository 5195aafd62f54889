"""One fuzzed request after the other: valid, or spoilt in a field, its bytes, its headers, its method, its path."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.backend.fuzz.samples import NASTY_TEXT, Samples

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")
PORTAL = ("/", "/login", "/logout", "/register", "/device", "/account", "/account/rights", "/account/password",
          "/account/systems", "/account/systems/4FDEB136488F/startkey", "/account/credit", "/order", "/organisation",
          "/organisation/users", "/organisation/user", "/organisation/right", "/static/portal.css")  # fmt: skip
PORTAL_FIELDS = ("csrf", "login", "password", "again", "old", "next", "user_code", "decision", "role", "package",
                 "count", "key", "user", "right", "action", "name", "email", "organisation", "contract",
                 "kind")  # fmt: skip
MEDIA = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain",
         "application/json; charset=utf-16", "", "x/" + "y" * 500)  # fmt: skip


@dataclass
class Request:
    method: str
    path: str  # with its query, already quoted
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    operation: str = ""  # the path in the document, "" for the portal and for addresses that are none
    spoilt: bool = True


@dataclass
class Credentials:
    """`bearers`: real and false Authorization values; `cookie` and `csrf` of a browser that is logged in."""

    bearers: list[str]
    cookie: str
    csrf: str


class Fuzzer:
    def __init__(self, document: dict[str, Any], known: dict[str, list[Any]], who: Credentials, seed: int) -> None:
        self.rng = random.Random(seed)
        self._document = document
        self._samples = Samples(document, known, self.rng)
        self._who = who
        self._operations = [
            (path, method.upper(), operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]

    def requests(self, count: int) -> Iterator[Request]:
        for _ in range(count):
            yield self._portal() if self.rng.random() < 0.15 else self._api()

    def _api(self) -> Request:
        path, method, operation = self.rng.choice(self._operations)
        made = Request(method, path, operation=path, spoilt=False)
        made.headers["authorization"] = self.rng.choice(self._who.bearers)
        self._parameters(made, operation)
        self._body(made, operation)
        for way, likely in ((self._spoil_bytes, 0.1), (self._spoil_headers, 0.1), (self._spoil_address, 0.05)):
            if self.rng.random() < likely:
                way(made)
                made.spoilt = True
        return made

    def _parameters(self, made: Request, operation: dict[str, Any]) -> None:
        query = {}
        for parameter in operation.get("parameters", ()):
            value = self._samples.valid(parameter["schema"], parameter["name"])
            if self.rng.random() < 0.2:
                value, made.spoilt = self._samples.spoilt(value), True
            if parameter["in"] == "query":
                query[parameter["name"]] = _plain(value)
            else:
                made.headers[parameter["name"].lower()] = _header(value)
        if query:
            made.path += "?" + urlencode(query, errors="replace")

    def _body(self, made: Request, operation: dict[str, Any]) -> None:
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            value = self._samples.valid(content["schema"])
            if self.rng.random() < 0.6:
                value, made.spoilt = self._samples.spoilt(value), True
            made.headers["content-type"] = media
            made.body = json.dumps(value).encode() if media.endswith("json") else _form(value)

    def _spoil_bytes(self, made: Request) -> None:
        raw = made.body or b"{}"
        place = self.rng.randrange(len(raw) + 1)
        made.body = self.rng.choice(
            [
                raw[:place], raw[:place] + bytes([self.rng.randrange(256)]) + raw[place + 1 :], raw + raw,
                b"\xff" + raw,
                b"[" * 60_000, b'{"a":' * 9_000, raw + b" " * 70_000, b'{"device":1,"device":1}', b"\x00" * 100,
                raw.decode("latin-1").encode("utf-16"), b"9" * 20_000, self.rng.randbytes(300), b"",
            ]
        )  # fmt: skip

    def _spoil_headers(self, made: Request) -> None:
        nasty = _header(self.rng.choice(NASTY_TEXT))
        name = self.rng.choice(
            ["authorization", "content-type", "idempotency-key", "accept", "cookie", "host", "content-encoding",
             "x-http-method-override", "range", "if-none-match", "origin", "x-forwarded-for", "x-passbay-owner"]
        )  # fmt: skip
        made.headers[name] = self.rng.choice([nasty, f"Bearer {nasty}", *MEDIA, "gzip", "bytes=0-0,1-1"])

    def _spoil_address(self, made: Request) -> None:
        if self.rng.random() < 0.5:
            made.method = self.rng.choice(METHODS)
        else:
            made.path = self.rng.choice(
                [made.path + "/", made.path + "?" + quote(self.rng.choice(NASTY_TEXT), errors="replace") * 3, "//x",
                 made.path.replace("/", "//", 1), "/" + quote(self.rng.choice(NASTY_TEXT), errors="replace"),
                 "/api/v1/" + quote("../" * 20), "/releases/../../etc/passwd", "/%ff%fe", "/static/%2e%2e/render.py"]
            )  # fmt: skip
        made.operation = ""

    def _portal(self) -> Request:
        path = self.rng.choice(PORTAL)
        fields = {name: self._field(name) for name in self.rng.sample(PORTAL_FIELDS, self.rng.randint(0, 8))}
        if self.rng.random() < 0.7:
            fields["csrf"] = self._who.csrf
        made = Request(self.rng.choice(("GET", "POST")), path)
        if self.rng.random() < 0.8:
            made.headers["cookie"] = self._who.cookie
        if made.method == "GET":
            made.path += "?" + urlencode(fields, errors="replace")
        elif self.rng.random() < 0.3:
            made.headers["content-type"] = "multipart/form-data; boundary=x"
            made.body = _multipart(fields, self.rng)
        else:
            made.headers["content-type"] = "application/x-www-form-urlencoded"
            made.body = _form(fields)
        if self.rng.random() < 0.1:
            self._spoil_bytes(made)
        return made

    def _field(self, name: str) -> Any:
        known = self._samples.known.get(name)
        return self.rng.choice(known) if known and self.rng.random() < 0.6 else self.rng.choice(NASTY_TEXT)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _header(value: Any) -> str:
    """What a header can carry: latin-1 without line ends; anything else the client library itself would refuse."""
    text = _plain(value).encode("latin-1", "replace").decode("latin-1")
    return "".join(ch for ch in text if ch == "\t" or " " <= ch != "\x7f")[:8000].strip()


def _form(value: Any) -> bytes:
    if not isinstance(value, dict):
        return _plain(value).encode("utf-8", "replace")
    return urlencode({name: _plain(held) for name, held in value.items()}, errors="replace").encode()


def _multipart(fields: dict[str, Any], rng: random.Random) -> bytes:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_plain(value)}\r\n'.encode("utf-8", "replace")
        for name, value in fields.items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="device"; filename="d"\r\n\r\n'
    parts.append(head + rng.choice([b"", b"{}", rng.randbytes(50), b"x" * 40_000]) + b"\r\n")
    return b"".join(parts) + rng.choice([b"--x--\r\n", b"", b"--x"])
