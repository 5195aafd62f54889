"""The doors: home, log-in, log-out, registration, and the approval of a device's log-in (RFC 8628, section 3.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.backend.api.problems import refusal
from core.backend.identity import grants, registration, sessions
from core.backend.identity.people import setting
from core.backend.identity.registration import REGISTRATION_SETTING
from core.backend.portal.language import LANGUAGES
from core.backend.portal.render import Answer, Page, Redirect
from core.backend.portal.visit import Visit
from core.vocabulary.online.user_code import shown_code

UNKNOWN_CODE = ("This code is not known, or has expired.", "Type the code that the device shows now.")


def home(visit: Visit) -> Answer:
    return Page("home.html")


def login_page(visit: Visit) -> Answer:
    if visit.session is not None and not visit.error:
        return Redirect(local_path(visit.query.get("next", "")))
    return Page("login.html", {"next": local_path(visit.query.get("next", visit.form.get("next", "")))})


def local_path(wanted: str) -> str:
    """A path of this server, /account for anything else: no open redirect."""
    parts = urlsplit(wanted)
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or parts.netloc or parts.scheme:
        return "/account"
    return wanted if wanted.isprintable() and wanted.isascii() else "/account"


def log_in(visit: Visit) -> Answer:
    user = sessions.authenticate(
        visit.backend, visit.form.get("login", ""), visit.form.get("password", ""), visit.address
    )
    token = visit.backend.write(lambda conn: sessions.begin(conn, user.id, visit.now))
    return Redirect(local_path(visit.form.get("next", "")), token)


def log_out(visit: Visit) -> Answer:
    session = visit.session
    assert session is not None
    visit.backend.write(lambda conn: sessions.end(conn, session.id_hash))
    return Redirect("/?done=logged-out", "-")


def choose_language(visit: Visit) -> Answer:
    """Kept in a cookie; a form like any other, so that no other site changes it."""
    language = visit.form.get("language", "")
    if language not in LANGUAGES:
        raise refusal(422, "There is no such language here.", "Choose one of the list.", "input")
    return Redirect(local_path(visit.form.get("next", "")), language=language)


def register_page(visit: Visit) -> Answer:
    who = visit.backend.read(lambda conn: setting(conn, REGISTRATION_SETTING, "open"))
    return Page("register.html", {"who": who})


def register(visit: Visit) -> Answer:
    form = visit.form
    if form.get("password", "") != form.get("again", ""):
        raise refusal(422, "The two passwords are not the same.", "Type both once more.", "password")
    person = (form.get("login", ""), form.get("name", ""), form.get("email", ""), form.get("password", ""), visit.now)
    if form.get("kind") == "organisation":
        name = form.get("organisation", "")
        visit.backend.write(lambda conn: registration.organisation(conn, name, *person).id)
        return Redirect("/login?done=registered")
    contract = form.get("contract", "")
    visit.backend.write(lambda conn: registration.member(conn, contract, *person).id)
    return Redirect("/login?done=member-registered")


def device_page(visit: Visit) -> Answer:
    typed = visit.query.get("user_code", "")
    if not typed or visit.error:
        return Page("device.html", {"grant": None, "typed": typed})
    grant = visit.backend.write(lambda conn: grants.waiting(conn, visit.user, typed, visit.address, visit.now))
    if grant is None:
        visit.error, visit.advice = UNKNOWN_CODE
    return Page("device.html", {"grant": grant, "typed": typed})


def decide_device(visit: Visit) -> Answer:
    typed, approve = visit.form.get("user_code", ""), visit.form.get("decision") == "approve"
    if visit.form.get("decision") not in ("approve", "deny"):
        return Redirect(f"/device?user_code={shown_code(grants.plain_code(typed))}")
    known = visit.backend.write(lambda conn: grants.waiting(conn, visit.user, typed, visit.address, visit.now))
    decided = known is not None and visit.backend.write(
        lambda conn: grants.decide(conn, visit.user.id, typed, approve, visit.now)
    )
    if not decided:
        raise refusal(404, *UNKNOWN_CODE, "code")
    return Redirect("/device?done=" + ("approved" if approve else "denied"))
