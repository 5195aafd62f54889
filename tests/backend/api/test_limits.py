"""The gate: rates, sizes and pace of bodies, faults without their insides, metrics; and what the document says."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backend.api import info
from core.backend.api.gate import Buckets
from core.backend.api.metrics import Metrics
from core.backend.app import build_app
from core.errors import DatabaseFailed
from tests.backend.rig import URL, InProcess, Rig, open_rig, sqlite_url


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    made = open_rig(sqlite_url(tmp_path), requests_per_minute=60, body_limit=1000, body_seconds=0.2)
    yield made
    made.close()


def _from(rig: Rig, address: str) -> httpx.Client:
    return httpx.Client(transport=InProcess(rig.app, address), base_url=URL)


def test_an_address_has_its_allowance(rig: Rig) -> None:
    with _from(rig, "198.51.100.1") as one, _from(rig, "198.51.100.2") as other:
        seen = [one.get("/api/v1/time").status_code for _ in range(70)]
        assert seen.count(200) in range(60, 63) and seen[-1] == 429
        refused = one.get("/api/v1/time")
        assert int(refused.headers["retry-after"]) >= 1 and refused.json()["type"] == "urn:passbay:problem:rate"
        assert other.get("/api/v1/time").status_code == 200
        assert one.get("/health").status_code == 200  # a monitor is never shut out
        logins = [one.post("/oauth/device_authorization", data={"client_id": "passbay"}) for _ in range(15)]
        assert [a.status_code for a in logins].count(200) in range(12, 14)  # a share of its own, and a smaller one


def test_buckets_fill_up_evenly_and_forget_the_oldest() -> None:
    buckets = Buckets(60)
    assert [buckets.take("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 0.0) == pytest.approx(1.0)
    assert buckets.take("a", 0.5) == pytest.approx(0.5)
    assert buckets.take("a", 1.01) == 0.0
    for number in range(10_001):
        buckets.take(str(number), 2.0)
    assert len(buckets._held) == 10_000
    assert buckets.take("a", 1.0) == 0.0  # a clock that goes back gives nobody a ban


def test_large_bodies_are_refused_before_they_are_read(rig: Rig) -> None:
    headers = {"content-type": "application/json"}
    declared = rig.client.post("/api/v1/startkeys/check", content=b" " * 1001, headers=headers)
    assert declared.status_code == 413
    assert rig.client.post("/login", data={"login": "x" * 2000}).status_code == 413


def _send(app: Any, path: str, pieces: list[bytes], *, stall: bool = False, media: str = "application/json") -> int:
    """A request whose body comes in pieces without a declared length, and then stalls or ends."""

    async def run() -> int:
        left, sent = list(pieces), []

        async def receive() -> dict[str, Any]:
            if left:
                return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or stall}
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"content-type", media.encode())], "client": ("192.0.2.9", 1), "http_version": "1.1",
            "server": ("backend.test", 443), "scheme": "https", "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 20)
        return int(sent[0]["status"])

    return asyncio.run(run())


def test_endless_and_dripping_bodies_end(rig: Rig) -> None:
    assert _send(rig.app, "/api/v1/startkeys/check", [b"x" * 100] * 50) == 413
    assert _send(rig.app, "/api/v1/startkeys/check", [b"{"], stall=True) == 408
    assert _send(rig.app, "/login", [b"login="], stall=True, media="application/x-www-form-urlencoded") == 408


def test_a_fault_shows_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret-of-the-database")

    monkeypatch.setattr(info, "setting", broken)
    rig = open_rig(sqlite_url(tmp_path))
    with caplog.at_level(logging.ERROR, "passbay.backend"):
        answer = rig.client.get("/api/v1/network")
    rig.close()
    assert answer.status_code == 500 and answer.json()["type"] == "urn:passbay:problem:fault"
    assert "secret" not in answer.text and "Traceback" not in answer.text
    mark = answer.json()["detail"].rsplit(" ", 1)[1].rstrip(".")
    assert mark in caplog.text and "RuntimeError" in caplog.text  # its administrator finds it


def test_a_server_whose_database_is_gone_is_not_healthy(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> None:
        raise DatabaseFailed("The database cannot be reached.")

    assert rig.client.get("/health").json()["status"] == "ok"
    monkeypatch.setattr(type(rig.backend.store), "read", lambda self, work: gone(work))
    answer = rig.client.get("/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "PB-853")


def test_metrics_name_routes_not_paths(rig: Rig) -> None:
    for path in ("/api/v1/time", "/api/v1/time", "/scan/me", "/account/systems/4FDEB136488F/startkey"):
        rig.client.get(path)
    lines = rig.client.get("/metrics").text.splitlines()
    assert 'passbay_requests_total{method="GET",route="/api/v1/time",status="200"} 2' in lines
    assert 'passbay_requests_total{method="GET",route="other",status="404"} 1' in lines
    assert not any("4FDEB136488F" in line or "/scan" in line for line in lines)
    assert "passbay_organisations 0" in lines and 'passbay_request_seconds_bucket{le="+Inf"} 4' in lines


def test_workers_add_up_their_metrics(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"requests": {"a=\\"b\\"": 3}, "seconds": {"count": 3, "sum": 0.5}}')
    (tmp_path / "2.json").write_text("torn {")
    metrics = Metrics(str(tmp_path))
    metrics.count({"method": "GET", "path": "/"}, 200, 0.25)
    text = metrics.text({})
    assert 'passbay_requests_total{a="b"} 3' in text and "passbay_request_seconds_count 4" in text
    assert "passbay_request_seconds_sum 0.750000" in text


def test_the_document_says_what_routes_take(rig: Rig) -> None:
    document = rig.client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    order = document["paths"]["/api/v1/startkeys/order"]["post"]
    assert order["security"] == [{"bearer": []}]
    assert {"200", "401", "409", "413", "422", "429"} <= set(order["responses"])
    device = document["components"]["schemas"]["Device"]
    assert device["additionalProperties"] is False and device["required"] == ["hardware_id", "app_id", "traits"]
    assert device["properties"]["hardware_id"]["pattern"] == "^(?:[0-9A-F]{12})$"
    buy = document["paths"]["/api/v1/credit/buy"]["post"]
    assert buy["parameters"][0]["name"] == "Idempotency-Key"
    identifiers = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(set(identifiers)) == len(identifiers) == 25
    assert json.dumps(document)  # plain values only


def test_an_operation_that_is_not_in_the_table_has_no_route(rig: Rig) -> None:
    app = build_app(rig.backend)
    with httpx.Client(transport=InProcess(app), base_url=URL) as client:
        assert client.post("/device/approve", json={"user_code": "x"}).status_code == 404  # embedded alone has it
        assert client.get("/login").status_code == 404
        assert client.put("/api/v1/time").status_code == 405
