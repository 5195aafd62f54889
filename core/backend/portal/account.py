"""My account: rights, password, My systems with contract numbers (S5) and StartKeys as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backend.api.account import account_of, systems_of
from core.backend.api.problems import refusal
from core.backend.identity import people, rights, sessions
from core.backend.issuer import startkeys
from core.backend.portal.render import Answer, Download, Page, Redirect
from core.backend.portal.visit import Visit
from core.online.wire import Account
from core.vocabulary.online.paper import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection


def page(visit: Visit) -> Answer:
    def look(conn: Connection) -> tuple[Account, tuple[rights.Right, ...]]:
        return account_of(conn, visit.user, visit.now), rights.rights_of(conn, visit.user.id)

    account, held = visit.backend.read(look)
    return Page("account.html", {"account": account, "rights": held, "now": visit.now})


def request_right(visit: Visit) -> Answer:
    role = next((role for role in Role if role.value == visit.form.get("role")), None)
    if role is None:
        raise refusal(422, "There is no such right.", "Choose one of the list.", "input")
    visit.backend.write(lambda conn: rights.request(conn, visit.user, role, visit.now))
    return Redirect("/account?done=requested")


def change_password(visit: Visit) -> Answer:
    """The old one is asked for, and counts as an attempt to log in; all other log-ins end."""
    form = visit.form
    if form.get("password", "") != form.get("again", ""):
        raise refusal(422, "The two passwords are not the same.", "Type both once more.", "password")
    user = sessions.authenticate(visit.backend, visit.user.login, form.get("old", ""), visit.address)

    def change(conn: Connection) -> str:
        people.set_password(conn, user.id, form.get("password", ""))
        people.end_all_logins(conn, user.id, visit.now)
        people.note(conn, user.login, "password changed", visit.now)
        return sessions.begin(conn, user.id, visit.now)

    return Redirect("/account?done=password", visit.backend.write(change))


def systems(visit: Visit) -> Answer:
    rows = visit.backend.read(lambda conn: systems_of(conn, visit.user, visit.now))
    return Page("systems.html", {"systems": rows})


def startkey_file(visit: Visit) -> Answer:
    hardware_id = visit.query.get("hardware_id", "").upper()

    def look(conn: Connection) -> startkeys.Issued | None:
        system = startkeys.system_of(conn, hardware_id)
        if system is None or system.organisation_id != visit.user.organisation_id:
            return None
        return startkeys.newest(conn, system.id)

    held = visit.backend.read(look)
    if held is None or not held.good(visit.now):
        raise refusal(404, "There is no valid StartKey for this system.", "Order one in the shop.", "unknown")
    return Download(f"startkey-{hardware_id}.json", held.envelope)
