"""Log-in: the device grant by RFC 8628, token rotation, and what is refused (A2)."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from core.backend.identity import people, rights
from core.vocabulary.online.paper import Role
from tests.backend.rig import DEVICE_GRANT, URL, InProcess, Rig


@pytest.fixture
def workshop(rig: Rig) -> Rig:
    rig.user(rig.organisation(), "anna", Role.STANDARD_DIAGNOSIS, Role.FLASH)
    return rig


def test_polling_obeys_the_server(workshop: Rig) -> None:
    begun = workshop.start_login()
    assert begun["interval"] == 5 and begun["expires_in"] == 600
    assert begun["verification_uri_complete"] == f"{URL}/device?user_code={begun['user_code']}"
    assert len(begun["verification_uri_complete"]) <= 90
    code = begun["device_code"]
    assert workshop.poll(code).json()["error"] == "authorization_pending"
    workshop.clock.pass_(5)
    assert workshop.poll(code).json()["error"] == "authorization_pending"
    workshop.clock.pass_(2)
    early = workshop.poll(code)
    assert (early.status_code, early.json()["error"]) == (400, "slow_down")
    workshop.clock.pass_(6)  # enough for the old interval, not for the one that slow_down has made longer
    assert workshop.poll(code).json()["error"] == "slow_down"
    workshop.clock.pass_(15)
    assert workshop.poll(code).json()["error"] == "authorization_pending"
    assert workshop.decide("anna", begun["user_code"].lower().replace("-", " "))
    assert workshop.poll(code).status_code == 200
    assert workshop.poll(code).json()["error"] == "invalid_grant"  # a grant gives tokens once


def test_a_denied_and_an_expired_log_in(workshop: Rig) -> None:
    denied, late = workshop.start_login(), workshop.start_login()
    assert workshop.decide("anna", denied["user_code"], approve=False)
    assert workshop.poll(denied["device_code"]).json()["error"] == "access_denied"
    workshop.clock.pass_(601)
    assert not workshop.decide("anna", late["user_code"])
    assert workshop.poll(late["device_code"]).json()["error"] == "expired_token"
    assert workshop.poll("made-up").json()["error"] == "invalid_grant"


def test_oauth_refusals_are_of_its_own_form(workshop: Rig) -> None:
    post = workshop.client.post
    assert post("/oauth/token", data={"client_id": "other", "grant_type": "x"}).status_code == 401
    unsupported = post("/oauth/token", data={"client_id": "passbay", "grant_type": "password"})
    assert unsupported.json()["error"] == "unsupported_grant_type"
    assert post("/oauth/token", data={"grant_type": "x"}).json()["error"] == "invalid_request"
    twice = post("/oauth/token", content=b"client_id=passbay&client_id=passbay&grant_type=refresh_token",
                 headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert twice.json()["error"] == "invalid_request"
    assert post("/oauth/device_authorization", data={"client_id": "other"}).json()["error"] == "invalid_client"


def test_access_tokens_are_short_and_ours_alone(workshop: Rig) -> None:
    tokens = workshop.tokens("anna")
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] <= 15 * 60 and claims["iss"] == URL
    assert sorted(claims["roles"]) == ["flash", "standard-diagnosis"]
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert workshop.client.get("/api/v1/account", headers=bearer).json()["login"] == "anna"
    workshop.clock.pass_(15 * 60)
    expired = workshop.client.get("/api/v1/account", headers=bearer)
    assert (expired.status_code, expired.json()["code"]) == (401, "PB-707")
    assert expired.headers["www-authenticate"].startswith("Bearer")


def test_forged_tokens_are_refused(workshop: Rig) -> None:
    real = workshop.tokens("anna")["access_token"]
    header = jwt.get_unverified_header(real)
    claims = jwt.decode(real, options={"verify_signature": False})
    jwk = workshop.client.get("/oauth/jwks").json()["keys"][0]
    forged = [
        jwt.encode(claims, key="", algorithm="none", headers={"kid": header["kid"], "typ": "at+jwt"}),
        jwt.encode(claims, key=jwk["x"] * 2, algorithm="HS256", headers={"kid": header["kid"], "typ": "at+jwt"}),
        jwt.encode(claims, key=jwk["x"] * 2, algorithm="HS256", headers={"kid": "0" * 16, "typ": "at+jwt"}),
        real[:-6] + "AAAAAA",
        real.split(".")[0] + "." + real.split(".")[1] + ".",
        json.dumps({"payload": "e30=", "payloadType": "x", "signatures": []}),
        "a.b.c",
        "\u00e4",
    ]
    for token in forged:
        answer = workshop.client.get("/api/v1/account", headers={"authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401, token
    assert workshop.client.get("/api/v1/account").status_code == 401
    assert workshop.client.get("/api/v1/account", headers={"authorization": "Basic YTpi"}).status_code == 401


def _refresh(rig: Rig, token: str) -> tuple[int, dict[str, str]]:
    form = {"client_id": "passbay", "grant_type": "refresh_token", "refresh_token": token}
    answer = rig.client.post("/oauth/token", data=form)
    return answer.status_code, answer.json()


def test_refresh_tokens_rotate_and_reuse_ends_the_log_in(workshop: Rig) -> None:
    first = workshop.tokens("anna")["refresh_token"]
    status, second = _refresh(workshop, first)
    assert status == 200 and second["refresh_token"] != first
    status, third = _refresh(workshop, second["refresh_token"])
    assert status == 200
    assert _refresh(workshop, first)[1]["error"] == "invalid_grant"  # stolen, or copied with the disk
    assert _refresh(workshop, third["refresh_token"])[1]["error"] == "invalid_grant"  # so nobody goes on with it
    other = workshop.tokens("anna")["refresh_token"]
    assert _refresh(workshop, other)[0] == 200  # another log-in of the same user is not touched


def _at_once(rig: Rig, form: dict[str, str], count: int = 6) -> list[int]:
    """The same request from several PCs at the same moment."""
    together = threading.Barrier(count)

    def ask(_: int) -> int:
        with httpx.Client(transport=InProcess(rig.app), base_url=URL) as client:
            together.wait()
            return client.post("/oauth/token", data=form).status_code

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(ask, range(count)))


def test_a_grant_and_a_refresh_token_are_worth_one_answer_each(workshop: Rig) -> None:
    begun = workshop.start_login()
    workshop.decide("anna", begun["user_code"])
    form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": begun["device_code"]}
    assert _at_once(workshop, form) == [200, 400, 400, 400, 400, 400]
    token = workshop.tokens("anna")["refresh_token"]
    form = {"client_id": "passbay", "grant_type": "refresh_token", "refresh_token": token}
    assert _at_once(workshop, form) == [200, 400, 400, 400, 400, 400]


def test_revocation_ends_the_log_in(workshop: Rig) -> None:
    tokens = workshop.tokens("anna")
    answer = workshop.client.post("/oauth/revoke", data={"token": tokens["refresh_token"], "client_id": "passbay"})
    assert answer.status_code == 200
    assert _refresh(workshop, tokens["refresh_token"])[0] == 400
    assert workshop.client.post("/oauth/revoke", data={"token": "unknown"}).status_code == 200


def test_a_user_who_is_shut_out_is_out_at_once(workshop: Rig) -> None:
    tokens = workshop.tokens("anna")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    now = workshop.backend.now()
    workshop.backend.write(lambda c: people.set_disabled(c, workshop.users["anna"], True, now))
    assert workshop.client.get("/api/v1/account", headers=bearer).status_code == 401
    assert _refresh(workshop, tokens["refresh_token"])[0] == 400
    begun = workshop.start_login()
    workshop.decide("anna", begun["user_code"])
    assert workshop.poll(begun["device_code"]).json()["error"] == "access_denied"


def test_first_log_in_activates_a_granted_right_after_the_delay(rig: Rig) -> None:
    rig.user(rig.organisation(), "ben", Role.STANDARD_DIAGNOSIS, active=False)
    rig.backend.write(lambda c: people.set_setting(c, rights.ACTIVATION_SETTING, "240"))
    account = rig.client.get("/api/v1/account", headers=rig.bearer("ben")).json()
    assert account["activation"] == "pending" and account["roles"] == []
    assert account["activation_until"] == rig.backend.now() + 4 * 3600 * 1000
    rig.clock.pass_(2 * 3600)
    bearer = rig.bearer("ben")  # logging in once more does not begin the wait anew
    rig.clock.pass_(2 * 3600 - 1)
    bearer = rig.bearer("ben")
    assert rig.client.get("/api/v1/account", headers=bearer).json()["activation"] == "pending"
    rig.clock.pass_(1)
    account = rig.client.get("/api/v1/account", headers=bearer).json()
    assert account["activation"] == "active" and account["roles"] == ["standard-diagnosis"]
