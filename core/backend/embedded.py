"""The back end inside the program: called in process through ASGI, a SQLite file in the data folder, no port opened.

    embedded = open_embedded(paths.data / "backend", time.time)
    httpx.AsyncClient(transport=httpx.ASGITransport(embedded.app), base_url=embedded.url)
    POST /device/approve  {"user_code": ...}  with the header `x-passbay-owner: <embedded.owner_token>`
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backend import demo
from core.backend.api import problems
from core.backend.api.gate import App
from core.backend.context import EMBEDDED_URL, Backend, Config
from core.backend.identity import grants, people, sessions
from core.backend.issuer import keys
from core.errors import ProductError, StorageFailed

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

OWNER_HEADER = "x-passbay-owner"
_FILE = "backend.sqlite3"


@dataclass(slots=True)
class Embedded:
    """`app` is the ASGI app; `owner_token` lets the owner of this PC approve a log-in without a browser."""

    app: App
    owner_token: str
    url: str
    backend: Backend

    def close(self) -> None:
        self.backend.store.dispose()


def open_embedded(folder: Path, clock: Callable[[], float]) -> Embedded:
    """Opens (and on first use furnishes) the back end in `folder`. StorageFailed, DatabaseFailed, DatabaseFull."""
    from core.backend.app import build_app
    from core.backend.ledger import Ledger
    from core.backend.store import open_store

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # the issuer's private key lies in it
        (folder / _FILE).touch(mode=0o600)
    except OSError as error:
        raise StorageFailed(f"The embedded back end cannot use its folder {folder} ({error.strerror}).") from error
    store = open_store(f"sqlite:///{folder / _FILE}")
    backend = Backend(store, Ledger(store), Config(embedded=True, requests_per_minute=0), clock)
    now = backend.now()

    def furnish(conn: Connection) -> None:
        demo.furnish(conn, now)
        keys.signer(conn, now)

    if backend.read(keys.current_id) == "":
        backend.write(furnish)
    return Embedded(build_app(backend, (_approval(backend),)), backend.owner_token, EMBEDDED_URL, backend)


def _approval(backend: Backend) -> Any:
    """The route exists in an embedded back end alone, and only this process knows its token."""
    from starlette.concurrency import run_in_threadpool
    from starlette.routing import Route

    async def approve(request: Request) -> Response:
        if not sessions.same(request.headers.get(OWNER_HEADER, ""), backend.owner_token):
            return problems.answer(problems.refusal(403, "Only the owner of this PC may do this.", problem="owner"))
        try:
            fields = json.loads(await request.body())
            code = str(fields["user_code"])
            user = str(fields.get("login", demo.LOGIN))
        except (ValueError, KeyError, TypeError, AttributeError):
            return problems.answer(problems.refusal(422, "user_code is missing.", problem="input"))
        try:
            done = await run_in_threadpool(_approve, backend, code, user)
        except ProductError as error:
            return problems.answer(error)
        return problems.json_answer(json.dumps({"approved": done}).encode(), 200 if done else 404)

    return Route("/device/approve", approve, methods=["POST"])


def _approve(backend: Backend, code: str, login: str) -> bool:
    now = backend.now()

    def decide(conn: Connection) -> bool:
        user = people.user_by_login(conn, login)
        return user is not None and not user.disabled and grants.decide(conn, user.id, code, True, now)

    return backend.write(decide)
