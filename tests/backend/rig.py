"""A back end in this process for tests: a clock that is set by hand, a workshop, two users, a browserless client."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from core.backend import demo
from core.backend.api.gate import App
from core.backend.app import build_app
from core.backend.context import Backend, Config
from core.backend.identity import grants, people, rights
from core.backend.issuer import keys
from core.backend.ledger import Ledger
from core.backend.store import open_store
from core.online import dsse
from core.online.wire import Device
from core.vocabulary.online.paper import Role

URL = "https://backend.test"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct horse battery"
DEVICE = Device("4FDEB136488F", 252, ("a" * 32, "b" * 32, "c" * 32, "d" * 32), "0.1.0")
OTHER_DEVICE = Device("0123456789AB", 252, ("1" * 32, "2" * 32, "3" * 32, "4" * 32), "0.1.0")


class InProcess(httpx.BaseTransport):
    """An ASGI app behind httpx's synchronous client; `address` is where its requests seem to come from."""

    def __init__(self, app: App, address: str = "192.0.2.7") -> None:
        self._inner = httpx.ASGITransport(app, client=(address, 50_000))  # type: ignore[arg-type]
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        raw = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answer = await self._inner.handle_async_request(raw)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def close(self) -> None:
        self._runner.close()


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Rig:
    backend: Backend
    clock: Clock
    app: App
    client: httpx.Client
    users: dict[str, str] = field(default_factory=dict)  # login -> id
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    def close(self) -> None:
        self.client.close()
        self.backend.store.dispose()

    def organisation(self, name: str = "Workshop", contract: str = "", contract_end: int | None = None) -> str:
        now = self.backend.now()
        return self.backend.write(
            lambda conn: people.create_organisation(conn, name, now, contract or f"C-{next(self._keys)}", contract_end)
        )

    def user(self, organisation: str, login: str, *roles: Role, active: bool = True, identified: bool = True) -> str:
        def make(conn: Any) -> str:
            now = self.backend.now()
            made = people.create_user(conn, organisation, login, login.title(), PASSWORD, now, identified=identified)
            for role in roles:
                rights.grant(conn, made, role, now, activate=active)
            return made

        self.users[login] = self.backend.write(make)
        return self.users[login]

    def packages(self) -> None:
        self.backend.write(lambda conn: demo.add_packages(conn, free=False))

    def start_login(self) -> dict[str, Any]:
        return dict(self.client.post("/oauth/device_authorization", data={"client_id": "passbay"}).json())

    def poll(self, device_code: str) -> Any:
        form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": device_code}
        return self.client.post("/oauth/token", data=form)

    def decide(self, login: str, user_code: str, approve: bool = True) -> bool:
        now = self.backend.now()
        return self.backend.write(lambda c: grants.decide(c, self.users[login], user_code, approve, now))

    def tokens(self, login: str) -> dict[str, Any]:
        """A whole log-in of a device."""
        begun = self.start_login()
        assert self.decide(login, begun["user_code"])
        answer = self.poll(begun["device_code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def bearer(self, login: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens(login)['access_token']}"}

    def key(self) -> dict[str, str]:
        return {"idempotency-key": secrets.token_hex(8)}

    def order(self, bearer: dict[str, str], device: Device = DEVICE) -> Any:
        return self.client.post("/api/v1/startkeys/order", json={"device": as_json(device)}, headers=bearer)

    def check(self, device: Device = DEVICE, key_id: str = "", nonce: str = "ab" * 16) -> Any:
        fields = as_json(device)
        del fields["version"]
        return self.client.post("/api/v1/startkeys/check", json=fields | {"key_id": key_id, "nonce": nonce})

    def buy(self, bearer: dict[str, str], package: str = "vans-hour", count: int = 1) -> Any:
        body = {"package": package, "count": count}
        return self.client.post("/api/v1/credit/buy", json=body, headers=bearer | self.key())

    def permit(self, bearer: dict[str, str], key_id: str, **fields: Any) -> Any:
        body = {
            "job": secrets.token_hex(8), "kind": "flash", "group": "vans", "vin": "W1V44760313930767", "unit": "ECM",
            "image": "", "hardware_id": DEVICE.hardware_id, "key_id": key_id, "change": True, "minutes": 1,
        }  # fmt: skip
        return self.client.post("/api/v1/permits", json=body | fields, headers=bearer)

    def open(self, envelope: str, kind: str) -> dict[str, Any]:
        """The payload of an envelope, its signature checked with the published keys."""
        published = self.backend.read(keys.published)
        known = {key.keyid: bytes.fromhex(key.public) for key in published}
        return dict(json.loads(dsse.verify(envelope, kind, known)))


def as_json(device: Device) -> dict[str, Any]:
    return {
        "hardware_id": device.hardware_id, "app_id": device.app_id, "traits": list(device.traits),
        "version": device.version,
    }  # fmt: skip


def key_id_of(envelope: str) -> str:
    return str(json.loads(base64.b64decode(json.loads(envelope)["payload"]))["key_id"])


def open_rig(url: str, clock: Clock | None = None, **config: Any) -> Rig:
    clock = clock or Clock()
    store = open_store(url)
    settings = Config(public_url=URL, tls=True, **({"requests_per_minute": 0} | config))
    backend = Backend(store, Ledger(store), settings, clock)
    from core.backend.portal.routes import portal_routes

    app = build_app(backend, tuple(portal_routes(backend)))
    return Rig(backend, clock, app, httpx.Client(transport=InProcess(app), base_url=URL))


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'backend.sqlite3'}"
