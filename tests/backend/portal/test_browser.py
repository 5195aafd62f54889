"""The portal in a real browser over TLS, without JavaScript: what a workshop does on its first day."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.online.wire import DEVICE_FILE, DeviceFile, dumps
from tests.backend.rig import DEVICE, DEVICE_GRANT, PASSWORD
from tests.backend.serving.support import admin, certificate, serving
from tests.browser.webdriver import Chromium, why_not

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(300)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, httpx.Client]]:
    database = f"sqlite:///{tmp_path / 'backend.sqlite3'}"
    admin(database, "organisations", "add", "Garage Müller", "--contract", "C-1")
    admin(database, "credit", "packages", "--add-defaults")
    admin(database, "users", "add", "C-1", "anna", "--name", "Anna <b>Boss</b>", "--role", "organisation-admin",
          "--password-stdin", given=PASSWORD + "\n")  # fmt: skip
    cert, key = certificate(tmp_path)
    with serving(database, "--tls-cert", str(cert), "--tls-key", str(key)) as ready:
        trust = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=ready["url"], verify=trust, timeout=30) as device:
            yield ready["url"], device


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Chromium]:
    chromium = Chromium(tmp_path / "profile")
    yield chromium
    chromium.close()


def _log_in(window: Chromium, login: str) -> None:
    window.type("input[name=login]", login)
    window.type("input[name=password]", PASSWORD)
    window.send("main form button")


def _token(device: httpx.Client, code: str) -> Any:
    form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": code}
    return device.post("/oauth/token", data=form).json()


def test_the_first_day_of_a_workshop(server: tuple[str, httpx.Client], window: Chromium, tmp_path: Path) -> None:
    url, device = server
    begun = device.post("/oauth/device_authorization", data={"client_id": "passbay"}).json()

    window.open(begun["verification_uri_complete"])  # what the QR says
    assert "/login?" in window.url and window.style(".brand", "font-weight") == "700"  # the style sheet is there
    _log_in(window, "anna")
    assert begun["user_code"] in window.text() and "Garage Müller" in window.text()
    window.send("button[value=approve]")
    assert "approved" in window.text(".done")
    assert _token(device, begun["device_code"])["token_type"] == "Bearer"
    (session,) = (cookie for cookie in window.cookies() if cookie["name"] == "__Host-passbay")
    assert session["httpOnly"] and session["secure"] and session["sameSite"] == "Lax"

    export = tmp_path / "device.json"
    export.write_bytes(dumps(DeviceFile(DEVICE_FILE, DEVICE)))
    window.open(f"{url}/order")
    window.type("input[name=device]", str(export))
    window.type("input[name=name]", "Bay 1")
    window.send("main form button")
    row = window.text("table")
    assert all(word in row for word in (DEVICE.hardware_id, "252", "Bay 1", "C-1", "valid", "Download"))

    window.open(f"{url}/account/credit")
    window.click("option[value=vans-hour]")
    window.send("main form button")
    assert "booked" in window.text(".done") and "vans 60" in window.text("table")

    window.open(f"{url}/account")
    assert "Anna <b>Boss</b>" in window.text("dl")  # shown as text
    window.send("input[value=flash] + button")
    assert "requested" in window.text(".done")
    window.open(f"{url}/organisation")
    window.send("button[value=grant]")
    assert "flash: granted" in window.text("table")
    window.send("nav form button")
    assert "logged out" in window.text(".done")
    window.open(f"{url}/account")
    assert "/login?" in window.url


def test_a_new_user_registers_and_is_let_in(server: tuple[str, httpx.Client], window: Chromium) -> None:
    url, _ = server
    window.open(f"{url}/register")
    first = "section:first-of-type "
    fields = {"contract": "C-1", "login": "ben", "name": "Ben", "password": PASSWORD, "again": PASSWORD}
    for name, value in fields.items():
        window.type(f"{first}input[name={name}]", value)
    window.send(f"{first}button")
    assert "lets you in" in window.text(".done")
    _log_in(window, "ben")
    assert "not enabled" in window.text(".error")
    window.open(f"{url}/login?next=/organisation")
    _log_in(window, "anna")
    window.send("button[value=enable]")
    window.send("button[value=identify]")
    window.send("button[value=grant]")
    assert "standard diagnosis: granted" in window.text("table")
    window.send("nav form button")
    window.open(f"{url}/login")
    _log_in(window, "ben")
    assert "log in on one device to activate it" in window.text("table")
    window.send("footer button[value=it]")
    assert "/account" in window.url and "accedere su un dispositivo per attivarlo" in window.text("table")
    window.open(f"{url}/order")
    assert window.text("h1") == "Ordina uno StartKey"
