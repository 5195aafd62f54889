"""A shared server: TLS, PostgreSQL, two worker processes, two PCs; what each of them gets and does not get."""

from __future__ import annotations

import re
import secrets
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.postgres import Postgres
from tests.backend.rig import DEVICE, DEVICE_GRANT, OTHER_DEVICE, PASSWORD, as_json, key_id_of
from tests.backend.serving.support import admin, certificate, passbay, serving


class Pc:
    """A client without the client: what one PC with its hardware ID asks."""

    def __init__(self, url: str, trust: ssl.SSLContext, login: str, device: Any) -> None:
        # no kept connections: each request may meet the other worker process
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=url, verify=trust, timeout=30, limits=limits)
        self.trust, self.login, self.device, self.key_id = trust, login, device, ""
        self.bearer: dict[str, str] = {}

    def log_in(self) -> None:
        begun = self.http.post("/oauth/device_authorization", data={"client_id": "passbay"}).json()
        with httpx.Client(base_url=self.http.base_url, verify=self.trust, follow_redirects=True) as browser:
            approve(browser, self.login, begun["user_code"])
        form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": begun["device_code"]}
        answer = self.http.post("/oauth/token", data=form).json()
        self.bearer = {"authorization": f"Bearer {answer['access_token']}"}

    def order(self) -> None:
        answer = self.http.post(
            "/api/v1/startkeys/order", json={"device": as_json(self.device)}, headers=self.bearer
        ).json()
        self.key_id = key_id_of(answer["startkey"])

    def buy(self) -> httpx.Response:
        key = {"idempotency-key": secrets.token_hex(8)}
        wish = {"package": "vans-hour", "count": 1}
        return self.http.post("/api/v1/credit/buy", json=wish, headers=self.bearer | key)

    def permit(self, **fields: Any) -> httpx.Response:
        body = {
            "job": secrets.token_hex(8), "kind": "flash", "group": "vans", "vin": "", "unit": "ECM", "image": "",
            "hardware_id": self.device.hardware_id, "key_id": self.key_id, "change": True, "minutes": 1,
        }  # fmt: skip
        return self.http.post("/api/v1/permits", json=body | fields, headers=self.bearer)


def approve(browser: httpx.Client, login: str, user_code: str) -> None:
    """What a person does in a browser: log in, type the code, approve."""
    page = browser.get("/login")
    browser.post("/login", data={"csrf": _csrf(page.text), "login": login, "password": PASSWORD})
    page = browser.get("/device", params={"user_code": user_code})
    done = browser.post("/device", data={"csrf": _csrf(page.text), "user_code": user_code, "decision": "approve"})
    assert done.status_code == 200 and "approved" in done.text, done.text


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


@pytest.mark.timeout(180)
def test_two_pcs_on_one_shared_server(postgres: Postgres, tmp_path: Path) -> None:
    database = postgres.create()
    admin(database, "organisations", "add", "Garage Müller", "--contract", "C-1")
    admin(database, "credit", "packages", "--add-defaults")
    for login, roles in (("anna", ("standard-diagnosis", "flash")), ("ben", ("standard-diagnosis",))):
        options = [word for role in roles for word in ("--role", role)]
        admin(database, "users", "add", "C-1", login, *options, "--password-stdin", given=PASSWORD + "\n")
    cert, key = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    with serving(database, "--tls-cert", str(cert), "--tls-key", str(key), "--workers", "2") as ready:
        assert ready["url"].startswith("https://127.0.0.1:") and ready["workers"] == 2
        anna, ben = Pc(ready["url"], trust, "anna", DEVICE), Pc(ready["url"], trust, "ben", OTHER_DEVICE)
        for pc in (anna, ben):
            pc.log_in()
            pc.order()
        assert anna.permit().json()["code"] == "2173-42"  # no credit yet
        assert anna.buy().json()["minutes_left"] == 60
        assert anna.permit().status_code == 200
        assert ben.permit(kind="survey", change=False).status_code == 200
        assert ben.permit().json()["code"] == "PB-706"  # no role flash
        assert ben.permit(kind="survey", change=False, key_id=anna.key_id).json()["code"] == "2221-45"  # copied
        admin(database, "rights", "revoke", "anna", "flash")
        assert anna.permit().json()["code"] == "PB-706"  # at once, though her token still says flash
        assert anna.permit(kind="survey", change=False).status_code == 200
        admin(database, "startkeys", "revoke", OTHER_DEVICE.hardware_id)
        assert ben.permit(kind="survey", change=False).json()["code"] == "PB-701"
        numbers = _metrics_of_both(anna.http)
        assert numbers["passbay_systems"] == 2 and numbers["passbay_request_seconds_count"] >= 20
        assert admin(database, "credit", "verify")["problems"] == []


def _metrics_of_both(http: httpx.Client) -> dict[str, float]:
    """Workers share their counters once a second: asked until all requests so far are in the sum."""
    end = time.monotonic() + 20
    while True:
        lines = http.get("/metrics").text.splitlines()
        plain = [line.split() for line in lines if not line.startswith("#") and "{" not in line]
        found = {name: float(value) for name, value in plain}
        if found["passbay_request_seconds_count"] >= 20 or time.monotonic() > end:
            return found


def test_it_does_not_leave_loopback_in_the_clear(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'never.sqlite3'}"
    for arguments in (
        ("--host", "0.0.0.0"),
        ("--host", "192.0.2.1"),
        ("--host", "server.example"),
        ("--host", "::"),
        ("--tls-cert", str(tmp_path / "missing.pem")),
        ("--tls-cert", str(tmp_path / "a"), "--tls-key", str(tmp_path / "b")),
        ("--workers", "0"),
    ):
        done = passbay(database, "serve", *arguments)
        assert done.returncode == 2 and "PB-002" in done.stderr, done.stderr
    assert not (tmp_path / "never.sqlite3").exists()


def test_releases_are_files_with_ranges(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / "targets"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "secret").write_text("no")
    database = f"sqlite:///{tmp_path / 'backend.sqlite3'}"
    options = ("--releases", str(tmp_path / "releases"), "--rate", "60")
    outside = ("/releases/../secret", "/releases/%2e%2e/secret", "/releases/targets/", "/releases//etc/passwd")
    with serving(database, *options) as ready, httpx.Client(base_url=ready["url"]) as http:
        part = http.get("/releases/targets/a.bin", headers={"range": "bytes=10-19"})
        assert part.status_code == 206 and part.content == bytes(range(10, 20))
        for path in outside:
            assert http.get(path).status_code in (404, 405), path
        assert http.post("/releases/targets/a.bin").status_code == 405
        pieces = [http.get("/releases/targets/a.bin").status_code for _ in range(80)]
        assert pieces == [200] * 80  # a share of its own: a release comes in many pieces


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'backend.sqlite3'}"
    with serving(database) as ready:
        done = passbay(database, "serve", "--port", str(ready["port"]))
        assert done.returncode == 1 and "cannot be used" in done.stderr
        assert httpx.get(f"{ready['url']}/health").json()["status"] == "ok"
