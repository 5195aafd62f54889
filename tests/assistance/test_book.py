"""The book of visits: two sides, a killed door, decisions at once, hostile names, bad disks."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import PreconditionNotMet, RightMissing, SetupError, StorageFailed, UsageError
from core.vocabulary import Decision, Visit, VisitKind, VisitState
from core.workbench.assistance import VisitBook
from core.workbench.assistance.book import MOST_ENDED, MOST_VISITS, SEEN_SECONDS, after

WAITS = Visit("abcd1234", VisitKind.HELPER, VisitState.WAITING, "Mia Roth", "mia@fleet.example", "Fleet Ltd",
              "192.0.2.7", "BKTR-QW", since=1000.0, seen=1000.0)  # fmt: skip
IN = replace(WAITS, id="in-12345", state=VisitState.IN)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Iterator[VisitBook]:
    """The door's side, open."""
    book = VisitBook(tmp_path / "visits", clock)
    book.open_door("http://127.0.0.1:8022/", False)
    yield book
    book.close()


@pytest.fixture
def screen(book: VisitBook, tmp_path: Path) -> VisitBook:
    """A screen's side of the same book."""
    return VisitBook(tmp_path / "visits")


def test_without_a_door_nothing_is_shown_and_nothing_is_made(tmp_path: Path) -> None:
    screen = VisitBook(tmp_path / "visits")
    assert screen.door() is None
    assert screen.visits() == ()
    assert not (tmp_path / "visits").exists()
    with pytest.raises(PreconditionNotMet, match="not open for browsers"):
        screen.decide("abcd1234", Decision.LET_IN)


def test_the_door_is_seen_until_it_closes(book: VisitBook, screen: VisitBook) -> None:
    door = screen.door()
    assert door is not None
    assert (door.url, door.pid, door.tls) == ("http://127.0.0.1:8022/", os.getpid(), False)
    assert book.put(WAITS)
    assert screen.visits() == (WAITS,)
    book.close()
    assert screen.door() is None
    assert screen.visits() == ()
    book.close()


def test_nobody_else_enters_the_book(book: VisitBook, tmp_path: Path) -> None:
    book.put(WAITS)
    if os.name != "posix":
        pytest.skip("rights of files are POSIX")
    folder = tmp_path / "visits"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (folder / "door.json", folder / "visits.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_door_is_refused_with_the_first_ones_name(book: VisitBook, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=rf"already at http://127\.0\.0\.1:8022/: pid {os.getpid()}"):
        VisitBook(tmp_path / "visits").open_door("http://127.0.0.1:8023/", False)
    assert VisitBook(tmp_path / "visits").door() is not None


DOOR = """
import sys, pathlib
from core.vocabulary import Visit, VisitKind, VisitState
from core.workbench.assistance import VisitBook
book = VisitBook(pathlib.Path(sys.argv[1]))
book.open_door("http://127.0.0.1:8022/", False)
book.put(Visit("abcd1234", VisitKind.HELPER, VisitState.WAITING, "Mia Roth"))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_killed_door_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "visits"
    with subprocess.Popen([sys.executable, "-c", DOOR, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, cwd=Path(__file__).parents[2]) as door:  # fmt: skip
        assert door.stdout is not None
        assert door.stdout.readline() == "open\n"
        screen = VisitBook(folder)
        seen = screen.door()
        assert seen is not None
        assert seen.pid == door.pid
        assert [visit.name for visit in screen.visits()] == ["Mia Roth"]
        screen.decide("abcd1234", Decision.LET_IN)
        with pytest.raises(SetupError, match=f"pid {door.pid}"):
            VisitBook(folder).open_door("http://127.0.0.1:8023/", False)
        door.kill()
        door.wait()
    assert (folder / "door.json").exists(), "it had no time to tidy up"
    assert screen.door() is None
    assert screen.visits() == ()
    assert not (folder / "visits.json").exists()
    following = VisitBook(folder)
    following.open_door("http://127.0.0.1:8022/", False)
    assert following.decisions() == [], "a decision about a visit of the killed door"
    following.close()


def test_decisions_reach_the_door_once_and_endings_first(book: VisitBook, screen: VisitBook) -> None:
    book.put(WAITS)
    book.put(IN)
    other = VisitBook(screen._folder)
    screen.decide(WAITS.id, Decision.LET_IN)
    other.decide(WAITS.id, Decision.REFUSE)
    other.decide(WAITS.id, Decision.LET_IN)
    screen.decide(IN.id, Decision.END)
    taken = book.decisions()
    assert sorted(taken[:2]) == sorted([(WAITS.id, Decision.REFUSE), (IN.id, Decision.END)], key=lambda each: each[0])
    assert taken[2:] == [(WAITS.id, Decision.LET_IN)]
    assert book.decisions() == []
    visit = WAITS
    for _id, decision in (each for each in taken if each[0] == WAITS.id):
        visit = after(visit, decision)
    assert visit.state is VisitState.ENDED


@pytest.mark.parametrize("decision", list(Decision))
def test_an_ended_visit_stays_ended(decision: Decision) -> None:
    ended = replace(WAITS, state=VisitState.ENDED)
    assert after(ended, decision) == ended


def test_what_a_decision_makes_of_a_visit() -> None:
    code_only = replace(WAITS, login="", name="")
    assert after(WAITS, Decision.LET_IN) == replace(WAITS, state=VisitState.IN)
    assert after(code_only, Decision.LET_IN_OWN) == replace(code_only, state=VisitState.IN, kind=VisitKind.OWN)
    assert after(WAITS, Decision.LET_IN_OWN) == WAITS, "another person's log-in is nobody's second screen"
    assert after(IN, Decision.LET_IN_OWN) == IN, "a helper who is in never becomes the owner"
    assert after(IN, Decision.REFUSE).state is VisitState.ENDED, "it was let in while somebody refused it"
    assert after(IN, Decision.END).reason == "ended by the technician"
    assert after(WAITS, Decision.REFUSE).reason == "not let in"


def test_a_decision_that_comes_too_late_is_told(book: VisitBook, screen: VisitBook) -> None:
    book.put(replace(WAITS, state=VisitState.ENDED))
    with pytest.raises(PreconditionNotMet, match="Mia Roth has left already"):
        screen.decide(WAITS.id, Decision.LET_IN)
    with pytest.raises(UsageError, match="no visit ffff0000"):
        screen.decide("ffff0000", Decision.END)
    with pytest.raises(UsageError):
        screen.decide("../../etc/passwd", Decision.END)
    assert book.decisions() == []


def test_another_persons_log_in_is_no_second_screen(book: VisitBook, screen: VisitBook) -> None:
    book.put(WAITS)
    with pytest.raises(RightMissing, match="log-in of their own"):
        screen.decide(WAITS.id, Decision.LET_IN_OWN)
    assert book.decisions() == []


def test_strangers_files_among_the_decisions_are_no_decisions(book: VisitBook, tmp_path: Path) -> None:
    folder = tmp_path / "visits" / "decisions"
    for name in ("x", "abcd1234.own", "abcd1234.LET-IN", "..let-in", "abcd1234.let-in.part", "a" * 99 + ".let-in"):
        (folder / name).write_text("")
    (folder / "abcd1234.end").write_text("whatever it holds")
    assert book.decisions() == [("abcd1234", Decision.END)]
    assert sorted(path.name for path in folder.iterdir()) == ["..let-in"], "drafts are left alone, the rest is gone"


def test_names_from_outside_are_harmless(book: VisitBook, screen: VisitBook) -> None:
    book.put(
        replace(WAITS, name="\x1b[2J\u202eevil\n[red]x[/red]" + "n" * 500, organisation="a\x07b", address="\u200b")
    )
    (visit,) = screen.visits()
    assert "\x1b" not in visit.name
    assert "\u202e" not in visit.name
    assert "\n" not in visit.name
    assert len(visit.name) <= 80
    assert visit.organisation == "a\\x07b"
    assert visit.address == "\\u200b"


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'[{"id": "abcd1234"}]', b"null", b"\xff", b'{"a": 1}',
                                     b'[{"id": "../x", "kind": "own", "state": "in"}]'])  # fmt: skip
def test_a_damaged_book_shows_nobody(book: VisitBook, screen: VisitBook, tmp_path: Path, content: bytes) -> None:
    book.put(WAITS)
    assert screen.visits() == (WAITS,)
    (tmp_path / "visits" / "visits.json").write_bytes(content)
    assert screen.visits() == ()
    (tmp_path / "visits" / "door.json").write_bytes(content)
    assert screen.door() is None


def test_times_that_no_calendar_holds(book: VisitBook, screen: VisitBook, tmp_path: Path) -> None:
    book.put(WAITS)
    file = tmp_path / "visits" / "visits.json"
    (line,) = json.loads(file.read_text())
    file.write_text(json.dumps([{**line, "since": float("inf"), "seen": -5}]))
    (visit,) = screen.visits()
    assert (visit.since, visit.seen) == (0.0, 0.0)


def test_a_full_book_takes_nobody_new(book: VisitBook, screen: VisitBook) -> None:
    for number in range(MOST_VISITS):
        assert book.put(replace(WAITS, id=f"visit-{number}"))
    assert not book.put(replace(WAITS, id="one-more"))
    assert len(screen.visits()) == MOST_VISITS
    assert book.put(replace(WAITS, id="visit-0", state=VisitState.ENDED))
    assert book.put(replace(WAITS, id="one-more")), "somebody left"


def test_who_left_is_kept_for_a_while(book: VisitBook, screen: VisitBook) -> None:
    for number in range(200):
        assert book.put(replace(WAITS, id=f"visit-{number}"))
        assert book.put(replace(WAITS, id=f"visit-{number}", state=VisitState.ENDED))
    assert [visit.id for visit in screen.visits()] == [f"visit-{number}" for number in range(200 - MOST_ENDED, 200)]


def test_a_sign_of_life_alone_is_written_now_and_then(book: VisitBook, screen: VisitBook, clock: Clock) -> None:
    book.put(WAITS)
    clock.now = 1.0
    book.put(replace(WAITS, seen=1001.0))
    assert screen.visits()[0].seen == 1000.0
    clock.now = SEEN_SECONDS + 1
    book.put(replace(WAITS, seen=1016.0))
    assert screen.visits()[0].seen == 1016.0
    clock.now += 1
    book.put(replace(WAITS, seen=500.0, state=VisitState.IN))  # the PC's clock was set back: nothing depends on it
    assert screen.visits()[0].state is VisitState.IN


class NoSpace:
    """write_file on a disk that is full from a certain moment on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.pc.files.replace_file", self.refuse)

    def refuse(self, path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_with_words(book: VisitBook, screen: VisitBook, monkeypatch: pytest.MonkeyPatch) -> None:
    book.put(WAITS)
    NoSpace(monkeypatch)
    with pytest.raises(StorageFailed, match="book of visits cannot be written: No space left"):
        screen.decide(WAITS.id, Decision.LET_IN)
    with pytest.raises(StorageFailed):
        book.put(IN)
    with pytest.raises(StorageFailed):
        book.put(replace(WAITS, state=VisitState.ENDED))
    monkeypatch.undo()
    assert screen.visits() == (WAITS,), "nobody saw it"
    assert book.put(replace(IN, id="next-one"))
    assert [(v.id, v.state) for v in screen.visits()] == [(WAITS.id, VisitState.ENDED), ("next-one", VisitState.IN)]


def test_a_door_that_cannot_write_is_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "visits"
    NoSpace(monkeypatch)
    with pytest.raises(StorageFailed):
        VisitBook(folder).open_door("http://127.0.0.1:8022/", False)
    monkeypatch.undo()
    assert VisitBook(folder).door() is None
    book = VisitBook(folder)
    book.open_door("http://127.0.0.1:8022/", False)  # and its lock is free again
    book.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = VisitBook(tmp_path / "file" / "visits")
    assert book.door() is None
    with pytest.raises(StorageFailed):
        book.open_door("http://127.0.0.1:8022/", False)


def test_a_disk_that_became_read_only(book: VisitBook, screen: VisitBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock cannot even be tried then: the door's process is asked instead."""
    book.put(WAITS)

    def refuse(lock: object) -> bool:
        raise StorageFailed("The lock cannot be taken: Read-only file system.")

    monkeypatch.setattr("core.pc.locks.DeviceLock.try_acquire", refuse)
    assert screen.door() is not None
    assert screen.visits() == (WAITS,)
    monkeypatch.setattr("core.workbench.assistance.book._runs", lambda pid: pid != os.getpid())
    assert screen.door() is None
    assert screen.visits() == ()
