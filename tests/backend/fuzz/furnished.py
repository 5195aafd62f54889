"""A back end in which fuzzed requests find something: users, a system, credit, a reservation, a browser's session."""

from __future__ import annotations

from typing import Any

from core.backend.api.metrics import Metrics
from core.backend.app import operations
from core.vocabulary.online.paper import Role
from tests.backend.fuzz.judging import Judge, answers_of
from tests.backend.fuzz.requests import Credentials, Fuzzer
from tests.backend.portal.browsing import Browser
from tests.backend.rig import DEVICE, DEVICE_GRANT, OTHER_DEVICE, PASSWORD, Rig, as_json, key_id_of


def furnish(rig: Rig) -> tuple[dict[str, list[Any]], Credentials]:
    """What is known of it, and real and false credentials."""
    rig.packages()
    organisation = rig.organisation("Garage", "C-1")
    rig.user(organisation, "anna", *Role)
    rig.user(organisation, "ben")
    bearer = rig.bearer("anna")
    key_ids = [key_id_of(rig.order(bearer, device).json()["startkey"]) for device in (DEVICE, OTHER_DEVICE)]
    rig.buy(bearer, count=100)
    held = [rig.permit(bearer, key_ids[0]).json()["reservation"] for _ in range(5)]
    logins = [rig.start_login() for _ in range(5)]
    with Browser(rig) as browser:
        browser.log_in("anna")
        csrf = browser.csrf("/account")
        cookie = f"__Host-passbay={browser.session}"
    known = {
        "hardware_id": [DEVICE.hardware_id, OTHER_DEVICE.hardware_id], "app_id": [252],
        "traits": [list(DEVICE.traits), list(OTHER_DEVICE.traits)], "device": [as_json(DEVICE)], "key_id": key_ids,
        "group": ["vans", "passenger cars"], "package": ["vans-hour", "vans-day"], "reservation": held,
        "client_id": ["passbay"], "grant_type": [DEVICE_GRANT, "refresh_token"], "minutes": [1, 5], "count": [1, 2],
        "device_code": [login["device_code"] for login in logins], "kind": ["flash", "survey"],
        "user_code": [login["user_code"] for login in logins], "login": ["anna", "ben"], "password": [PASSWORD],
        "refresh_token": [rig.tokens("ben")["refresh_token"]], "token": [rig.tokens("ben")["refresh_token"]],
        "decision": ["approve", "deny"], "role": ["flash"], "action": ["grant", "revoke", "enable"],
        "user": list(rig.users.values()),
    }  # fmt: skip
    return known, Credentials([bearer["authorization"]] * 6 + ["", "Bearer x", "Basic eDp5"], cookie, csrf)


def fuzzer_and_judge(rig: Rig, seed: int) -> tuple[Fuzzer, Judge]:
    known, who = furnish(rig)
    document = rig.client.get("/openapi.json").json()
    listed = operations(rig.backend, Metrics())
    return Fuzzer(document, known, who, seed), Judge(document, answers_of(listed))
