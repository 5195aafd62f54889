"""Registration in the portal (L3): a new organisation, or a user of one that is there, let in by its administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backend.identity import people, rights
from core.errors import RightMissing
from core.vocabulary.online.paper import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

REGISTRATION_SETTING = "registration"  # open: organisations and users; users: users alone; closed: nobody


def organisation(
    conn: Connection, name: str, login: str, person: str, email: str, password: str, now: int
) -> people.User:
    """The first user administers it, but decides on nothing before the back end's administrator has identified him."""
    if people.setting(conn, REGISTRATION_SETTING, "open") != "open":
        raise people.refused("New organisations cannot register here.", "Ask the administrator of the back end.")
    made = people.create_organisation(conn, name, now)
    user_id = people.create_user(conn, made, login, person, password, now, email=email)
    rights.grant(conn, user_id, Role.ORGANISATION_ADMIN, now)
    return _found(conn, user_id, "organisation registered", now)


def member(
    conn: Connection, contract: str, login: str, person: str, email: str, password: str, now: int
) -> people.User:
    """He cannot log in before the administrator of that organisation has let him in."""
    if people.setting(conn, REGISTRATION_SETTING, "open") == "closed":
        raise people.refused("Nobody can register here.", "Ask the administrator of your organisation.")
    found = people.organisation_by_contract(conn, contract)
    user_id = people.create_user(conn, found.id, login, person, password, now, email=email, disabled=True)
    user = _found(conn, user_id, "user registered", now)
    rights.request(conn, user, Role.STANDARD_DIAGNOSIS, now)
    return user


def _found(conn: Connection, user_id: str, words: str, now: int) -> people.User:
    user = people.user_by_id(conn, user_id)
    assert user is not None
    people.note(conn, user.login, words, now, contract=user.contract)
    return user


def colleague(conn: Connection, admin: people.User, user_id: str, now: int) -> people.User:
    """A user of the administrator's own organisation; nobody else's is even named."""
    user = people.user_by_id(conn, user_id)
    if user is None or user.organisation_id != admin.organisation_id:
        raise people.refused("There is no such user in your organisation.", status=404, problem="unknown")
    if Role.ORGANISATION_ADMIN not in rights.active_roles(conn, admin.id, now) or not admin.identified:
        raise RightMissing("Only an identified administrator of the organisation does this.")
    return user


def let_in(conn: Connection, admin: people.User, user_id: str, allowed: bool, now: int) -> None:
    user = colleague(conn, admin, user_id, now)
    if user.id == admin.id:
        raise people.refused("Nobody shuts himself out.", status=409, problem="self")
    people.set_disabled(conn, user.id, not allowed, now)
    people.note(conn, admin.login, "user enabled" if allowed else "user disabled", now, user=user.login)


def identify(conn: Connection, admin: people.User, user_id: str, now: int) -> None:
    """The administrator has seen who that is; needed once (L3)."""
    user = colleague(conn, admin, user_id, now)
    people.set_identified(conn, user.id, now)
    people.note(conn, admin.login, "user identified", now, user=user.login)
