"""`build_app`: the whole back end as one ASGI app: the gate, the API, the portal, the releases."""

from __future__ import annotations

import json
from typing import Any

from core.backend.api import account, info, oauth, papers, problems
from core.backend.api.endpoint import route_of
from core.backend.api.gate import App, Gate
from core.backend.api.metrics import Metrics
from core.backend.api.openapi import document
from core.backend.api.operation import Call, Operation, Share
from core.backend.context import Backend
from core.pc.version import product_version

_PORTAL_FORMS = ("/login", "/register")  # each post costs a scrypt


def operations(backend: Backend, metrics: Metrics) -> tuple[Operation, ...]:
    """All of them; those two at the end tell of the others."""
    listed = info.OPERATIONS + oauth.OPERATIONS + papers.OPERATIONS + account.OPERATIONS

    def openapi(_: Call) -> str:
        return json.dumps(document(found, product_version(), backend.config.public_url))

    def numbers(call: Call) -> str:
        return metrics.text(info.gauges(call))

    found = (
        *listed,
        Operation("GET", "/openapi.json", openapi, "This document", str),
        Operation(
            "GET", "/metrics", numbers, "Counters for Prometheus", str,
            media_type="text/plain; version=0.0.4",
        ),
    )  # fmt: skip
    return found


def build_app(backend: Backend, extra_routes: tuple[Any, ...] = ()) -> App:
    """`extra_routes`: the portal's, the releases'; they come after the API's."""
    from starlette.routing import Router

    metrics = Metrics(backend.config.metrics_folder)
    listed = operations(backend, metrics)
    shares = {operation.path: operation.share for operation in listed} | dict.fromkeys(_PORTAL_FORMS, Share.LOGIN)
    router = Router([*(route_of(operation, backend) for operation in listed), *extra_routes], redirect_slashes=False,
                    default=_nothing_here)  # fmt: skip


    def share_of(path: str) -> Share:
        return Share.FILES if path.startswith("/releases/") else shares.get(path, Share.PLAIN)

    return Gate(router, backend.config, metrics, share_of)


async def _nothing_here(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":  # a websocket, or a lifespan that nobody needs
        await _no_other_protocol(scope, receive, send)
        return
    error = problems.refusal(404, "There is nothing at this address.", problem="unknown")
    await problems.answer(error)(scope, receive, send)


async def _no_other_protocol(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
