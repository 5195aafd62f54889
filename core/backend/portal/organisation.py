"""The organisation's administrator: lets users in, identifies them once, decides on their rights (L3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backend.api.problems import refusal
from core.backend.identity import people, registration, rights
from core.backend.portal.render import Answer, Page, Redirect
from core.backend.portal.visit import Visit
from core.backend.store import tables as t
from core.errors import RightMissing
from core.vocabulary.online.paper import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

_DECISIONS = {"grant": "granted", "refuse": "refused", "revoke": "revoked"}


def page(visit: Visit) -> Answer:
    def look(conn: Connection) -> list[tuple[people.User, tuple[rights.Right, ...]]]:
        from sqlalchemy import select

        if Role.ORGANISATION_ADMIN not in rights.active_roles(conn, visit.user.id, visit.now):
            raise RightMissing("This page is for administrators of an organisation.", "Ask yours for the right.")
        ids = conn.execute(
            select(t.users.c.id)
            .where(t.users.c.organisation_id == visit.user.organisation_id)
            .order_by(t.users.c.login)
            .limit(500)
        ).scalars()
        users = [people.user_by_id(conn, user_id) for user_id in ids.all()]
        return [(user, rights.rights_of(conn, user.id)) for user in users if user is not None]

    buyers = visit.backend.read(lambda conn: people.buyers(conn, visit.user.organisation_id))
    values = {"members": visit.backend.read(look), "now": visit.now, "only_admins_buy": buyers == people.ADMINS}
    return Page("organisation.html", values)


def choose_buyers(visit: Visit) -> Answer:
    who = visit.form.get("action", "")

    def choose(conn: Connection) -> None:
        registration.colleague(conn, visit.user, visit.user.id, visit.now)  # is he an administrator?
        people.set_buyers(conn, visit.user.organisation_id, who)
        people.note(conn, visit.user.login, "buyers chosen", visit.now, contract=visit.user.contract, buyers=who)

    visit.backend.write(choose)
    return Redirect("/organisation?done=decided")


def add_user(visit: Visit) -> Answer:
    form = visit.form

    def add(conn: Connection) -> None:
        registration.colleague(conn, visit.user, visit.user.id, visit.now)  # is he an administrator?
        people.create_user(
            conn, visit.user.organisation_id, form.get("login", ""), form.get("name", ""), form.get("password", ""),
            visit.now, email=form.get("email", ""),
        )  # fmt: skip
        people.note(conn, visit.user.login, "user added", visit.now, user=form.get("login", ""))

    visit.backend.write(add)
    return Redirect("/organisation?done=added")


def act_on_user(visit: Visit) -> Answer:
    action, user_id = visit.form.get("action", ""), visit.form.get("user", "")
    if action == "identify":
        visit.backend.write(lambda conn: registration.identify(conn, visit.user, user_id, visit.now))
    elif action in ("enable", "disable"):
        allowed = action == "enable"
        visit.backend.write(lambda conn: registration.let_in(conn, visit.user, user_id, allowed, visit.now))
    else:
        raise refusal(422, "There is no such action.", problem="input")
    return Redirect("/organisation?done=decided")


def decide_right(visit: Visit) -> Answer:
    state = _DECISIONS.get(visit.form.get("action", ""))
    if state is None:
        raise refusal(422, "There is no such action.", problem="input")
    right = visit.form.get("right", "")
    visit.backend.write(lambda conn: rights.decide(conn, visit.user, right, state, visit.now))
    return Redirect("/organisation?done=decided")
