"""From a request to an operation and back: strict decoding, the bearer, the worker thread, canonical JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core.backend.api import problems
from core.backend.api.operation import Call, Operation
from core.backend.context import Backend
from core.backend.identity import rights, tokens
from core.backend.identity.grants import OAuthRefusal
from core.errors import NotSignedIn, ProductError
from core.online.wire import IDEMPOTENCY_KEY, OAuthProblem, WireError, decode, dumps, loads

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


def route_of(operation: Operation, backend: Backend) -> Route:
    from starlette.routing import Route

    async def endpoint(request: Request) -> Response:
        return await _answer(operation, backend, request)

    return Route(operation.path, endpoint, methods=[operation.method])


async def _answer(operation: Operation, backend: Backend, request: Request) -> Response:
    from starlette.concurrency import run_in_threadpool

    try:
        body = await _body(operation, request)
        query = _query(operation, request)
        key = _key(operation, request)
        result = await run_in_threadpool(_run, operation, backend, request, body, query, key)
    except WireError as problem:
        if operation.form:
            return _oauth_refusal(OAuthRefusal("invalid_request", str(problem)[:300]))
        return problems.answer(problems.refusal(422, str(problem)[:1000], problem="input"))
    except OAuthRefusal as refusal:
        return _oauth_refusal(refusal)
    except ProductError as error:
        return problems.answer(error)
    if isinstance(result, str):
        return problems.json_answer(result.encode(), media_type=operation.media_type)
    return problems.json_answer(dumps(result), media_type=operation.media_type)


def _run(operation: Operation, backend: Backend, request: Request, body: Any, query: Any, key: str) -> Any:
    now = backend.now()
    user = _bearer(backend, request, now) if operation.bearer else None
    address = request.client.host if request.client else ""
    return operation.run(Call(backend, now, address, body, query, key, user))


def _bearer(backend: Backend, request: Request, now: int) -> Any:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 4000:
        raise NotSignedIn("This needs a log-in.")
    bearer = backend.read(lambda conn: tokens.bearer_of(backend, conn, token.strip(), now))
    if bearer.activates:
        backend.write(lambda conn: rights.activate(conn, bearer.user.id, now))
    return bearer.user


async def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None:
        return None
    wanted = "application/x-www-form-urlencoded" if operation.form else "application/json"
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        raise problems.refusal(415, f"The body must be {wanted}.", problem="media-type")
    raw = await request.body()
    if not operation.form:
        return loads(operation.body, raw)
    # RFC 6749, section 3.2: parameters that are not known are ignored
    return decode(operation.body, _pairs(raw.decode("utf-8", "strict") if raw.isascii() else ""), lenient=True)


def _pairs(raw: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    try:
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:  # not UTF-8, or too many fields
        raise WireError("", "this is no form") from None
    if len(dict(pairs)) != len(pairs):
        raise WireError("", "a parameter stands twice")
    return dict(pairs)


def _query(operation: Operation, request: Request) -> Any:
    if operation.query is None:
        return None
    raw = request.scope.get("query_string", b"")
    return decode(operation.query, _pairs(raw.decode("ascii", "replace")), lenient=True)


def _key(operation: Operation, request: Request) -> str:
    if not operation.keyed:
        return ""
    key: str = request.headers.get("idempotency-key", "")
    if not re.fullmatch(IDEMPOTENCY_KEY, key):
        raise problems.refusal(
            422, "This needs an Idempotency-Key header of 8 to 64 letters, digits, - or _.", problem="idempotency-key"
        )
    return key


def _oauth_refusal(refusal: OAuthRefusal) -> Response:
    return problems.json_answer(dumps(OAuthProblem(refusal.error, refusal.description[:1000])), refusal.status)
