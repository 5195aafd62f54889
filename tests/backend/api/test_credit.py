"""Credit over HTTP: answers repeated byte for byte, and one organisation never touches another's."""

from __future__ import annotations

import pytest

from core.backend.identity import people, rights
from core.vocabulary.online.paper import Role
from tests.backend.rig import DEVICE, Rig


@pytest.fixture
def workshop(rig: Rig) -> Rig:
    rig.packages()
    rig.user(rig.organisation(), "anna", Role.STANDARD_DIAGNOSIS)
    rig.user(rig.organisation(), "rita", Role.STANDARD_DIAGNOSIS)
    return rig


def test_the_same_request_gets_the_same_bytes(workshop: Rig) -> None:
    headers = workshop.bearer("anna") | workshop.key()
    body = {"package": "vans-hour", "count": 2}
    first = workshop.client.post("/api/v1/credit/buy", json=body, headers=headers)
    assert first.status_code == 200 and first.json()["minutes_left"] == 120
    workshop.buy(workshop.bearer("anna"))
    again = workshop.client.post("/api/v1/credit/buy", json=body, headers=headers)
    assert again.content == first.content
    other = workshop.client.post("/api/v1/credit/buy", json=body | {"count": 3}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "PB-855")
    credit = workshop.client.get("/api/v1/credit", headers=headers).json()
    assert [b["minutes"] for b in credit["balances"]] == [180]
    assert credit["head_number"] > first.json()["number"]


def test_reserve_post_void(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    workshop.buy(bearer)
    wish = {"group": "vans", "minutes": 10, "hardware_id": DEVICE.hardware_id}
    headers = bearer | workshop.key()
    held = workshop.client.post("/api/v1/credit/reserve", json=wish, headers=headers).json()
    assert held == workshop.client.post("/api/v1/credit/reserve", json=wish, headers=headers).json()
    assert held["receipt"]["minutes_left"] == 50
    foreign = workshop.client.post(
        "/api/v1/credit/post", json={"reservation": held["reservation"], "minutes": 1},
        headers=workshop.bearer("rita") | workshop.key(),
    )  # fmt: skip
    assert foreign.status_code == 404
    posted = workshop.client.post(
        "/api/v1/credit/post", json={"reservation": held["reservation"], "minutes": 75}, headers=bearer | workshop.key()
    )
    assert posted.json()["minutes_left"] == 0 and posted.json()["owed"] == 15  # a running flash is never stopped
    void = workshop.client.post(
        "/api/v1/credit/void", json={"reservation": held["reservation"]}, headers=bearer | workshop.key()
    )
    assert void.status_code == 409


def test_work_without_network_is_booked_late_and_owed(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    wish = {"group": "vans", "minutes": 10, "hardware_id": DEVICE.hardware_id}
    reserve = "/api/v1/credit/reserve"
    assert workshop.client.post(reserve, json=wish, headers=bearer | workshop.key()).json()["code"] == "2173-42"
    now = workshop.backend.now()
    workshop.backend.write(lambda c: rights.revoke(c, workshop.users["anna"], Role.STANDARD_DIAGNOSIS, now))
    held = workshop.client.post(reserve, json=wish | {"late": True}, headers=bearer | workshop.key()).json()
    assert held["minutes"] == 0
    posted = workshop.client.post(
        "/api/v1/credit/post", json={"reservation": held["reservation"], "minutes": 25}, headers=bearer | workshop.key()
    ).json()
    assert (posted["minutes"], posted["minutes_left"], posted["owed"]) == (25, 0, 25)
    anna = workshop.users["anna"]
    workshop.backend.write(lambda c: rights.grant(c, anna, Role.STANDARD_DIAGNOSIS, now, activate=True))
    assert workshop.buy(bearer).json()["minutes_left"] == 35  # the debt is paid first
    late = workshop.client.post(reserve, json=wish | {"late": True}, headers=bearer | workshop.key()).json()
    assert late["minutes"] == 10 and workshop.backend.ledger.verify() == []


def test_a_key_is_needed(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    for key in ({}, {"idempotency-key": "short"}, {"idempotency-key": "permit:x:y:z"}):
        answer = workshop.client.post("/api/v1/credit/buy", json={"package": "vans-hour"}, headers=bearer | key)
        assert answer.status_code == 422
    unknown = workshop.buy(bearer, "made-up")
    assert unknown.status_code == 404


def test_buying_may_be_the_administrators_alone(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    assert workshop.buy(bearer).status_code == 200
    organisation = workshop.backend.read(lambda c: people.user_by_login(c, "anna")).organisation_id  # type: ignore[union-attr]
    workshop.backend.write(lambda c: people.set_buyers(c, organisation, people.ADMINS))
    refused = workshop.buy(bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "PB-706")
    assert "administrators" in refused.json()["detail"] and "Ask one of them" in refused.json()["advice"]
    workshop.user(organisation, "chief", Role.ORGANISATION_ADMIN)
    assert workshop.buy(workshop.bearer("chief")).json()["minutes_left"] == 120
    workshop.backend.write(lambda c: people.set_buyers(c, organisation, people.EVERYBODY))
    assert workshop.buy(bearer).json()["minutes_left"] == 180
