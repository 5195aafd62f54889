"""The embedded back end: furnished on first use, approved by its owner alone, the same for two processes."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import httpx

from core.backend.embedded import OWNER_HEADER, Embedded, open_embedded
from tests.backend.rig import DEVICE, DEVICE_GRANT, InProcess, as_json


def _client(embedded: Embedded) -> httpx.Client:
    return httpx.Client(transport=InProcess(embedded.app), base_url=embedded.url)


def _log_in(client: httpx.Client, owner_token: str) -> dict[str, str]:
    begun = client.post("/oauth/device_authorization", data={"client_id": "passbay"}).json()
    approved = client.post(
        "/device/approve", json={"user_code": begun["user_code"]}, headers={OWNER_HEADER: owner_token}
    )
    assert approved.json() == {"approved": True}
    form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": begun["device_code"]}
    return {"authorization": f"Bearer {client.post('/oauth/token', data=form).json()['access_token']}"}


def test_first_use_needs_no_set_up(tmp_path: Path) -> None:
    embedded = open_embedded(tmp_path / "backend", time.time)
    with _client(embedded) as client:
        bearer = _log_in(client, embedded.owner_token)
        account = client.get("/api/v1/account", headers=bearer).json()
        assert account["login"] == "demo" and account["activation"] == "active"
        assert sorted(account["roles"]) == ["flash", "organisation-admin", "standard-diagnosis"]
        order = client.post("/api/v1/startkeys/order", json={"device": as_json(DEVICE)}, headers=bearer).json()
        assert order["state"] == "issued"
        packages = client.get("/api/v1/packages").json()["packages"]
        assert len(packages) == 20 and not any(package["price_cents"] for package in packages)
    embedded.close()
    for path in (tmp_path / "backend").iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_only_the_owner_approves(tmp_path: Path) -> None:
    first, second = open_embedded(tmp_path, time.time), open_embedded(tmp_path, time.time)
    with _client(first) as client:
        begun = client.post("/oauth/device_authorization", data={"client_id": "passbay"}).json()
        wish = {"user_code": begun["user_code"]}
        for token in ("", "x", second.owner_token):
            refused = client.post("/device/approve", json=wish, headers={OWNER_HEADER: token})
            assert refused.status_code == 403
        owner = {OWNER_HEADER: first.owner_token}
        for body in (b"", b"[]", b"{}", b"\xff", b'{"user_code": null}'):
            assert client.post("/device/approve", content=body, headers=owner).status_code in (404, 422)
    with _client(second) as client:  # another process of the same user works on the same file
        _log_in(client, second.owner_token)
        assert len(client.get("/api/v1/keys").json()["keys"]) == 1
    first.close()
    second.close()
