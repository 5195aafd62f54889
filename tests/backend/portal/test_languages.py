"""The portal in English, German, Italian: who gets which, the switch, and not one English word left on any page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from gettext import GNUTranslations
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from babel.messages.catalog import Catalog

from core.backend.identity import people, registration, rights
from core.backend.issuer import startkeys
from core.backend.portal import language, render
from core.backend.portal.language import PageLanguage, chosen, page_language
from core.online.wire import DEVICE_FILE, DeviceFile, dumps
from core.vocabulary.online.paper import Role
from tests.backend.portal.browsing import Browser
from tests.backend.rig import DEVICE, OTHER_DEVICE, PASSWORD, Rig
from tests.translations import portal as texts
from tests.translations.__main__ import compiled

FILE = {"device": ("device.json", dumps(DeviceFile(DEVICE_FILE, DEVICE)), "application/json")}
OTHER = dumps(DeviceFile(DEVICE_FILE, OTHER_DEVICE))
GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("cookie", "header", "expected"),
    [
        ("", "", "en"), ("", "de", "de"), ("", "DE-ch, fr;q=0.8", "de"), ("", "fr-FR,it;q=0.4,en;q=0.3", "it"),
        ("", "it;q=0, en;q=0.1", "en"), ("", "it;q=0", "en"), ("", "en;q=0.5,de;q=0.50,it;q=0.6", "it"),
        ("", "fr, ja, *", "en"), ("it", "de", "it"), ("xx", "de", "de"), ("../../etc", "it", "it"),
        ("", "de;q=9, it", "it"), ("", "de;q=nan;;;,,=,it;q=0.001", "it"), ("", "d\x00e,\u00ef,it", "it"),
        ("", "x" * 10_000 + ",de", "en"), ("", "," * 5_000, "en"), ("", "de_DE.UTF-8", "en"),
    ],
)  # fmt: skip
def test_the_cookie_then_the_browser_s_wish_then_english(cookie: str, header: str, expected: str) -> None:
    assert chosen(cookie, header) == expected


def test_a_browser_s_wish_is_met_on_pages_and_errors_but_never_on_the_wire(rig: Rig) -> None:
    with Browser(rig) as browser:
        page = browser.http.get("/login", headers=GERMAN)
        assert '<html lang="de">' in page.text and "Benutzerkennung" in page.text
        assert page.headers["content-language"] == "de" and "accept-language" in page.headers["vary"].lower()
        wrong = browser.http.post(
            "/login", data={"csrf": browser.csrf("/login"), "login": "anna", "password": "wrong wrong"}, headers=GERMAN
        )
        assert wrong.status_code == 401 and "Benutzerkennung oder Passwort ist falsch." in wrong.text
    problem = rig.client.get("/api/v1/account", headers=GERMAN)
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["detail"] == "This needs a log-in."


def test_the_switch_is_kept_leads_back_and_is_ours_alone(rig: Rig) -> None:
    with Browser(rig) as browser:
        browser.log_in("anna")
        done = browser.post("/language", page="/account/credit", language="it", next="/account/credit?done=bought")
        assert (done.url.path, done.url.query) == ("/account/credit", b"done=bought")
        assert '<html lang="it">' in done.text and "Il credito è registrato." in done.text
        assert 'value="it" lang="it" class="quiet" aria-current="true"' in done.text
        assert 'name="next" value="/account/credit?done=bought"' in done.text
        assert '<html lang="it">' in browser.http.get("/order", headers=GERMAN).text  # a choice goes before a wish
        raw = browser.http.post(
            "/language", data={"csrf": browser.csrf("/"), "language": "de", "next": "//evil.example"},
            follow_redirects=False,
        )  # fmt: skip
        assert raw.headers["location"] == "/account"
        cookie = raw.headers["set-cookie"].lower()
        assert cookie.startswith("__host-passbay-language=de;")
        assert all(word in cookie for word in ("httponly", "secure", "samesite=lax", "path=/", "max-age="))
        for form, status in (({"language": "xx", "csrf": browser.csrf("/")}, 422), ({"language": "de"}, 403)):
            refused = browser.http.post("/language", data=form)
            assert refused.status_code == status and "set-cookie" not in refused.headers
        assert browser.http.get("/language").status_code == 405
        failed = browser.post("/account/rights", page="/account", role="none")  # the page that the form stands on
        assert 'name="next" value="/account"' in failed.text


@pytest.mark.parametrize(
    ("code", "price", "free", "number", "moment"),
    [
        ("en", "1,234.50 EUR", "free", "12,000", "2027-01-15 08:00 UTC"),
        ("de", "1.234,50 EUR", "kostenlos", "12.000", "15.01.2027 08:00 UTC"),
        ("it", "1.234,50 EUR", "gratis", "12.000", "15/01/2027 08:00 UTC"),
    ],
)
def test_amounts_and_dates(code: str, price: str, free: str, number: str, moment: str) -> None:
    spoken = page_language(code)
    assert spoken.price(123_450, "EUR") == price and spoken.price(0, "EUR") == free
    assert spoken.number(12_000) == number and spoken.number(0) == "0"
    assert spoken.moment(1_800_000_000_000) == moment and spoken.moment(None) != ""


# -- not one text of ours beside the catalogue


OPEN, SHUT = "\u27e6", "\u27e7"
_DATA = re.compile(
    r"\b(?:Passbay|English|Deutsch|Italiano|anna|Anna|ben|Ben|eve|Eve|new|New|boss|Boss|Garage Müller|passbay|PB|C|"
    r"[A-Z]{4}-[A-Z]{4}|[0-9A-F]{12}|Bay 1|vans|buses|trucks|passenger cars|UTC|EUR|\d+)\b|[\W_]+"
)
"""What people, stores and protocols have given: names, codes, numbers, dates."""


class Words(HTMLParser):
    """The texts of a page, and of attributes that are read out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("aria-label", "title", "alt", "placeholder")]


def bare(page: str) -> str:
    """What stands on the page outside of every marked text, without data."""
    depth, kept = 0, []
    for letter in "\n".join(Words(page).found):
        depth += (letter == OPEN) - (letter == SHUT)
        kept.append(letter if depth == 0 and letter != SHUT else "\n")
    return _DATA.sub("", "".join(kept)).strip()


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue that puts each text between marks, in the place of German."""
    made = Catalog(locale="de")
    for message in texts.catalogue():
        if message.id:
            made.add(message.id, f"{OPEN}{message.id}{SHUT}", context=message.context)
    spoken = PageLanguage("de", GNUTranslations(io.BytesIO(compiled(made))))
    monkeypatch.setattr(render, "page_language", lambda code: spoken if code == "de" else page_language(code))
    render._environment.cache_clear()
    yield
    render._environment.cache_clear()


def walk(rig: Rig, seen: Callable[[httpx.Response], None]) -> None:
    """Every page in every state that it has, and every refusal that a form can meet."""

    def browser() -> Browser:
        made = Browser(rig)
        made.http.headers.update(GERMAN)
        return made

    def get(who: Browser, path: str, **query: str) -> None:
        seen(who.get(path, **query))

    def post(who: Browser, path: str, page: str = "", files: Any = None, **form: str) -> None:
        seen(who.post(path, page, files, **form))

    person = {"login": "new", "name": "New", "email": "n@example.org", "password": PASSWORD, "again": PASSWORD}
    with browser() as stranger:
        for path in ("/", "/login", "/register"):
            get(stranger, path)
        post(stranger, "/login", login="anna", password="wrong wrong")
        for change in (
            {"again": "x"}, {"password": "short", "again": "short"}, {"login": "!"}, {"login": "anna"}, {"name": ""},
            {"email": "none"}, {"contract": "none"}, {"login": "a\x1bb"}, {},
        ):  # fmt: skip
            post(stranger, "/register", **({"kind": "user", "contract": "C-1"} | person | change))
        post(stranger, "/login", login="new", password=PASSWORD)  # not let in yet
        post(stranger, "/register", kind="organisation", organisation="", **(person | {"login": "boss"}))
        post(stranger, "/register", kind="organisation", organisation="New", **(person | {"login": "boss"}))
        seen(stranger.http.post("/login", data={"csrf": "x"}))
        seen(stranger.http.post("/login", data={"csrf": "x"}, headers={"sec-fetch-site": "cross-site"}))
        for _ in range(6):
            post(stranger, "/login", login="ben", password="wrong wrong")
        for state in ("users", "closed"):
            rig.backend.write(lambda c, s=state: people.set_setting(c, registration.REGISTRATION_SETTING, s))
            get(stranger, "/register")
            form = {"csrf": stranger.csrf("/login"), "kind": "organisation" if state == "users" else "user"}
            seen(stranger.http.post("/register", data=form | person | {"contract": "C-1", "organisation": "X"}))
    with browser() as boss:  # of an organisation that nobody has confirmed
        boss.log_in("boss")
        get(boss, "/organisation")
        get(boss, "/account")
        post(boss, "/organisation/users", page="/organisation", login="x1", name="New", password=PASSWORD)
    _administrator(rig, browser, get, post)
    _technician(rig, browser, get, post)
    _late(rig, browser, get, post)


def _administrator(rig: Rig, browser: Callable[[], Browser], get: Any, post: Any) -> None:
    with browser() as anna:
        anna.log_in("anna")
        for path in ("/", "/device", "/account", "/account/systems", "/account/credit", "/order", "/organisation"):
            get(anna, path)
        get(anna, "/device", user_code="BBBB-BBBB")
        for decision in ("approve", "deny", "approve"):
            code = rig.start_login()["user_code"] if decision else ""
            get(anna, "/device", user_code=code)
            post(anna, "/device", user_code=code, decision=decision)
        post(anna, "/device", user_code="BBBB-BBBB", decision="approve")
        post(anna, "/order", files={"device": ("x.json", b"{}", "application/json")})
        post(anna, "/order", files={"device": ("x.json", b"x" * 40_000, "application/json")})
        post(anna, "/order")
        post(anna, "/order", files=FILE, name="Bay 1")
        get(anna, f"/account/systems/{'0' * 12}/startkey")
        key = {"key": "k" * 16}
        post(anna, "/account/credit", package="vans-day", count="2", **key)
        post(anna, "/account/credit", package="vans-hour", count="1", **key)  # the key of another purchase
        post(anna, "/account/credit", package="vans-hour", count="0", key="l" * 16)
        post(anna, "/account/credit", package="none", count="1", key="m" * 16)
        post(anna, "/account/credit", package="vans-hour", count="1")
        post(anna, "/account/rights", page="/account", role="flash")
        post(anna, "/account/rights", page="/account", role="none")
        for old, fresh, again in (("wrong wrong", "n" * 12, "n" * 12), (PASSWORD, "n" * 12, "m" * 12)):
            post(anna, "/account/password", page="/account", old=old, password=fresh, again=again)
        users = "/organisation/users"
        for login, name in (("eve", "Eve"), ("eve", "Eve"), ("e", "Eve"), ("eve2", "")):
            post(anna, users, page="/organisation", login=login, name=name, password=PASSWORD)
        eve = rig.backend.read(lambda c: people.user_by_login(c, "eve"))
        assert eve is not None
        rig.backend.write(lambda c: rights.request(c, eve, Role.FLASH, rig.backend.now()))
        (right,) = rig.backend.read(lambda c: rights.rights_of(c, eve.id))
        for path, name, value, actions in (
            ("/organisation/right", "right", right.id, ("grant",)),  # she is not identified
            ("/organisation/user", "user", eve.id, ("identify", "disable", "enable", "dance")),
            ("/organisation/right", "right", right.id, ("refuse", "grant", "revoke", "dance")),
            ("/organisation/user", "user", rig.users["anna"], ("disable",)),
            ("/organisation/user", "user", "nobody", ("disable",)),
            ("/organisation/right", "right", "none", ("grant",)),
        ):  # fmt: skip
            for action in actions:
                post(anna, path, page="/organisation", action=action, **{name: value})
        own = next(r for r in rig.backend.read(lambda c: rights.rights_of(c, rig.users["anna"])) if r.active(1 << 60))
        post(anna, "/organisation/right", page="/organisation", action="revoke", right=own.id)
        post(anna, "/language", page="/", language="xx")
        get(anna, "/", done="logged-out")
        for name in render.DONE:
            get(anna, "/", done=name)
        post(anna, "/logout", page="/account")


def _technician(rig: Rig, browser: Callable[[], Browser], get: Any, post: Any) -> None:
    """Ben has no right at all; then one that waits for its activation; then his contract has ended."""
    rig.clock.pass_(16 * 60)
    with browser() as ben:
        ben.log_in("ben")
        for path in ("/organisation", "/account", "/account/credit"):
            get(ben, path)
        post(ben, "/account/credit", package="vans-hour", count="1", key="n" * 16)
        post(ben, "/order", files=FILE)
        rig.backend.write(lambda c: people.set_setting(c, rights.ACTIVATION_SETTING, "60"))
        rig.backend.write(lambda c: rights.grant(c, rig.users["ben"], Role.FLASH, rig.backend.now(), activate=False))
        get(ben, "/account")
        rig.tokens("ben")
        get(ben, "/account")
    with browser() as rita:
        rita.log_in("rita")
        post(rita, "/order", files=FILE)  # anna's PC
        for _ in range(7):
            get(rita, "/device", user_code="CCCC-CCCC")


def _late(rig: Rig, browser: Callable[[], Browser], get: Any, post: Any) -> None:
    """A StartKey in each of its states, packages that cost nothing, no packages, a contract that has ended."""
    from core.backend.store import tables as t

    with browser() as anna:
        anna.log_in("anna")
        for who in ("admins", "all"):
            post(anna, "/organisation/buyers", page="/organisation", action=who)
            get(anna, "/organisation")
        for change in ({"price_cents": 0}, {"price_cents": 123_450}):
            rig.backend.write(lambda c, v=change: c.execute(t.packages.update().values(**v)) and None)
            get(anna, "/account/credit")
        rig.backend.write(lambda c: c.execute(t.packages.delete()) and None)
        get(anna, "/account/credit")
        rig.backend.write(lambda c: people.set_setting(c, startkeys.APPROVAL_SETTING, "1"))
        post(anna, "/order", files={"device": ("x.json", OTHER, "application/json")}, name="Bay 1")
        (system,) = rig.backend.read(lambda c: [startkeys.system_of(c, DEVICE.hardware_id)])
        assert system is not None
        rig.backend.write(lambda c: startkeys.revoke(c, system.id, rig.backend.now()))
        get(anna, "/account/systems")
        rig.backend.write(lambda c: startkeys.issue(c, system.id, rig.backend.now()) and None)
        rig.clock.pass_(3 * 366 * 24 * 3600)
        anna.log_in("anna")
        get(anna, "/account/systems")
        ended = {"contract_end": rig.backend.now() - 1}
        rig.backend.write(lambda c: c.execute(t.organisations.update().values(**ended)) and None)
        post(anna, "/order", files=FILE)
        get(anna, "/account")


@pytest.mark.usefixtures("marked")
def test_every_text_of_every_page_comes_from_the_catalogue(rig: Rig) -> None:
    pages: list[str] = []

    def seen(answer: httpx.Response) -> None:
        pages.append(answer.text)
        assert answer.headers["content-type"].startswith("text/html"), answer.text
        assert bare(answer.text) == "", f"{answer.request.method} {answer.url}"

    walk(rig, seen)
    assert len(pages) > 80
    everything = "\n".join(pages)
    shown = [message.id for message in texts.catalogue() if message.id and not message.context]
    # what the walk has met: a text that no page shows would be dead
    missing = [text for text in shown if OPEN + re.split(r"%\(\w+\)s", str(text))[0] not in everything]
    assert missing == []


@pytest.mark.parametrize("code", ["de", "it"])
def test_no_english_sentence_is_left_on_any_page(rig: Rig, code: str) -> None:
    """The same with the real catalogues: an English text whose translation differs stands nowhere."""
    long_ones = [
        str(message.id)
        for message in texts.catalogue()
        if message.id and " " in str(message.id) and not re.search(r"[{%<]", str(message.id))
    ]
    english = re.compile("|".join(re.escape(text) for text in sorted(long_ones, key=len, reverse=True)))

    def seen(answer: httpx.Response) -> None:
        words = "\n".join(Words(answer.text).found)
        assert f'<html lang="{code}">' in answer.text
        found = english.search(words)
        assert found is None, (str(answer.url), found)

    switched = {**GERMAN, "accept-language": code}
    original = dict(GERMAN)
    GERMAN.update(switched)
    try:
        walk(rig, seen)
    finally:
        GERMAN.update(original)


def test_a_catalogue_that_cannot_be_read_is_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(language, "_LOCALE", tmp_path)
    page_language.cache_clear()
    try:
        assert page_language("de").code == "en" and page_language("de").said("Try again.") == "Try again."
    finally:
        page_language.cache_clear()
