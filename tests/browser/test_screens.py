"""Two people in two real browsers: a technician flashes, a helper watches, drives what is handed over, and no more."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.vocabulary import Decision, Visit
from core.workbench import WorkbenchPaths, open_workbench
from core.workbench.assistance import VisitBook
from tests.backend.rig import PASSWORD
from tests.browser.screens import DOWN, ENTER, ESC, F1, RIGHT, Screen
from tests.browser.shops import Shop
from tests.browser.test_process import opened
from tests.browser.webdriver import why_not

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(300)]
SLOW = 'last_device = "sim:car-mixed?fault=max-block-3"\n'  # one byte a block: a flash of a minute
WATCHES, DRIVES = "You watch; Anna drives", "Handed over to you"


@pytest.fixture
def technician(tmp_path: Path) -> Iterator[Screen]:
    yield from _screen(tmp_path / "technician")


@pytest.fixture
def helper(tmp_path: Path) -> Iterator[Screen]:
    yield from _screen(tmp_path / "helper")


def _screen(folder: Path) -> Iterator[Screen]:
    screen = Screen(folder)
    yield screen
    screen.close()


def _visit(code: str) -> Visit:
    return next(each for each in VisitBook(WorkbenchPaths.default().visits).visits() if each.code == code)


def _percent(screen: Screen) -> int:
    """Of the transfer that the screen shows."""
    return max((int(found) for found in re.findall(r"(\d+) %", screen.shown)), default=-1)


def _to_visits(screen: Screen, name: str) -> None:
    """By the palette to Remote assistance, the cursor on this visitor."""
    screen.keys("^p")
    screen.until("Search for commands")
    screen.keys(*"remote assistance")
    screen.until("Go to Remote assistance", without="AddOn Center")
    screen.keys(ENTER)
    screen.until("Door for browsers")
    while (marked := _marked(screen)) != name:
        screen.keys(DOWN)
        screen.until(lambda _text, before=marked: _marked(screen) != before)  # type: ignore[misc]


def _marked(screen: Screen) -> str:
    """Whom the lines below the list tell about, "" for the door."""
    found = re.search(r'^ Who +"?(\w+)', screen.shown, re.MULTILINE)
    return found[1] if found else ""


def _job() -> str:
    """Kind of the job that runs on this PC, by the vehicle host itself."""
    with open_workbench() as workbench:
        return next((host.job.kind for host in workbench.hosts() if host.job is not None), "")


def test_a_helper_watches_a_flash_and_drives_only_what_is_handed_over(
    home: Path, technician: Screen, helper: Screen
) -> None:
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text(SLOW)
    with opened() as (_process, ready):
        _both_come_in(ready["url"], technician, helper)
        _flash_is_watched(technician, helper)
        _watching_is_all(technician, helper)
        _handed_over_it_drives(technician, helper)
        _taken_back_it_does_not(technician, helper)
        for screen in (technician, helper):
            wrong = [line for line in screen.console() if "WebGL" not in line and "ping=" not in line]
            assert not wrong, wrong  # no policy refuses anything that the page wants


def _both_come_in(url: str, technician: Screen, helper: Screen) -> None:
    """The person of this PC by his code from the command line or another screen, the helper by the technician."""
    code = technician.knock(url, "Anna")
    VisitBook(WorkbenchPaths.default().visits).decide(_visit(code).id, Decision.LET_IN_OWN)
    technician.until("not connected")
    technician.keys("1")  # no click before it
    technician.until("6/6 units")
    code = helper.knock(url, "Mia")
    _to_visits(technician, "Mia")
    technician.until(code)
    technician.keys("k")
    helper.until("Remote help", WATCHES)
    technician.until("1 watches")
    technician.keys(ESC)


def _flash_is_watched(technician: Screen, helper: Screen) -> None:
    technician.until("6/6 units")
    technician.keys("f")
    technician.until("which flashware")
    technician.keys(ENTER)
    technician.until("Next: enter starts")
    technician.keys(ENTER)
    technician.until("Flash ENGINE now?")
    technician.keys(RIGHT, ENTER)
    technician.until("DO NOT DISCONNECT", "Transfer block")
    helper.keys("2")
    helper.until("Transfer block", "this screen watches", WATCHES)
    seen = _percent(helper)
    helper.until(lambda _text: _percent(helper) > max(seen, 0))


def _watching_is_all(technician: Screen, helper: Screen) -> None:
    """Every key that would do something, and what a question would want; the flash goes on, unasked."""
    helper.keys("a")
    helper.until("Ask the")
    helper.keys(ENTER, RIGHT, ENTER, "f", "c", "d", "w", "u", "x", "k")
    helper.until(WATCHES)
    seen = _percent(technician)
    technician.until(lambda _text: _percent(technician) > seen, "a stops after this block")
    assert "Stop the flash" not in technician.shown and _job() == "flash"


def _handed_over_it_drives(technician: Screen, helper: Screen) -> None:
    _to_visits(technician, "Mia")
    technician.keys(ENTER)
    technician.until("Hand the vehicle over")
    technician.keys(ENTER)
    technician.until("Hand the vehicle over?")
    technician.keys(RIGHT, ENTER)
    technician.until("Mia drives")
    helper.until(DRIVES, without=WATCHES)
    assert _job() == "flash"  # it went on
    helper.until("Transfer block")
    helper.keys("a")
    helper.until("Stop the flash of ENGINE?")
    helper.keys(RIGHT, ENTER)
    helper.until(lambda text: "Stopp" in text or "stopp" in text)
    _until_no_job()


def _taken_back_it_does_not(technician: Screen, helper: Screen) -> None:
    technician.keys("u")
    helper.until(WATCHES)
    technician.until("1 watches", without="Mia drives")
    helper.keys(ESC, ESC)
    helper.until("Remote help")
    helper.keys("1")
    helper.until("ENGINE")
    helper.keys("f5")
    helper.until("Ask the", WATCHES)  # a sentence instead of a quick test
    helper.keys("c", ENTER, RIGHT, ENTER, F1)
    helper.until("This help", WATCHES)  # all keys before it were heard
    assert _job() == ""


def _until_no_job() -> None:
    end = time.monotonic() + 40
    while _job():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_stranger_logs_in_at_the_back_end_and_waits(
    monkeypatch: pytest.MonkeyPatch, shop: Shop, helper: Screen
) -> None:
    """Everything that a visitor does, in his browser; the page goes on by itself in its own tab."""
    monkeypatch.setenv("PASSBAY_BACKEND__URL", shop.url)
    with opened() as (_process, ready):
        helper.open(ready["url"])
        helper.send("form button")
        code, door = helper.text(".code"), helper.windows()[0]
        helper.click("main a")
        helper.switch_to_new(door)
        helper.type("input[name=login]", "mia")
        helper.type("input[name=password]", PASSWORD)
        helper.send("main form button")
        assert code in helper.text()
        helper.send("button[value=approve]")
        helper.switch(door)
        assert "has to let you in" in helper.until_page("Please wait")
        assert helper.run("return performance.getEntriesByType('resource').length") == 0  # nothing but the page
        visit = _visit("")  # no code: the technician sees who it is
        assert (visit.login, visit.organisation, visit.kind.value) == ("mia", "Fleet Ltd", "helper")
        VisitBook(WorkbenchPaths.default().visits).decide(visit.id, Decision.LET_IN)
        helper.until("Remote help", "Mia of Fleet Ltd", "No vehicle is connected")
        helper.keys("^q")
        helper.until_page("This window is closed")
        helper.keys(ENTER)  # "Open it again" has the focus
        helper.until("Remote help")
        VisitBook(WorkbenchPaths.default().visits).decide(visit.id, Decision.END)
        helper.until_page("This window is closed")
        helper.keys(ENTER)
        assert "ended by the technician" in helper.until_page("The visit is over")
