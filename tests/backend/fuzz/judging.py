"""What an answer must be: no fault of the server, in time, documented for its operation, of the documented shape."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.online.wire import Problem, WireError, decode
from tests.backend.fuzz.requests import Request

HANG = 10.0  # seconds
LEAKS = ("Traceback", "sqlalchemy", 'File "/', "psycopg", "sqlite3.")


@dataclass
class Tally:
    sent: int = 0
    valid: int = 0  # requests that nothing was spoilt in
    slowest: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)  # operations that answered 200 at least once
    faults: list[str] = field(default_factory=list)  # what must not be
    hangs: int = 0


class Judge:
    def __init__(self, document: dict[str, Any], answers: dict[tuple[str, str], type]) -> None:
        self._document, self._answers = document, answers
        self.tally = Tally()

    def ask(self, http: httpx.Client, request: Request) -> None:
        started = time.monotonic()
        try:
            answer = http.request(request.method, request.path, headers=request.headers, content=request.body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            return  # the client library itself refuses to send this
        except httpx.TimeoutException:
            self.tally.hangs += 1
            self.tally.faults.append(f"no answer within {HANG} s: {_told(request)}")
            return
        except httpx.TransportError as error:
            self.tally.faults.append(f"{type(error).__name__}: {_told(request)}")
            return
        self._judge(request, answer, time.monotonic() - started)

    def _judge(self, request: Request, answer: httpx.Response, seconds: float) -> None:
        tally = self.tally
        tally.sent += 1
        tally.valid += not request.spoilt
        tally.slowest = max(tally.slowest, seconds)
        tally.statuses[answer.status_code] += 1
        for fault in self._faults(request, answer):
            tally.faults.append(f"{fault}: {_told(request)} -> {answer.status_code} {answer.text[:200]!r}")
        if seconds > HANG:
            tally.hangs += 1

    def _faults(self, request: Request, answer: httpx.Response) -> list[str]:
        found = [f"leak of {leak}" for leak in LEAKS if leak in answer.text]
        if answer.status_code >= 500:
            found.append("server fault")
        described = self._document["paths"].get(request.operation, {}).get(request.method.lower())
        if described is None:
            return found
        if str(answer.status_code) not in described["responses"]:
            return [*found, "status is not documented"]
        if answer.status_code == 200:
            self.tally.reached[f"{request.method} {request.operation}"] += 1
            found += _misshapen(self._answers.get((request.method, request.operation)), answer)
        elif answer.headers.get("content-type", "").startswith("application/problem+json"):
            found += _misshapen(Problem, answer)
        return found


def _misshapen(kind: type | None, answer: httpx.Response) -> list[str]:
    if kind is None or kind is str:
        return []
    try:
        decode(kind, json.loads(answer.content))
    except (WireError, ValueError) as problem:
        return [f"answer is no {kind.__name__} ({problem})"]
    return []


def _told(request: Request) -> str:
    return f"{request.method} {request.path[:120]} {request.headers} {request.body[:200]!r}"


def answers_of(operations: tuple[Any, ...]) -> dict[tuple[str, str], type]:
    return {(operation.method, operation.path): operation.answer for operation in operations}


def run(http: httpx.Client, judge: Judge, requests: Any, told: Callable[[int], None] = lambda _: None) -> Tally:
    for number, request in enumerate(requests, 1):
        judge.ask(http, request)
        if number % 1000 == 0:
            told(number)
    return judge.tally
