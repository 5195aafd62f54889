"""Remote assistance on the screens: who waits and drives is told everywhere, decisions, the door, hostile names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import PreconditionNotMet, RightMissing, SetupError, StorageFailed
from core.vocabulary import Decision, VisitKind, VisitState
from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.fake_visits import BY_CODE, COLLEAGUE, GONE, LOCAL, OWN, SHARED, STRANGER
from tests.tui.states_visits import VISIT_STATES, seat
from tests.tui.support import fake_of, make_app, quiet, screen_text, until
from tests.tui.test_hostile import CORPUS, assert_harmless
from tui.app import VISITOR
from tui.visits.desk import LOOK_SECONDS

Size = (80, 24)


async def look(pilot: Pilot[Any], *visits: Any, door: Any = SHARED) -> None:
    """The door says this now, and the next pull finds it."""
    app: Any = pilot.app
    fake_of(app).assistance.opened, fake_of(app).assistance.listed = door, visits
    app.desk.visitors.look_soon()
    await quiet(pilot)


def told(app: Any) -> list[str]:
    return [item.text for item in app.desk.messages]


def toasts(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_book_is_looked_at_once_a_second() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        desk: Any = app.desk
        clock = desk.visitors._clock = Clock()
        desk.visitors.look_soon()
        app.pull()
        looks = fake_of(app).assistance.looks
        for step in range(10):
            clock.now = step * LOOK_SECONDS / 10
            app.pull()
        assert fake_of(app).assistance.looks == looks
        clock.now = LOOK_SECONDS
        app.pull()
        assert fake_of(app).assistance.looks == looks + 1


async def test_who_waits_comes_and_goes_is_told_on_every_screen() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, COLLEAGUE)
        assert toasts(app) == []
        assert "Passbay is open for browsers: https://pc-7.workshop.example:8022/" in told(app)
        assert " 1 watches " in screen_text(app).split("\n")[0], "it was so before this screen was there"
        await look(pilot, COLLEAGUE, STRANGER)
        assert toasts(app) == ["Mia Roth of Fleet Ltd waits to be let in, from 192.0.2.7."]
        assert " 1 waits  1 watches " in screen_text(app).split("\n")[0]
        await pilot.press("1")
        await quiet(pilot)
        assert " 1 waits  1 watches " in screen_text(app).split("\n")[0]
        await look(pilot, replace(STRANGER, state=VisitState.IN))
        assert toasts(app)[-1] == "Mia Roth of Fleet Ltd watches from now on."
        await look(pilot, replace(STRANGER, state=VisitState.ENDED, reason="ended by the technician"))
        assert told(app)[-1] == "Mia Roth of Fleet Ltd has left: ended by the technician"
        assert "watch" not in screen_text(app).split("\n")[0]
        await look(pilot, OWN)
        assert toasts(app)[-1] == "Anna Berg of Workshop Ltd: a screen of your own is open in a browser."
        assert "watch" not in screen_text(app).split("\n")[0], "that is the technician"
        await look(pilot, door=None)
        assert told(app)[-1] == "Passbay is closed for browsers. All visits are over."


async def test_who_waits_already_is_told_at_the_start_and_who_left_is_not() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, STRANGER, GONE)
        assert toasts(app) == ["Mia Roth of Fleet Ltd waits to be let in, from 192.0.2.7."]
        assert not any("has left" in text for text in told(app))


async def test_many_who_wait_are_one_message() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, *(replace(STRANGER, id=f"visit-{n}") for n in range(64)))
        assert toasts(app) == ["64 visitors wait to be let in."]
        assert " 64 wait " in screen_text(app).split("\n")[0]
        app.go("visits")
        await quiet(pilot)
        await pilot.press("end")
        await pilot.pause()
        assert app.screen.query_one("#visits").key == "visit-63"  # type: ignore[attr-defined]


async def test_letting_in_refusing_and_ending() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting"](pilot)
        book = fake_of(app).assistance
        await pilot.press("k")
        await quiet(pilot)
        assert book.decided == [(STRANGER.id, Decision.LET_IN)]
        assert "in, at no vehicle" in screen_text(app)
        await pilot.press("k")
        await quiet(pilot)
        assert len(book.decided) == 1, "only who waits can be let in"
        await pilot.press("x", "enter")
        await quiet(pilot)
        assert len(book.decided) == 1, "Cancel is preselected"
        await pilot.press("x", "right", "enter")
        await quiet(pilot)
        assert book.decided[1:] == [(STRANGER.id, Decision.END)]
        await look(pilot, STRANGER)
        await pilot.press("home", "down", "x")
        await quiet(pilot)
        assert book.decided[2:] == [(STRANGER.id, Decision.REFUSE)]


async def test_only_a_code_may_become_a_screen_of_ones_own() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting-asks"](pilot)
        assert "my own" not in screen_text(app)
        await pilot.press("escape")
        await look(pilot, BY_CODE, door=LOCAL)
        await pilot.press("home", "down", "enter", "down", "enter")
        await pilot.pause()
        assert "A screen of your own?" in screen_text(app)
        await pilot.press("right", "enter")
        await quiet(pilot)
        book = fake_of(app).assistance
        assert book.decided == [(BY_CODE.id, Decision.LET_IN_OWN)]
        assert book.listed[0].kind is VisitKind.OWN


async def test_a_decision_about_one_who_has_just_left() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting-asks"](pilot)
        await look(pilot, replace(STRANGER, state=VisitState.ENDED))

        def late(visit_id: str, decision: Decision) -> Any:
            raise PreconditionNotMet("Mia Roth has left already: nothing to decide.")

        fake_of(app).assistance.decide = late  # type: ignore[method-assign]
        await pilot.press("enter")
        await quiet(pilot)
        assert toasts(app)[-1] == "Mia Roth has left already: nothing to decide."
        await pilot.press("enter")
        await quiet(pilot)
        assert toasts(app)[-1] == "Mia Roth of Fleet Ltd has left already."


async def test_a_door_that_does_not_act_and_a_disk_that_is_full_are_told() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting"](pilot)
        fake_of(app).assistance.slow = True
        await pilot.press("k")
        await quiet(pilot)
        assert toasts(app)[-1].startswith("The door has not done it yet")

        def full(visit_id: str, decision: Decision) -> Any:
            raise StorageFailed("The book of visits cannot be written: No space left on device.")

        fake_of(app).assistance.decide = full  # type: ignore[method-assign]
        await pilot.press("k")
        await quiet(pilot)
        assert toasts(app)[-1].startswith("The book of visits cannot be written")


async def test_handing_over_and_taking_back() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        asked: list[Any] = []
        vehicle: Any = fake_of(app).vehicle
        vehicle.hand_over, vehicle.take_back = asked.append, lambda: asked.append("back")
        await VISIT_STATES["visits-hand-over-asks"](pilot)
        await pilot.press("enter")
        await quiet(pilot)
        assert asked == [], "Cancel is preselected"
        await pilot.press("enter", "enter", "right", "enter")
        await quiet(pilot)
        assert asked == [7]
        seat(pilot, COLLEAGUE, driving=True)
        await quiet(pilot)
        assert told(app)[-1] == "Ben Meier drives the vehicle now; this screen watches."
        assert toasts(app) == [], "the list itself shows it"
        assert "u Take back" in screen_text(app)
        await pilot.press("u")
        await quiet(pilot)
        assert asked == [7, "back"]
        seat(pilot, COLLEAGUE)
        await quiet(pilot)
        assert told(app)[-1] == "Ben Meier does not drive the vehicle any more."
        await pilot.press("u")
        await quiet(pilot)
        assert asked == [7, "back"]
        assert toasts(app)[-1] == "The vehicle is not handed over."


async def test_who_left_between_question_and_answer_gets_no_vehicle() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-hand-over-asks"](pilot)
        vehicle: Any = fake_of(app).vehicle
        vehicle.seats = ()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert toasts(app)[-1] == "Ben Meier of Workshop Ltd is not at this vehicle: there is nothing to hand over."


async def test_opening_for_this_pc_and_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISITOR, "{}")
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-closed"](pilot)
        await pilot.press("enter")
        await quiet(pilot)
        book = fake_of(app).assistance
        assert book.started == [("127.0.0.1", 8022, "", "", "")]
        assert "http://127.0.0.1:8022/" in screen_text(app)
        await pilot.press("x")
        await pilot.pause()
        assert "This screen is in a browser itself" in screen_text(app)
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert book.opened is None
        assert "Open for this PC only" in screen_text(app)


async def test_why_the_door_stays_closed_is_told_and_what_was_typed_is_kept() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-network"](pilot)
        book = fake_of(app).assistance
        book.refusal = SetupError("Port 8443 of 0.0.0.0 is taken.", "Choose another port.")
        for field, text in (
            ("name", "pc-7.workshop.example"),
            ("port", "8443"),
            ("certificate", "/c.pem"),
            ("key", "/k.pem"),
        ):
            app.screen.query_one(f"#field-{field}").value = text  # type: ignore[attr-defined]
        await pilot.press("enter", "enter", "enter", "enter")
        await quiet(pilot)
        assert book.started == [("0.0.0.0", 8443, "/c.pem", "/k.pem", "https://pc-7.workshop.example:8443")]
        assert "Port 8443 of 0.0.0.0 is taken." in screen_text(app)
        assert "Choose another port." in screen_text(app)
        book.refusal = None
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: app.screen.query("#field-port"))
        assert app.screen.query_one("#field-port").value == "8443"  # type: ignore[attr-defined]
        await pilot.press("enter", "enter", "enter", "enter")
        await quiet(pilot)
        assert SHARED.url in screen_text(app)


@pytest.mark.parametrize("port", ["0", "65536", "eight", "-1", "²"])
async def test_a_port_that_is_none(port: str) -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-network"](pilot)
        app.screen.query_one("#field-port").value = port  # type: ignore[attr-defined]
        await pilot.press("enter", "enter", "enter", "enter")
        await quiet(pilot)
        assert fake_of(app).assistance.started == []
        assert toasts(app)[-1] == f"{port} is no port: 1 to 65535."


async def test_a_helpers_screen_learns_nothing() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        book = fake_of(app).assistance
        book.refusal = RightMissing("A helper does not see who else visits this PC.")
        await look(pilot, STRANGER)
        looks = book.looks
        app.desk.visitors.look_soon()  # type: ignore[union-attr]
        await quiet(pilot)
        assert book.looks == looks, "it does not ask again"
        app.go("visits")
        await quiet(pilot)
        assert "A helper does not see who else visits this PC." in screen_text(app)
        await pilot.press("enter", "k", "x", "u", "q")
        await quiet(pilot)
        assert "Mia Roth" not in screen_text(app)
        assert (book.started, book.decided) == ([], [])


@pytest.mark.parametrize("poison", CORPUS.values(), ids=CORPUS.keys())
async def test_hostile_names_are_shown_harmless(poison: str) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    texts = dict.fromkeys(("name", "login", "organisation", "address", "reason"), poison + "x")
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, replace(STRANGER, **texts), replace(COLLEAGUE, **texts), replace(GONE, **texts),
                   door=replace(SHARED, url=poison + SHARED.url))  # fmt: skip
        await pilot.pause(0.1)
        assert_harmless(app)
        app.go("visits")
        await quiet(pilot)
        assert_harmless(app)
        for key in ("down", "enter", "escape", "down", "x", "escape", "down", "home", "q"):
            await pilot.press(key)
            await quiet(pilot)
            assert_harmless(app)


async def test_what_was_typed_as_a_name_is_never_shown_without_its_code() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, replace(BY_CODE, name="Anna Berg of Workshop Ltd"))
        assert toasts(app) == ['"Anna Berg of Workshop Ltd", code BKTR-QW waits to be let in, from 127.0.0.1.']
        app.go("visits")
        await quiet(pilot)
        assert "anybody can type a name" in screen_text(app)


async def test_no_toast_lies_on_the_list_that_shows_it() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting"](pilot)
        await look(pilot, STRANGER, BY_CODE)
        assert toasts(app) == []
        assert told(app)[-1].startswith("Visitor with the code BKTR-QW waits")
        await pilot.press("escape")
        await look(pilot, STRANGER, BY_CODE, COLLEAGUE)
        assert toasts(app) == ["Ben Meier of Workshop Ltd watches from now on."]


async def test_whoever_comes_to_the_screen_finds_the_one_who_waits_marked() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-waiting"](pilot)
        assert app.screen.query_one("#visits").key == STRANGER.id  # type: ignore[attr-defined]


async def test_start_names_who_waits_and_leads_there() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-told-at-start"](pilot)
        assert "Mia Roth of Fleet Ltd waits to be let in, from 192.0.2.7.  enter" in screen_text(app)
        await pilot.press("enter")
        await quiet(pilot)
        assert app.screen.query_one("#visits").key == STRANGER.id  # type: ignore[attr-defined]
        await pilot.press("escape")
        await look(pilot, COLLEAGUE)
        assert "waits to be let in, from 192.0.2.7.  enter" not in screen_text(app)


async def test_the_network_is_not_opened_without_a_certificate() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-network"](pilot)
        await pilot.press("enter", "enter", "enter", "enter")
        await quiet(pilot)
        assert "The network wants TLS" in screen_text(app)
        assert fake_of(app).assistance.started == []


async def test_a_door_that_goes_while_somebody_is_there_is_told_aloud() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await quiet(pilot)
        await look(pilot, GONE)
        await look(pilot, door=None)
        assert toasts(app) == []
        await look(pilot, COLLEAGUE)
        await look(pilot, door=None)
        assert toasts(app)[-1] == "Passbay is closed for browsers. All visits are over."
        assert "watches" not in screen_text(app).split("\n")[0]


async def test_that_somebody_visits_is_seen_before_the_papers_are() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await until(pilot, lambda: app.screen.query("#header"))
        header: Any = app.screen.query_one("#header")
        device = (("Simulation  ", ""), ("CAN DoIP", ""), ("   12.6 V", ""))
        papers = (("anna.berg/flash", ""), ("  3h41", ""))
        for visits, place in (
            (("1 waits  1 watches  ", "warn"), "Passbay  Vehicle quick test"),
            ("", "Passbay  Start"),
        ):
            header.tell(place, device, papers, visits)
            line = header.render_line(0).text
            assert len(line) == 80
            assert line.endswith("CAN DoIP   12.6 V ")
            assert ("1 waits  1 watches" in line) == bool(visits)
            assert ("anna.berg/flash  3h41" in line) == (not visits)


async def test_that_the_wheel_changes_hands_is_told_on_every_other_screen() -> None:
    app = make_app()
    async with app.run_test(size=Size) as pilot:
        await VISIT_STATES["visits-watching"](pilot)
        await pilot.press("escape")
        seat(pilot, COLLEAGUE, driving=True)
        await quiet(pilot)
        assert toasts(app)[-1] == "Ben Meier drives the vehicle now; this screen watches."
        seat(pilot, COLLEAGUE)
        await quiet(pilot)
        assert toasts(app)[-1] == "Ben Meier does not drive the vehicle any more."
