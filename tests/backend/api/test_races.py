"""Requests that come at the same moment or twice: what one of them may do, both together may not do twice."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from core.backend.identity import people, sessions
from core.backend.identity.attempts import MOST_HERE
from core.backend.store import tables as t
from core.errors import BackendRefused
from core.vocabulary.online.paper import Role
from tests.backend.rig import PASSWORD, Rig, key_id_of


@pytest.fixture
def workshop(rig: Rig) -> Rig:
    rig.packages()
    rig.user(rig.organisation("Garage Müller", "C-77"), "anna", Role.STANDARD_DIAGNOSIS, Role.FLASH)
    return rig


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(workshop: Rig) -> None:
    """Counted before the password is compared: or all of them would see that nobody had failed yet."""
    told: list[str] = []
    start = threading.Barrier(16, timeout=30)

    def guess(number: int) -> None:
        start.wait()
        try:
            sessions.authenticate(workshop.backend, "anna", f"wrong {number}", "192.0.2.9")
        except BackendRefused as refusal:
            told.append(refusal.problem)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("credentials") == MOST_HERE
    assert told.count("too-many-attempts") == 16 - MOST_HERE


def test_a_right_password_forgives_itself(workshop: Rig) -> None:
    for _ in range(MOST_HERE + 3):
        assert sessions.authenticate(workshop.backend, "anna", PASSWORD, "192.0.2.9").login == "anna"


def test_a_permit_that_comes_twice_has_one_ticket_and_none_once_it_is_booked(workshop: Rig) -> None:
    """Else one reservation of a minute would give tickets for ever."""
    bearer = workshop.bearer("anna")
    key = key_id_of(workshop.order(bearer).json()["startkey"])
    workshop.buy(bearer)
    first = workshop.permit(bearer, key, job="job-1", minutes=10).json()
    workshop.clock.pass_(60)
    again = workshop.permit(bearer, key, job="job-1", minutes=10).json()
    assert again == first
    count = workshop.backend.read(lambda c: c.execute(select(func.count()).select_from(t.tickets)).scalar_one())
    assert count == 1
    body = {"reservation": first["reservation"], "minutes": 1}
    assert workshop.client.post("/api/v1/credit/post", json=body, headers=bearer | workshop.key()).status_code == 200
    refused = workshop.permit(bearer, key, job="job-1", minutes=10)
    assert (refused.status_code, refused.json()["code"]) == (409, "PB-857")


def test_two_who_take_one_name_at_once(workshop: Rig) -> None:
    """One gets it, the other one is told so: never "the database refused"."""
    start = threading.Barrier(2, timeout=30)
    told: list[str] = []
    organisation = workshop.organisation("Other")

    def take() -> None:
        first = True

        def fn(conn: object) -> str:
            nonlocal first
            found = people.user_by_login(conn, "carl")  # type: ignore[arg-type]
            if first and workshop.backend.store.kind == "postgresql":
                first = False
                start.wait()
            if found is not None:
                return "taken"
            now = workshop.backend.now()
            people.create_user(conn, organisation, "carl", "Carl", PASSWORD, now, identified=True)  # type: ignore[arg-type]
            return "made"

        told.append(workshop.backend.write(fn))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["made", "taken"]
