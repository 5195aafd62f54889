"""CSRF, session fixation, brute force, injection, open redirects: tried, and in vain."""

from __future__ import annotations

import pytest

from core.backend.identity import people
from tests.backend.portal.browsing import Browser
from tests.backend.rig import PASSWORD, Rig


def test_a_form_without_our_mark_changes_nothing(rig: Rig) -> None:
    begun = rig.start_login()
    with Browser(rig) as browser, Browser(rig) as attacker:
        browser.log_in("anna")
        foreign = attacker.csrf("/login")
        attacker.log_in("rita")
        for mark in ("", "x", foreign, attacker.csrf("/account"), "\u00e4" * 20):
            form = {"csrf": mark, "user_code": begun["user_code"], "decision": "approve"}
            assert browser.http.post("/device", data=form).status_code == 403, mark
        assert browser.http.post("/logout", data={}).status_code == 403
        cross = browser.http.post(
            "/device", data={"csrf": browser.csrf("/account"), "user_code": begun["user_code"], "decision": "approve"},
            headers={"sec-fetch-site": "cross-site"},
        )  # fmt: skip
        assert cross.status_code == 403
    assert rig.poll(begun["device_code"]).json()["error"] == "authorization_pending"


def test_log_in_form_of_another_site(rig: Rig) -> None:
    """Log-in CSRF: a victim would work in the attacker's account."""
    with Browser(rig) as browser, Browser(rig) as attacker:
        mark = attacker.csrf("/login")
        browser.get("/login")
        answer = browser.http.post("/login", data={"csrf": mark, "login": "rita", "password": PASSWORD})
        assert answer.status_code == 403 and browser.session is None


def test_session_is_new_at_log_in_and_dead_after_log_out(rig: Rig) -> None:
    with Browser(rig) as browser, Browser(rig) as attacker:
        browser.http.cookies.set("__Host-passbay", "planted-by-somebody", domain="backend.test")
        browser.log_in("anna")
        assert browser.session not in (None, "planted-by-somebody")
        stolen = browser.session
        browser.log_in("anna")
        assert stolen is not None
        fresh = browser.session
        browser.post("/logout", page="/account")
        for token in (stolen, fresh):
            attacker.http.cookies.set("__Host-passbay", str(token), domain="backend.test")
            assert attacker.get("/account").url.path == "/login"


def test_cookies_are_for_this_server_alone(rig: Rig) -> None:
    with Browser(rig) as browser:
        page = browser.http.get("/login")
        answer = browser.http.post(
            "/login", data={"csrf": browser.csrf("/login"), "login": "anna", "password": PASSWORD},
            follow_redirects=False,
        )  # fmt: skip
    for header in (page.headers["set-cookie"], answer.headers["set-cookie"]):
        lowered = header.lower()
        assert all(word in lowered for word in ("__host-", "httponly", "secure", "samesite=lax", "path=/"))
        assert "domain" not in lowered


def test_sessions_end_when_idle_and_after_a_day_of_work(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        rig.clock.pass_(30 * 60)
        assert browser.get("/account").url.path == "/login"
        browser.log_in("anna")
        for _ in range(12 * 60 // 29 + 1):
            rig.clock.pass_(29 * 60)
            last = browser.get("/account")
        assert last.url.path == "/login"


def test_a_user_who_is_shut_out_loses_his_session(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("ben")
        rig.backend.write(lambda c: people.set_disabled(c, rig.users["ben"], True, rig.backend.now()))
        assert browser.get("/account").url.path == "/login"


def test_brute_force_is_stopped_and_tells_nothing(rig: Rig) -> None:
    with Browser(rig) as attacker, Browser(rig, "198.51.100.1") as owner:
        texts = {attacker.log_in(login, "wrong password").text.replace(login, "") for login in ("anna", "nobody")}
        texts = {text.split("<main>")[1] for text in texts}
        assert len(texts) == 1  # whether a user ID exists is not told
        for _ in range(4):
            assert attacker.log_in("anna", "wrong password").status_code == 401
        locked = attacker.log_in("anna")
        assert locked.status_code == 429  # even with the right password
        assert owner.log_in("anna").url.path == "/account"  # its owner elsewhere is not shut out
        rig.clock.pass_(15 * 60 + 1)
        assert attacker.log_in("anna").status_code == 200


def test_many_names_from_one_address_are_stopped(rig: Rig) -> None:
    with Browser(rig) as attacker:
        mark = attacker.csrf("/login")
        for number in range(60):
            form = {"csrf": mark, "login": f"user{number}", "password": "wrong password"}
            answer = attacker.http.post("/login", data=form)
            if answer.status_code == 429:
                break
        assert answer.status_code == 429 and number == 50


def test_guessing_user_codes_is_stopped(rig: Rig) -> None:
    begun = rig.start_login()
    with Browser(rig) as attacker:
        attacker.log_in("rita")
        for _ in range(5):
            assert "not known" in attacker.get("/device", user_code="BBBB-BBBB").text
        assert attacker.get("/device", user_code=begun["user_code"]).status_code == 429


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/\t/evil",
     "evil.example", "/ä"],
)  # fmt: skip
def test_no_open_redirect(rig: Rig, wanted: str) -> None:
    with Browser(rig) as browser:
        done = browser.log_in("anna", next=wanted)
        assert str(done.url).startswith("https://backend.test/")
        assert done.status_code in (200, 422)


CANARY = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}${7*7}"""


def test_markup_and_sql_in_fields_stay_text(rig: Rig) -> None:
    names = [CANARY, "'; DROP TABLE users; --", '" OR 1=1 --', "%s %(x)s {0}", "Robert\u202e"]
    with Browser(rig) as browser:
        browser.log_in("anna")
        for number, name in enumerate(names):
            answer = browser.post(
                "/organisation/users", page="/organisation", login=f"u-{number}x", name=name, password=PASSWORD
            )
            if "\u202e" in name or len(name) > 80:
                assert answer.status_code == 422  # not printable
                continue
            assert answer.status_code == 200
        page = browser.get("/organisation").text
        assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page and "{{7*7}}" in page
        again = browser.post("/account/password", page="/account", old=CANARY, password="x", again="y")
        assert "<script" not in again.text
    with Browser(rig) as stranger:
        for login in ("' OR '1'='1", "anna'--", 'anna" OR ""="'):
            assert stranger.log_in(login, "' OR '1'='1").status_code in (401, 422)
        echoed = stranger.log_in(CANARY, "wrong password")
        assert echoed.status_code == 401 and "<script" not in echoed.text and "&lt;script&gt;" in echoed.text


@pytest.mark.parametrize("value", ["\x00", "a\x1bb", "\x7f"])
def test_control_characters_in_forms_are_refused(rig: Rig, value: str) -> None:
    with Browser(rig) as browser:
        answer = browser.log_in(f"anna{value}")
        assert answer.status_code == 422 and value not in answer.text


def test_broken_forms_are_refused(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        boundary = {"content-type": "multipart/form-data; boundary=x"}
        bodies = (
            (b"", {"content-type": "multipart/form-data"}),
            (b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--", boundary),
            (b"--x\r\nContent-Disposition: form-data; name=a\r\n", boundary),
            (b"\xff\xfe=%ff%fe&csrf=%00", {"content-type": "application/x-www-form-urlencoded"}),
            (b"&".join(b"a%d=1" % n for n in range(100)), {"content-type": "application/x-www-form-urlencoded"}),
            (b"{}", {"content-type": "application/json"}),
        )
        for body, headers in bodies:
            answer = browser.http.post("/order", content=body, headers=headers)
            assert answer.status_code in (403, 422), (body, answer.status_code)
