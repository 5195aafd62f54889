"""Shop and portal as a person uses them: order, buy, approve, request and grant, administer."""

from __future__ import annotations

import re

import pytest

from core.backend.identity import people, registration, rights
from core.online.wire import DEVICE_FILE, DeviceFile, dumps
from core.vocabulary.online.paper import Role
from tests.backend.portal.browsing import Browser
from tests.backend.rig import DEVICE, PASSWORD, Rig

FILE = {"device": ("device.json", dumps(DeviceFile(DEVICE_FILE, DEVICE)), "application/json")}
PAGES = ("/", "/login", "/register", "/device", "/account", "/account/systems", "/account/credit", "/order",
         "/organisation")  # fmt: skip


def test_every_page_answers_and_says_where_it_is(rig: Rig) -> None:
    with Browser(rig) as browser:
        for page in PAGES:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            assert "<h1>" in answer.text and "<script" not in answer.text
        browser.log_in("anna")
        for page in PAGES:
            answer = browser.get(page)
            assert answer.status_code == 200 and "(anna)" in answer.text, page
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert browser.get("/static/portal.css").status_code == 200


def test_a_page_that_needs_a_log_in_comes_back_to_itself(rig: Rig) -> None:
    begun = rig.start_login()
    with Browser(rig) as browser:
        page = browser.get("/device", user_code=begun["user_code"])
        assert page.url.path == "/login"
        next_ = re.search(r'name="next" value="([^"]+)"', page.text)
        assert next_
        done = browser.post(str(page.url.raw_path.decode()), login="anna", password=PASSWORD, next=next_.group(1))
        assert done.url.path == "/device" and begun["user_code"] in done.text


def test_order_download_and_my_systems(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        done = browser.post("/order", files=FILE, name="Bay 1")
        assert done.url.path == "/account/systems" and "issued" in done.text
        assert DEVICE.hardware_id in done.text and "C-1" in done.text and "Bay 1" in done.text
        file = browser.get(f"/account/systems/{DEVICE.hardware_id}/startkey")
        assert file.headers["content-disposition"].startswith("attachment")
        assert rig.open(file.text, "application/vnd.passbay.startkey+json")["hardware_id"] == DEVICE.hardware_id
    with Browser(rig) as other:
        other.log_in("rita")
        assert other.get(f"/account/systems/{DEVICE.hardware_id}/startkey").status_code == 404
        assert DEVICE.hardware_id not in other.get("/account/systems").text


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"[" * 30_000, b"x" * 40_000, b'{"format":"other"}'])
def test_files_that_are_no_device_data_are_told(rig: Rig, raw: bytes) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        answer = browser.post("/order", files={"device": ("device.json", raw, "application/json")})
        assert answer.status_code in (413, 422) and 'role="alert"' in answer.text


def test_buying_twice_with_one_form_buys_once(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        key = re.search(r'name="key" value="([^"]+)"', browser.get("/account/credit").text)
        assert key
        for _ in range(2):
            done = browser.post("/account/credit", package="vans-hour", count="2", key=key.group(1))
            assert done.status_code == 200 and "<td>120</td>" in done.text
        for count in ("0", "-1", "1001", "x", "1e3", "\u0661"):
            assert browser.post("/account/credit", package="vans-hour", count=count, key="k" * 16).status_code == 422


def test_approve_and_deny_a_device(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        for decision, words in (("approve", "is approved"), ("deny", "is denied")):
            begun = rig.start_login()
            page = browser.get("/device", user_code=begun["user_code"])
            assert begun["user_code"] in page.text and "passbay" in page.text and "UTC" in page.text
            done = browser.post("/device", user_code=begun["user_code"], decision=decision)
            assert words in done.text
            assert rig.poll(begun["device_code"]).status_code == (200 if decision == "approve" else 400)


def test_request_identify_grant_activate_revoke(rig: Rig) -> None:
    rig.backend.write(lambda c: people.create_user(
        c, people.organisation_by_contract(c, "C-1").id, "eve", "Eve", PASSWORD, rig.backend.now()))  # fmt: skip
    with Browser(rig) as user, Browser(rig) as admin:
        user.log_in("eve")
        assert "requested" in user.post("/account/rights", page="/account", role="flash").text
        admin.log_in("anna")
        eve = rig.backend.read(lambda c: people.user_by_login(c, "eve"))
        assert eve is not None and not eve.identified
        (right,) = rig.backend.read(lambda c: rights.rights_of(c, eve.id))
        refused = admin.post("/organisation/right", page="/organisation", right=right.id, action="grant")
        assert refused.status_code == 409 and "identified" in refused.text  # who is she?
        admin.post("/organisation/user", page="/organisation", user=eve.id, action="identify")
        done = admin.post("/organisation/right", page="/organisation", right=right.id, action="grant")
        assert done.status_code == 200 and "granted" in done.text
        assert "log in on one device to activate it" in user.get("/account").text
        rig.users["eve"] = eve.id
        rig.tokens("eve")
        assert "active" in user.get("/account").text
        admin.post("/organisation/right", page="/organisation", right=right.id, action="revoke")
        assert "revoked" in user.get("/account").text


def test_an_organisation_may_let_its_administrators_alone_buy(rig: Rig) -> None:
    def buyers() -> str:
        return rig.backend.read(lambda c: people.buyers(c, people.organisation_by_contract(c, "C-1").id))

    with Browser(rig) as admin, Browser(rig) as user, Browser(rig) as stranger:
        admin.log_in("anna")
        user.log_in("ben")
        stranger.log_in("rita")
        rig.backend.write(lambda c: rights.grant(c, rig.users["ben"], Role.FLASH, rig.backend.now(), activate=True))
        assert "Every user with a right" in admin.get("/organisation").text and buyers() == "all"
        assert 'name="package"' in user.get("/account/credit").text
        key = re.search(r'name="key" value="([^"]+)"', user.get("/account/credit").text)
        assert key
        assert "alone buy credit" in admin.post("/organisation/buyers", page="/organisation", action="admins").text
        page = user.get("/account/credit").text
        assert 'name="package"' not in page and "ask an administrator" in page
        wish = {"package": "vans-hour", "count": "1", "key": key[1]}
        refused = user.post("/account/credit", **wish)  # a page of before
        assert refused.status_code == 403 and "Only its administrators buy credit for" in refused.text
        assert 'name="package"' in admin.get("/account/credit").text
        assert "booked" in admin.post("/account/credit", **(wish | {"key": "ab" * 16})).text
        for browser in (user, stranger):  # of the same organisation; an administrator of another one
            browser.post("/organisation/buyers", page="/account", action="all")
        assert buyers() == "admins"
        assert admin.post("/organisation/buyers", page="/organisation", action="rivals").status_code == 422
        admin.post("/organisation/buyers", page="/organisation", action="all")
        assert user.post("/account/credit", **wish).status_code == 200 and buyers() == "all"


def test_an_organisation_never_loses_its_only_administrator_by_a_click(rig: Rig) -> None:
    held = rig.backend.read(lambda c: rights.rights_of(c, rig.users["anna"]))
    own = next(right for right in held if right.role is Role.ORGANISATION_ADMIN)
    with Browser(rig) as admin:
        admin.log_in("anna")
        assert own.id not in admin.get("/organisation").text
        assert admin.post("/organisation/right", page="/organisation", right=own.id, action="revoke").status_code == 409
        refused = admin.post("/organisation/user", page="/organisation", user=rig.users["anna"], action="disable")
        assert refused.status_code == 409


def test_a_stranger_administers_nothing(rig: Rig) -> None:
    ben = rig.users["ben"]
    rig.backend.write(lambda c: rights.request(c, people.user_by_id(c, ben), Role.FLASH, 1))  # type: ignore[arg-type]
    (right,) = rig.backend.read(lambda c: rights.rights_of(c, ben))
    for login in ("rita", "ben"):  # another organisation's administrator; himself
        with Browser(rig) as browser:
            browser.log_in(login)
            for action in ("grant", "refuse", "revoke"):
                answer = browser.post("/organisation/right", page="/account", right=right.id, action=action)
                assert answer.status_code in (403, 404)
            for action in ("identify", "disable"):
                answer = browser.post("/organisation/user", page="/account", user=rig.users["anna"], action=action)
                assert answer.status_code in (403, 404)
    assert rig.backend.read(lambda c: rights.rights_of(c, ben))[0].state == "requested"


def test_registration_of_a_user_and_of_an_organisation(rig: Rig) -> None:
    person = {"login": "new.user", "name": "New", "email": "n@example.org", "password": PASSWORD, "again": PASSWORD}
    with Browser(rig) as browser:
        done = browser.post("/register", kind="user", contract="C-1", **person)
        assert "lets you in" in done.text
        assert browser.log_in("new.user").status_code == 403  # not before the administrator says so
        assert browser.post("/register", kind="user", contract="nope", **person).status_code == 404
    with Browser(rig) as admin:
        admin.log_in("anna")
        new = rig.backend.read(lambda c: people.user_by_login(c, "new.user"))
        assert new is not None
        admin.post("/organisation/user", page="/organisation", user=new.id, action="enable")
    with Browser(rig) as browser:
        assert browser.log_in("new.user").url.path == "/account"
    boss = person | {"login": "boss"}
    with Browser(rig) as browser:
        assert browser.post("/register", kind="organisation", organisation="New GmbH", **boss).status_code == 200
        browser.log_in("boss")
        assert "has not confirmed yet who you are" in browser.get("/organisation").text
        refused = browser.post("/organisation/users", page="/organisation", login="x1", name="X", password=PASSWORD)
        assert refused.status_code == 403
        assert browser.post("/account/credit", package="vans-hour", count="1", key="k" * 16).status_code == 200
    for state, path in (("users", "organisation"), ("closed", "user")):
        rig.backend.write(lambda c, s=state: people.set_setting(c, registration.REGISTRATION_SETTING, s))
        with Browser(rig) as browser:
            fields = person | {"login": "late", "organisation": "X", "contract": "C-1", "kind": path}
            assert browser.http.post("/register", data=fields | {"csrf": browser.csrf("/login")}).status_code == 422


def test_password_change_ends_other_log_ins(rig: Rig) -> None:
    with Browser(rig) as here, Browser(rig) as there:
        here.log_in("anna")
        there.log_in("anna")
        wrong = here.post("/account/password", page="/account", old="wrong wrong", password="n" * 12, again="n" * 12)
        assert wrong.status_code == 401
        short = here.post("/account/password", page="/account", old=PASSWORD, password="short", again="short")
        assert short.status_code == 422
        done = here.post("/account/password", page="/account", old=PASSWORD, password="n" * 12, again="n" * 12)
        assert "is changed" in done.text
        assert there.get("/account").url.path == "/login"
        assert here.get("/account").url.path == "/account"
