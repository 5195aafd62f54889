"""The OpenAPI 3.1 document, made from the operations and the dataclasses that their bodies are decoded with. Pure."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Any

from core.backend.api.operation import Operation, Share
from core.backend.api.problems import MEDIA_TYPE
from core.online.wire import IDEMPOTENCY_KEY, OAuthProblem, Problem
from core.online.wire.codec import Many, Number, Text, fields_of

_WORDS = {
    400: "Refused by the OAuth rules",
    401: "Not logged in",
    403: "Not allowed: right, StartKey or credit is missing",
    404: "Not found",
    408: "The body came too slowly",
    409: "Does not fit what is already there",
    413: "The body is too large",
    415: "The body has another media type",
    422: "The body, a parameter or a header is not valid",
    429: "Too many requests",
    503: "The database is not available",
}


def document(operations: tuple[Operation, ...], version: str, url: str) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Passbay back end", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": operation.run.__name__,
        "responses": _responses(operation, schemas),
    }
    parameters = _parameters(operation, schemas)
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        media = "application/x-www-form-urlencoded" if operation.form else "application/json"
        content = {media: {"schema": _reference(operation.body, schemas, taken=True, open_=operation.form)}}
        made["requestBody"] = {"required": True, "content": content}
    if operation.bearer:
        made["security"] = [{"bearer": []}]
    return made


def _responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    statuses = {413, 429, 503, *operation.refusals}  # the gate's stand before every operation
    if operation.bearer:
        statuses.add(401)
    if operation.body is not None:
        statuses |= {408, 415}
    if operation.form:
        statuses |= {400} | ({401} if operation.share is Share.LOGIN else set())
    elif operation.body is not None or operation.keyed or operation.query is not None:
        statuses.add(422)
    found: dict[str, Any] = {"200": _answer("Done", operation.answer, operation.media_type, schemas)}
    for status in sorted(statuses):
        oauth = operation.form and status in (400, 401)
        kind, media = (OAuthProblem, "application/json") if oauth else (Problem, MEDIA_TYPE)
        found[str(status)] = _answer(_WORDS[status], kind, media, schemas)
    return found


def _answer(words: str, kind: type, media: str, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "string"} if kind is str else _reference(kind, schemas)
    return {"description": words, "content": {media: {"schema": schema}}}


def _parameters(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if operation.keyed:
        schema = {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema})
    for field, hint in fields_of(operation.query) if operation.query else ():
        required = field.default is dataclasses.MISSING
        schema = _schema(hint, schemas, taken=True)
        found.append({"name": field.name, "in": "query", "required": required, "schema": schema})
    return found


def _reference(kind: type, schemas: dict[str, Any], *, taken: bool = False, open_: bool = False) -> dict[str, Any]:
    """`taken`: a request, where names that are not known are refused; `open_`: where they are ignored."""
    name = kind.__name__
    if name not in schemas:
        schemas[name] = {}  # holds the place: a class may hold itself
        properties = {field.name: _schema(hint, schemas, taken=taken) for field, hint in fields_of(kind)}
        required = [field.name for field, _ in fields_of(kind) if field.default is dataclasses.MISSING]
        schemas[name] = {"type": "object", "properties": properties, "required": required}
        if taken and not open_:
            schemas[name]["additionalProperties"] = False
        if kind.__doc__ and not kind.__doc__.startswith(f"{name}("):
            schemas[name]["description"] = " ".join(kind.__doc__.split())
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(hint: Any, schemas: dict[str, Any], limits: Any = None, *, taken: bool = False) -> dict[str, Any]:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _schema(hint.__origin__, schemas, hint.__metadata__[0], taken=taken)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
        return {"anyOf": [_schema(inner, schemas, limits, taken=taken), {"type": "null"}]}
    if origin is tuple:
        many = limits or Many()
        inner = typing.get_args(hint)[0]
        each = Text(pattern=many.pattern) if inner is str else None
        return {"type": "array", "items": _schema(inner, schemas, each, taken=taken), "maxItems": many.most}
    if hint is bool:
        return {"type": "boolean"}
    if hint is int:
        number = limits or Number()
        return {"type": "integer", "minimum": number.least, "maximum": number.most}
    if hint is str:
        return _text(limits or Text())
    if issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    return _reference(hint, schemas, taken=taken)


def _text(limits: Text) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "minLength": limits.least, "maxLength": limits.most}
    if limits.pattern:
        found["pattern"] = f"^(?:{limits.pattern})$"
    return found
