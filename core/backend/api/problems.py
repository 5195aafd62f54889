"""Errors as problem+json (RFC 9457). No traceback and no word of the database ever reaches a client."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from core import errors
from core.online.wire import Problem, dumps

if TYPE_CHECKING:
    from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[errors.ProductError], int], ...] = (
    (errors.StartKeyMissing, 404),
    (errors.NotSignedIn, 401),
    (errors.LicenceError, 403),
    (errors.UsageError, 422),
    (errors.KeyReused, 409),
    (errors.ReservationUnknown, 404),
    (errors.ReservationClosed, 409),
    (errors.BackendError, 503),
)


def status_of(error: errors.ProductError) -> int:
    if isinstance(error, errors.BackendRefused) and error.status:
        return error.status
    return next((status for cls, status in _STATUS if isinstance(error, cls)), 503)


def problem_of(error: errors.ProductError) -> Problem:
    status = status_of(error)
    kind = getattr(error, "problem", "")
    name = f"urn:passbay:problem:{kind}" if kind else "about:blank"
    return Problem(name, HTTPStatus(status).phrase, status, error.message[:2000], error.code, error.advice[:2000])


def answer(error: errors.ProductError, headers: dict[str, str] | None = None) -> Response:
    problem = problem_of(error)
    extra = dict(headers or {})
    if problem.status == 401:
        extra["www-authenticate"] = 'Bearer realm="passbay"'
    return json_answer(dumps(problem), problem.status, MEDIA_TYPE, extra)


def json_answer(body: bytes, status: int = 200, media_type: str = "application/json",
                headers: dict[str, str] | None = None) -> Response:  # fmt: skip
    from starlette.responses import Response

    always = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, status, always | (headers or {}), media_type=media_type)


def refusal(status: int, words: str, advice: str = "", problem: str = "") -> errors.BackendRefused:
    return errors.BackendRefused(words, advice, status=status, problem=problem)
