"""StartKeys and permits over HTTP: issued, checked, renewed, revoked; and who gets no permit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.backend.identity import people, rights
from core.backend.issuer import keys, startkeys
from core.errors import UsageError
from core.online import dsse
from core.online.wire import CHECK, ROTATION, STARTKEY, TICKET
from core.vocabulary.online.paper import Role
from tests.backend.rig import DEVICE, OTHER_DEVICE, Rig, key_id_of

DAY = 24 * 3600


@pytest.fixture
def workshop(rig: Rig) -> Rig:
    rig.packages()
    rig.user(rig.organisation("Garage Müller", "C-77"), "anna", Role.STANDARD_DIAGNOSIS, Role.FLASH)
    return rig


def _check(rig: Rig, **wish: object) -> dict[str, object]:
    answer = rig.check(**wish)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return rig.open(answer.json()["envelope"], CHECK)


def test_order_and_check(workshop: Rig) -> None:
    missing = workshop.check()
    assert (missing.status_code, missing.json()["code"]) == (404, "2221-45")
    answer = workshop.order(workshop.bearer("anna")).json()
    paper = workshop.open(answer["startkey"], STARTKEY)
    assert paper["hardware_id"] == DEVICE.hardware_id and paper["contract"] == "C-77"
    assert paper["organisation"] == "Garage Müller" and paper["roles"] == ["standard-diagnosis", "flash"]
    first = _check(workshop, nonce="12" * 16)
    assert first["verdict"] == "replaced" and first["nonce"] == "12" * 16 and first["startkey"] == answer["startkey"]
    again = _check(workshop, key_id=paper["key_id"])
    assert again["verdict"] == "valid" and again["startkey"] is None
    assert again["server_time"] == workshop.backend.now()


def test_one_changed_trait_is_the_same_pc_and_two_are_another(workshop: Rig) -> None:
    workshop.order(workshop.bearer("anna"))
    for place in range(4):
        traits = list(DEVICE.traits)
        traits[place] = "9" * 32
        assert _check(workshop, device=replace(DEVICE, traits=tuple(traits)))["verdict"] == "replaced"
        traits[(place + 1) % 4] = ""
        other = _check(workshop, device=replace(DEVICE, traits=tuple(traits)))
        assert other["verdict"] == "other-pc" and other["startkey"] is None


def test_a_hardware_id_belongs_to_one_organisation(workshop: Rig) -> None:
    workshop.order(workshop.bearer("anna"))
    workshop.user(workshop.organisation("Rival"), "rita", Role.STANDARD_DIAGNOSIS)
    refused = workshop.order(workshop.bearer("rita"))
    assert refused.status_code == 409


def test_too_few_traits_and_an_ended_contract_get_no_startkey(workshop: Rig) -> None:
    poor = replace(DEVICE, traits=("a" * 32, "", "", ""))
    assert workshop.order(workshop.bearer("anna"), poor).status_code == 422
    ended = workshop.organisation("Ended", "C-78", contract_end=workshop.backend.now())
    workshop.user(ended, "emil", Role.STANDARD_DIAGNOSIS)
    assert workshop.order(workshop.bearer("emil")).status_code == 403


def test_renewal_revocation_and_expiry(workshop: Rig) -> None:
    key = key_id_of(workshop.order(workshop.bearer("anna")).json()["startkey"])
    workshop.clock.pass_(336 * DAY)
    renewed = _check(workshop, key_id=key)
    assert renewed["verdict"] == "replaced"
    paper = workshop.open(str(renewed["startkey"]), STARTKEY)
    assert paper["expires"] == workshop.backend.now() + startkeys.LIFETIME and paper["key_id"] != key
    now = workshop.backend.now()
    system = workshop.backend.read(lambda c: startkeys.system_of(c, DEVICE.hardware_id))
    workshop.backend.write(lambda c: startkeys.revoke(c, system.id, now))
    assert _check(workshop, key_id=paper["key_id"])["verdict"] == "revoked"


def test_a_startkey_ends_with_the_contract(workshop: Rig) -> None:
    end = workshop.backend.now() + 10 * DAY * 1000
    workshop.user(workshop.organisation("Short", "C-79", contract_end=end), "sam", Role.STANDARD_DIAGNOSIS)
    paper = workshop.open(workshop.order(workshop.bearer("sam")).json()["startkey"], STARTKEY)
    assert paper["expires"] == end
    workshop.clock.pass_(10 * DAY)
    assert _check(workshop, key_id=paper["key_id"])["verdict"] == "expired"


def test_keys_rotate_in_a_chain_and_startkeys_follow(workshop: Rig) -> None:
    order = workshop.order(workshop.bearer("anna")).json()["startkey"]
    bearer = workshop.bearer("anna")
    now = workshop.backend.now()
    made = workshop.backend.write(lambda c: keys.rotate(c, now))
    old, new = workshop.client.get("/api/v1/keys").json()["keys"]
    assert old["retired"] == now and new["keyid"] == made and old["rotation"] == ""
    endorsed = json.loads(dsse.verify(new["rotation"], ROTATION, {old["keyid"]: bytes.fromhex(old["public"])}))
    assert endorsed == {"created": new["created"], "keyid": made, "public": new["public"]}
    renewed = _check(workshop, key_id=key_id_of(order))
    assert renewed["verdict"] == "replaced"
    assert json.loads(str(renewed["startkey"]))["signatures"][0]["keyid"] == made
    assert workshop.client.get("/api/v1/account", headers=bearer).status_code == 200  # tokens live on for 15 minutes
    workshop.clock.pass_(15 * 60)
    assert len(workshop.client.get("/oauth/jwks").json()["keys"]) == 1


@pytest.mark.parametrize("still_signs", [True, False])
def test_what_a_stolen_key_signed_counts_no_more(workshop: Rig, still_signs: bool) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    (stolen,) = workshop.client.get("/api/v1/keys").json()["keys"]
    if not still_signs:
        workshop.backend.write(lambda c: keys.rotate(c, workshop.backend.now()))
    workshop.clock.pass_(1)
    now = workshop.backend.now()
    signs = workshop.backend.write(lambda c: keys.distrust(c, stolen["keyid"], now))
    workshop.backend.write(lambda c: keys.distrust(c, stolen["keyid"], now + 5))  # a second time says nothing new
    old, new = workshop.client.get("/api/v1/keys").json()["keys"]
    assert (old["keyid"], old["distrusted"]) == (stolen["keyid"], now) and old["retired"] is not None
    assert (new["keyid"], new["distrusted"], new["retired"]) == (signs, None, None)
    assert workshop.client.get("/api/v1/account", headers=bearer).status_code == 401  # also the log-in of now
    assert [row["kid"] for row in workshop.client.get("/oauth/jwks").json()["keys"]] == [signs]
    bearer = workshop.bearer("anna")
    assert workshop.permit(bearer, key).json()["code"] == "PB-701"
    renewed = str(_check(workshop, key_id=key)["startkey"])
    assert json.loads(renewed)["signatures"][0]["keyid"] == signs
    assert workshop.permit(bearer, key_id_of(renewed)).status_code == 200
    assert workshop.permit(bearer, key).json()["code"] == "PB-701"  # the old one stays out
    with pytest.raises(UsageError):
        workshop.backend.write(lambda c: keys.distrust(c, "0" * 16, now))


def test_orders_may_need_an_approval(workshop: Rig) -> None:
    workshop.backend.write(lambda c: people.set_setting(c, startkeys.APPROVAL_SETTING, "1"))
    answer = workshop.order(workshop.bearer("anna")).json()
    assert answer["state"] == "waiting" and answer["startkey"] is None
    assert workshop.check().status_code == 404


def test_a_permit_is_a_signed_ticket_and_reserves(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    answer = workshop.permit(bearer, key, job="job-1", minutes=10).json()
    ticket = workshop.open(answer["ticket"], TICKET)
    assert ticket["job"] == "job-1" and ticket["change"] and ticket["expires"] > workshop.backend.now()
    assert answer["minutes_left"] == 50 and ticket["reservation"] == answer["reservation"]
    again = workshop.permit(bearer, key, job="job-1", minutes=10).json()
    assert again["reservation"] == answer["reservation"]  # an answer that was lost costs nothing


def test_a_permit_that_reserves_nothing_tells_what_there_is(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    wish = {"kind": "identify", "change": False, "minutes": 0}
    assert workshop.permit(bearer, key, **wish).json()["minutes_left"] == 0
    workshop.buy(bearer)
    answer = workshop.permit(bearer, key, **wish).json()
    assert answer["minutes_left"] == 60 and answer["reservation"] == ""
    workshop.buy(bearer, "vans-day")
    workshop.permit(bearer, key, minutes=60)
    until = workshop.permit(bearer, key, minutes=1).json()["until"]
    answer = workshop.permit(bearer, key, **wish).json()
    assert answer["minutes_left"] is None and answer["until"] == until == workshop.backend.now() + DAY * 1000


def test_who_gets_no_permit(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    assert workshop.permit(bearer, key).json()["code"] == "2173-42"  # never had credit
    workshop.buy(bearer)
    organisation = workshop.backend.read(lambda c: people.user_by_login(c, "anna")).organisation_id  # type: ignore[union-attr]
    workshop.user(organisation, "ben", Role.STANDARD_DIAGNOSIS)
    ben = workshop.bearer("ben")
    assert workshop.permit(ben, key, kind="survey", change=False).status_code == 200
    assert workshop.permit(ben, key).json()["code"] == "PB-706"
    assert workshop.permit(ben, key, change=False).json()["code"] == "PB-706"  # whatever the client says of a flash
    assert workshop.permit(bearer, key, hardware_id=OTHER_DEVICE.hardware_id).json()["code"] == "2221-45"  # copied
    assert workshop.permit(bearer, "0" * 32).json()["code"] == "2221-45"
    assert workshop.permit(bearer, key, group="ships").json()["code"] == "PB-706"
    assert workshop.permit({}, key).json()["code"] == "PB-707"
    assert workshop.permit(bearer, key, minutes=59).status_code == 200
    assert workshop.permit(bearer, key).json()["code"] == "2173-44"  # used up


def test_a_revoked_right_counts_at_once(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    assert workshop.permit(bearer, key).status_code == 200
    now = workshop.backend.now()
    workshop.backend.write(lambda c: rights.revoke(c, workshop.users["anna"], Role.FLASH, now))
    refused = workshop.permit(bearer, key)  # the token still says flash
    assert (refused.status_code, refused.json()["code"]) == (403, "PB-706")
    assert workshop.permit(bearer, key, kind="survey", change=False).status_code == 200


def test_a_revoked_startkey_and_an_ended_contract_get_no_permit(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    now = workshop.backend.now()
    system = workshop.backend.read(lambda c: startkeys.system_of(c, DEVICE.hardware_id))
    workshop.backend.write(lambda c: startkeys.revoke(c, system.id, now))
    assert workshop.permit(bearer, key).json()["code"] == "PB-701"


def test_a_ticket_names_the_image_and_a_job_number_stands_for_one_image(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    answer = workshop.permit(bearer, key, job="job-1", image="ab" * 32).json()
    assert workshop.open(answer["ticket"], TICKET)["image"] == "ab" * 32
    assert workshop.permit(bearer, key, job="job-1", image="ab" * 32).json() == answer
    for other in ({"image": "cd" * 32}, {"image": ""}, {"vin": "X" * 17}, {"unit": "TCU"}):
        refused = workshop.permit(bearer, key, **({"job": "job-1", "image": "ab" * 32} | other))
        assert (refused.status_code, refused.json()["code"]) == (409, "PB-855"), other
    assert workshop.permit(bearer, key, job="job-2").status_code == 200  # a client that names none: as before
    assert workshop.permit(bearer, key, image="AB" * 32).status_code == 422


def test_only_time_that_was_paid_is_free(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])

    def post(reservation: str, minutes: int) -> None:
        body = {"reservation": reservation, "minutes": minutes}
        headers = bearer | workshop.key()
        assert workshop.client.post("/api/v1/credit/post", json=body, headers=headers).status_code == 200

    def minutes_of(**wish: object) -> int:
        """What a permit of 0 minutes leaves; no reservation comes of it."""
        answer = workshop.permit(bearer, key, **({"kind": "survey", "change": False, "minutes": 0} | wish)).json()
        assert answer["reservation"] == "" and workshop.open(answer["ticket"], TICKET)["reservation"] is not None
        return int(answer["minutes_left"])

    refused = workshop.permit(bearer, key, kind="survey", change=False, minutes=0)
    assert (refused.status_code, refused.json()["code"]) == (403, "2173-42")  # it says that it has paid
    workshop.buy(bearer)
    begun = workshop.permit(bearer, key, kind="survey", change=False, minutes=1).json()
    workshop.clock.pass_(5)
    post(begun["reservation"], 1)
    workshop.clock.pass_(54)
    assert minutes_of() == minutes_of(kind="clear") == 59  # the rest of the minute, as often as one likes
    workshop.clock.pass_(1)
    assert minutes_of(job="late") == 58  # the minute is over: another one is charged, whatever the client says
    assert minutes_of(job="late") == minutes_of() == 58  # once
    workshop.clock.pass_(60)
    assert minutes_of(job="late") == 58  # an answer that was lost, asked for again: the ticket of then
    assert minutes_of() == 57
    workshop.clock.pass_(60)
    assert workshop.permit(bearer, key, kind="identify", change=False, minutes=0).json()["minutes_left"] == 57
    begun = workshop.permit(bearer, key, minutes=10).json()
    workshop.clock.pass_(30)
    post(begun["reservation"], 10)  # far more than it took: what is paid ahead is no more than the minute of now
    workshop.clock.pass_(59)
    assert minutes_of() == 47
    workshop.clock.pass_(1)
    assert minutes_of() == 46


def test_a_paid_minute_is_the_systems_and_the_groups_own(workshop: Rig) -> None:
    bearer = workshop.bearer("anna")
    keys_of = [key_id_of(workshop.order(bearer, device).json()["startkey"]) for device in (DEVICE, OTHER_DEVICE)]
    workshop.buy(bearer)
    wish = {"kind": "survey", "change": False, "minutes": 0}
    first = workshop.permit(bearer, keys_of[0], **wish).json()["minutes_left"]
    again = workshop.permit(bearer, keys_of[0], **wish).json()["minutes_left"]
    other = workshop.permit(bearer, keys_of[1], hardware_id=OTHER_DEVICE.hardware_id, **wish).json()["minutes_left"]
    assert (first, again, other) == (59, 59, 58)
    assert workshop.permit(bearer, keys_of[0], group="trucks", **wish).json()["code"] == "2173-42"
    workshop.buy(bearer, "vans-day")
    workshop.permit(bearer, keys_of[0], minutes=60)  # begins the day
    workshop.clock.pass_(3600)
    told = workshop.permit(workshop.bearer("anna"), keys_of[1], hardware_id=OTHER_DEVICE.hardware_id, **wish).json()
    assert told["until"] and told["minutes_left"] is None  # the clock runs for all of them
